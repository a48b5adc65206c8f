package ui

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
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

// convLab opens a lab of w x h on the convolution screen, which computes by its reference.
func convLab(t *testing.T, w, h int) (*Model, screen.Teachable) {
	t.Helper()
	m := New(Config{Job: lab.Idle{}, Devices: devices, Store: picture.NewStore(), Graphics: picture.Blocks})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: w, Height: h})
	tell(t, m, screen.Goto{Digit: '4'})
	s, ok := m.screens[m.active].(screen.Teachable)
	require.True(t, ok)
	return m, s
}

// setUp gives values to a screen by name.
func setUp(t *testing.T, m *Model, s screen.Teachable, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		cmd, err := s.Set(pairs[i], pairs[i+1])
		require.NoError(t, err, pairs[i])
		run(t, m, cmd)
	}
}

func TestConvGoldenFrames(t *testing.T) {
	for _, c := range []struct {
		name  string
		w, h  int
		pairs []string
		keys  []string
	}{
		{"conv-60x20", 60, 20, nil, nil},
		{"conv-80x24", 80, 24, nil, nil},
		{"conv-120x40", 120, 40, nil, nil},
		{"conv-200x60", 200, 60, []string{"picture", "scene", "channels", "rgb", "activation", "relu",
			"pool", "max"}, []string{"p"}},
		{"conv-gabor-120x40", 120, 40, []string{"kernel", "gabor", "map", "3"}, []string{"e", "right"}},
		{"conv-large-80x24", 80, 24, []string{"kernel", "gaussian", "size", "11", "padding", "5",
			"picture", "scene"}, nil},
		{"conv-impossible-80x24", 80, 24, []string{"size", "11", "dilation", "5", "padding", "0"}, []string{"p"}},
		{"conv-choices-80x24", 80, 24, nil, []string{"p", "enter", "down"}},
		{"conv-transposed-120x40", 120, 40, []string{"compare", "yes"}, nil},
		{"conv-typing-80x24", 80, 24, nil, []string{"e", "enter", "-", "1", "/", "9"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, s := convLab(t, c.w, c.h)
			setUp(t, m, s, c.pairs...)
			for _, k := range c.keys {
				press(t, m, k)
			}
			m.notice = screen.Notice{}
			m.dirty = true
			golden(t, c.name, text(t, m))
		})
	}
}

// TestConvByHand moves the window, slides it, edits the kernel and the parameters by keys.
func TestConvByHand(t *testing.T) {
	m, s := convLab(t, 120, 40)
	fact := func(name string) string { return s.Facts()[name] }
	assert.Equal(t, "digit", fact("picture"))
	assert.Equal(t, "yes", fact("same_size"))
	assert.Contains(t, text(t, m), "floor((28 + 2*1 - 1*(3-1) - 1)/1) + 1 = 28")

	press(t, m, "home", "right", "right", "down")
	assert.Equal(t, "2,1", fact("window.x")+","+fact("window.y"))
	assert.Contains(t, text(t, m), "output row 1, column 2")
	press(t, m, "left", "up", "up")
	assert.Equal(t, "1,0", fact("window.x")+","+fact("window.y"), "it stops at the border")

	press(t, m, "home", "space")
	assert.Equal(t, "yes", fact("playing"))
	for range 20 { // a second, at 8 windows
		tell(t, m, tickMsg(time.Unix(1, 0)))
	}
	assert.Equal(t, "8,0", fact("window.x")+","+fact("window.y"))
	press(t, m, "+", "+", "+", "+")
	for range 60 {
		tell(t, m, tickMsg(time.Unix(2, 0)))
	}
	assert.Equal(t, "27,27", fact("window.x")+","+fact("window.y"), "it slid to the end")
	assert.Equal(t, "no", fact("playing"))

	press(t, m, "k", "k", "K")
	assert.Equal(t, "sobel-y", fact("kernel"))
	press(t, m, "e", "down", "right", "enter")
	require.True(t, m.screens[m.active].(screen.Typist).Typing())
	press(t, m, "1", "0", "backspace", "/", "4", "q")
	assert.Contains(t, text(t, m), "weight at row 2, column 2: 1/4q")
	press(t, m, "backspace", "enter")
	assert.Equal(t, "0.25", fact("cell.2.2"))
	assert.Equal(t, "own", fact("kernel"))
	press(t, m, "+", "+", "-")
	assert.Equal(t, "0.35", fact("cell.2.2"))
	press(t, m, "enter", "x", "enter")
	assert.Contains(t, text(t, m), `weight "x": want a number`)

	press(t, m, "p", "down", "down", "right", "right")
	assert.Equal(t, "3", fact("stride"))
	assert.Equal(t, "10", fact("out.h"))
	press(t, m, "down", "enter", "0", "enter")
	assert.Equal(t, "0", fact("padding"))
	press(t, m, "enter", "9", "9", "enter")
	assert.Contains(t, text(t, m), "want a whole number from 0 to 16")
	press(t, m, "home", "enter", "up", "up", "enter")
	assert.Equal(t, "gabor", fact("kernel"), "two above own")
	press(t, m, "esc", "r")
	assert.Equal(t, "sobel-x", fact("kernel"))
	assert.Equal(t, "1", fact("stride"))
}

