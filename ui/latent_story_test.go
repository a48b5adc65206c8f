package ui

import (
	"strconv"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/teatest/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/screen"
)

// askFacts asks the active screen for its facts, from the goroutine that owns them.
type askFacts struct{ to chan map[string]string }

// factual is the lab with an answer to askFacts.
type factual struct{ *Model }

func (w factual) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if l, ok := msg.(askFacts); ok {
		l.to <- w.screens[w.active].(screen.Teachable).Facts()
		return w, nil
	}
	_, cmd := w.Model.Update(msg)
	return w, cmd
}

// TestLatentStory trains a small VAE, opens its space of codes without a training, and walks through it with
// keys and mouse.
func TestLatentStory(t *testing.T) {
	s, err := lab.Open(lab.Options{Root: t.TempDir(), Threads: 1})
	require.NoError(t, err)
	defer s.Close()
	job, err := s.Train(lab.TrainOptions{Keep: true, Steps: 60, Batch: 16,
		Settings: map[string]string{"hidden": "16", "latent": "3"}})
	require.NoError(t, err)
	require.NoError(t, job.Wait())
	m := New(Config{Job: lab.Idle{}, Session: s, Store: picture.NewStore(), Graphics: picture.Blocks, Screen: '3',
		Open: map[byte]string{'3': "last"}})
	tm := teatest.NewTestModel(t, factual{m}, teatest.WithInitialTermSize(120, 40))
	facts := func(what string, ok func(f map[string]string) bool) map[string]string {
		t.Helper()
		var f map[string]string
		assert.Eventually(t, func() bool {
			l := askFacts{make(chan map[string]string, 1)}
			tm.Send(l)
			f = <-l.to
			return ok(f)
		}, patience, 20*time.Millisecond, "%s: %v", what, f)
		return f
	}
	f := facts("it opens", func(f map[string]string) bool { return f["open"] != "" })
	assert.Equal(t, "3", f["dims"])
	assert.Equal(t, "explore", f["mode"])
	kl, err := strconv.ParseFloat(f["kl.0"], 64)
	require.NoError(t, err)
	assert.Greater(t, kl, 0.0)

	before := f["cursor"]
	tm.Send(tea.KeyPressMsg{Code: tea.KeyRight})
	f = facts("a key moves the cursor", func(f map[string]string) bool { return f["cursor"] != before })
	before = f["cursor"]
	tm.Send(tea.MouseClickMsg{X: 20, Y: 20, Button: tea.MouseLeft})
	facts("so does a click", func(f map[string]string) bool { return f["cursor"] != before })
	tm.Send(tea.MouseReleaseMsg{X: 20, Y: 20, Button: tea.MouseLeft})
	tm.Send(key("i"))
	tm.Send(tea.MouseClickMsg{X: 40, Y: 30, Button: tea.MouseLeft})
	tm.Send(key("space"))
	facts("two places are marked", func(f map[string]string) bool {
		return f["mode"] == "interpolate" && f["marked"] == "yes"
	})
	tm.Send(key("a"))
	tm.Send(key("+"))
	facts("an attribute is added", func(f map[string]string) bool { return f["strength"] == "0.25" })
	tm.Send(key("d"))
	tm.Send(key("space"))
	facts("a drawing is encoded", func(f map[string]string) bool { return f["mode"] == "draw" })
	tm.Send(key("q"))
	tm.WaitFinished(t, teatest.WithFinalTimeout(patience))
}
