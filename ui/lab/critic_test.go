package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCompareScores(t *testing.T) {
	s := compare([]float32{1, 3}, []float32{0, 2})
	assert.Equal(t, []float64{1, 3}, s.Real)
	assert.Equal(t, []float64{0, 2}, s.Fake)
	assert.Equal(t, 0.75, s.Right)
}

// Collapse is said once, and not before it has lasted.
func TestVerdict(t *testing.T) {
	var v verdict
	said := map[int][]string{}
	for step := 100; step <= 3000; step += 100 {
		right, diversity := 0.9, 0.9
		if step >= 1000 && step < 2000 {
			right, diversity = 1, 0.3
		}
		if step == 200 {
			diversity = 0 // the first pictures of every generator
		}
		if s := v.see(step, right, diversity); s != nil {
			said[step] = s
		}
	}
	assert.Len(t, said, 3)
	assert.Contains(t, said[1200][0], "mode collapse: drawn pictures are alike, 30% as far apart as real ones")
	assert.Contains(t, said[1500][0], "told all pictures apart for 500 steps")
	assert.Equal(t, []string{"drawn pictures differ again"}, said[2000])
}
