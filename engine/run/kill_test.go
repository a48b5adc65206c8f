package run

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const victimEnv = "MLLAB_RUN_TEST_VICTIM"

// TestMain lets the test binary be its own victim: a trainer that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimEnv); dir != "" {
		if err := train(dir, 1<<40, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		return
	}
	os.Exit(m.Run())
}

// train resumes the run in dir and goes on to step last: a line a step, a checkpoint every third step, saved
// beside the following steps as a real trainer does. It tells of each checkpoint with a byte.
func train(dir string, last int64, told io.Writer) error {
	r, err := Open(dir)
	if err != nil {
		return err
	}
	ck, err := r.Resume()
	if err != nil && !errors.Is(err, ErrNoCheckpoint) {
		return err
	}
	var save sync.WaitGroup
	var saved error
	for step := ck.Step + 1; step <= last; step++ {
		if err := r.Log(row(step)); err != nil {
			return err
		}
		if step%3 == 0 {
			save.Wait()
			if saved != nil {
				return saved
			}
			copied := state(step)
			save.Go(func() {
				saved = r.Save(copied)
				_, _ = told.Write([]byte{'.'})
			})
		}
	}
	save.Wait()
	return errors.Join(saved, r.Close())
}

func TestKilledAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("twenty processes are started and killed")
	}
	root := t.TempDir()
	r, err := Create(root, "victim", config())
	require.NoError(t, err)
	require.NoError(t, r.Close())
	var before int64
	for i := range 20 {
		// Every fourth dies while it starts or resumes, the others between, before or within their saves.
		kill(t, r.Dir(), i%4*rand.IntN(4), time.Duration(rand.IntN(12_000))*time.Microsecond)
		s := Summarize(r.Dir())
		require.Empty(t, s.Problem)
		require.Equal(t, Interrupted, s.State)
		before = requireConsistent(t, r.Dir(), before)
	}
	require.Positive(t, before, "the victim never came to a checkpoint")

	// From here undisturbed to the end, and the same without a kill.
	last := before + 10
	require.NoError(t, train(r.Dir(), last, io.Discard))
	calm, err := Create(root, "calm", config())
	require.NoError(t, err)
	require.NoError(t, calm.Close())
	require.NoError(t, train(calm.Dir(), last, io.Discard))
	require.Equal(t, readAll(t, calm.Dir(), metricsName), readAll(t, r.Dir(), metricsName))
	newest := filepath.Join(checkpointDir, checkpointName(last-last%3))
	require.Equal(t, readAll(t, calm.Dir(), newest), readAll(t, r.Dir(), newest))
}

// kill starts the victim, waits for some checkpoints and a while, and kills it.
func kill(t *testing.T, dir string, checkpoints int, after time.Duration) {
	t.Helper()
	victim := exec.Command(os.Args[0], "-test.run=^$")
	victim.Env = append(os.Environ(), victimEnv+"="+dir)
	victim.Stderr = os.Stderr
	told, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	_, err = io.ReadFull(told, make([]byte, checkpoints))
	require.NoError(t, err)
	time.Sleep(after)
	require.NoError(t, victim.Process.Kill())
	err = victim.Wait()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.NotEqual(t, 3, exit.ExitCode(), "the victim failed before it was killed")
}

// requireConsistent checks what the kill left, and gives the step to go on from.
func requireConsistent(t *testing.T, dir string, before int64) int64 {
	t.Helper()
	r, err := Open(dir)
	require.NoError(t, err)
	defer r.Close()
	all, err := r.Metrics()
	require.NoError(t, err, "each line is whole but perhaps the last")
	steps, err := r.Checkpoints()
	require.NoError(t, err)
	for _, step := range steps {
		ck, err := r.LoadStep(step)
		require.NoError(t, err)
		requireState(t, step, ck)
	}
	ck, err := r.Resume()
	if errors.Is(err, ErrNoCheckpoint) {
		require.Zero(t, before)
		return 0
	}
	require.NoError(t, err)
	require.Empty(t, ck.Notes)
	requireState(t, ck.Step, ck)
	require.GreaterOrEqual(t, ck.Step, before)
	if n := int64(len(all)); n > 0 {
		// A save runs beside at most three further steps and the wait for it.
		assert.LessOrEqual(t, n-ck.Step, int64(6), "more was lost than since the last checkpoint")
	}
	rows, err := r.Metrics()
	require.NoError(t, err)
	require.Len(t, rows, int(ck.Step))
	for i, m := range rows {
		require.Equal(t, row(int64(i+1)), m)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*", "*"+tmpSuffix))
	require.NoError(t, err)
	require.Empty(t, left)
	return ck.Step
}
