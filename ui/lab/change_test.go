package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/run"
)

func last(s *State) string { return s.Events[len(s.Events)-1].Text }

// TestChange compiles a training anew: what fits goes on, the rest begins anew.
func TestChange(t *testing.T) {
	s := session(t)
	j := paused(t, s, nil)
	stepTo(t, j, 3)
	views := j.State().Views[0].Version
	require.NoError(t, j.Set("beta", 2))
	require.NoError(t, j.Change(map[string]string{"latent": "6"}))
	got := until(t, j, "compiled", func(s *State) bool { return len(s.Events) == 2 && s.Phase == Paused })
	assert.Equal(t, "latent 4 -> 6 (you): d1.weight, lv.bias, lv.weight, mu.bias and 1 more begin anew, "+
		"what fits goes on", last(got))
	assert.Equal(t, 3, got.Step)
	assert.Equal(t, 2.0, value(got, "beta"), "knobs stay as they were turned")
	until(t, j, "pictures", func(s *State) bool { return len(s.Views) == 2 && s.Views[0].Version > views })
	four := stepTo(t, j, 4)
	assert.Less(t, lossAt(four, 4), 2*lossAt(four, 3), "what was learned is not lost")

	require.NoError(t, j.Change(map[string]string{"optimizer": "sgd"}))
	got = until(t, j, "another rule", func(s *State) bool { return len(s.Events) == 3 && s.Phase == Paused })
	assert.Equal(t, "optimizer adam -> sgd (you): all parameters go on", last(got))
	_, ok := knobOf(got.Knobs, "momentum")
	assert.True(t, ok)
	stepTo(t, j, 5)

	require.NoError(t, j.Change(map[string]string{"momentum": "0.5", "beta": "3"}))
	assert.Equal(t, 0.5, value(j.State(), "momentum"), "what can be turned is not compiled for")
	assert.Equal(t, 3.0, value(j.State(), "beta"))
	assert.Equal(t, Paused, j.State().Phase)

	var usage *UsageError
	require.ErrorAs(t, j.Change(map[string]string{"latent": "none"}), &usage)
	require.ErrorAs(t, j.Change(map[string]string{"nothing": "1"}), &usage)
	require.NoError(t, j.Change(map[string]string{"hidden": "65536", "latent": "4096"}))
	got = until(t, j, "a refusal", func(s *State) bool { return s.Phase == Paused && len(s.Events) == 6 })
	assert.Contains(t, last(got), "not changed, hidden 16 -> 65536, latent 6 -> 4096")
	stepTo(t, j, 6)
}

// TestChangeOfAKeptRun leaves the run as it was and begins another on disk.
func TestChangeOfAKeptRun(t *testing.T) {
	s := session(t)
	j := paused(t, s, func(o *TrainOptions) { o.Keep, o.SaveEvery = true, 100 })
	old := stepTo(t, j, 3)
	require.NoError(t, j.Change(map[string]string{"ema": "0.9"}))
	got := until(t, j, "compiled", func(s *State) bool { return s.Dir != old.Dir && s.Phase == Paused })
	assert.Equal(t, old.Run, got.Parent)
	stepTo(t, j, 4)
	j.Stop()
	require.NoError(t, j.Wait())
	for dir, want := range map[string]int{old.Dir: 3, got.Dir: 4} {
		r, err := run.Read(dir)
		require.NoError(t, err)
		ck, err := r.Load()
		require.NoError(t, err)
		assert.Equal(t, int64(want), ck.Step)
		ms, err := r.Metrics()
		require.NoError(t, err)
		assert.Len(t, ms, want)
	}
	j, err := s.Resume(got.Dir, TrainOptions{Paused: true})
	require.NoError(t, err)
	until(t, j, "resumed", func(s *State) bool { return s.Step == 4 && value(s, "ema") == 0.9 })
}
