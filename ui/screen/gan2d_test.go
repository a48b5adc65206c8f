package screen

import (
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/gen"
	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
)

// updating says that -update, a flag of teatest, asks to write the golden files anew.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// staged is a game whose state a test sets, and that notes what it was told.
type staged struct {
	state *lab.GAN2DState
	told  []string
}

func (g *staged) State() *lab.GAN2DState { return g.state }
func (g *staged) tell(s string)          { g.told = append(g.told, s) }
func (g *staged) Play()                  { g.tell("play"); g.phase(lab.Training) }
func (g *staged) Pause()                 { g.tell("pause"); g.phase(lab.Paused) }
func (g *staged) Show()                  { g.tell("show") }
func (g *staged) Hide()                  { g.tell("hide") }
func (g *staged) Move(m lab.GAN2DMove)   { g.tell("move " + string('0'+byte(m))) }
func (g *staged) Rewind(by int) {
	g.tell(map[int]string{-1: "back", 1: "forth", -20: "far back", 20: "far forth"}[by])
}
func (g *staged) Fork()                      { g.tell("fork") }
func (g *staged) Unfork()                    { g.tell("unfork") }
func (g *staged) Restart(uint64)             { g.tell("restart") }
func (g *staged) SetSpeed(name string) error { g.tell("speed " + name); return nil }
func (g *staged) Set(key, value string) error {
	c, err := g.state.Wanted.With(key, value)
	if err != nil {
		return err
	}
	s := *g.state
	s.Wanted = c
	g.state = &s
	g.tell(key + "=" + value)
	return nil
}
func (g *staged) Preset(name string) error { g.tell("preset " + name); return nil }
func (g *staged) Cure() bool               { g.tell("cure"); return true }
func (g *staged) Use(data string) error    { g.tell("data " + data); return nil }
func (g *staged) Paint(d lab.Density) error {
	n := 0
	for _, w := range d.Weights {
		n += int(w)
	}
	g.tell("paint")
	g.state.Density = d
	if n == 0 {
		return errors.New("nothing is drawn yet")
	}
	return nil
}

func (g *staged) phase(p lab.Phase) {
	s := *g.state
	s.Phase = p
	g.state = &s
}

// midGame is a state in the middle of a game, made of formulas.
func midGame() *lab.GAN2DState {
	s := &lab.GAN2DState{Phase: lab.Training, Data: "ring", Preset: "collapse", Config: gen.NewGAN2D(),
		Wanted: gen.NewGAN2D(),
		Speed:  "240", Step: 1412, Oldest: 1208, Newest: 1412, Scores: gen.Scores2D{LossD: 1.21, LossG: 0.93,
			Real: 0.58, Fake: 0.41},
		Measure: gen.Measure2D{KL: 0.62, JS: 0.171, Modes: 8, Covered: 7, Quality: 0.63, Counts: []int{9, 300,
			300, 300, 300, 300, 300, 300}},
		Push: 0.084, Rate: 238, Looked: 5, Device: "cpu avx512 · 1 thread"}
	s.Config.Loss, s.Wanted.Loss = "nonsaturating", "nonsaturating"
	for i := range gen.Heat2D * gen.Heat2D {
		x, y := float64(i%gen.Heat2D)-31.5, float64(i/gen.Heat2D)-31.5
		s.Look.Heat = append(s.Look.Heat, float32(0.5+0.5*math.Sin(x/12)*math.Cos(y/12)))
	}
	for k := range 8 {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / 8)
		s.Modes = append(s.Modes, lab.Mode{X: 0.75 * cos, Y: 0.75 * sin, Sigma: 0.03})
	}
	for i := range gen.Fakes2D {
		sin, cos := math.Sincos(float64(i) * 0.7)
		r := 0.7 + 0.1*math.Sin(float64(i)*1.9)
		s.Look.Fakes = append(s.Look.Fakes, float32(r*cos), float32(r*sin))
		if i < 600 {
			s.Real = append(s.Real, float32(0.75*cos), float32(0.75*sin))
		}
		if i < gen.Arrows2D {
			s.Look.Arrows = append(s.Look.Arrows, float32(cos), float32(sin))
		}
	}
	for i := range gen.Mesh2D * gen.Mesh2D {
		s.Look.Mesh = append(s.Look.Mesh, float32(i%gen.Mesh2D)/30-0.7, float32(i/gen.Mesh2D)/30-0.7)
	}
	for _, name := range []string{"loss D", "loss G", "KL", "JS"} {
		line := lab.Series{Name: name}
		for x := range 1412 {
			line.X = append(line.X, float64(x+1))
			line.Y = append(line.Y, 0.2+float64(len(name))*math.Exp(-float64(x)/300))
		}
		s.Series = append(s.Series, line)
	}
	s.Events = []lab.Event{{Step: 900, Text: "g.lr 1e-3 -> 2e-3"}}
	return s
}