// TestConvByMouse clicks, drags and turns the wheel.
func TestConvByMouse(t *testing.T) {
	m, s := convLab(t, 120, 40)
	fact := func(name string) string { return s.Facts()[name] }
	at := func(needle string) (x, y int) {
		for i, l := range strings.Split(text(t, m), "\n") {
			if k := strings.Index(l, needle); k >= 0 {
				return ansi.StringWidth(l[:k]), i
			}
		}
		require.Fail(t, "the screen has no "+needle)
		return 0, 0
	}
	x, y := at("input 30x30")
	// the picture is 30 x 30 half-blocks in 37 x 17 cells: 3 columns and 1 row are free at the left and above
	tell(t, m, tea.MouseClickMsg{X: x - 1 + 3 + 10, Y: y + 1 + 1 + 5, Button: tea.MouseLeft})
	assert.Equal(t, "9", fact("window.x"))
	tell(t, m, tea.MouseMotionMsg{X: x - 1 + 3 + 14, Y: y + 1 + 1 + 5, Button: tea.MouseLeft})
	assert.Equal(t, "13", fact("window.x"))
	tell(t, m, tea.MouseReleaseMsg{X: x + 16, Y: y + 7, Button: tea.MouseLeft})
	x, y = at("output 28x28")
	tell(t, m, tea.MouseClickMsg{X: x - 1 + 4, Y: y + 1 + 1, Button: tea.MouseLeft})
	assert.Equal(t, "0", fact("window.x"))

	x, y = at("stride")
	tell(t, m, tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	assert.Contains(t, text(t, m), "stride: pixels from one window to the next")
	tell(t, m, tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelUp})
	assert.Equal(t, "2", fact("stride"))
	x, y = at("activation")
	tell(t, m, tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	tell(t, m, tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	x, y = at("sigmoid")
	tell(t, m, tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	assert.Equal(t, "sigmoid", fact("activation"))

	x, y = at("-2") // the weight at the left of the middle row
	tell(t, m, tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	tell(t, m, tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
	assert.Equal(t, "-2.1", fact("cell.2.1"))
	x, y = at("output 14x14")
	tell(t, m, tea.MouseWheelMsg{X: x, Y: y + 3, Button: tea.MouseWheelUp})
	assert.Contains(t, text(t, m), "closer")
}

// TestConvPictureOfYourOwn opens a file by its typed path; a broken one changes nothing.
func TestConvPictureOfYourOwn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mine.png")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, image.NewGray(image.Rect(0, 0, 600, 300))))
	require.NoError(t, f.Close())
	broken := filepath.Join(dir, "broken.jpg")
	require.NoError(t, os.WriteFile(broken, []byte("\xff\xd8nothing"), 0o666))
	m, s := convLab(t, 120, 40)
	typePath := func(p string) {
		press(t, m, "o")
		for _, r := range p {
			press(t, m, string(r))
		}
		press(t, m, "enter")
	}
	typePath(path)
	assert.Equal(t, []string{"256", "128"}, []string{s.Facts()["in.w"], s.Facts()["in.h"]})
	assert.Contains(t, text(t, m), "made smaller from 600x300")
	typePath(broken)
	assert.Contains(t, text(t, m), "broken.jpg: ")
	assert.Equal(t, path, s.Facts()["picture"])
	typePath(filepath.Join(dir, "gone\u202e.png"))
	assert.NotContains(t, m.View().Content, "\u202e")
	press(t, m, "o", "x", "esc")
	assert.Equal(t, path, s.Facts()["picture"])
	press(t, m, "i")
	assert.Equal(t, "scene", s.Facts()["picture"])
}

// TestConvTinyAndImpossible goes through what has no result.
func TestConvTinyAndImpossible(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dot.png")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, image.NewGray(image.Rect(0, 0, 1, 1))))
	require.NoError(t, f.Close())
	m, s := convLab(t, 80, 24)
	setUp(t, m, s, "picture", path)
	assert.Equal(t, "1", s.Facts()["out.h"])
	press(t, m, "space", "right", "z", "a", "m", "c")
	setUp(t, m, s, "padding", "0")
	assert.Equal(t, "no", s.Facts()["possible"])
	assert.Contains(t, text(t, m), "impossible: the kernel reaches over 3 pixels, and the picture has 1")
	assert.Contains(t, text(t, m), "or padding 1", "the way on is not cut")
	press(t, m, "space", "right", "e", "+", "p", "down")
	setUp(t, m, s, "size", "1")
	assert.Equal(t, "yes", s.Facts()["possible"])
	for _, mode := range lab.ConvModes {
		for _, way := range []string{"no", "yes", "resize"} {
			setUp(t, m, s, "mode", mode, "transposed", way, "padding", "1")
			text(t, m)
		}
	}
	_, err = s.Set("padding", "much")
	assert.Error(t, err)
	_, err = s.Set("nothing", "1")
	assert.ErrorContains(t, err, "nothing")
}

// TestConvEverySize draws the screen in many states at many sizes.
func TestConvEverySize(t *testing.T) {
	m, s := convLab(t, 120, 40)
	for _, pairs := range [][]string{nil, {"picture", "digit", "size", "11", "padding", "5", "channels", "rgb"},
		{"picture", "blob", "kernel", "gabor", "transposed", "yes", "stride", "2"},
		{"depthwise", "yes", "pool", "max"}, {"compare", "yes"}} {
		setUp(t, m, s, pairs...)
		for _, k := range []string{"p", "e", "esc"} {
			press(t, m, k)
			for _, w := range []int{58, 60, 79, 119, 121, 203} {
				for _, h := range []int{20, 29, 31, 61} {
					tell(t, m, tea.WindowSizeMsg{Width: w, Height: h})
					text(t, m)
				}
			}
		}
	}
}

// TestConvKeys checks that no key of any focus is taken twice, and that help names all of them.
func TestConvKeys(t *testing.T) {
	m, _ := convLab(t, 120, 50)
	for _, k := range []string{"esc", "p", "enter", "e", "n"} {
		press(t, m, k)
		seen := map[string]bool{}
		for _, key := range slices.Concat(m.screens[m.active].Keys(), m.keys) {
			for _, p := range key.Press {
				assert.False(t, seen[p], "after %s: key %q is in the table twice", k, p)
				seen[p] = true
			}
			assert.NotNil(t, key.Do)
		}
		if k == "e" {
			press(t, m, "?")
			for _, key := range m.screens[m.active].Keys() {
				assert.Contains(t, text(t, m), key.Long)
			}
			press(t, m, "esc")
		}
	}
}

// TestConvOpenFromCommandLine hands the screen what `mllab conv` hands it.
func TestConvOpenFromCommandLine(t *testing.T) {
	m, s := convLab(t, 80, 24)
	setUp(t, m, s, "open", "?picture=edges&kernel=gaussian&size=7&padding=3&stride=2&weights=1+2%3B3+4")
	f := s.Facts()
	assert.Equal(t, []string{"edges", "own", "2", "3", "2", "4"},
		[]string{f["picture"], f["kernel"], f["size"], f["padding"], f["stride"], f["cell.2.2"]})
	_, err := s.Set("open", "?size=99")
	assert.ErrorContains(t, err, "size")
}
