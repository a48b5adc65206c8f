package samples

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sharedData is a folder of test data that need not be there.
func sharedData(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test data in %s", dir)
	}
	return dir
}

func TestNames(t *testing.T) {
	var names []string
	for _, e := range Names() {
		names = append(names, e.Name)
		assert.NotEmpty(t, e.Title, e.Name)
		assert.NotEmpty(t, e.What, e.Name)
	}
	assert.Contains(t, names, "digits")
	assert.IsIncreasing(t, append([]string{""}, names...))
}

// TestBuiltins holds every registered source to what Source says.
func TestBuiltins(t *testing.T) {
	require.NotEmpty(t, Names())
	for _, e := range Names() {
		t.Run(e.Name, func(t *testing.T) {
			src, err := Open(e.Name, Options{})
			require.NoError(t, err)
			checkSource(t, src)
			assert.Equal(t, e.Name, src.Info().Name)
		})
	}
}

// checkSource is the examination that every source sits.
func checkSource(t *testing.T, src Source) {
	t.Helper()
	n := src.Info()
	assert.NotEmpty(t, n.Name)
	assert.NotEmpty(t, n.Source)
	require.Positive(t, n.H*n.W)
	assert.Contains(t, []int{1, 3}, n.C)
	a, b := make([]float32, n.Values()), make([]float32, n.Values())
	for _, split := range []Split{Train, Test} {
		some := n.Len(split)
		if some == Endless || some > 50 {
			some = 50
		}
		for i := range some {
			label, err := src.Example(split, i, a)
			require.NoError(t, err)
			again, err := src.Example(split, i, b)
			require.NoError(t, err)
			require.Equal(t, a, b, "example %d differs from itself", i)
			require.Equal(t, label, again)
			require.GreaterOrEqual(t, label, -1)
			require.Less(t, label, max(len(n.Labels), 0)+1)
			for _, v := range a {
				require.True(t, v >= 0 && v <= 1, "value %v", v)
			}
		}
		_, err := src.Example(split, -1, a)
		assert.Error(t, err)
		_, err = src.Example(split, 0, a[:len(a)-1])
		assert.Error(t, err)
		if size := n.Len(split); size != Endless {
			_, err = src.Example(split, size, a)
			assert.Error(t, err)
		}
	}
	_, err := src.Example(Split(7), 0, a)
	assert.ErrorContains(t, err, "split 7")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			buf := make([]float32, n.Values())
			for i := range min(20, uint(n.Train)) {
				_, err := src.Example(Train, (int(i)+w*5)%int(min(20, uint(n.Train))), buf)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	text := write(t, dir, "notes.md", []byte("hello, this is text"))
	photo := write(t, dir, "one.png", pngBytes(t, 4, 4, 1))
	cases := []struct {
		name string
		open string
		o    Options
		want string
	}{
		{"nothing", "", Options{}, "want one of digits"},
		{"unknown", "mnsit", Options{}, `"mnsit" is no built-in data set`},
		{"hostile name", "a\x1b[31mb\nc", Options{}, "a�[31mb c"},
		{"empty folder", t.TempDir(), Options{}, "no pictures in it"},
		{"text", text, Options{}, "notes.md: not an IDX file"},
		{"one picture", photo, Options{}, "give its folder"},
		{"device", os.DevNull, Options{}, "neither a file nor a folder"},
		{"size", "digits", Options{Size: -1}, "size -1"},
		{"digit size", "digits", Options{Size: 1000}, "size 1000: want 8 to 256"},
		{"channels", "digits", Options{Channels: 4}, "channels 4"},
		{"crop", dir, Options{Crop: "round"}, `crop "round": want center, fit or stretch`},
		{"fraction", dir, Options{TestFraction: 1}, "test fraction 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			src, err := Open(c.open, c.o)
			require.ErrorContains(t, err, c.want)
			assert.Nil(t, src)
			assert.NotContains(t, err.Error(), "\n")
			assert.True(t, strings.HasPrefix(err.Error(), "samples: "))
		})
	}
}

func TestAdaptedSizeAndChannels(t *testing.T) {
	for _, o := range []Options{{Size: 32}, {Channels: 3}, {Size: 64, Channels: 3}} {
		src, err := Open("digits", o)
		require.NoError(t, err)
		checkSource(t, src)
		n := src.Info()
		if o.Size != 0 {
			assert.Equal(t, []int{o.Size, o.Size}, []int{n.H, n.W})
		}
		if o.Channels == 3 {
			buf := make([]float32, n.Values())
			_, err = src.Example(Train, 3, buf)
			require.NoError(t, err)
			assert.Equal(t, 3, n.C)
			for p := 0; p < len(buf); p += 3 {
				require.Equal(t, buf[p], buf[p+1])
				require.Equal(t, buf[p], buf[p+2])
			}
		}
	}
}

func TestSheet(t *testing.T) {
	src, err := Open("digits", Options{})
	require.NoError(t, err)
	img, err := Sheet(src, Test, digitTests-3, 2, 4)
	require.NoError(t, err)
	assert.Equal(t, 4*30+2, img.Bounds().Dx())
	assert.Equal(t, 2*30+2, img.Bounds().Dy())
	assert.Equal(t, img.RGBAAt(0, 0), img.RGBAAt(3*30+16, 16), "past the end of the split")
	assert.NotEqual(t, img.RGBAAt(0, 0), img.RGBAAt(2, 2))
	for _, bad := range [][2]int{{0, 1}, {1, -1}, {1 << 20, 1 << 20}, {math.MaxInt, 4}} {
		_, err = Sheet(src, Train, 0, bad[0], bad[1])
		assert.Error(t, err)
	}
}

func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}
