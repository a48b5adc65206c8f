package ui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/screen"
)

// mapped is a scripted training of a net with layers to look at.
type mapped struct {
	*scripted
	asked []string
	err   error
}

func (j *mapped) WatchMaps(example int) {
	j.asked = append(j.asked, fmt.Sprintf("example %d", example))
	j.tell("maps", func(s *lab.State) {
		if s.Maps = nil; example >= 0 {
			s.Maps = layers(example + 1)
		}
	})
}

func (j *mapped) WatchPicture(pixels []float32) {
	j.asked = append(j.asked, fmt.Sprintf("picture of %d", len(pixels)))
	j.tell("maps", func(s *lab.State) { s.Maps = layers(1000) })
}

func (j *mapped) Strongest(_ context.Context, layer string, channel, k int) ([]lab.Strong, error) {
	j.asked = append(j.asked, fmt.Sprintf("strongest of %s %d", layer, channel))
	var list []lab.Strong
	for i := range k {
		list = append(list, lab.Strong{Example: i, Value: float32(9 - i), Y: i, X: i,
			Picture: pictures("input", 1, 0)})
	}
	return list, j.err
}

// layers are the maps of a made-up net: two convolutions and a pooling between.
func layers(version int) *lab.Maps {
	m := &lab.Maps{Version: version, Input: pictures("input", 1, 0), Label: 3, Probs: []float64{.1, .2, 0, .7},
		Classes: []string{"zero", "one", "two", "three\x1b[31m"}}
	add := func(name, kind string, side, c, r, cin int, f lab.Field) {
		l := lab.MapLayer{Name: name, Kind: kind, H: side, W: side, C: c, R: r, S: r, Cin: cin, Stride: 1, Field: f}
		for i := range side * side * c {
			l.Values = append(l.Values, float32((i*7+version)%23)/23)
		}
		for i := range r * r * cin * c {
			l.Kernel = append(l.Kernel, float32(i%9-4))
		}
		m.Layers = append(m.Layers, l)
	}
	add("c1", "conv", 28, 6, 3, 1, lab.Field{Size: 3, Jump: 1, Start: -1})
	add("c1 pool", "pool", 14, 6, 2, 0, lab.Field{Size: 4, Jump: 2, Start: -1})
	add("c2", "conv", 14, 12, 3, 6, lab.Field{Size: 8, Jump: 2, Start: -3})
	return m
}

// netLab opens the page of a net in a lab of w x h.
func netLab(t *testing.T, w, h int) (*Model, *mapped, screen.Teachable) {
	t.Helper()
	s := training()
	s.Model, s.Data = "cnn", "digits"
	j := &mapped{scripted: &scripted{state: s, done: make(chan struct{})}}
	m := New(Config{Job: j, Devices: devices, Store: picture.NewStore(), Graphics: picture.Blocks})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: w, Height: h})
	tell(t, m, screen.Goto{Digit: '4'})
	press(t, m, "n")
	later(t, m, 1)
	return m, j, m.screens[m.active].(screen.Teachable)
}

// later lets a tick of the clock come.
func later(t *testing.T, m *Model, seconds int64) {
	t.Helper()
	tell(t, m, tickMsg(time.Unix(seconds, 0)))
	m.dirty = true
}

func TestNetGoldenFrames(t *testing.T) {
	for _, c := range []struct {
		name string
		w, h int
		keys []string
	}{
		{"net-80x24", 80, 24, nil},
		{"net-120x40", 120, 40, []string{"down", "down", "right", "s"}},
		{"net-200x60", 200, 60, []string{"down", "z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, _ := netLab(t, c.w, c.h)
			press(t, m, c.keys...)
			golden(t, c.name, text(t, m))
		})
	}
	t.Run("net-empty-80x24", func(t *testing.T) {
		m, _ := convLab(t, 80, 24)
		press(t, m, "n")
		golden(t, "net-empty-80x24", text(t, m))
	})
}

