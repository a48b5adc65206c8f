package screen

import (
	"context"
	"errors"
	"fmt"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
)

var latentSizes = []struct{ w, h int }{{76, 22}, {116, 38}, {196, 58}} // terminals of 80x24, 120x40, 200x60

func TestLatentFrames(t *testing.T) {
	for _, size := range latentSizes {
		for _, c := range []struct{ name, keys string }{{"explore", ""}, {"traverse", "t]"}, {"flat", "tf"},
			{"interpolate", "i space right right right up space ."}, {"attribute", "a + +"}, {"draw", "d space right"}} {
			name := fmt.Sprintf("latent-%s-%dx%d", c.name, size.w+4, size.h+2)
			t.Run(name, func(t *testing.T) {
				s := stageLatent(t, newBlobs(false), size.w, size.h, picture.Blocks)
				keys := strings.Fields(c.keys)
				if len(keys) == 1 {
					keys = strings.Split(keys[0], "")
				}
				s.press(keys...)
				latentGolden(t, name, s.screenText())
			})
		}
	}
	s := stageLatent(t, nil, 76, 22, picture.Blocks)
	latentGolden(t, "latent-empty-80x24", s.screenText())
	s.play(s.Update(latentRuns{names: [][]string{{"kind-otter", "vae", "mnist", "4 680"}, {"calm-fox", "dcgan",
		"digits", "300"}}}))
	latentGolden(t, "latent-runs-80x24", s.screenText())
	assert.Contains(t, strings.Split(s.screenText(), "\n")[firstRun+1], "calm-fox")
	s.play(s.Mouse(Mouse{X: 3, Y: firstRun + 1}))
	assert.Equal(t, 1, s.list.chosen)
	s = stageLatent(t, newBlobs(true), 76, 22, picture.Blocks)
	latentGolden(t, "latent-sampled-80x24", s.screenText())
}

// TestLatentSizes draws every mode at many sizes, with characters and with pixels.
func TestLatentSizes(t *testing.T) {
	for _, mode := range []picture.Mode{picture.Blocks, picture.Sixel, picture.None} {
		s := stageLatent(t, newBlobs(false), 116, 38, mode)
		for _, m := range []string{"e", "t", "f", "i", "a", "d"} {
			s.press(m)
			for w := 1; w < 210; w += 41 {
				for _, h := range []int{1, 18, 22, 38} {
					s.play(s.Update(Resize{W: w, H: h}))
					s.screenText()
				}
			}
		}
	}
}

func TestLatentKeysAreTakenOnce(t *testing.T) {
	s := stageLatent(t, newBlobs(false), 76, 22, picture.Blocks)
	for m := range latentModes {
		s.play(s.setMode(m))
		for _, flat := range []bool{false, true} {
			s.flat = flat
			takenOnce(t, s.Keys(), latentModeNames[m])
		}
	}
}

