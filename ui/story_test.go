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
	assert.Contains(t, text(t, m), "gone")
	assert.Contains(t, text(t, m), "r begins again, q quits")
}
