package run

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/safetensors"
)

func config() Config {
	return Config{Version: "0.1", Model: "vae", Data: "digits", Device: "cpu", Threads: 2, Seed: 7, Batch: 128,
		Steps: 1000, LR: 1e-3, Settings: map[string]string{"beta": "1"}}
}

// state is a checkpoint whose every part follows from its step.
func state(step int64) Checkpoint {
	w := make([]float32, 3000)
	for i := range w {
		w[i] = float32(step) + float32(i)/4096
	}
	return Checkpoint{Step: step, Epoch: step / 10, LR: 1 / float64(step+3),
		Random: []uint64{uint64(step), math.MaxUint64},
		Tensors: []safetensors.Tensor{
			{Name: "opt.t", I64: []int64{step}, Shape: []int{1}, DType: safetensors.I64},
			{Name: "param.w", F32: w, Shape: []int{3, 1000}, DType: safetensors.F32},
		},
		Extra: map[string]string{"checksum": `"checksum":"12345678"`, "cursor": fmt.Sprint(step * 3)}}
}

func row(step int64) Metrics {
	loss := Float("loss", 1/float64(step+1))
	return Metrics{Step: step, Fields: []Field{loss, Int("epoch", step/10), Text("note", "a\"b")}}
}

func requireState(t *testing.T, step int64, got Checkpoint) {
	t.Helper()
	want := state(step)
	want.Notes = got.Notes
	require.Equal(t, want, got)
}

func TestLifeOfARun(t *testing.T) {
	root := filepath.Join(t.TempDir(), "not", "yet")
	r, err := Create(root, "", config())
	require.NoError(t, err)
	assert.Regexp(t, `^[a-z]+-[a-z]+$`, r.Name())
	_, err = r.Load()
	require.ErrorIs(t, err, ErrNoCheckpoint)
	for step := int64(1); step <= 10; step++ {
		require.NoError(t, r.Log(row(step)))
		if step%2 == 0 {
			require.NoError(t, r.Save(state(step)))
		}
	}
	steps, err := r.Checkpoints()
	require.NoError(t, err)
	assert.Equal(t, []int64{2, 4, 6, 8, 10}, steps)
	require.NoError(t, r.Event(10, "learning rate 0.001 -> 0.002"))
	require.NoError(t, r.SaveSample("step-10.png", []byte("png")))
	require.Error(t, r.SaveSample("../x", nil))
	require.ErrorContains(t, r.Log(row(9)), "want a later one")
	require.Error(t, r.Log(Metrics{Step: 11, Fields: []Field{Int("a", 1), Int("a", 2)}}))

	_, err = Open(r.Dir())
	require.ErrorIs(t, err, ErrBusy)
	assert.Contains(t, err.Error(), fmt.Sprintf("process %d", os.Getpid()))
	watcher, err := Read(r.Dir())
	require.NoError(t, err)
	ck, err := watcher.Load()
	require.NoError(t, err)
	requireState(t, 10, ck)
	require.ErrorIs(t, watcher.Log(row(11)), ErrReadOnly)
	_, err = watcher.Resume()
	require.ErrorIs(t, err, ErrReadOnly)
	require.NoError(t, watcher.Close())

	list, err := List(root)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, Running, list[0].State)
	require.NoError(t, r.Finish(Metrics{Step: 10, Fields: []Field{Float("test_neg_elbo", 103.5)}}))
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	require.ErrorIs(t, r.Log(row(11)), ErrClosed)
	require.ErrorIs(t, r.Save(state(11)), ErrClosed)

	list, err = List(root)
	require.NoError(t, err)
	s := list[0]
	assert.Equal(t, Finished, s.State)
	assert.EqualValues(t, 10, s.Step)
	assert.EqualValues(t, 10, s.Saved)
	assert.Equal(t, "vae", s.Config.Model)
	assert.Equal(t, []Field{Float("test_neg_elbo", 103.5)}, s.Last.Fields)
	assert.Greater(t, s.Bytes, int64(3*12000))

	rows, err := r.Metrics()
	require.NoError(t, err)
	require.Len(t, rows, 10)
	assert.Equal(t, row(4), rows[3])
	events, err := r.History()
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, "learning rate 0.001 -> 0.002", events[0].Text)
	for _, name := range []string{"last", r.Name(), r.Dir()} {
		dir, err := Find(root, name)
		require.NoError(t, err)
		assert.Equal(t, r.Dir(), dir)
	}
	_, err = Find(root, "mad-hatter")
	require.ErrorContains(t, err, "the newest are "+r.Name())
}

