package samples

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openShapes(t *testing.T, seed uint64) Shapes {
	t.Helper()
	src, err := Open("shapes", Options{Seed: seed})
	require.NoError(t, err)
	return src.(Shapes)
}

// Every combination of words comes up, and the picture, caption and label agree with
// the truth.
func TestShapesTruth(t *testing.T) {
	src := openShapes(t, 1)
	n := src.Info()
	assert.True(t, n.Captioned)
	x := make([]float32, n.Values())
	kinds, seen := map[int]int{}, map[Shape]bool{}
	wordings := map[string]bool{}
	for i := range 2000 {
		h := src.Shape(Train, i)
		label, err := src.Example(Train, i, x)
		require.NoError(t, err)
		assert.Equal(t, h.Kind, label)
		kinds[label]++
		seen[h] = true
		caption := src.Caption(Train, i)
		for _, word := range []string{ShapeKinds[h.Kind], ShapeColours[h.Colour], ShapeSizes[h.Size]} {
			assert.Contains(t, caption, word)
		}
		for _, word := range ShapeBackgrounds {
			if strings.Contains(caption, word) {
				assert.Equal(t, ShapeBackgrounds[h.Background], word, caption)
			}
		}
		wordings[strings.NewReplacer(ShapeKinds[h.Kind], "K", ShapeColours[h.Colour], "C", ShapeSizes[h.Size], "S",
			ShapeBackgrounds[h.Background], "B", h.place(), "P").Replace(caption)] = true
		pictureAgrees(t, h, x)
	}
	for k := range ShapeKinds {
		assert.InDelta(t, 500, kinds[k], 80, ShapeKinds[k])
	}
	assert.Greater(t, len(seen), 750, "of 1296 combinations")
	assert.GreaterOrEqual(t, len(wordings), 8)
}

// pictureAgrees reads background, colour, column and row back from the pixels.
func pictureAgrees(t *testing.T, h Shape, x []float32) {
	t.Helper()
	const side = shapeSide
	ground := x[:3]
	assert.InDelta(t, groundLevels[h.Background][1]/255, ground[1], 0.06)
	sumX, sumY, count := 0.0, 0.0, 0.0
	for p := range side * side {
		far := 0.0
		for c := range 3 {
			far = max(far, float64(x[3*p+c]-ground[c]), float64(ground[c]-x[3*p+c]))
		}
		if far > 0.2 {
			sumX, sumY, count = sumX+float64(p%side)+0.5, sumY+float64(p/side)+0.5, count+1
			assert.True(t, p%side > 0 && p%side < side-1 && p/side > 0 && p/side < side-1, "%+v is whole", h)
		}
	}
	require.Positive(t, count, "%+v", h)
	cx, cy := sumX/count/side, sumY/count/side
	third := func(at float64) int { return min(max(int((at-0.5)/0.21+1.5), 0), 2) }
	assert.Equal(t, h.X, third(cx), "%+v at %v", h, cx)
	assert.Equal(t, h.Y, third(cy), "%+v at %v", h, cy)
	share := count / (side * side)
	if h.Size == 0 {
		assert.Less(t, share, 0.075, "%+v", h)
	} else {
		assert.Greater(t, share, 0.075, "%+v", h)
	}
}

func TestShapesSplitsAndSeeds(t *testing.T) {
	one, two := openShapes(t, 1), openShapes(t, 2)
	a, b := make([]float32, one.Info().Values()), make([]float32, one.Info().Values())
	read := func(s Source, split Split, i int, dst []float32) {
		_, err := s.Example(split, i, dst)
		require.NoError(t, err)
	}
	read(one, Test, 7, a)
	read(two, Test, 7, b)
	assert.Equal(t, a, b, "the test split is the same for every seed")
	read(one, Train, 7, a)
	assert.NotEqual(t, a, b)
	read(two, Train, 7, b)
	assert.NotEqual(t, a, b)
	assert.Empty(t, one.Caption(Test, shapeTests))
	_, err := one.Example(Test, shapeTests, a)
	assert.ErrorContains(t, err, "there is no example 10000")
	big, err := Open("shapes", Options{Size: 64, Channels: 1})
	require.NoError(t, err)
	assert.Equal(t, []int{64, 64, 1}, []int{big.Info().H, big.Info().W, big.Info().C})
	_, err = Open("shapes", Options{Size: 4})
	assert.ErrorContains(t, err, "want 8 to 256 pixels")
}

func TestShapeDraw(t *testing.T) {
	x := make([]float32, 16*16*3)
	require.NoError(t, Shape{Kind: 3, Colour: 5, Size: 1, X: 1, Y: 1, Background: 2}.Draw(16, 9, x))
	mid := x[3*(8*16+8) : 3*(8*16+8)+3]
	assert.Greater(t, mid[0], mid[2]+0.5, "orange in the middle")
	assert.ErrorContains(t, Shape{Kind: 4}.Draw(16, 9, x), "kind 4: want 0 to 3")
	assert.ErrorContains(t, Shape{}.Draw(8, 9, x), "room for 768 values, want 192")
}
