package ui

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
)

func TestPicturesWherePixelsAre(t *testing.T) {
	j := &scripted{state: training(), done: make(chan struct{})}
	m := New(Config{Job: j, Devices: devices, Store: picture.NewStore(), Graphics: picture.Sixel})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: 120, Height: 40})
	text(t, m)
	for id := 1; id <= 3; id++ {
		p := m.lab.Store.Get(id)
		require.NotNil(t, p, "picture %d", id)
		assert.True(t, p.Display.Graphics())
	}
	before := m.lab.Store.Get(1)
	s := *j.state
	s.Views = append([]lab.View{}, s.Views...)
	s.Views[1].Version++
	j.state = &s
	tell(t, m, tickMsg(time.Unix(2, 0)))
	assert.Same(t, before, m.lab.Store.Get(1), "a picture with the same version is not made again")
	press(t, m, "?")
	assert.Contains(t, text(t, m), "▀", "below the popup are half-blocks")
}

func TestLightTerminal(t *testing.T) {
	m, _ := start(t, training(), 80, 24)
	dark := m.View().Content
	tell(t, m, tea.BackgroundColorMsg{Color: ansi.BrightWhite})
	assert.False(t, m.lab.Theme.Dark)
	assert.NotEqual(t, dark, m.View().Content)
}

func TestNoColor(t *testing.T) {
	j := &scripted{state: &lab.State{Model: "vae", Phase: lab.Opening}, done: make(chan struct{})}
	m := New(Config{Job: j, Store: picture.NewStore(), Getenv: func(name string) string {
		if name == "NO_COLOR" {
			return "1"
		}
		return ""
	}})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: 80, Height: 24})
	assert.NotRegexp(t, "\x1b\\[[0-9;]*[34]8;", m.View().Content)
}

func TestHostileTexts(t *testing.T) {
	s := training()
	evil := "a\x1b]0;b\x07\x1b[2Jc\nd\u202e" + strings.Repeat("x", 300)
	s.Model, s.Data, s.Run, s.Device, s.Detail = evil, evil, evil, evil, evil
	s.Events = []lab.Event{{Text: evil}, {Text: evil}}
	s.Losses = append(s.Losses, lab.Value{Name: evil, Value: math.NaN()})
	s.Series = append(s.Series, lab.Series{Name: evil, X: []float64{1}, Y: []float64{2}})
	s.Views[0].Name = evil
	for _, err := range []error{nil, errors.New(evil)} {
		s.Err = err
		for _, size := range [][2]int{{120, 40}, {80, 24}, {60, 20}} {
			m, _ := start(t, s, size[0], size[1])
			text(t, m)
			assert.NotContains(t, m.View().Content, "\x1b]0")
			assert.NotContains(t, m.View().Content, "\x1b[2J")
			assert.NotContains(t, m.View().Content, "\u202e")
		}
	}
}
