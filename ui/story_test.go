package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/teatest/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "mllab/compile/target/all"
	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/screen"
)

// patience bounds the waiting of a story; nothing is measured by it.
const patience = time.Minute

// TestStory is a user's first minute: a training begins by itself, is paused, stepped, given another
// learning rate, looked at from the other screen, and saved on leaving.
func TestStory(t *testing.T) {
	root := t.TempDir()
	s, err := lab.Open(lab.Options{Root: root, Threads: 1})
	require.NoError(t, err)
	defer s.Close()
	job, err := s.Train(lab.TrainOptions{Views: true, Batch: 4,
		Settings: map[string]string{"hidden": "8", "latent": "2"}})
	require.NoError(t, err)
	m := New(Config{Job: job, Devices: s.Devices, Store: picture.NewStore(), Graphics: picture.Blocks})
	tm := teatest.NewTestModel(t, m, teatest.WithInitialTermSize(120, 40))

	state := func(what string, ok func(*lab.State) bool) {
		t.Helper()
		assert.Eventually(t, func() bool { return ok(job.State()) }, patience, 5*time.Millisecond, "%s: %+v", what,
			job.State().Phase)
		require.NoError(t, job.State().Err)
	}
	type1 := func(keys ...string) {
		for _, k := range keys {
			tm.Send(key(k))
		}
	}
	state("it trains", func(s *lab.State) bool { return s.Step > 3 && len(s.Views) == 2 })
	type1("space")
	state("it pauses", func(s *lab.State) bool { return s.Phase == lab.Paused })
	var before int
	state("the running step ends", func(s *lab.State) bool {
		quiet := s.Step == before
		before = s.Step
		time.Sleep(20 * time.Millisecond)
		return quiet
	})
	type1("s")
	state("one step", func(s *lab.State) bool { return s.Step == before+1 })
	type1("+")
	state("another rate", func(s *lab.State) bool { return s.LR > 1e-3 && len(s.Events) > 0 })
	type1("space", "0", "tab", "l")
	state("it goes on", func(s *lab.State) bool { return s.Phase == lab.Training && s.Step > before+3 })
	type1("q", "y")
	final, ok := tm.FinalModel(t, teatest.WithFinalTimeout(patience)).(*Model)
	require.True(t, ok)
	assert.True(t, final.decided)
	assert.True(t, strings.HasPrefix(final.dir, root), final.dir)
	files, err := os.ReadDir(filepath.Clean(final.dir))
	require.NoError(t, err)
	assert.NotEmpty(t, files)
	assert.NotNil(t, final.lab.Store.Get(1))
}

// TestMissingData is a job that cannot begin: the screen says why, and how to go on.
func TestMissingData(t *testing.T) {
	s, err := lab.Open(lab.Options{Root: t.TempDir(), Threads: 1})
	require.NoError(t, err)
	defer s.Close()
	job, err := s.Train(lab.TrainOptions{Views: true, Data: filepath.Join(t.TempDir(), "gone")})
	require.NoError(t, err)
	<-job.Done()
	m := New(Config{Job: job, Store: picture.NewStore(), Graphics: picture.Blocks})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: 200, Height: 40})
	shown := strings.Join(strings.Fields(strings.ReplaceAll(text(t, m), "│", " ")), " ") // however it is wrapped
	assert.Contains(t, shown, "gone")
	assert.Contains(t, shown, "r begins again, q quits")
}

