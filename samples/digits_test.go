package samples

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openDigits(t testing.TB, o Options) Source {
	src, err := Open("digits", o)
	require.NoError(t, err)
	return src
}

// TestDigitsGolden: the digits are the same on every machine. Runs, checkpoints and published figures rest
// on them, so a change here is a change of the data set and is to be said in the commit.
func TestDigitsGolden(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the hash was taken on amd64; TestDigitsLikeMNIST checks the statistics here")
	}
	want := map[Split]string{
		Train: "0a5e738f810b2972d9e750e2c0087b3d7718762184639c4a996881d542bd37ca",
		Test:  "0c86d1cebe6e0eae9aa509ac8d2345c261afdc67ca6acb4f9aa1b535e0c247ad",
	}
	for split, sum := range want {
		src, h := openDigits(t, Options{}), sha256.New()
		buf := make([]float32, 28*28)
		for i := range 1000 {
			label, err := src.Example(split, i, buf)
			require.NoError(t, err)
			bytes := []byte{byte(label)}
			for _, v := range buf {
				bytes = append(bytes, byte(v*255+0.5))
			}
			h.Write(bytes)
		}
		assert.Equal(t, sum, hex.EncodeToString(h.Sum(nil)), "%s split", split)
	}
}

// TestDigitsLikeMNIST compares mean ink, spread, place and extent with MNIST's (0.130, 0.308, 14.0, 14.0).
func TestDigitsLikeMNIST(t *testing.T) {
	src := openDigits(t, Options{})
	buf := make([]float32, 28*28)
	const count = 2000
	var sum, square, cx, cy, high float64
	for i := range count {
		_, err := src.Example(Train, i, buf)
		require.NoError(t, err)
		var ink, x, y, top, low float64 = 0, 0, 0, 28, 0
		for k, v := range buf {
			f := float64(v)
			ink, x, y = ink+f, x+f*float64(k%28), y+f*float64(k/28)
			square += f * f
			if f > 0.2 {
				top, low = min(top, float64(k/28)), max(low, float64(k/28))
			}
		}
		require.Greater(t, ink, 25.0, "digit %d can hardly be seen", i)
		sum, cx, cy, high = sum+ink, cx+x/ink/count, cy+y/ink/count, high+(low-top+1)/count
	}
	mean := sum / (count * 28 * 28)
	assert.InDelta(t, 0.130, mean, 0.01, "mean")
	assert.InDelta(t, 0.308*0.308, square/(count*28*28)-mean*mean, 0.015, "variance")
	assert.InDelta(t, 14, cx, 0.3, "centre across")
	assert.InDelta(t, 14, cy, 0.3, "centre down")
	assert.InDelta(t, 19.7, high, 0.7, "height")
}

func TestDigitsLabelsBalanced(t *testing.T) {
	src := openDigits(t, Options{Seed: 3})
	buf := make([]float32, 28*28)
	for _, split := range []Split{Train, Test} {
		var seen [10]int
		for i := range 500 {
			label, err := src.Example(split, i, buf)
			require.NoError(t, err)
			seen[label]++
		}
		assert.Equal(t, [10]int{50, 50, 50, 50, 50, 50, 50, 50, 50, 50}, seen)
	}
}

func TestDigitsSplitsAndSeeds(t *testing.T) {
	a, err := newDigits(0, 1)
	require.NoError(t, err)
	b, err := newDigits(0, 2)
	require.NoError(t, err)
	for i := range uint64(1000) {
		assert.Zero(t, a.key(Train, i)&1)
		assert.Equal(t, uint64(1), a.key(Test, i)&1)
		assert.Equal(t, a.key(Test, i), b.key(Test, i), "the test split is the same for every seed")
		assert.NotEqual(t, a.key(Train, i), b.key(Train, i))
	}
	x, y := make([]float32, 784), make([]float32, 784)
	_, err = a.Example(Train, math.MaxInt-1, x)
	require.NoError(t, err, "training is endless")
	_, err = a.Example(Train, math.MaxInt, y)
	require.NoError(t, err)
	assert.NotEqual(t, x, y)
}

