package screen

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"mllab/ui/lab"
)

// TestTones: few colours are kept as they are; of many each pixel has one that is near.
func TestTones(t *testing.T) {
	few := []float32{0, 0, 0, 1, 1, 1, 0.5, 0.25, 0.75, 1, 1, 1}
	n := newTones(few)
	assert.Len(t, n.pal.RGB, 3)
	im := n.image(few, 2, 2)
	for i, k := range im.Pix {
		for c := range 3 {
			assert.InDelta(t, few[i*3+c]*255, float64(n.pal.RGB[k][c]), 0.51)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	many := make([]float32, 3*4096)
	for i := range many {
		many[i] = rng.Float32()*1.2 - 0.1
	}
	n = newTones(many)
	assert.Len(t, n.pal.RGB, mostTones)
	worst := 0.0
	for i, k := range n.image(many, 64, 64).Pix {
		for c := range 3 {
			v := float64(min(max(many[i*3+c], 0), 1))
			worst = max(worst, max(v-float64(n.pal.RGB[k][c])/255, float64(n.pal.RGB[k][c])/255-v))
		}
	}
	assert.Less(t, worst, 0.3, "noise of all colours, on 224")
	other := newTones(few).image([]float32{0.98, 0.9, 1, 0.1, 0, 0}, 2, 1)
	assert.Equal(t, [3]byte{255, 255, 255}, other.Pal.RGB[other.Pix[0]], "a tone that was not there has the nearest")
	assert.Equal(t, [3]byte{0, 0, 0}, other.Pal.RGB[other.Pix[1]])
	assert.Len(t, newTones(nil).pal.RGB, 1)
}

// TestReelFrames: the first and the last step are there, what is to come is not, and what is looked at is.
func TestReelFrames(t *testing.T) {
	var all []lab.Frame
	for i := range 20 {
		all = append(all, lab.Frame{Step: i + 1, Of: 20})
	}
	assert.Equal(t, []int{0, 6, 12, 19}, reelFrames(all, 4, 19))
	assert.Equal(t, []int{0, 9, -1, -1}, reelFrames(all[:10], 4, 9))
	assert.Equal(t, []int{0, 8, 12, 19}, reelFrames(all, 4, 8))
	assert.Equal(t, []int{0}, reelFrames(all[:1], 1, 0))
	assert.Equal(t, []int{4}, reelFrames(all, 1, 4))
}

func TestShotKeepsFewFrames(t *testing.T) {
	p := &shot{one: 1}
	for i := range 500 {
		p = p.with([]lab.Frame{{Step: i + 1, Of: 500, Tiles: 1, Cols: 1, X: []float32{1}, Clean: []float32{0}}})
	}
	assert.LessOrEqual(t, len(p.frames), shotFrames)
	assert.Greater(t, len(p.frames), shotFrames/2-2)
	assert.Equal(t, 1, p.frames[0].Step)
	assert.Equal(t, 500, p.frames[len(p.frames)-1].Step)
	large := make([]float32, shotValues/4)
	p = &shot{one: len(large)}
	for i := range 9 {
		p = p.with([]lab.Frame{{Step: i + 1, Of: 9, X: large, Clean: large}})
	}
	assert.Len(t, p.frames, 2, "what is large is kept less often")
}