// TestLatentWalk moves the cursor by keys and mouse: the picture follows, and enter finds an example.
func TestLatentWalk(t *testing.T) {
	s := stageLatent(t, newBlobs(false), 116, 38, picture.Sixel)
	assert.Equal(t, "left", s.Facts()["cursor.label"])
	x0, y0 := s.plane.Project(s.code)
	s.press("right", "right", "up", "shift+right")
	x1, y1 := s.plane.Project(s.code)
	assert.InDelta(t, x0+7*(s.win.X1-s.win.X0)/60, x1, 1e-4)
	assert.InDelta(t, y0+(s.win.Y1-s.win.Y0)/30, y1, 1e-4)
	s.press("enter")
	assert.Equal(t, "0.00", s.Facts()["cursor.distance"])

	o := s.art.origin[placeBig]
	for label, name := range map[int]string{1: "right", 2: "top"} {
		at := s.scatter.Middle[label]
		fx, fy := s.win.Fraction(at[0], at[1])
		m := Mouse{X: o.x + int(fx*float64(o.w)), Y: o.y + int(fy*float64(o.h)), Button: tea.MouseLeft}
		s.play(s.Mouse(m))
		assert.Equal(t, name, s.Facts()["cursor.label"])
		m.X, m.Kind = m.X+1, Drag
		before := s.code
		s.play(s.Mouse(m))
		assert.NotEqual(t, before, s.code, "a drag moves on")
	}
	wide := s.win.X1 - s.win.X0
	s.play(s.Mouse(Mouse{X: o.x + 5, Y: o.y + 5, Kind: WheelUp}))
	assert.InDelta(t, wide/1.25, s.win.X1-s.win.X0, 1e-9)
	s.press("-", "z")
	assert.InDelta(t, wide, s.win.X1-s.win.X0, 1e-9)
	near := s.art.origin[placeNear]
	tile := s.art.tiles[placeNear][2]
	s.play(s.Mouse(Mouse{X: near.x + (tile.x+tile.w/2)/8, Y: near.y + (tile.y+tile.h/2)/16}))
	assert.Equal(t, tile.code, s.code, "a click on a neighbour goes to it")
	s.press("p", "]", "x", "[", "y")
	assert.Equal(t, "dims", s.Facts()["plane"])
	assert.Equal(t, [2]int{1, 0}, s.axes)
	for range 80 {
		s.press("right")
	}
	fx, _ := s.win.Fraction(s.plane.Project(s.code))
	assert.True(t, fx <= 1.0001, "the window follows the cursor")
}

// TestLatentModes goes through a path, an attribute and a traversal.
func TestLatentModes(t *testing.T) {
	s := stageLatent(t, newBlobs(false), 116, 38, picture.Blocks)
	s.press("i")
	a := s.code
	s.press(",")
	assert.Contains(t, s.notices[len(s.notices)-1], "mark A and B first")
	s.play(must(s.Set("example", "1")))
	s.press("space", ".", ".", "s")
	assert.Equal(t, a, s.picks[0])
	assert.Equal(t, s.space.Code(1), s.picks[1])
	assert.InDelta(t, 0.1, s.along, 1e-9)
	assert.Equal(t, "straight", s.Facts()["path"])
	for range 25 {
		s.press(".")
	}
	assert.Equal(t, 1.0, s.along)
	assert.InDeltaSlice(t, s.picks[1], s.code, 1e-6)

	s.play(must(s.Set("example", "0")))
	s.press("a", "+", "+", "+", "+")
	assert.Equal(t, "right", s.Facts()["cursor.label"], "left and once the way from left to right")
	s.press("n")
	assert.Equal(t, "top", s.Facts()["to"])
	assert.Equal(t, "top", s.Facts()["cursor.label"])
	s.press("-", "-", "-", "-")
	assert.Equal(t, "left", s.Facts()["cursor.label"])

	s.press("t", "]", "right", "right")
	assert.Equal(t, "1", s.Facts()["dim"])
	assert.InDelta(t, s.space.Code(0)[1]+0.5, s.code[1], 1e-6)
	assert.Contains(t, s.screenText(), "z1")
	r := newLatentLayout(s.w, s.h, s.lab.Display).place[placeBars]
	s.play(s.Mouse(Mouse{X: r.x + 2 + 3*s.barWidth(r.w-4), Y: r.y + 2}))
	assert.Equal(t, "3", s.Facts()["dim"], "a click on a bar chooses its dimension")
	assert.Equal(t, "1", s.Facts()["dead"])
	at := strings.Index(strings.Split(s.screenText(), "\n")[0], "explore")
	s.play(s.Mouse(Mouse{X: at + 1}))
	assert.Equal(t, "explore", s.Facts()["mode"], "a click on a mode chooses it")
}

