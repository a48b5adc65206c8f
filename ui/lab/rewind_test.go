package lab

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/run"
	"mllab/engine/safetensors"
)

// paused is a job with pictures that waits before its first step.
func paused(t *testing.T, s *Session, change func(*TrainOptions)) *Job {
	t.Helper()
	o := tiny()
	o.Paused, o.Views = true, true
	if change != nil {
		change(&o)
	}
	j, err := s.Train(o)
	require.NoError(t, err)
	until(t, j, "paused", func(s *State) bool { return s.Phase == Paused && len(s.Checkpoints) > 0 })
	return j
}

// stepTo does steps, one at a time.
func stepTo(t *testing.T, j *Job, step int) *State {
	t.Helper()
	for j.State().Step < step {
		at := j.State().Step
		j.StepOnce()
		until(t, j, "a step", func(s *State) bool { return s.Step == at+1 })
	}
	return j.State()
}

func moments(s *State) (steps []int) {
	for _, c := range s.Checkpoints {
		steps = append(steps, c.Step)
	}
	return steps
}

func lossAt(s *State, step int) float64 {
	for _, line := range s.Series {
		for i, x := range line.X {
			if line.Name == "loss" && int(x) == step {
				return line.Y[i]
			}
		}
	}
	return math.NaN()
}

// TestRewindInMemory goes back and forth in a training that is on no disk: from the same
// moment the same numbers follow, and the charts show what belongs to the moment.
func TestRewindInMemory(t *testing.T) {
	s := session(t)
	j := paused(t, s, nil)
	seven := stepTo(t, j, 7)
	require.ErrorContains(t, j.Rewind(3), "no checkpoint of it, there are [0]")
	require.NoError(t, j.Set("beta", 4))
	require.NoError(t, j.Rewind(0))
	zero := until(t, j, "rewound", func(s *State) bool { return s.Step == 0 })
	assert.Equal(t, []int{0, 7}, moments(zero), "the moment it came from is kept")
	assert.Equal(t, 1.0, value(zero, "beta"), "knobs are what they were")
	assert.Empty(t, zero.Series[0].X)
	assert.Equal(t, "rewound from step 7 (you)", zero.Events[len(zero.Events)-1].Text)

	require.NoError(t, j.Rewind(7))
	again := until(t, j, "forward", func(s *State) bool { return s.Step == 7 })
	assert.Equal(t, 4.0, value(again, "beta"))
	assert.Equal(t, seven.Series[0], again.Series[0])
	assert.Equal(t, seven.Losses, again.Losses)

	require.NoError(t, j.Rewind(0))
	until(t, j, "rewound", func(s *State) bool { return s.Step == 0 })
	three := stepTo(t, j, 3)
	assert.Equal(t, []float64{1, 2, 3}, three.Series[0].X)
	for step := 1; step <= 3; step++ {
		assert.Equal(t, lossAt(seven, step), lossAt(three, step), "the same steps")
	}
	assert.Equal(t, []int{0}, moments(three), "a step gives up the moments after it")
	dir, err := j.Save()
	require.NoError(t, err)
	r, err := run.Read(dir)
	require.NoError(t, err)
	ms, err := r.Metrics()
	require.NoError(t, err)
	require.Len(t, ms, 3)
	j.Stop()
	require.NoError(t, j.Wait())
}

// TestRewindOnDisk rewinds a kept run and resumes it: it goes on from there, and what
// came after is still in its folder.
func TestRewindOnDisk(t *testing.T) {
	s := session(t)
	j := paused(t, s, func(o *TrainOptions) { o.Keep, o.SaveEvery = true, 4 })
	stepTo(t, j, 9)
	assert.Equal(t, []int{0, 4, 8}, moments(j.State()))
	require.NoError(t, j.Rewind(4))
	four := until(t, j, "rewound", func(s *State) bool { return s.Step == 4 })
	assert.Equal(t, []int{0, 4, 8, 9}, moments(four))
	assert.False(t, four.Unsaved)
	dir := four.Dir
	j.Stop()
	require.NoError(t, j.Wait())

	j, err := s.Resume(dir, TrainOptions{Paused: true, Views: true})
	require.NoError(t, err)
	until(t, j, "resumed", func(s *State) bool { return s.Phase == Paused && s.Step == 4 })
	stepTo(t, j, 6)
	j.Stop()
	require.NoError(t, j.Wait())
	r, err := run.Read(dir)
	require.NoError(t, err)
	ms, err := r.Metrics()
	require.NoError(t, err)
	assert.Len(t, ms, 6)
	steps, err := r.Checkpoints()
	require.NoError(t, err)
	assert.Equal(t, []int64{4, 6}, steps)
	assert.FileExists(t, filepath.Join(dir, "rewound", "0001", "checkpoints", "step-00000008.safetensors"))
	events, err := r.History()
	require.NoError(t, err)
	assert.Equal(t, "rewound from step 9 (you)", events[0].Text)
}

// TestRewindToADamagedCheckpoint keeps the training where it is.
func TestRewindToADamagedCheckpoint(t *testing.T) {
	s := session(t)
	j := paused(t, s, func(o *TrainOptions) { o.Keep, o.SaveEvery = true, 2 })
	stepTo(t, j, 5)
	path := filepath.Join(j.State().Dir, "checkpoints", "step-00000002.safetensors")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	b[len(b)-1] ^= 1
	require.NoError(t, os.WriteFile(path, b, 0o644))
	require.NoError(t, j.Rewind(2))
	got := until(t, j, "a refusal", func(s *State) bool { return len(s.Events) == 1 })
	assert.Contains(t, got.Events[0].Text, "not rewound to step 2")
	assert.Contains(t, got.Events[0].Text, "checksum")
	assert.Equal(t, 5, got.Step)
	stepTo(t, j, 6)
}

// TestDivergenceIsRewound sees a training with pictures survive a rate that is much too high.
func TestDivergenceIsRewound(t *testing.T) {
	s := session(t)
	j := paused(t, s, nil)
	stepTo(t, j, 2)
	j.SetLR(1e30)
	j.Continue()
	got := until(t, j, "rescued", func(s *State) bool { return len(s.Events) == 2 && s.Phase == Paused })
	assert.Contains(t, got.Events[1].Text, "rewound and paused; lower the learning rate")
	assert.Equal(t, 0, got.Step)
	assert.Equal(t, 1e-3, got.LR)
	stepTo(t, j, 2)
}

func TestShotsAreBounded(t *testing.T) {
	one := func(step int64, values int) run.Checkpoint {
		return run.Checkpoint{Step: step, Tensors: []safetensors.Tensor{{F32: make([]float32, values)}}}
	}
	var s shots
	for step := int64(0); step < 1000; step++ {
		s.add(one(step*10, 1))
	}
	assert.Len(t, s.list, shotMost)
	assert.Equal(t, int64(0), s.list[0].Step)
	assert.Equal(t, int64(9990), s.list[shotMost-1].Step)
	assert.Greater(t, s.every, int64(100))
	var big shots
	for step := int64(0); step < 10; step++ {
		big.add(one(step, shotBytes/4/3))
	}
	assert.Len(t, big.list, 3)
	big.add(one(99, shotBytes))
	assert.Len(t, big.list, 1, "one there is always")
	assert.Equal(t, int64(99), big.list[0].Step)
	s.after(25)
	assert.Len(t, s.list, 1)
	s.add(one(7, 1))
	s.add(one(7, 1))
	assert.Len(t, s.list, 2)
}
