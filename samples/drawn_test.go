package samples

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the file of TestDrawnGolden anew")

// TestDrawnGolden: what a number stands for stays what it was, since runs and published figures rest on it.
// Captions are compared letter by letter; pixels by the mean of each sixteenth of a picture to a level of 255, as
// machines round differently. -update writes the file anew.
func TestDrawnGolden(t *testing.T) {
	path := filepath.Join("testdata", "drawn.txt")
	var now []string
	var means [][]float64
	for _, name := range []string{"shapes", "scenes", "faces"} {
		for _, side := range []int{32, 64} {
			src, err := Open(name, Options{Size: side, Language: Both, Seed: 11})
			require.NoError(t, err)
			buf := make([]float32, src.Info().Values())
			for i, split := range []Split{Train, Test, Train, Test, Train, Test} {
				_, err := src.Example(split, i, buf)
				require.NoError(t, err)
				now = append(now, fmt.Sprintf("%s %d %s %d: %s", name, side, split, i, src.(Captioner).Caption(split, i)))
				means = append(means, sixteenths(buf, side))
			}
		}
	}
	if *update {
		f, err := os.Create(path)
		require.NoError(t, err)
		for i, line := range now {
			fmt.Fprintf(f, "%s\n%.1f\n", line, means[i])
		}
		require.NoError(t, f.Close())
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	require.Len(t, lines, 2*len(now))
	for i, line := range now {
		assert.Equal(t, lines[2*i], line)
		var want [16]float64
		args := make([]any, 16)
		for k := range want {
			args[k] = &want[k]
		}
		_, err := fmt.Sscanf(lines[2*i+1], "[%f %f %f %f %f %f %f %f %f %f %f %f %f %f %f %f]", args...)
		require.NoError(t, err)
		for k := range want {
			assert.InDelta(t, want[k], means[i][k], 1, "%s: part %d", line, k)
		}
	}
}

// sixteenths is the mean level, 0 to 255, of each part of a 4 x 4 grid.
func sixteenths(pix []float32, side int) []float64 {
	sums := make([]float64, 16)
	for p := range side * side {
		part := p/side*4/side*4 + p%side*4/side
		for c := range 3 {
			sums[part] += float64(pix[3*p+c]) * 255 * 16 / float64(3*side*side)
		}
	}
	return sums
}

// TestDrawnAlike: a picture is the same at 32 and 64 pixels, but for what the smaller cannot show.
func TestDrawnAlike(t *testing.T) {
	for _, name := range []string{"shapes", "scenes", "faces"} {
		small, err := Open(name, Options{Size: 32})
		require.NoError(t, err)
		large, err := Open(name, Options{Size: 64})
		require.NoError(t, err)
		a, b := make([]float32, 3*32*32), make([]float32, 3*64*64)
		for i := range 20 {
			_, err := small.Example(Train, i, a)
			require.NoError(t, err)
			_, err = large.Example(Train, i, b)
			require.NoError(t, err)
			half := reduced(b, 64, 32)
			sum := 0.0
			for k := range a {
				sum += float64((a[k] - half[k]) * (a[k] - half[k]))
			}
			assert.Less(t, sum/float64(len(a)), 0.002, "%s %d", name, i)
		}
	}
}