// TestForkStory forks a training by a key, turns a knob of the fork, rewinds it, and finds both among the
// runs; leaving asks for both.
func TestForkStory(t *testing.T) {
	s, err := lab.Open(lab.Options{Root: t.TempDir(), Threads: 1})
	require.NoError(t, err)
	defer s.Close()
	first, err := s.Train(lab.TrainOptions{Views: true, Batch: 4, Paused: true,
		Settings: map[string]string{"hidden": "8", "latent": "2"}})
	require.NoError(t, err)
	m := New(Config{Job: first, Session: s, Store: picture.NewStore(), Graphics: picture.Blocks})
	tm := teatest.NewTestModel(t, m, teatest.WithInitialTermSize(120, 40))
	state := func(j *lab.Job, what string, ok func(*lab.State) bool) {
		t.Helper()
		require.Eventually(t, func() bool { return ok(j.State()) }, patience, 5*time.Millisecond, "%s: %s at step %d",
			what, j.State().Phase, j.State().Step)
	}
	type1 := func(keys ...string) {
		for _, k := range keys {
			tm.Send(key(k))
			time.Sleep(60 * time.Millisecond) // a tick, which shows the state to the screen
		}
	}
	state(first, "compiled", func(s *lab.State) bool { return s.Phase == lab.Paused && len(s.Checkpoints) == 1 })
	for i := range 3 {
		type1("s")
		state(first, "a step", func(s *lab.State) bool { return s.Step == i+1 })
	}
	type1("f")
	var fork *lab.Job
	require.Eventually(t, func() bool {
		for _, j := range s.Jobs() {
			if j != first && j.State().Phase == lab.Paused && len(j.State().Knobs) > 0 {
				fork = j
			}
		}
		return fork != nil
	}, patience, 5*time.Millisecond)
	assert.Equal(t, 3, fork.State().Step)

	time.Sleep(200 * time.Millisecond) // the fork becomes the lab's
	type1("e")
	for range 5 { // lr, beta1, beta2, eps, beta
		type1("down")
	}
	type1("up", "4", "enter", "esc")
	state(fork, "beta", func(s *lab.State) bool {
		for _, k := range s.Knobs {
			if k.Name == "beta" {
				return k.Value == 4
			}
		}
		return false
	})
	type1("s")
	state(fork, "a step of the fork", func(s *lab.State) bool { return s.Step == 4 })
	assert.Equal(t, 3, first.State().Step, "the first stands still")
	type1("[")
	state(fork, "rewound", func(s *lab.State) bool { return s.Step == 3 })
	type1("]")
	state(fork, "forward", func(s *lab.State) bool { return s.Step == 4 })
	type1("9")
	teatest.WaitFor(t, tm.Output(), func(b []byte) bool { return strings.Contains(string(b), "vae (not saved)") },
		teatest.WithDuration(patience))
	type1("q")
	teatest.WaitFor(t, tm.Output(), func(b []byte) bool { return strings.Contains(string(b), "2 runs have steps") },
		teatest.WithDuration(patience))
	type1("y")
	final, ok := tm.FinalModel(t, teatest.WithFinalTimeout(patience)).(*Model)
	require.True(t, ok)
	assert.True(t, final.decided)
	all, err := s.Runs()
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, r := range all {
		assert.Equal(t, map[bool]int64{true: 3, false: 4}[r.Config.Parent == ""], r.Saved)
	}
}

// TestDamagedRuns opens runs that cannot be opened from the list of runs: each says why, the training that was
// there goes on, and nothing of the runs is lost.
func TestDamagedRuns(t *testing.T) {
	s, err := lab.Open(lab.Options{Root: t.TempDir(), Threads: 1})
	require.NoError(t, err)
	defer s.Close()
	small := map[string]string{"hidden": "8", "latent": "2"}
	made := func(name string, set map[string]string) string {
		j, err := s.Train(lab.TrainOptions{Batch: 4, Steps: 3, Keep: true, Name: name, Settings: set})
		require.NoError(t, err)
		require.NoError(t, j.Wait())
		return filepath.Join(j.State().Dir, "checkpoints", "step-00000003.safetensors")
	}
	torn, other, donor := made("torn", small), made("other", small), made("donor", map[string]string{"hidden": "9"})
	require.NoError(t, os.WriteFile(torn, []byte("not a checkpoint at all"), 0o644))
	b, err := os.ReadFile(donor)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(other, b, 0o644))
	newer := filepath.Join(s.Root(), "newer")
	require.NoError(t, os.Mkdir(newer, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(newer, "config.json"), []byte(`{"format":2,"version":"3.1"}`), 0o644))

	first, err := s.Train(lab.TrainOptions{Views: true, Batch: 4, Settings: small})
	require.NoError(t, err)
	m := New(Config{Job: first, Session: s, Store: picture.NewStore(), Graphics: picture.Blocks})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: 200, Height: 40})
	for name, want := range map[string]string{"torn": "no checkpoint is whole", "other": "other settings",
		"newer": "run made by mllab format 2; this is format 1"} {
		tell(t, m, tickMsg(time.Now()))
		tell(t, m, tickMsg(time.Now().Add(time.Minute))) // what was said of the run before is gone
		press(t, m, "9", "/")
		for _, r := range name {
			press(t, m, string(r))
		}
		press(t, m, "enter", "enter")
		if j, ok := m.lab.Job.(*lab.Job); ok && j != first {
			<-j.Done()
			assert.Equal(t, lab.Failed, j.State().Phase, name)
			tell(t, m, tickMsg(time.Now()))
		}
		assert.Contains(t, strings.Join(strings.Fields(text(t, m)), " "), want)
		tell(t, m, screen.UseJob{Job: first})
		press(t, m, "9", "esc")
	}
	assert.True(t, first.State().Phase.Running())
	left, err := os.ReadFile(torn)
	require.NoError(t, err)
	assert.Equal(t, "not a checkpoint at all", string(left))
	assert.FileExists(t, filepath.Join(filepath.Dir(filepath.Dir(other)), "result.json"), "it is finished as before")
}