// table sets a screen of w x h up on a staged game, in half-blocks.
func table(t *testing.T, s *lab.GAN2DState, w, h int) (*GAN2D, *staged) {
	t.Helper()
	game := &staged{state: s}
	d := picture.HalfBlocks()
	g := newGAN2D(&Lab{Store: picture.NewStore(), Display: d, Theme: theme.New(true, false)})
	g.begin = func(lab.GAN2DOptions) (Game2D, error) { return game, nil }
	deliver(g, g.Update(Show{}))
	deliver(g, g.Update(Resize{w, h}))
	return g, game
}

// deliver runs commands and gives their messages to the screen; notices are returned.
func deliver(g *GAN2D, cmd tea.Cmd) (notices []Notice) {
	if cmd == nil {
		return nil
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			notices = append(notices, deliver(g, c)...)
		}
	case Notice:
		return []Notice{msg}
	default:
		return deliver(g, g.Update(msg))
	}
	return notices
}

func type2D(t *testing.T, g *GAN2D, keys ...string) (notices []Notice) {
	t.Helper()
	for _, k := range keys {
		found, ok := Find(g.Keys(), k)
		require.True(t, ok, "key %q does something", k)
		notices = append(notices, deliver(g, found.Do(k))...)
	}
	return notices
}

// plain2D is the View without styles; every line has the width.
func plain2D(t *testing.T, g *GAN2D) string {
	t.Helper()
	view := g.View(g.w, g.h)
	lines := strings.Split(ansi.Strip(view), "\n")
	require.Len(t, lines, g.h)
	for i, l := range lines {
		require.Equal(t, g.w, ansi.StringWidth(l), "line %d %q", i, l)
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), "\u00a0", " ")
}