func TestResumeCutsMetrics(t *testing.T) {
	root := t.TempDir()
	whole, err := Create(root, "whole", config())
	require.NoError(t, err)
	broken, err := Create(root, "broken", config())
	require.NoError(t, err)
	for step := int64(1); step <= 20; step++ {
		for _, r := range []*Run{whole, broken} {
			require.NoError(t, r.Log(row(step)))
			if step%4 == 0 && (r == whole || step <= 8) {
				require.NoError(t, r.Save(state(step)))
				require.NoError(t, r.Log(Metrics{Step: step, Fields: []Field{Float("test_loss", 3)}}), "after the save")
			}
		}
	}
	require.NoError(t, broken.Close())
	appendTo(t, filepath.Join(broken.Dir(), metricsName), `{"step":21,"lo`)
	appendTo(t, filepath.Join(broken.Dir(), historyName), `{"step":`)
	junk := filepath.Join(broken.Dir(), checkpointDir, checkpointName(12)+tmpSuffix)
	appendTo(t, junk, "torn")

	r, err := Open(broken.Dir())
	require.NoError(t, err)
	assert.NoFileExists(t, junk)
	require.ErrorContains(t, r.Log(row(9)), "resumed first")
	require.ErrorContains(t, r.Save(state(9)), "resumed first")
	ck, err := r.Resume()
	require.NoError(t, err)
	requireState(t, 8, ck)
	assert.Empty(t, ck.Notes)
	for step := ck.Step + 1; step <= 20; step++ {
		require.NoError(t, r.Log(row(step)))
		if step%4 == 0 {
			require.NoError(t, r.Save(state(step)))
			require.NoError(t, r.Log(Metrics{Step: step, Fields: []Field{Float("test_loss", 3)}}))
		}
	}
	require.NoError(t, r.Close())
	require.NoError(t, whole.Close())
	assert.Equal(t, readAll(t, whole.Dir(), metricsName), readAll(t, r.Dir(), metricsName))
	for _, step := range []int64{12, 16, 20} {
		name := filepath.Join(checkpointDir, checkpointName(step))
		assert.Equal(t, readAll(t, whole.Dir(), name), readAll(t, r.Dir(), name), "checkpoint %d", step)
	}
	events, err := r.History()
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, "resumed from step 8", events[0].Text)
}

func TestBackgroundSaveCountsOnlyItsSteps(t *testing.T) {
	r, err := Create(t.TempDir(), "r", config())
	require.NoError(t, err)
	long := strings.Repeat("x", 3000) // so that the lines after the step fill more than one window
	for step := int64(1); step <= 100; step++ {
		require.NoError(t, r.Log(Metrics{Step: step, Fields: []Field{Text("t", long)}}))
	}
	require.NoError(t, r.Save(state(50)))
	require.NoError(t, r.Save(state(0)))
	ck, err := r.LoadStep(50)
	require.NoError(t, err)
	requireState(t, 50, ck)
	_, err = r.LoadStep(0)
	require.NoError(t, err)
	_, err = r.LoadStep(51)
	require.ErrorIs(t, err, ErrNoCheckpoint)

	var saves sync.WaitGroup
	saves.Go(func() {
		for step := int64(101); step < 110; step++ {
			assert.NoError(t, r.Save(state(step)))
		}
	})
	for step := int64(101); step <= 300; step++ {
		require.NoError(t, r.Log(row(step)))
	}
	saves.Wait()
	require.NoError(t, r.Close())
}

func TestRetain(t *testing.T) {
	r, err := Create(t.TempDir(), "r", config())
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, r.Save(state(1)))
	st, err := os.Stat(r.checkpointPath(1))
	require.NoError(t, err)
	r.Retain(2, 5*st.Size()+st.Size()/2)
	for step := int64(2); step <= 21; step++ {
		require.NoError(t, r.Save(state(step)))
	}
	steps, err := r.Checkpoints()
	require.NoError(t, err)
	assert.Len(t, steps, 5)
	assert.Equal(t, int64(1), steps[0])
	assert.Equal(t, []int64{20, 21}, steps[3:])
	r.Retain(2, 0)
	require.NoError(t, r.Save(state(22)))
	steps, err = r.Checkpoints()
	require.NoError(t, err)
	assert.Equal(t, []int64{21, 22}, steps, "the last ones are kept whatever they weigh")
}

