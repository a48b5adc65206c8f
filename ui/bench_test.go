package ui

import (
	"os"
	"strconv"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/screen"
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

// BenchmarkGAN2D plays the game of the plane at its own pace, drawn as sixel at every tick of a real clock:
// how many steps a second are made and how many pictures of them are sent. One round is one tick.
func BenchmarkGAN2D(b *testing.B) {
	s, err := lab.Open(lab.Options{Root: b.TempDir()})
	require.NoError(b, err)
	defer s.Close()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(b, err)
	defer null.Close()
	store := picture.NewStore()
	out := picture.NewWriter(null, store)
	m := New(Config{Job: lab.Idle{}, Session: s, Screen: '5', Store: store, Graphics: picture.Sixel})
	m.clock = func() tea.Cmd { return nil }
	_, cmd := m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	m.drain(cmd)
	m.drain(m.tell(screen.Show{}))
	facts := m.screens[m.active].(screen.Teachable)
	step := func() float64 {
		n, _ := strconv.Atoi(facts.Facts()["step"])
		return float64(n)
	}
	for step() == 0 {
		m.drain(m.onTick(time.Now()))
		time.Sleep(tickEvery)
	}
	const plane = 51
	frames, last := 0, store.Get(plane)
	from, begin := step(), time.Now()
	for b.Loop() {
		due := time.Now().Add(tickEvery)
		m.drain(m.onTick(time.Now()))
		if p := store.Get(plane); p != last {
			last, m.dirty = p, true
			frames++
			_, _ = out.Write([]byte(m.View().Content))
		}
		time.Sleep(time.Until(due))
	}
	seconds := time.Since(begin).Seconds()
	b.ReportMetric(float64(frames)/seconds, "pictures/s")
	b.ReportMetric((step()-from)/seconds, "steps/s")
}
