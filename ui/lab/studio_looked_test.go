package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A layer that looks at all words alike from everywhere does not wash out one that tells them apart, and a smaller one
// is enlarged without steps.
func TestLooksThatTellCount(t *testing.T) {
	k := &looked{layers: []LookAbout{{Name: "level", H: 4, W: 4, Heads: 1}, {Name: "keen", H: 2, W: 2, Heads: 1}},
		tokens: 2, steps: 1}
	level := make([]float32, 4*4*2)
	for i := range level {
		level[i] = 0.5
	}
	keen := []float32{0.9, 0.1, 0.1, 0.9, 0.9, 0.1, 0.1, 0.9} // the first word at the left
	k.sum = [][]float32{level, keen}
	h, err := k.heat(0, -1, -1, -1)
	require.NoError(t, err)
	require.Equal(t, [2]int{4, 4}, [2]int{h.H, h.W})
	assert.InDelta(t, 0.9, h.Max, 1e-6)
	for y := range 4 {
		for x, want := range []float64{0.9, 0.7, 0.3, 0.1} {
			assert.InDelta(t, want, float64(h.V[y*4+x])*h.Max, 1e-6, "%d %d", x, y)
		}
	}

	k.sum[1] = []float32{0.8, 0.2, 0.8, 0.2, 0.8, 0.2, 0.8, 0.2}
	h, err = k.heat(0, -1, -1, -1)
	require.NoError(t, err)
	assert.InDelta(t, 0.65, h.Max, 1e-6, "where none tells anything they count alike")
}
