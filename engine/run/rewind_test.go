package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trained is a run of steps that are all logged, with a checkpoint every other step.
func trained(t *testing.T, last int64) *Run {
	t.Helper()
	r, err := Create(t.TempDir(), "r", config())
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	trainTo(t, r, 1, last)
	return r
}

func trainTo(t *testing.T, r *Run, first, last int64) {
	t.Helper()
	for step := first; step <= last; step++ {
		require.NoError(t, r.Log(row(step)))
		if step%2 == 0 {
			require.NoError(t, r.Save(state(step)))
		}
	}
}

func loggedSteps(t *testing.T, path string) (steps []int64) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	all, err := parseLines(f)
	require.NoError(t, err)
	for _, m := range all {
		steps = append(steps, m.Step)
	}
	return steps
}

func saved(t *testing.T, r *Run) []int64 {
	t.Helper()
	steps, err := r.Checkpoints()
	require.NoError(t, err)
	return steps
}

// A rewound run goes on from the step, and what came after is set aside, whole.
func TestRewind(t *testing.T) {
	r := trained(t, 9)
	require.NoError(t, r.Finish(row(9)))
	require.NoError(t, r.Rewind(4, "rewound from step 9 (you)"))
	assert.Equal(t, []int64{2, 4, 6, 8}, saved(t, r), "until it goes on, it may go forward again")
	ck, err := r.Load()
	require.NoError(t, err)
	requireState(t, 4, ck)
	require.NoError(t, r.Rewind(8, "forward (you)"))
	require.NoError(t, r.Rewind(4, "rewound (you)"))

	trainTo(t, r, 5, 7)
	assert.Equal(t, []int64{2, 4, 6}, saved(t, r))
	assert.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7}, loggedSteps(t, filepath.Join(r.dir, metricsName)))
	aside := filepath.Join(r.dir, asideDir, "0001")
	assert.Equal(t, []int64{5, 6, 7, 8, 9}, loggedSteps(t, filepath.Join(aside, metricsName)))
	for _, step := range []int64{6, 8} {
		ck, err := loadCheckpoint(aside, step)
		require.NoError(t, err)
		requireState(t, step, *ck)
	}
	assert.NoFileExists(t, filepath.Join(r.dir, resultName))
	assert.NoFileExists(t, filepath.Join(r.dir, headName))
	events, err := r.History()
	require.NoError(t, err)
	require.Len(t, events, 3)
	assert.Equal(t, int64(4), events[0].Step)
	assert.Equal(t, "rewound from step 9 (you)", events[0].Text)

	require.NoError(t, r.Rewind(2, "again"))
	require.NoError(t, r.Log(row(3)))
	assert.Equal(t, []int64{3, 4, 5, 6, 7}, loggedSteps(t, filepath.Join(r.dir, asideDir, "0002", metricsName)))
}

// A run that was rewound and closed is resumed from that step.
func TestResumeOfARewoundRun(t *testing.T) {
	r := trained(t, 9)
	require.NoError(t, r.Rewind(6, "rewound"))
	require.NoError(t, r.Save(state(6)), "the same moment saved again changes nothing")
	require.NoError(t, r.Close())

	seen, err := Read(r.dir)
	require.NoError(t, err)
	ck, err := seen.Load()
	require.NoError(t, err)
	requireState(t, 6, ck)

	r, err = Open(r.dir)
	require.NoError(t, err)
	defer r.Close()
	ck, err = r.Resume()
	require.NoError(t, err)
	requireState(t, 6, ck)
	assert.Equal(t, []int64{2, 4, 6}, saved(t, r))
	assert.Equal(t, []int64{1, 2, 3, 4, 5, 6}, loggedSteps(t, filepath.Join(r.dir, metricsName)))
	assert.Equal(t, []int64{7, 8, 9}, loggedSteps(t, filepath.Join(r.dir, asideDir, "0001", metricsName)))
	trainTo(t, r, 7, 8)
	assert.Equal(t, []int64{2, 4, 6, 8}, saved(t, r))
}

func TestRewindRefuses(t *testing.T) {
	r := trained(t, 4)
	require.ErrorIs(t, r.Rewind(3, "x"), ErrNoCheckpoint)
	require.NoError(t, r.Close())
	require.ErrorIs(t, r.Rewind(2, "x"), ErrClosed)
	seen, err := Read(r.dir)
	require.NoError(t, err)
	require.ErrorIs(t, seen.Rewind(2, "x"), ErrReadOnly)
}

// A damaged mark is no reason to lose a run: the newest checkpoint counts.
func TestDamagedHead(t *testing.T) {
	for _, text := range []string{"", "{", `{"step":-3}`, "\x00\x01", `[]`} {
		r := trained(t, 5)
		require.NoError(t, r.Rewind(2, "x"))
		require.NoError(t, r.Close())
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, headName), []byte(text), 0o644))
		r, err := Open(r.dir)
		require.NoError(t, err)
		ck, err := r.Resume()
		require.NoError(t, err)
		requireState(t, 4, ck)
		require.NoError(t, r.Close())
	}
}

// The step that a run was rewound to is damaged: an earlier one is taken, and the later
// ones are not lost.
func TestRewoundToADamagedCheckpoint(t *testing.T) {
	r := trained(t, 9)
	require.NoError(t, r.Rewind(6, "x"))
	require.NoError(t, r.Close())
	require.NoError(t, os.WriteFile(r.checkpointPath(6), []byte("nothing"), 0o644))
	r, err := Open(r.dir)
	require.NoError(t, err)
	defer r.Close()
	ck, err := r.Resume()
	require.NoError(t, err)
	requireState(t, 4, ck)
	assert.FileExists(t, filepath.Join(r.dir, asideDir, "0001", checkpointDir, checkpointName(8)))
	require.NoError(t, r.Log(row(5)))
}

// What is set aside is bounded as the run's own checkpoints are.
func TestAsideIsBounded(t *testing.T) {
	r := trained(t, 4)
	st, err := os.Stat(r.checkpointPath(4))
	require.NoError(t, err)
	r.Retain(3, 3*st.Size())
	for range 4 {
		require.NoError(t, r.Rewind(2, "x"))
		trainTo(t, r, 3, 4)
	}
	left, err := filepath.Glob(filepath.Join(r.dir, asideDir, "*", checkpointDir, "*"))
	require.NoError(t, err)
	assert.Len(t, left, 3)
	logs, err := filepath.Glob(filepath.Join(r.dir, asideDir, "*", metricsName))
	require.NoError(t, err)
	assert.Len(t, logs, 4)
}

func TestThinnest(t *testing.T) {
	assert.Equal(t, 0, Thinnest([]int64{5, 9}))
	assert.Equal(t, 1, Thinnest([]int64{1, 2, 3, 5, 9}))
	steps := []int64{0}
	for s := int64(1); s <= 1000; s++ {
		if steps = append(steps, s); len(steps) > 9 {
			i := Thinnest(steps)
			steps = append(steps[:i], steps[i+1:]...)
		}
	}
	for i := 1; i < len(steps); i++ {
		assert.LessOrEqual(t, steps[i]-steps[i-1], int64(300), "%v", steps)
	}
}
