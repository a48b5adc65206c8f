package ui

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/screen"
	"mllab/ui/widget"
)

// guest is a screen that notes what it gets.
type guest struct {
	mouse  []screen.Mouse
	shown  []string
	typing bool
	typed  string
	opened string
}

func (g *guest) Keys() []screen.Key {
	return []screen.Key{{Press: []string{"b"}, Do: func(string) tea.Cmd {
		return func() tea.Msg { return screen.Begin{Options: lab.TrainOptions{Model: "dcgan"}} }
	}}}
}

func (g *guest) Update(msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case screen.Show:
		g.shown = append(g.shown, "show")
	case screen.Hide:
		g.shown = append(g.shown, "hide")
	}
	return nil
}
func (g *guest) View(w, h int) string             { return widget.Block("", w, h) }
func (g *guest) Mouse(m screen.Mouse) tea.Cmd     { g.mouse = append(g.mouse, m); return nil }
func (g *guest) Typing() bool                     { return g.typing }
func (g *guest) Type(key tea.KeyPressMsg) tea.Cmd { g.typed += key.String(); return nil }
func (g *guest) Facts() map[string]string         { return nil }
func (g *guest) Set(name, value string) (tea.Cmd, error) {
	if value == "bad" {
		return nil, errors.New("bad: want something good")
	}
	g.opened = name + "=" + value
	return nil, nil
}

// receive makes a lab of 80x24 with a guest as its last screen.
func receive(t *testing.T, c Config) (*Model, *guest) {
	t.Helper()
	if c.Job == nil {
		c.Job = &scripted{state: training(), done: make(chan struct{})}
	}
	c.Store, c.Graphics = picture.NewStore(), picture.Blocks
	m, g := New(c), &guest{}
	m.clock = func() tea.Cmd { return nil }
	m.entries = append(m.entries, screen.Entry{Title: "Guest", Digit: '7'})
	m.screens = append(m.screens, g)
	tell(t, m, tea.WindowSizeMsg{Width: 80, Height: 24})
	return m, g
}

func TestMouseReachesTheScreen(t *testing.T) {
	m, g := receive(t, Config{})
	tell(t, m, screen.Goto{Digit: '7'})
	tell(t, m, tea.MouseMotionMsg{X: 9, Y: 9, Button: tea.MouseLeft}) // nothing is held yet
	tell(t, m, tea.MouseClickMsg{X: 0, Y: 5, Button: tea.MouseLeft})  // on the frame
	assert.Empty(t, g.mouse)
	tell(t, m, tea.MouseClickMsg{X: 12, Y: 6, Button: tea.MouseLeft})
	tell(t, m, tea.MouseMotionMsg{X: 79, Y: 23, Button: tea.MouseLeft})
	tell(t, m, tea.MouseReleaseMsg{X: 0, Y: 0, Button: tea.MouseLeft})
	tell(t, m, tea.MouseWheelMsg{X: 12, Y: 6, Button: tea.MouseWheelUp})
	require.Len(t, g.mouse, 4)
	assert.Equal(t, screen.Mouse{X: 10, Y: 5, Kind: screen.Press, Button: tea.MouseLeft}, g.mouse[0])
	assert.Equal(t, screen.Mouse{X: 75, Y: 21, Kind: screen.Drag, Button: tea.MouseLeft}, g.mouse[1])
	assert.Equal(t, screen.Mouse{X: 0, Y: 0, Kind: screen.Release, Button: tea.MouseLeft}, g.mouse[2])
	assert.Equal(t, screen.WheelUp, g.mouse[3].Kind)
	press(t, m, "?")
	tell(t, m, tea.MouseClickMsg{X: 12, Y: 6, Button: tea.MouseLeft})
	assert.Len(t, g.mouse, 4, "help lies over the screen")
}

func TestShowAndHide(t *testing.T) {
	m, g := receive(t, Config{})
	press(t, m, "shift+tab", "tab")
	assert.Equal(t, []string{"show", "hide"}, g.shown)
}

func TestTyping(t *testing.T) {
	m, g := receive(t, Config{})
	tell(t, m, screen.Goto{Digit: '7'})
	g.typing = true
	assert.False(t, press(t, m, "q", "?", "1", "tab", "b"))
	assert.Equal(t, "q?1tabb", g.typed)
	assert.False(t, m.help)
	press(t, m, "ctrl+c")
	assert.NotNil(t, m.dialog, "ctrl+c always asks to leave")
}

func TestOpen(t *testing.T) {
	m, g := receive(t, Config{Open: map[byte]string{'7': "cat.png"}, Screen: '0'})
	assert.Equal(t, byte('0'), m.entries[m.active].Digit)
	run(t, m, m.open())
	assert.Equal(t, "open=cat.png", g.opened)
	m.cfg.Open['7'] = "bad"
	run(t, m, m.open())
	assert.Contains(t, text(t, m), "bad: want something good")
}

func TestBeginAnother(t *testing.T) {
	var begun []string
	var failure error
	next := &scripted{state: &lab.State{Model: "dcgan", Phase: lab.Compiling}, done: make(chan struct{})}
	m, _ := receive(t, Config{Begin: func(o lab.TrainOptions) (Job, error) {
		begun = append(begun, o.Model)
		return next, failure
	}})
	old := m.lab.Job.(*scripted)
	tell(t, m, screen.Goto{Digit: '7'})
	press(t, m, "b")
	require.NotNil(t, m.dialog, "steps would be lost")
	press(t, m, "esc")
	assert.Empty(t, begun)
	press(t, m, "b", "y")
	assert.Equal(t, []string{"save", "stop"}, old.told)
	assert.Equal(t, []string{"dcgan"}, begun)
	assert.Same(t, next, m.lab.Job)
	assert.Nil(t, m.dialog)

	failure = errors.New("dcgan: want pictures")
	press(t, m, "b")
	assert.Contains(t, text(t, m), "want pictures")
	assert.Same(t, next, m.lab.Job)
}

func TestBeginKeepsWhatCannotBeSaved(t *testing.T) {
	m, _ := receive(t, Config{Begin: func(lab.TrainOptions) (Job, error) { panic("not to be begun") }})
	old := m.lab.Job.(*scripted)
	old.saveErr = errors.New("disk full")
	tell(t, m, screen.Goto{Digit: '7'})
	press(t, m, "b", "y")
	assert.Empty(t, old.told)
	assert.Contains(t, text(t, m), "disk full")
}

func TestIdle(t *testing.T) {
	next := &scripted{state: training(), done: make(chan struct{})}
	m, _ := receive(t, Config{Job: lab.Idle{}, Start: func() (Job, error) { return next, nil }})
	assert.Contains(t, text(t, m), "r begins a training")
	press(t, m, "space", "s", "+", "w")
	assert.True(t, strings.Contains(text(t, m), "nothing has been trained yet"))
	press(t, m, "r")
	assert.Same(t, next, m.lab.Job)
	m, _ = receive(t, Config{Job: lab.Idle{}})
	assert.True(t, press(t, m, "q"), "nothing would be lost")
}

func TestUseJob(t *testing.T) {
	m, _ := receive(t, Config{})
	next := &scripted{state: training(), done: make(chan struct{})}
	next.state.Run = "second-run"
	tell(t, m, screen.UseJob{Job: next})
	tell(t, m, tickMsg{})
	assert.Same(t, next, m.lab.Job)
	assert.Contains(t, text(t, m), "second-run")
}