// TestLatentDraw draws with the mouse and with keys, and opens a picture.
func TestLatentDraw(t *testing.T) {
	s := stageLatent(t, newBlobs(false), 116, 38, picture.Blocks)
	s.press("d")
	o, tl := s.art.origin[placeBig], s.art.tiles[placeBig][0]
	cell := func(x, y int) Mouse { // of a pixel of the canvas
		return Mouse{X: o.x + (tl.x+(2*x+1)*tl.w/(2*blobSide))/s.lab.Display.CellW,
			Y: o.y + (tl.y+(2*y+1)*tl.h/(2*blobSide))/s.lab.Display.CellH, Button: tea.MouseLeft}
	}
	s.play(s.Mouse(cell(2, 9)))
	drag := cell(4, 9)
	drag.Kind = Drag
	s.play(s.Mouse(drag))
	assert.Greater(t, s.canvas[9*blobSide+3], float32(0.9), "no gap between two places of the mouse")
	assert.Equal(t, "left", s.Facts()["cursor.label"])
	erase := cell(3, 9)
	erase.Button = tea.MouseRight
	s.play(s.Mouse(erase))
	assert.Less(t, s.canvas[9*blobSide+3], float32(0.1))
	s.press("backspace", "shift+up", "right", "right", "right", "up", "space", "up")
	assert.Greater(t, s.canvas[2*blobSide+6], float32(0.9))
	assert.Equal(t, "top", s.Facts()["cursor.label"], "the pen draws as it moves")
	assert.Contains(t, s.screenText(), "reconstruction")

	path := filepath.Join(t.TempDir(), "own.png")
	writeSpot(t, path, []float32{1.3, -0.5, 0, 0})
	s.press("backspace", "o")
	s.press(append(strings.Split(path, ""), "x", "backspace", "enter")...)
	assert.Equal(t, "right", s.Facts()["cursor.label"])
	s.press("o")
	s.press(append(strings.Split(path+".gone.png", ""), "enter")...)
	assert.Contains(t, s.notices[len(s.notices)-1], "no such file")
	assert.Equal(t, "right", s.Facts()["cursor.label"], "nothing is lost")
}

func writeSpot(t *testing.T, path string, code []float32) {
	t.Helper()
	p := &lab.Pictures{N: 1, H: blobSide, W: blobSide, C: 1, Pixels: spot(code)}
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	img := p.Image(1) // with a frame of one pixel
	require.NoError(t, png.Encode(f, img))
}

// TestLatentFiles writes what is shown, and reads it back.
func TestLatentFiles(t *testing.T) {
	s := stageLatent(t, newBlobs(false), 116, 38, picture.Blocks)
	s.press("w", "g", "t", "w", "f", "w", "i")
	s.press("w")
	assert.Contains(t, s.notices[len(s.notices)-1], "mark A and B first")
	s.play(must(s.Set("example", "1")))
	s.press("space", "w", "g", "a", "g", "d", "w")
	files, err := os.ReadDir(s.saveDir)
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
		in, err := os.Open(filepath.Join(s.saveDir, f.Name()))
		require.NoError(t, err)
		if strings.HasSuffix(f.Name(), ".gif") {
			g, err := gif.DecodeAll(in)
			require.NoError(t, err)
			assert.Len(t, g.Image, 2*gifSteps-2, "there and back")
			assert.Equal(t, 108, g.Image[0].Rect.Dx())
		} else {
			_, err := png.Decode(in)
			require.NoError(t, err)
		}
		require.NoError(t, in.Close())
	}
	assert.Equal(t, []string{"latent-kind-otter-attribute-1.gif", "latent-kind-otter-drawing-1.png",
		"latent-kind-otter-grid-1.png", "latent-kind-otter-interpolate-1.gif", "latent-kind-otter-interpolate-1.png",
		"latent-kind-otter-scatter-1.png", "latent-kind-otter-traverse-1.png", "latent-kind-otter-z0-1.gif"}, names)
	assert.Contains(t, strings.Join(s.notices, "\n"), filepath.Join(s.saveDir, "latent-kind-otter-scatter-1.png"))
	s.saveDir = filepath.Join(s.saveDir, "gone")
	s.press("w")
	assert.Contains(t, s.notices[len(s.notices)-1], "not saved")
}

