package samples

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func filled(t *testing.T, name string, n int) []float32 {
	t.Helper()
	p, err := OpenPoints(name, PointsOptions{})
	require.NoError(t, err)
	xy := make([]float32, 2*n)
	p.Fill(1, 0, xy)
	return xy
}

// TestPointsOfEveryKind: in the plane, not all alike, a function of seed and batch alone.
func TestPointsOfEveryKind(t *testing.T) {
	var names []string
	for _, e := range PointsNames() {
		names = append(names, e.Name)
		p, err := OpenPoints(e.Name, PointsOptions{})
		require.NoError(t, err)
		a, b, c, d := make([]float32, 2000), make([]float32, 2000), make([]float32, 2000), make([]float32, 2000)
		p.Fill(7, 3, a)
		p.Fill(7, 3, b)
		p.Fill(7, 4, c)
		p.Fill(8, 3, d)
		assert.Equal(t, a, b, e.Name)
		assert.NotEqual(t, a, c, e.Name)
		assert.NotEqual(t, a, d, e.Name)
		var mean [2]float64
		for i, v := range a {
			require.Less(t, math.Abs(float64(v)), 1.0, e.Name)
			mean[i&1] += float64(v) / 1000
		}
		assert.InDelta(t, 0, mean[0], 0.15, e.Name)
		assert.InDelta(t, 0, mean[1], 0.15, e.Name)
	}
	assert.Subset(t, names, []string{"ring", "grid8", "grid25", "moons", "swissroll", "spiral", "line", "drawn"})
}

// TestModesAreWherePointsAre: each mode has its share within 3 deviations, and nothing lies elsewhere.
func TestModesAreWherePointsAre(t *testing.T) {
	for name, want := range map[string]int{"ring": 8, "grid8": 8, "grid25": 25} {
		p, err := OpenPoints(name, PointsOptions{})
		require.NoError(t, err)
		require.Len(t, p.Modes, want)
		const n = 20000
		xy := filled(t, name, n)
		counts := make([]int, want)
		for i := 0; i < len(xy); i += 2 {
			for k, m := range p.Modes {
				if math.Hypot(float64(xy[i])-m.X, float64(xy[i+1])-m.Y) <= 3*m.Sigma {
					counts[k]++
				}
			}
		}
		const inside = 0.98889 // of a round Gaussian within 3 deviations: 1 - exp(-4.5)
		for _, c := range counts {
			fair := inside * n / float64(want)
			assert.InDelta(t, fair, float64(c), 5*math.Sqrt(fair), name)
		}
	}
}

func TestDrawnPoints(t *testing.T) {
	d := Density{W: 4, H: 2, Weights: []float32{0, 0, 0, 3, 1, 0, 0, 0}}
	p, err := OpenPoints("drawn", PointsOptions{Density: d})
	require.NoError(t, err)
	xy := make([]float32, 8000)
	p.Fill(1, 1, xy)
	upper := 0
	for i := 0; i < len(xy); i += 2 {
		c, r, ok := d.At(float64(xy[i]), float64(xy[i+1]))
		require.True(t, ok)
		require.Positive(t, d.Weights[r*d.W+c], "a point in an empty cell")
		if r == 0 {
			upper++
		}
	}
	assert.InDelta(t, 3000, upper, 150)
	for _, bad := range []Density{{W: 2, H: 2, Weights: make([]float32, 4)}, {W: 2, H: 2,
		Weights: make([]float32, 3)},
		{W: 1, H: 1, Weights: []float32{-1}}, {W: 1, H: 1, Weights: []float32{float32(math.NaN())}},
		{W: MaxDensity + 1, H: 1, Weights: make([]float32, MaxDensity+1)}, {W: -1, H: -1, Weights: []float32{1}}} {
		_, err := OpenPoints("drawn", PointsOptions{Density: bad})
		assert.Error(t, err, "%dx%d", bad.W, bad.H)
	}
	for _, out := range [][2]float64{{-1.01, 0}, {1, 0}, {0, 1.01}, {0, -1}, {math.NaN(), 0}} {
		_, _, ok := d.At(out[0], out[1])
		assert.False(t, ok, "%v", out)
	}
}

func TestCSV(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "p.csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for _, text := range []string{"x,y\n1,2\n3,6\n5,4\n", "1;2\n3;6\n5;4",
		"\ufeff\"x\"\t\"y\"\r\n1\t2\r\n\r\n3\t6\r\n5\t4",
		"# a remark\n1 2 red\n3 6 blue\n5 4 red\n"} {
		p, err := OpenPoints(write(text), PointsOptions{})
		require.NoError(t, err, text)
		assert.Contains(t, p.Notes[0], "3 points; x 1 to 5 and y 2 to 6 are scaled")
		assert.Len(t, p.Notes, 1, text)
		xy := make([]float32, 600)
		p.Fill(1, 1, xy)
		for i := 0; i < len(xy); i += 2 {
			assert.Contains(t, [][2]float32{{-0.9, -0.9}, {0, 0.9}, {0.9, 0}}, [2]float32{xy[i], xy[i+1]})
		}
	}
	p, err := OpenPoints(write("1,2\nnan,3\noops\n5,4\n1e999,2\n"), PointsOptions{})
	require.NoError(t, err)
	assert.Contains(t, p.Notes[1], "3 lines that are no two numbers skipped, the first is line")
	same, err := OpenPoints(write("4,4\n4,4\n"), PointsOptions{})
	require.NoError(t, err)
	xy := make([]float32, 4)
	same.Fill(1, 1, xy)
	assert.Equal(t, []float32{0, 0, 0, 0}, xy, "points that are all one lie in the middle")

	for text, want := range map[string]string{"": "0 points in 0 lines", "x,y\n1,2\n": "1 points in 2 lines",
		"hello\nworld\n": "want at least 2 lines", strings.Repeat("1", maxPointsLine+1): "is longer than"} {
		_, err := OpenPoints(write(text), PointsOptions{})
		assert.ErrorContains(t, err, want)
	}
	for _, path := range []string{"gone.csv", t.TempDir(), "a\x1b[31mb"} {
		_, err := OpenPoints(path, PointsOptions{})
		require.ErrorContains(t, err, "want one of ring,")
		assert.NotContains(t, err.Error(), "\x1b")
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"x,y\n1,2\n3,4", "1e308,-1e308\n-1e308,1e308", "5e-324,0\n0,5e-324", ",,,\n;;",
		"\x00,\xff\n1,2\n2,1", "9e-323 0\n0 0", "1e16,0\n10000000000000002,0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePoints(strings.NewReader(text))
		if err != nil {
			return
		}
		xy := make([]float32, 64)
		p.Fill(1, 1, xy)
		for _, v := range xy {
			if !(v >= -1 && v <= 1) {
				t.Fatalf("%q gives %v", text, v)
			}
		}
	})
}