func TestDamagedCheckpointFallsBack(t *testing.T) {
	for _, c := range []struct {
		name string
		hurt func(b []byte) []byte
		want string
	}{
		{"data", func(b []byte) []byte { b[len(b)-100] ^= 1; return b }, "checksum"},
		{"header", func(b []byte) []byte {
			return []byte(strings.Replace(string(b), `"x.cursor":"9"`, `"x.cursor":"8"`, 1))
		}, "checksum"},
		{"checksum", func(b []byte) []byte {
			return []byte(strings.Replace(string(b), `{"checksum":"`, `{"checkxum":"`, 1))
		}, "no checksum"},
		{"cut", func(b []byte) []byte { return b[:len(b)-1] }, "cut or damaged"},
		{"empty", func([]byte) []byte { return nil }, "too few"},
		{"zeros", func(b []byte) []byte { return make([]byte, len(b)) }, "header"},
		{"other file", func([]byte) []byte {
			return []byte("\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
		}, "not a checkpoint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Create(t.TempDir(), "r", config())
			require.NoError(t, err)
			for step := int64(1); step <= 3; step++ {
				require.NoError(t, r.Log(row(step)))
				require.NoError(t, r.Save(state(step)))
			}
			require.NoError(t, r.Close())
			path := r.checkpointPath(3)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, c.hurt(b), 0o644))

			r, err = Open(r.Dir())
			require.NoError(t, err)
			defer r.Close()
			ck, err := r.Resume()
			require.NoError(t, err)
			requireState(t, 2, ck)
			require.Len(t, ck.Notes, 2)
			assert.Contains(t, ck.Notes[0], "checkpoint of step 3 is damaged")
			assert.Contains(t, ck.Notes[0], c.want)
			assert.Equal(t, "going on from the checkpoint of step 2", ck.Notes[1])
			assert.FileExists(t, path+damagedSuffix)
			rows, err := r.Metrics()
			require.NoError(t, err)
			assert.Len(t, rows, 2)
			require.NoError(t, r.Log(row(3)))
			require.NoError(t, r.Save(state(3)))
			ck, err = r.Load()
			require.NoError(t, err)
			requireState(t, 3, ck)
		})
	}
}

func TestEveryCheckpointDamaged(t *testing.T) {
	r, err := Create(t.TempDir(), "r", config())
	require.NoError(t, err)
	require.NoError(t, r.Log(row(1)))
	require.NoError(t, r.Save(state(1)))
	require.NoError(t, os.WriteFile(r.checkpointPath(1), nil, 0o644))
	_, err = r.Resume()
	require.ErrorContains(t, err, "no checkpoint is whole")
	require.False(t, errors.Is(err, ErrNoCheckpoint))
	assert.FileExists(t, r.checkpointPath(1))
	require.NoError(t, r.Close())
}

func TestKilledBeforeTheFirstCheckpoint(t *testing.T) {
	r, err := Create(t.TempDir(), "r", config())
	require.NoError(t, err)
	require.NoError(t, r.Log(row(1)))
	require.NoError(t, r.Close())
	r, err = Open(r.Dir())
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Resume()
	require.ErrorIs(t, err, ErrNoCheckpoint)
	require.NoError(t, r.Log(row(1)))
	rows, err := r.Metrics()
	require.NoError(t, err)
	assert.Equal(t, []Metrics{row(1)}, rows)
}

func TestTornMetricsOfASavedStep(t *testing.T) {
	r, err := Create(t.TempDir(), "r", config())
	require.NoError(t, err)
	for step := int64(1); step <= 3; step++ {
		require.NoError(t, r.Log(row(step)))
	}
	require.NoError(t, r.Save(state(3)))
	require.NoError(t, r.Close())
	path := filepath.Join(r.Dir(), metricsName)
	text := readAll(t, r.Dir(), metricsName)
	require.NoError(t, os.WriteFile(path, []byte(text[:len(text)-5]), 0o644))
	r, err = Open(r.Dir())
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Resume()
	require.NoError(t, err)
	rows, err := r.Metrics()
	require.NoError(t, err)
	assert.Len(t, rows, 2)
	require.NoError(t, r.Log(row(4)))
	rows, err = r.Metrics()
	require.NoError(t, err)
	assert.Len(t, rows, 3)
}

func TestDamagedLineDoesNotKeepARunFromSaving(t *testing.T) {
	r, err := Create(t.TempDir(), "r", config())
	require.NoError(t, err)
	for step := int64(1); step <= 3; step++ {
		require.NoError(t, r.Log(row(step)))
	}
	path := filepath.Join(r.Dir(), metricsName)
	text := []byte(readAll(t, path))
	text[3] = 0
	require.NoError(t, os.WriteFile(path, text, 0o644))
	require.NoError(t, r.Save(state(2)))
	require.NoError(t, r.Close())
	r, err = Open(r.Dir())
	require.NoError(t, err)
	defer r.Close()
	ck, err := r.Resume()
	require.NoError(t, err)
	requireState(t, 2, ck)
	rows, err := r.Metrics()
	require.ErrorContains(t, err, "metrics.jsonl: line 1: ")
	assert.Empty(t, rows)
}