// TestDigitsReadable: a nearest-mean classifier, which knows nothing but average pictures, tells most test
// digits. Warps that went wrong would show here.
func TestDigitsReadable(t *testing.T) {
	src := openDigits(t, Options{})
	var mean [10][784]float32
	buf := make([]float32, 784)
	for i := range 3000 {
		label, err := src.Example(Train, i, buf)
		require.NoError(t, err)
		for k, v := range buf {
			mean[label][k] += v / 300
		}
	}
	right := 0
	for i := range 1000 {
		label, err := src.Example(Test, i, buf)
		require.NoError(t, err)
		best, at := float32(1e9), 0
		for c := range mean {
			d := float32(0)
			for k, v := range buf {
				d += (v - mean[c][k]) * (v - mean[c][k])
			}
			if d < best {
				best, at = d, c
			}
		}
		if at == label {
			right++
		}
	}
	assert.Greater(t, right, 700)
	assert.Less(t, right, 990, "digits without variety teach nothing")
}

// TestDigitCaptions: what is read out of a caption is true of its digit, held-out combinations stay out where
// that is asked for, and what is called thick has more ink.
func TestDigitCaptions(t *testing.T) {
	said, ink, count := map[string]int{}, map[string]float64{}, map[string]float64{}
	for _, language := range []string{English, Chinese} {
		src := openDigits(t, Options{Language: language}).(*digits)
		buf := make([]float32, 784)
		for i := range 3000 {
			caption, truth := src.Caption(Train, i), src.Truth(Train, i)
			wanted := src.Wanted(caption)
			require.True(t, truth.Includes(wanted), "%q asks for %s but is of %s", caption, wanted, truth)
			require.NotEmpty(t, wanted.Value("digit"), caption)
			for _, a := range wanted {
				said[a.Name+" "+a.Value]++
			}
			label, err := src.Example(Train, i, buf)
			require.NoError(t, err)
			require.Equal(t, digitNames[label], truth.Value("digit"))
			for _, v := range buf {
				ink[truth.Value("weight")] += float64(v)
			}
			count[truth.Value("weight")]++
		}
	}
	for _, a := range digitTraits {
		for _, term := range a.terms {
			if len(term.en) > 0 {
				assert.Greater(t, said[a.name+" "+term.value], 100, "%s %s", a.name, term.value)
			}
		}
	}
	assert.Greater(t, ink["thick"]/count["thick"], 1.3*ink["thin"]/count["thin"])
	src := openDigits(t, Options{HoldOut: true, Seed: 4}).(*digits)
	assert.InDelta(t, 90.0/8, len(src.Held()), 1.5)
	for i := range 50000 {
		h, _ := src.hand(Train, i)
		require.False(t, heldDigit(h), "example %d", i)
	}
	assert.False(t, src.HeldOut(src.Wanted("a seven")))
	assert.Equal(t, "digit 7, weight thick, slant right", src.Wanted("a thick slanted seven").String())
	held := 0
	for i := range 2000 {
		if src.HeldOut(src.Truth(Test, i)) {
			held++
		}
	}
	assert.Greater(t, held, 100, "the test split has them")
}

func TestGlyphFields(t *testing.T) {
	for face := range faces {
		for digit := range 10 {
			f, err := glyphs[face][digit]()
			require.NoError(t, err)
			assert.InDelta(t, glyphCells, max(f.h, f.w), 1e-9)
			assert.Greater(t, f.stem, 2.0)
			assert.Less(t, f.stem, 16.0)
			for k := range fieldCells {
				assert.Negative(t, f.d[k], "the field ends outside the glyph")
				assert.Negative(t, f.d[k*fieldCells])
			}
		}
	}
	// The middle of a zero is a hole, without a slash, and its left stroke is ink.
	f, err := glyphs[0][0]()
	require.NoError(t, err)
	row := f.d[32*fieldCells : 33*fieldCells]
	assert.Negative(t, row[32])
	assert.Positive(t, row[32-int(f.w/2)+2])
}

func BenchmarkDigits(b *testing.B) {
	src := openDigits(b, Options{})
	buf := make([]float32, 28*28)
	for i := 0; b.Loop(); i++ {
		if _, err := src.Example(Train, i, buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "examples/s")
}

func BenchmarkFields(b *testing.B) {
	for b.Loop() {
		for face := range faces {
			font, err := parseFace(face)
			if err != nil {
				b.Fatal(err)
			}
			for digit := range 10 {
				if _, err := drawField(font, rune('0'+digit)); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}