func TestGAN2DGoldens(t *testing.T) {
	ghost := func() *lab.GAN2DState {
		s := midGame()
		s.Ghost = &lab.GAN2DGhost{Step: 1412, From: 1300, Config: s.Config, Scores: s.Scores, Measure: s.Measure,
			Fakes: s.Look.Fakes[:400], Series: s.Series}
		s.Wanted.OptG.LR, s.Wanted.D.Width = 5e-3, 128
		s.Phase, s.Detail = lab.Compiling, "d.width 64 -> 128"
		return s
	}
	broken := func() *lab.GAN2DState {
		s := midGame()
		s.Phase, s.Err = lab.Paused, errors.New("step 1413: the loss of D is NaN: lower a\x1b[31m learning rate")
		return s
	}
	back := func() *lab.GAN2DState {
		s := midGame()
		s.Phase, s.Step, s.Last = lab.Paused, 1400, lab.MoveD
		return s
	}
	for _, c := range []struct {
		name  string
		state func() *lab.GAN2DState
		w, h  int
		keys  string
	}{
		{"gan2d-80x24", midGame, 76, 22, ""}, {"gan2d-120x40", midGame, 116, 38, ""}, {"gan2d-200x60", midGame,
			196, 58, ""},
		{"gan2d-ghost-120x40", ghost, 116, 38, ""}, {"gan2d-ghost-80x24", ghost, 76, 22, "v"},
		{"gan2d-nets-80x24", midGame, 76, 22, "e"}, {"gan2d-error-80x24", broken, 76, 22, ""},
		{"gan2d-back-120x40", back, 116, 38, "y"}, {"gan2d-paint-80x24", midGame, 76, 22, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, _ := table(t, c.state(), c.w, c.h)
			for _, k := range c.keys {
				type2D(t, g, string(k))
			}
			got := plain2D(t, g) + "\n"
			assert.NotContains(t, g.View(c.w, c.h), "\x1b[31m learning")
			path := filepath.Join("testdata", c.name+".golden")
			if updating() {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// TestGAN2DEverySize: every line has the width of the View at any size, with all that may stand on it.
func TestGAN2DEverySize(t *testing.T) {
	for _, keys := range [][]string{{}, {"e"}, {"b"}, {"v", "y", "h", "m", "n", "x", "z", "k"}} {
		g, _ := table(t, midGame(), 116, 38)
		type2D(t, g, keys...)
		for _, w := range []int{1, 7, 30, 49, 50, 56, 76, 90, 115, 116, 140, 169, 170, 196, 230} {
			for _, h := range []int{1, 3, 12, 22, 27, 28, 33, 38, 58} {
				deliver(g, g.Update(Resize{w, h}))
				plain2D(t, g)
			}
		}
	}
}

func TestGAN2DKeys(t *testing.T) {
	g, game := table(t, midGame(), 116, 38)
	type2D(t, g, "space", "space", "d", "g", "s", "[", "]", "{", "}", "o", "+", "-", "f", "r", "c", "p", "P",
		"t", "T", "l")
	assert.Equal(t, []string{"show", "pause", "play", "move 1", "move 2", "move 0", "back", "forth",
		"far back", "far forth",
		"speed slow", "speed full", "speed 60", "fork", "restart", "cure", "preset vanishing", "play",
		"preset ring", "play",
		"data grid8", "data drawn", "loss=leastsquares"}, game.told)
	game.told = nil
	type2D(t, g, "e", "down", "right", "+", "up", "left", "-", "esc")
	assert.Equal(t, []string{"d.width=128", "g.layers=1"}, game.told)
	s := *game.state
	s.Preset = "ring"
	game.state = &s
	deliver(g, g.Update(Tick(time.Unix(1, 0))))
	_, ok := Find(g.Keys(), "c")
	assert.False(t, ok, "nothing is ill")
	g.Update(Hide{})
	assert.Equal(t, "hide", game.told[len(game.told)-1])
}

// TestGAN2DPaint paints with keys and with the mouse, and erases.
func TestGAN2DPaint(t *testing.T) {
	g, game := table(t, midGame(), 116, 38)
	type2D(t, g, "b", "c", "-", "-", "space")
	assert.Equal(t, 1, painted(game.state.Density), "one cell")
	type2D(t, g, "right", "space", "x")
	assert.Equal(t, 1, painted(game.state.Density), "the second one is taken away again")
	deliver(g, g.Mouse(Mouse{X: 20, Y: 10, Kind: Press, Button: tea.MouseLeft}))
	deliver(g, g.Mouse(Mouse{X: 40, Y: 10, Kind: Drag, Button: tea.MouseLeft}))
	before := painted(game.state.Density)
	deliver(g, g.Mouse(Mouse{X: 40, Y: 10, Kind: Release, Button: tea.MouseLeft}))
	d := game.state.Density
	assert.Greater(t, painted(d), before+5, "the game learns at the end of a stroke")
	col, row, ok := g.layout().planeCell(20, 10)
	require.True(t, ok)
	end, _, _ := g.layout().planeCell(40, 10)
	for x := col; x <= end; x++ {
		assert.EqualValues(t, 1, d.Weights[row*d.W+x], "no gap at %d", x)
	}
	deliver(g, g.Mouse(Mouse{X: 30, Y: 10, Kind: Press, Button: tea.MouseRight}))
	deliver(g, g.Mouse(Mouse{X: 30, Y: 10, Kind: Release, Button: tea.MouseRight}))
	mid, _, _ := g.layout().planeCell(30, 10)
	assert.Zero(t, game.state.Density.Weights[row*d.W+mid])
	deliver(g, g.Mouse(Mouse{X: 110, Y: 30, Kind: Press, Button: tea.MouseLeft}))
	deliver(g, g.Mouse(Mouse{X: 20, Y: 10, Kind: WheelUp}))
	assert.Equal(t, 1, g.brush.size)
	type2D(t, g, "esc")
	assert.Nil(t, g.brush)
}

func painted(d lab.Density) (n int) {
	for _, w := range d.Weights {
		n += int(w)
	}
	return n
}

// TestGAN2DMouse picks settings, changes them by the wheel, and goes back in time over the plane.
func TestGAN2DMouse(t *testing.T) {
	g, game := table(t, midGame(), 116, 38)
	l := g.layout()
	x, y := l.nets.x+2+settingNameW, l.nets.y+2
	deliver(g, g.Mouse(Mouse{X: x, Y: y + 1, Kind: Press, Button: tea.MouseLeft}))
	assert.True(t, g.editing)
	assert.Equal(t, [2]int{1, 0}, g.cell)
	deliver(g, g.Mouse(Mouse{X: l.nets.x + l.nets.w - 5, Y: y + 3, Kind: WheelDown}))
	deliver(g, g.Mouse(Mouse{X: 10, Y: 10, Kind: WheelUp}))
	assert.Equal(t, []string{"show", "d.lr=5e-4", "back"}, game.told)
	assert.Contains(t, plain2D(t, g), "d.lr acts at once")
}

func TestGAN2DTeaches(t *testing.T) {
	g, game := table(t, midGame(), 116, 38)
	f := g.Facts()
	assert.Equal(t, map[string]string{"loss": "nonsaturating", "modes.covered": "7", "modes": "8",
		"d.real": "0.58", "kl": "0.62",
		"preset": "collapse", "step": "1412", "g.lr": "1e-3", "ghost": "no"}, map[string]string{"loss": f["loss"],
		"modes.covered": f["modes.covered"], "modes": f["modes"], "d.real": f["d.real"], "kl": f["kl"],
		"preset": f["preset"],
		"step":   f["step"], "g.lr": f["g.lr"], "ghost": f["ghost"]})
	for _, c := range [][2]string{{"loss", "hinge"}, {"data", "moons"}, {"preset", "oscillation"}, {"speed",
		"slow"}, {"play", "no"},
		{"fork", "yes"}, {"cure", ""}, {"seed", "4"}, {"restart", ""}, {"layers", "heat real"}} {
		_, err := g.Set(c[0], c[1])
		require.NoError(t, err, c)
	}
	assert.Equal(t, []string{"show", "loss=hinge", "data moons", "preset oscillation", "speed slow", "pause",
		"fork", "cure",
		"restart", "restart"}, game.told)
	assert.Equal(t, PlaneLayers{Heat: true, Real: true}, g.show)
	for _, c := range [][2]string{{"loss", "best"}, {"play", "perhaps"}, {"seed", "-1"}, {"layers", "sky"},
		{"colour", "red"},
		{"open", "nonsense"}, {"open", "seed=x"}} {
		_, err := g.Set(c[0], c[1])
		assert.ErrorContains(t, err, "want", c)
	}
	_, err := g.Set("open", "data=spiral\npreset=ring\nseed=9\nspeed=60\nloss=hinge\n")
	require.NoError(t, err)
	assert.Equal(t, []string{"preset ring", "data spiral", "loss=hinge", "speed 60", "restart"},
		game.told[len(game.told)-5:])
}

// TestGAN2DWithoutASession shows what would be there; a game that cannot begin says why.
func TestGAN2DWithoutASession(t *testing.T) {
	g := newGAN2D(&Lab{Store: picture.NewStore(), Display: picture.HalfBlocks(), Theme: theme.New(true, false)})
	deliver(g, g.Update(Resize{76, 22}))
	deliver(g, g.Update(Show{}))
	deliver(g, g.Update(Tick(time.Unix(1, 0))))
	assert.Contains(t, plain2D(t, g), "mllab gan2d begins the game")
	type2D(t, g, "space", "e", "p", "b")
	_, err := g.Set("loss", "hinge")
	assert.ErrorContains(t, err, "there is no game")
	g.begin = func(lab.GAN2DOptions) (Game2D, error) { return nil, errors.New("no device\x1b[2J") }
	deliver(g, g.Update(Show{}))
	assert.Contains(t, plain2D(t, g), "no device")
	assert.NotContains(t, g.View(76, 22), "\x1b[2J")
}

// TestGAN2DPicturesWherePixelsAre: the plane is a square picture of its own, drawn anew with each look, and
// not without one.
func TestGAN2DPicturesWherePixelsAre(t *testing.T) {
	g, game := table(t, midGame(), 116, 38)
	g.lab.Display = picture.Display{Mode: picture.Sixel, CellW: 8, CellH: 16}
	deliver(g, g.Update(Resize{116, 38}))
	plain2D(t, g)
	for place := range planePlaces {
		require.NotNil(t, g.lab.Store.Get(planeID(place)), "picture %d", place)
	}
	before := g.lab.Store.Get(planeID(0))
	deliver(g, g.Update(Tick(time.Unix(5, 0))))
	assert.Same(t, before, g.lab.Store.Get(planeID(0)))
	s := *game.state
	s.Looked++
	game.state = &s
	deliver(g, g.Update(Tick(time.Unix(6, 0))))
	assert.NotSame(t, before, g.lab.Store.Get(planeID(0)))
}

// TestDrawPlane: what is where it should be, on dark and light.
func TestDrawPlane(t *testing.T) {
	s := midGame()
	s.Real, s.Look.Fakes = []float32{0, 0}, []float32{0.5, 0.5, float32(math.NaN()), 1, float32(math.Inf(1)), 9}
	s.Look.Arrows = []float32{0, 1, 1, 1, float32(math.NaN()), 0}
	for _, th := range []theme.Theme{theme.New(true, false), theme.New(false, false)} {
		const side = 250 // 100 pixels in 1
		im := DrawPlane(s, side, PlaneLayers{Real: true, Fake: true, Arrows: true}, th)
		assert.EqualValues(t, realColor, im.ColorIndexAt(125, 125))
		assert.EqualValues(t, fakeColor, im.ColorIndexAt(174, 75), "beside the arrow that begins there")
		assert.EqualValues(t, arrowColor, im.ColorIndexAt(175, 70), "upwards")
		assert.EqualValues(t, heatSteps/2, im.ColorIndexAt(10, 10))
		im = DrawPlane(s, side, AllLayers, th)
		assert.Less(t, int(im.ColorIndexAt(30, 125)), plain)
	}
	for _, side := range []int{-1, 0, 1, 2, 17} {
		assert.NotNil(t, DrawPlane(s, side, AllLayers, theme.New(true, true)))
	}
}

func BenchmarkDrawPlane(b *testing.B) {
	s, th := midGame(), theme.New(true, false)
	for b.Loop() {
		DrawPlane(s, 540, AllLayers, th)
	}
}

func BenchmarkGAN2DView(b *testing.B) {
	g := newGAN2D(&Lab{Store: picture.NewStore(), Display: picture.HalfBlocks(), Theme: theme.New(true, false)})
	g.begin = func(lab.GAN2DOptions) (Game2D, error) { return &staged{state: midGame()}, nil }
	deliver(g, g.Update(Show{}))
	deliver(g, g.Update(Resize{116, 38}))
	for b.Loop() {
		g.View(116, 38)
	}
}
