package lab

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/run"
)

// TestForkOfAJob forks a training that is on no disk: both go on apart, the same where
// nothing is changed.
func TestForkOfAJob(t *testing.T) {
	s := session(t)
	j := paused(t, s, nil)
	stepTo(t, j, 4)
	f, err := s.Fork(j, -1)
	require.NoError(t, err)
	four := until(t, f, "forked", func(s *State) bool { return s.Phase == Paused && len(s.Views) == 2 })
	assert.Equal(t, 4, four.Step)
	assert.Equal(t, "vae (not saved)", four.Parent)
	assert.Equal(t, "forked from vae (not saved) at step 4", four.Events[0].Text)
	assert.Equal(t, j.State().Series[0], four.Series[0], "it brings its past along")
	assert.Equal(t, []*Job{j, f}, s.Jobs())
	assert.Equal(t, lossAt(stepTo(t, j, 6), 6), lossAt(stepTo(t, f, 6), 6))
	require.NoError(t, f.Set("beta", 50))
	assert.NotEqual(t, lossAt(stepTo(t, j, 7), 7), lossAt(stepTo(t, f, 7), 7))

	require.NoError(t, f.Rewind(4))
	until(t, f, "rewound", func(s *State) bool { return s.Step == 4 })
	early, err := s.Fork(j, 0)
	require.NoError(t, err)
	until(t, early, "forked at the start", func(s *State) bool { return s.Phase == Paused && s.Parent != "" })
	assert.Zero(t, early.State().Step)
	_, err = s.Fork(j, 3)
	require.ErrorContains(t, err, "fork: the snapshot of step 3")
}

// TestForkOfARun forks a finished run on disk: the fork is a run of its own that can be resumed.
func TestForkOfARun(t *testing.T) {
	s := session(t)
	o := tiny()
	o.Keep, o.Steps, o.SaveEvery = true, 6, 2
	j, err := s.Train(o)
	require.NoError(t, err)
	require.NoError(t, j.Wait())
	parent := j.State()

	f, err := s.Fork(j, 4)
	require.NoError(t, err)
	until(t, f, "forked", func(s *State) bool { return s.Phase == Paused && s.Dir != "" })
	assert.NotEqual(t, parent.Dir, f.State().Dir)
	assert.Equal(t, parent.Run, f.State().Parent)
	assert.Equal(t, lossAt(parent, 5), lossAt(stepTo(t, f, 5), 5))
	f.Stop()
	require.NoError(t, f.Wait())
	r, err := run.Read(f.State().Dir)
	require.NoError(t, err)
	assert.Equal(t, parent.Run, r.Config().Parent)
	assert.Equal(t, int64(4), r.Config().ParentStep)
	ms, err := r.Metrics()
	require.NoError(t, err)
	assert.Len(t, ms, 5)

	last, err := s.ForkRun(parent.Run, -1)
	require.NoError(t, err)
	until(t, last, "forked at the end", func(s *State) bool { return s.Phase == Paused && s.Step == 6 })
	assert.Zero(t, last.State().Steps, "it goes on without an end")
	stepTo(t, last, 7)
	again, err := s.Resume(f.State().Dir, TrainOptions{Paused: true})
	require.NoError(t, err)
	until(t, again, "resumed", func(s *State) bool { return s.Step == 5 && s.Parent == parent.Run })
}

// TestForkOfBadRuns names what is wrong and starts nothing.
func TestForkOfBadRuns(t *testing.T) {
	s := session(t)
	_, err := s.ForkRun("nowhere", -1)
	require.ErrorContains(t, err, "no run nowhere")
	r, err := run.Create(s.Root(), "empty", run.Config{Model: "vae", Data: "digits", Batch: 8, LR: 1e-3})
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = s.ForkRun("empty", -1)
	require.ErrorIs(t, err, run.ErrNoCheckpoint)
	other := filepath.Join(s.Root(), "other")
	require.NoError(t, os.Mkdir(other, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(other, "config.json"), []byte(`{"format":9,"version":"7"}`), 0o644))
	_, err = s.ForkRun("other", -1)
	require.ErrorContains(t, err, `run made by mllab format 9; this is format 1: open it with mllab "7"`)
	assert.Empty(t, s.Jobs())
}