// TestNetByHand goes through layers, maps, values and examples.
func TestNetByHand(t *testing.T) {
	m, j, s := netLab(t, 120, 40)
	fact := func(name string) string { return s.Facts()[name] }
	assert.Equal(t, []string{"example 0"}, j.asked)
	assert.Equal(t, "network", fact("page"))
	assert.Equal(t, "c1 map 1 at 14, 14", fact("unit"))
	press(t, m, "down", "down", "right", "right", "l", "j", "j")
	assert.Equal(t, "c2 map 3 at 9, 8", fact("unit"), "the same place of the picture, then on")
	assert.Equal(t, "8", fact("net.field"))
	assert.Contains(t, text(t, m), "sees rows 15-22, columns 13-20")
	assert.Contains(t, text(t, m), "3x3x6 = 54 products for each value of this layer")
	press(t, m, "down", "left", "left", "left")
	assert.Equal(t, "12", fact("net.map"), "maps go round, layers do not")
	press(t, m, "]", "]", "[")
	later(t, m, 2)
	assert.Contains(t, text(t, m), "test example 1")
	press(t, m, "s")
	assert.Equal(t, []string{"example 0", "example 1", "example 2", "example 1", "strongest of c2 11"}, j.asked)
	assert.Contains(t, text(t, m), "answers most to")
	press(t, m, "u")
	assert.Equal(t, "picture of 784", j.asked[len(j.asked)-1])
	later(t, m, 3)
	assert.Contains(t, text(t, m), "your picture")
	assert.NotContains(t, m.View().Content, "\x1b[31m\x1b", "no escape sequence of a class name may pass")
	j.err = fmt.Errorf("the training has ended")
	press(t, m, "left", "s")
	assert.Contains(t, text(t, m), "the training has ended")
	press(t, m, "space", "space")
	assert.Equal(t, []string{"pause", "continue"}, j.told[len(j.told)-2:])
	press(t, m, "esc")
	assert.Equal(t, "picture", fact("page"))
	assert.Equal(t, "example -1", j.asked[len(j.asked)-1], "what nobody sees is not drawn")
}

// TestNetByMouse clicks on a layer, a map and a value.
func TestNetByMouse(t *testing.T) {
	m, _, s := netLab(t, 120, 40)
	at := func(needle string) (x, y int) {
		for i, l := range strings.Split(text(t, m), "\n") {
			if k := strings.Index(l, needle); k >= 0 {
				return ansi.StringWidth(l[:k]), i
			}
		}
		require.Fail(t, "the screen has no "+needle)
		return 0, 0
	}
	x, y := at("c2  ")
	tell(t, m, tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	assert.Equal(t, "c2", s.Facts()["net.layer"])
	tell(t, m, tea.MouseClickMsg{X: 25, Y: 30, Button: tea.MouseLeft}) // in the lower right of the maps
	assert.NotEqual(t, "1", s.Facts()["net.map"])
	x, y = at("c2 map")
	before := s.Facts()["unit"]
	tell(t, m, tea.MouseClickMsg{X: x + 10, Y: y + 6, Button: tea.MouseLeft})
	assert.NotEqual(t, before, s.Facts()["unit"])
	tell(t, m, tea.MouseWheelMsg{X: 10, Y: 4, Button: tea.MouseWheelUp})
	assert.Equal(t, "c1 pool", s.Facts()["net.layer"])
}

// TestNetEmpty says what would be here, and the key makes it so.
func TestNetEmpty(t *testing.T) {
	var begun []string
	m := New(Config{Job: lab.Idle{}, Store: picture.NewStore(), Graphics: picture.Blocks,
		Begin: func(o lab.TrainOptions) (Job, error) {
			begun = append(begun, o.Model+" "+o.Data)
			return &mapped{scripted: &scripted{state: training(), done: make(chan struct{})}}, nil
		}})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: 100, Height: 30})
	tell(t, m, screen.Goto{Digit: '4'})
	press(t, m, "n", "down", "s", "l")
	assert.Contains(t, text(t, m), "Press b to begin")
	press(t, m, "b")
	assert.Equal(t, []string{"cnn digits"}, begun)
	later(t, m, 1)
	later(t, m, 2)
	assert.Contains(t, text(t, m), "c1 pool")
}

func TestNetEverySize(t *testing.T) {
	m, _, _ := netLab(t, 120, 40)
	for _, w := range []int{58, 60, 79, 119, 121, 203} {
		for _, h := range []int{20, 29, 31, 61} {
			tell(t, m, tea.WindowSizeMsg{Width: w, Height: h})
			text(t, m)
		}
	}
}
