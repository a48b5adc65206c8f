package lab

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/run"
)

func value(s *State, name string) float64 {
	k, _ := knobOf(s.Knobs, name)
	return k.Value
}

// TestKnobsOfAJob turns hyper-parameters of a training, restarts it and resumes it: they
// stay as they were turned, and the history says so.
func TestKnobsOfAJob(t *testing.T) {
	s := session(t)
	o := tiny()
	o.Paused, o.Keep = true, true
	j, err := s.Train(o)
	require.NoError(t, err)
	until(t, j, "paused", func(s *State) bool { return s.Phase == Paused && len(s.Knobs) > 0 })
	assert.Equal(t, 1.0, value(j.State(), "beta"))
	require.NoError(t, j.Set("beta", 4))
	require.NoError(t, j.Set("beta", 4), "no change, no line")
	require.NoError(t, j.Set("beta2", 0.9995))
	require.ErrorContains(t, j.Set("beta", -1), "want a number from 0 to 1000")
	require.ErrorContains(t, j.Set("latent", 3), `"latent" cannot be changed while this model trains`)
	assert.Equal(t, []Event{{0, "beta 1 -> 4 (you)"}, {0, "beta2 0.999 -> 0.9995 (you)"}}, j.State().Events)
	assert.Equal(t, 4.0, value(j.State(), "beta"))
	j.StepOnce()
	until(t, j, "one step", func(s *State) bool { return s.Step == 1 })
	first, err := j.Save()
	require.NoError(t, err)

	j.Restart()
	until(t, j, "another run", func(s *State) bool { return s.Step == 0 && s.Dir != "" && s.Dir != first })
	assert.Equal(t, 4.0, value(j.State(), "beta"))
	assert.Equal(t, []Event{{0, "begins with beta2 0.9995, beta 4 (kept)"}}, j.State().Events)
	second := j.State().Dir
	j.StepOnce()
	until(t, j, "one step again", func(s *State) bool { return s.Step == 1 })
	j.Stop()
	require.NoError(t, j.Wait())
	require.ErrorContains(t, j.Set("beta", 2), "the training is over")

	r, err := run.Read(second)
	require.NoError(t, err)
	assert.Equal(t, "4", r.Config().Settings["beta"])
	name := filepath.Join("checkpoints", "step-00000001.safetensors")
	a, err := os.ReadFile(filepath.Join(first, name))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(second, name))
	require.NoError(t, err)
	assert.True(t, string(a) == string(b), "the same knobs from the beginning, the same bytes")

	j, err = s.Resume(first, TrainOptions{Paused: true})
	require.NoError(t, err)
	until(t, j, "resumed", func(s *State) bool { return s.Phase == Paused && s.Step == 1 })
	assert.Equal(t, 4.0, value(j.State(), "beta"))
	assert.Equal(t, 0.9995, value(j.State(), "beta2"))
	j.Stop()
	require.NoError(t, j.Wait())
}

// TestKnobTexts checks how numbers are written into the history.
func TestKnobTexts(t *testing.T) {
	for want, v := range map[string]float64{"0": 0, "1": 1, "4": 4, "0.999": 0.999, "0.99999": 0.99999, "5e-4": 5e-4,
		"1e-8": 1e-8, "2e3": 2000, "0.5": 0.5} {
		assert.Equal(t, want, short(v))
	}
	assert.Equal(t, "lr.d as lr -> 1e-4 (you)", turned("lr.d", 0, 1e-4))
}
