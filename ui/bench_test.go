package ui

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
)

// BenchmarkKey is what stands between a key press and a frame: Update and View, with a popup, with
// news of the training, and with nothing new.
func BenchmarkKey(b *testing.B) {
	for _, c := range []struct {
		name string
		mode picture.Mode
		help bool
	}{{"sixel", picture.Sixel, false}, {"sixel under help", picture.Sixel, true},
		{"blocks", picture.Blocks, false}, {"blocks under help", picture.Blocks, true}} {
		b.Run(c.name, func(b *testing.B) {
			j := &scripted{state: training(), done: make(chan struct{})}
			m := New(Config{Job: j, Store: picture.NewStore(), Graphics: c.mode})
			m.clock = func() tea.Cmd { return nil }
			_, cmd := m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
			m.drain(cmd)
			m.help = c.help
			b.ReportAllocs()
			for b.Loop() {
				_, cmd := m.Update(key("esc"))
				m.help = c.help
				m.drain(cmd)
				m.View()
			}
		})
	}
}

// BenchmarkPictures is what drawing all pictures anew takes, off the path of keys.
func BenchmarkPictures(b *testing.B) {
	for _, mode := range []picture.Mode{picture.Sixel, picture.Blocks} {
		b.Run(mode.String(), func(b *testing.B) {
			j := &scripted{state: training(), done: make(chan struct{})}
			m := New(Config{Job: j, Devices: devices, Store: picture.NewStore(), Graphics: mode})
			b.ReportAllocs()
			for b.Loop() {
				_, cmd := m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
				m.drain(cmd)
			}
		})
	}
}

var _ Job = (*lab.Job)(nil)

// drain runs commands and their messages.
func (m *Model) drain(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			m.drain(c)
		}
	default:
		_, next := m.Update(msg)
		m.drain(next)
	}
}
