package lab

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/run"
	"mllab/engine/train"
)

// tiny is a training that takes a moment.
func tiny() TrainOptions {
	return TrainOptions{Batch: 8, Seed: 3, Settings: map[string]string{"hidden": "16", "latent": "4"}}
}

// until waits for a state of a job.
func until(t *testing.T, j *Job, what string, ok func(*State) bool) *State {
	t.Helper()
	for range 2000 {
		if s := j.State(); ok(s) {
			return s
		}
		time.Sleep(5 * time.Millisecond)
	}
	s := j.State()
	t.Fatalf("%s: never, last state %s at step %d, %v, %v, %v", what, s.Phase, s.Step, s.Events, s.Checkpoints, s.Err)
	return nil
}

// TestJobControls drives a training as the keys of the lab do.
func TestJobControls(t *testing.T) {
	s := session(t)
	o := tiny()
	o.Paused, o.Views = true, true
	j, err := s.Train(o)
	require.NoError(t, err)
	until(t, j, "paused", func(s *State) bool { return s.Phase == Paused && len(s.Views) == 2 })
	assert.Zero(t, j.State().Step)

	j.StepOnce()
	one := until(t, j, "one step", func(s *State) bool { return s.Step == 1 })
	assert.Equal(t, "loss", one.Losses[0].Name)
	j.SetLR(5e-4)
	until(t, j, "event", func(s *State) bool { return len(s.Events) == 1 })
	assert.Equal(t, Event{1, "lr 1e-3 -> 5e-4 (you)"}, j.State().Events[0])
	j.StepOnce()
	two := until(t, j, "the second step", func(s *State) bool { return s.Step == 2 })
	assert.Equal(t, 5e-4, two.LR)
	assert.True(t, two.Unsaved)

	dir, err := j.Save()
	require.NoError(t, err)
	until(t, j, "saved", func(s *State) bool { return !s.Unsaved && s.Dir == dir })

	j.Continue()
	until(t, j, "training", func(s *State) bool { return s.Step > 10 && s.Phase == Training })
	j.Pause()
	until(t, j, "paused again", func(s *State) bool { return s.Phase == Paused })
	j.Restart()
	until(t, j, "from the beginning", func(s *State) bool { return s.Step == 0 && s.LR == 5e-4 })
	assert.Equal(t, []Event{{0, "begins with lr 5e-4 (kept)"}}, j.State().Events)
	j.Stop()
	require.NoError(t, j.Wait())
	assert.Equal(t, Stopped, j.State().Phase)

	r, err := run.Read(dir)
	require.NoError(t, err)
	defer r.Close()
	ms, err := r.Metrics()
	require.NoError(t, err)
	assert.Equal(t, int64(1), ms[0].Step, "what came before the run was saved is in it")
}

// TestResumeIsExact stops a kept run half-way and goes on: the end is that of a
// run that was not stopped, checkpoint for checkpoint.
func TestResumeIsExact(t *testing.T) {
	s := session(t)
	o := tiny()
	o.Steps, o.Keep, o.SaveEvery = 30, true, 7
	train := func(out string, stop int) string {
		p := o
		p.Out = filepath.Join(t.TempDir(), out)
		var j *Job
		ready := make(chan struct{})
		p.OnMetrics = func(m train.Metrics) {
			<-ready
			if m.Step == stop {
				j.Stop()
			}
		}
		j, err := s.Train(p)
		require.NoError(t, err)
		close(ready)
		require.NoError(t, j.Wait())
		return p.Out
	}
	whole := train("whole", 0)
	part := train("part", 12)
	j, err := s.Resume(part, TrainOptions{SaveEvery: 7})
	require.NoError(t, err)
	require.NoError(t, j.Wait())
	assert.Equal(t, Finished, j.State().Phase)
	assert.Equal(t, 30, j.State().Step)
	name := filepath.Join("checkpoints", "step-00000030.safetensors")
	a, err := os.ReadFile(filepath.Join(whole, name))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(part, name))
	require.NoError(t, err)
	assert.True(t, string(a) == string(b), "the last checkpoints differ")

	p, err := s.Sample(context.Background(), SampleOptions{Run: part, N: 5, Seed: 1})
	require.NoError(t, err)
	q, err := s.Sample(context.Background(), SampleOptions{Run: whole, N: 5, Seed: 1})
	require.NoError(t, err)
	assert.Equal(t, q.Pixels, p.Pixels)
}

// TestJobErrors checks that what goes wrong is one error of the job.
func TestJobErrors(t *testing.T) {
	s := session(t)
	for want, change := range map[string]func(*TrainOptions){
		"loss is":                    func(o *TrainOptions) { o.LR = 1e30; o.Steps = 50 },
		"nowhere":                    func(o *TrainOptions) { o.Data = filepath.Join(t.TempDir(), "nowhere") },
		"/dev/null: not a directory": func(o *TrainOptions) { o.Keep, o.Out, o.Steps = true, "/dev/null/run", 2 },
	} {
		o := tiny()
		change(&o)
		j, err := s.Train(o)
		require.NoError(t, err)
		require.ErrorContains(t, j.Wait(), want)
		assert.Equal(t, Failed, j.State().Phase)
		assert.Equal(t, j.Wait(), j.State().Err)
	}
	for want, o := range map[string]TrainOptions{
		`model "x"`:     {Model: "x"},
		"batch -1":      {Batch: -1},
		"steps -2":      {Steps: -2},
		`setting "no"`:  {Settings: map[string]string{"no": "1"}},
		"learning rate": {LR: -1},
	} {
		_, err := s.Train(o)
		var usage *UsageError
		require.ErrorAs(t, err, &usage)
		assert.ErrorContains(t, err, want)
	}
}

// TestThin checks that what is remembered is bounded and keeps its order.
func TestThin(t *testing.T) {
	var list []int
	for i := range 5 * maxPoints {
		list = thin(append(list, i))
	}
	assert.Less(t, len(list), maxPoints)
	assert.IsIncreasing(t, list)
	assert.Equal(t, 0, list[0])
	assert.Equal(t, 5*maxPoints-1, list[len(list)-1])
}
