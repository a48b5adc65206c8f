package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// The picture has a bar for every bin, real up and drawn down, on one scale.
func TestScoresPicture(t *testing.T) {
	v := (&Scores{Real: []float64{3, 3, 3, 3}, Fake: []float64{0, 0, 1.5, 1.5}}).picture(7)
	assert.Equal(t, 7, v.Version)
	pixel := func(x, y int) [3]float32 { return [3]float32(v.Pixels[3*(y*v.W+x):]) }
	right, middle := (scoreBins-1)*scoreBar, scoreBins/2*scoreBar
	assert.Equal(t, scoreReal, pixel(right, 0), "all real ones have the highest score")
	assert.Equal(t, scoreAxis, pixel(right, scoreHeight))
	for _, x := range []int{0, middle} {
		assert.Equal(t, scoreFake, pixel(x, scoreHeight+scoreHeight/2))
		assert.Equal(t, [3]float32{scoreBackground, scoreBackground, scoreBackground}, pixel(x, scoreHeight+scoreHeight/2+1))
	}
	same := (&Scores{Real: []float64{1}, Fake: []float64{1}}).picture(1)
	assert.Equal(t, [3]float32(same.Pixels[:3]), scoreReal, "no range at all")

	list := withView([]View{{Name: "samples"}}, v)
	assert.Len(t, withView(list, same), 2)
	assert.Equal(t, 7, list[1].Version, "the list of before stays")
}

// While a screen watches, the scores are among the pictures.
func TestScoresAmongViews(t *testing.T) {
	j, err := session(t).Train(TrainOptions{Model: "gan", Batch: 1, Views: true, Paused: true,
		Settings: map[string]string{"width": "1", "latent": "2"}})
	require.NoError(t, err)
	t.Cleanup(func() { j.Stop(); assert.NoError(t, j.Wait()) })
	until(t, j, "samples", func(s *State) bool { return len(s.Views) == 1 })
	j.StepOnce()
	s := until(t, j, "scores", func(s *State) bool { return len(s.Views) == 2 && s.Scores != nil })
	assert.Equal(t, scoreName, s.Views[1].Name)
	assert.Len(t, s.Scores.Real, scoreCount)
}