func TestListNamesTheDamage(t *testing.T) {
	root := t.TempDir()
	none, err := List(filepath.Join(root, "none"))
	require.NoError(t, err)
	assert.Empty(t, none)
	r, err := Create(root, "good", config())
	require.NoError(t, err)
	require.NoError(t, r.Log(row(5)))
	require.NoError(t, r.Close())
	require.NoError(t, os.Mkdir(filepath.Join(root, "empty"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(root, ".hidden"), 0o755))
	bad := map[string]string{
		"torn":    `{"format":1,"mod`,
		"newer":   `{"format":3,"version":"9\u001b[2J","model":"x","warp":true}`,
		"strange": `{"format":1,"model":"x","warp\u001b":9}`,
		"nobody":  `[]`,
	}
	for name, text := range bad {
		require.NoError(t, os.Mkdir(filepath.Join(root, name), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name, configName), []byte(text), 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "file"), nil, 0o644))
	all, err := List(root)
	require.NoError(t, err)
	got := map[string]Summary{}
	for _, s := range all {
		got[s.Name] = s
		assert.NotContains(t, s.Problem, "\x1b")
		assert.NotContains(t, s.Problem, "\n")
	}
	require.Len(t, got, 6)
	assert.Equal(t, Interrupted, got["good"].State)
	assert.EqualValues(t, 5, got["good"].Step)
	assert.EqualValues(t, -1, got["good"].Saved)
	want := map[string]string{"empty": "config.json: ", "torn": "not valid JSON",
		"newer": "run made by mllab format 3; this is format 1", "strange": "unknown setting",
		"nobody": "not valid JSON"}
	for name, text := range want {
		assert.Equal(t, Damaged, got[name].State, name)
		assert.Contains(t, got[name].Problem, text, name)
		_, err := Open(filepath.Join(root, name))
		require.ErrorContains(t, err, text)
	}
	_, err = List(filepath.Join(root, "file"))
	require.Error(t, err)
	_, err = Open(filepath.Join(root, "file"))
	require.ErrorContains(t, err, "is a file")
	_, err = Read(filepath.Join(root, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, "run "+filepath.Join(root, "none")+" does not exist", err.Error())
}

func TestFriendlyNames(t *testing.T) {
	free := func(string) bool { return false }
	assert.Equal(t, FriendlyName(42, free), FriendlyName(42, free))
	root := t.TempDir()
	cfg := config()
	cfg.Created = time.Unix(1e9, 0)
	seen := map[string]bool{}
	for range 20 { // one seed, one moment: still one name each
		r, err := Create(root, "", cfg)
		require.NoError(t, err)
		require.False(t, seen[r.Name()])
		seen[r.Name()] = true
		require.NoError(t, r.Close())
	}
	crowded := 0
	assert.Regexp(t, `-2$`, FriendlyName(1, func(string) bool { crowded++; return crowded <= 64 }))
	for _, list := range [][]string{adjectives, nouns} {
		assert.GreaterOrEqual(t, len(list), 80)
		words := map[string]bool{}
		for _, w := range list {
			require.NoError(t, checkName(w))
			require.False(t, words[w], w)
			words[w] = true
		}
	}
	for _, name := range []string{".", "..", ".x", "a/b", `a\b`, "a\nb", " a", "a.", "\xff",
		strings.Repeat("x", 200)} {
		_, err := Create(root, name, cfg)
		require.Error(t, err, "%q", name)
		assert.NotContains(t, err.Error(), "\n")
	}
}

func TestDefaultRoot(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	root, err := DefaultRoot()
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(os.Getenv("XDG_DATA_HOME"), "mllab", "runs"), root)
	t.Setenv("XDG_DATA_HOME", "relative")
	root, err = DefaultRoot()
	require.NoError(t, err)
	assert.True(t, filepath.IsAbs(root))
	assert.Equal(t, "runs", filepath.Base(root))
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func readAll(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return string(b)
}

// TestEqualTrainingsLeaveEqualCheckpoints: what a checkpoint holds does not depend on how long its steps took.
func TestEqualTrainingsLeaveEqualCheckpoints(t *testing.T) {
	var files []string
	for _, ms := range []float64{1.5, 1234.56789} {
		r, err := Create(t.TempDir(), "r", config())
		require.NoError(t, err)
		require.NoError(t, r.Log(Metrics{Step: 1, Fields: []Field{Float("ms_per_step", ms)}}))
		require.NoError(t, r.Save(state(1)))
		require.NoError(t, r.Close())
		files = append(files, readAll(t, r.checkpointPath(1)))
	}
	assert.True(t, files[0] == files[1], "the checkpoints differ")
}