// TestLatentOpening keeps what is open when something else cannot be opened.
func TestLatentOpening(t *testing.T) {
	net := newBlobs(false)
	s := stageLatent(t, net, 76, 22, picture.Blocks)
	cmd := s.openPath("bad")
	assert.True(t, s.Busy())
	assert.Contains(t, s.screenText(), "opening bad")
	s.play(cmd)
	assert.False(t, s.Busy())
	assert.Contains(t, s.notices[0], "no checkpoint is whole")
	assert.Equal(t, "kind-otter", s.Facts()["open"])
	assert.False(t, net.closed)
	from := s.from
	s.from = func(ctx context.Context, _ string, _ func(string)) (latentNet, error) { return nil, ctx.Err() }
	cmd = s.openPath("slow")
	s.press("esc")
	s.play(cmd)
	assert.Contains(t, s.notices[len(s.notices)-1], "stopped")
	assert.False(t, net.closed)
	s.from = from
	s.play(s.openPath("other"))
	assert.True(t, net.closed, "the net before is closed")
	s.press("r")
	assert.Contains(t, s.notices[len(s.notices)-1], "no training has done a step yet")

	empty := stageLatent(t, nil, 76, 22, picture.Blocks)
	empty.press("enter")
	assert.Contains(t, empty.notices[0], "no saved run yet")
	empty.play(empty.Update(latentOpened{err: errors.New("model unet draws no pictures from codes\x1b[31m")}))
	assert.Contains(t, empty.screenText(), "model unet draws no pictures from codes")
	assert.NotContains(t, empty.View(76, 22), "\x1b[31mm")
	empty.press("o", "a", "esc")
	assert.False(t, empty.Typing())
	_, err := empty.Set("dim", "1")
	assert.ErrorContains(t, err, "no net is open")
	_, err = empty.Set("mode", "traverse")
	assert.NoError(t, err)
}

func TestLatentWithoutEncoder(t *testing.T) {
	s := stageLatent(t, newBlobs(true), 116, 38, picture.Sixel)
	s.press("d")
	assert.Contains(t, s.notices[0], "has no encoder")
	s.press("a")
	assert.Contains(t, s.notices[1], "these codes have none")
	assert.Equal(t, "explore", s.Facts()["mode"])
	assert.Contains(t, s.screenText(), "code at the cursor, by dimension")
}

// TestLatentFailure says what the net's device says, and goes on.
func TestLatentFailure(t *testing.T) {
	net := newBlobs(false)
	s := stageLatent(t, net, 76, 22, picture.Blocks)
	net.fail = errors.New("device lost")
	s.press("right")
	assert.Contains(t, s.notices[0], "device lost")
	net.fail = nil
	s.press("right", "d")
	assert.NotEmpty(t, s.art.panels[placeAt])
}

func TestLatentSet(t *testing.T) {
	s := stageLatent(t, newBlobs(false), 76, 22, picture.Blocks)
	for name, value := range map[string]string{"mode": "attribute", "dim": "2", "plane": "dims", "from": "top",
		"to": "left", "strength": "-1.50", "path": "straight"} {
		_, err := s.Set(name, value)
		require.NoError(t, err, name)
		assert.Equal(t, value, s.Facts()[name])
	}
	for _, bad := range [][2]string{{"mode", "fly"}, {"dim", "4"}, {"dim", "-1"}, {"plane", "3d"}, {"from", "ten"},
		{"strength", "9"}, {"strength", "nan"}, {"example", "90"}, {"path", ""}, {"open", " "}, {"colour", "red"}} {
		_, err := s.Set(bad[0], bad[1])
		assert.Error(t, err, "%v", bad)
	}
}

func must(cmd tea.Cmd, err error) tea.Cmd {
	if err != nil {
		panic(err)
	}
	return cmd
}

var _ latentNet = (*lab.Latent)(nil)
