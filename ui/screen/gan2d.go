package screen

import (
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/gen"
	"mllab/ui/lab"
	"mllab/ui/widget"
)

var _ = register(Entry{Title: "GAN", Digit: '5', New: func(l *Lab) Screen { return newGAN2D(l) }})

// Game2D is a game on the plane as the screen needs it; *lab.GAN2D is one. No method blocks.
type Game2D interface {
	State() *lab.GAN2DState
	Play()
	Pause()
	Show()
	Hide()
	Move(lab.GAN2DMove)
	Rewind(by int)
	Fork()
	Unfork()
	Restart(seed uint64)
	SetSpeed(name string) error
	Set(key, value string) error
	Preset(name string) error
	Cure() bool
	Use(data string) error
	Paint(lab.Density) error
}

// GAN2D plays a generative adversarial network on the plane: one big picture of what both nets do, the
// course of the game, and its settings. The game begins when the screen is first shown, and stands still
// while it is not.
type GAN2D struct {
	lab   *Lab
	begin func(lab.GAN2DOptions) (Game2D, error) // nil where there is no session
	game  Game2D
	first lab.GAN2DOptions // what the game begins with
	keys  []Key
	state *lab.GAN2DState
	err   error // why there is no game

	w, h    int
	show    PlaneLayers
	logY    bool
	other   bool // the divergences, where there is room for one chart
	editing bool
	cell    [2]int // of the table of settings: row, column
	brush   *brush // while the user paints
	shown   bool
	told    string // what the last key did, until the next step

	art     planeArt
	drawing bool
	stale   bool
	turn    int
	seen    planeSeen
}

// planeSeen is what the pictures on the screen were made of, and when.
type planeSeen struct {
	looked int
	plane  time.Time
	chart  time.Time
	charts int // the look that the charts show
}

// empty is the state before there is a game.
var empty = &lab.GAN2DState{Phase: lab.Opening, Config: gen.NewGAN2D(), Wanted: gen.NewGAN2D(),
	Data: "ring", Preset: "ring"}

func newGAN2D(l *Lab) *GAN2D {
	g := &GAN2D{lab: l, state: empty, show: AllLayers, stale: true}
	g.begin = func(o lab.GAN2DOptions) (Game2D, error) {
		game, err := l.Session.GAN2D(o)
		if err != nil {
			return nil, err
		}
		return game, nil
	}
	if l.Session == nil {
		g.begin = nil
	}
	g.show.Arrows, g.show.Mesh = true, true
	g.keys = g.table()
	return g
}

// table is the table of the screen's keys, in order of importance.
func (g *GAN2D) table() []Key {
	bind := func(help, shown, long string, do func(string) tea.Cmd, press ...string) Key {
		return Key{Press: press, Binding: widget.Binding{Keys: shown, Help: help, Long: long}, Do: do}
	}
	when := func(k Key, ok func() bool) Key {
		k.Hidden = func() bool { return !ok() }
		return k
	}
	painting := func() bool { return g.brush != nil }
	editing := func() bool { return g.editing && g.brush == nil }
	playing := func() bool { return g.brush == nil }
	plain := func() bool { return !g.editing && g.brush == nil }
	ill := func() bool { return playing() && g.ill() }
	return slices.Concat(
		g.paintKeys(bind, func(k Key) Key { return when(k, painting) }),
		g.editKeys(bind, func(k Key) Key { return when(k, editing) }),
		[]Key{
			when(bind("pause", "space", "pause, or play on", g.pause, "space", " "), playing),
			when(bind("cure", "c", "take the cure of the preset", g.cure, "c"), ill),
			when(bind("preset", "p", "the next preset: one that works, three that fail; P the one before", g.preset,
				"p", "P"), playing),
			when(bind("step", "d g s", "one step of D, of G, or of both, then pause", g.step, "d", "g", "s"), playing),
			when(bind("rewind", "[ ]", "a step back or forth, as far as 200; { } 20 steps", g.rewind, "[", "]", "{",
				"}"), playing),
			when(bind("slow", "o", "slow motion: D and G apart, one after the other", g.slow, "o"), playing),
			when(bind("fork", "f", "leave a ghost that goes on as it is, to compare with; again: drop it", g.fork,
				"f"), playing),
			when(bind("nets", "e", "edit the nets and the game", g.edit, "e"), playing),
			when(bind("data", "t", "the next data to learn; T the one before", g.data, "t", "T"), playing),
			when(bind("loss", "l", "the next loss", g.loss, "l"), playing),
			when(bind("speed", "+/-", "faster or slower", g.speed, "+", "=", "-"), plain),
			when(bind("paint", "b", "paint the data yourself, with keys or mouse", g.paint, "b"), playing),
			when(bind("restart", "r", "begin again; R with another seed", g.restart, "r", "R"), playing),
			when(bind("", "h k", "show or hide: D's opinion; circles around the modes", g.layer, "h", "k"), playing),
			when(bind("", "x z", "show or hide: real points; fake points", g.layer, "x", "z"), playing),
			when(bind("", "m n", "show or hide: G's warped grid; arrows", g.layer, "m", "n"), playing),
			when(bind("", "v", "the other chart, where there is room for one", g.flip, "v"), playing),
			when(bind("", "y", "logarithmic scale of the charts", g.log, "y"), playing),
		})
}

// Keys is the table of the screen's keys.
func (g *GAN2D) Keys() []Key { return g.keys }

// Update takes ticks, sizes and finished pictures.
func (g *GAN2D) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Show:
		g.shown, g.stale = true, true
		g.ready()
		if g.game != nil {
			g.game.Show()
		}
	case Hide:
		g.shown = false
		if g.game != nil {
			g.game.Hide()
		}
	case Resize:
		g.w, g.h, g.stale = msg.W, msg.H, true
		if g.shown {
			return g.draw(time.Time{})
		}
	case Tick:
		g.follow()
		return g.draw(time.Time(msg))
	case planeDrawn:
		g.take(msg)
		if g.stale && g.shown {
			return g.draw(time.Time{})
		}
	}
	return nil
}

// Busy reports whether numbers may change with every tick.
func (g *GAN2D) Busy() bool { return g.game != nil && g.game.State() != g.state }

// ready begins the game if there is none yet.
func (g *GAN2D) ready() {
	if g.game != nil || g.begin == nil || g.err != nil {
		return
	}
	game, err := g.begin(g.first)
	if err != nil {
		g.err = err
		return
	}
	g.game = game
	g.follow()
}

// follow takes the newest state.
func (g *GAN2D) follow() {
	if g.game == nil {
		return
	}
	s := g.game.State()
	if s.Step != g.state.Step && s.Phase == lab.Training {
		g.told = ""
	}
	g.state = s
}

// with does something with the game, if there is one, and shows what it changed.
func (g *GAN2D) with(f func(Game2D) tea.Cmd) tea.Cmd {
	g.ready()
	if g.game == nil {
		return nil
	}
	g.follow()
	cmd := f(g.game)
	g.follow()
	return cmd
}

func bad(err error) tea.Cmd {
	if err == nil {
		return nil
	}
	return send(Notice{Text: err.Error(), Bad: true})
}

func (g *GAN2D) pause(string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd {
		if held(g.state.Phase) {
			game.Play()
		} else {
			game.Pause()
		}
		return nil
	})
}

// held reports whether a game stands still until it is told to go on.
func held(p lab.Phase) bool { return p == lab.Paused || !p.Running() }

func (g *GAN2D) step(key string) tea.Cmd {
	m := map[string]lab.GAN2DMove{"d": lab.MoveD, "g": lab.MoveG, "s": lab.MoveBoth}[key]
	g.told = ""
	return g.with(func(game Game2D) tea.Cmd { game.Move(m); return nil })
}

func (g *GAN2D) rewind(key string) tea.Cmd {
	by := map[string]int{"[": -1, "]": 1, "{": -20, "}": 20}[key]
	return g.with(func(game Game2D) tea.Cmd { game.Rewind(by); return nil })
}

func (g *GAN2D) speed(key string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd {
		i := slices.Index(lab.GAN2DSpeeds, g.state.Speed)
		if key == "-" {
			i--
		} else {
			i++
		}
		return bad(game.SetSpeed(lab.GAN2DSpeeds[max(0, min(i, len(lab.GAN2DSpeeds)-1))]))
	})
}

func (g *GAN2D) slow(string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd {
		to := "slow"
		if g.state.Speed == to {
			to = "240"
		}
		return bad(game.SetSpeed(to))
	})
}

func (g *GAN2D) preset(key string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd {
		all := gen.Presets2D()
		i := slices.IndexFunc(all, func(p gen.Preset2D) bool { return p.Name == g.state.Preset })
		err := game.Preset(all[cycle(i, key == "p", len(all))].Name)
		game.Play()
		return bad(err)
	})
}

// cycle is the next place of a list of n, or the one before, from its end to its beginning.
func cycle(i int, forth bool, n int) int {
	if forth {
		return (i + 1) % n
	}
	return (i + n - 1 + n) % n
}

// ill reports whether the preset has a cure that was not taken yet.
func (g *GAN2D) ill() bool {
	p, err := gen.FindPreset2D(g.state.Preset)
	return err == nil && p.Cure != "" && !g.state.Cured
}

func (g *GAN2D) cure(string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd { game.Cure(); return nil })
}

func (g *GAN2D) data(key string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd {
		all := lab.GAN2DData()
		i := slices.IndexFunc(all, func(e lab.Entry2D) bool { return e.Name == g.state.Data })
		return bad(game.Use(all[cycle(i, key == "t", len(all))].Name))
	})
}

func (g *GAN2D) loss(string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd { return bad(game.Set("loss", g.state.Wanted.Next("loss", true))) })
}

func (g *GAN2D) fork(string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd {
		if g.state.Ghost != nil {
			game.Unfork()
			return nil
		}
		game.Fork()
		return nil
	})
}

func (g *GAN2D) restart(key string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd {
		seed := g.state.Seed
		if key == "R" {
			seed++
		}
		game.Restart(seed)
		g.told = "from the beginning, seed " + strconv.FormatUint(seed, 10)
		return nil
	})
}

func (g *GAN2D) layer(key string) tea.Cmd {
	s := &g.show
	p := map[string]*bool{"h": &s.Heat, "k": &s.Modes, "x": &s.Real, "z": &s.Fake, "m": &s.Mesh,
		"n": &s.Arrows}[key]
	*p = !*p
	return g.again()
}

func (g *GAN2D) flip(string) tea.Cmd {
	g.other = !g.other
	return g.again()
}

func (g *GAN2D) log(string) tea.Cmd {
	g.logY = !g.logY
	return g.again()
}

// again draws everything anew.
func (g *GAN2D) again() tea.Cmd {
	g.stale = true
	return g.draw(time.Time{})
}

// Mouse paints while the user paints; else the wheel goes back and forth in time, and over the table of
// settings it changes them.
func (g *GAN2D) Mouse(m Mouse) tea.Cmd {
	l := g.layout()
	if g.brush != nil {
		return g.dab(m, l)
	}
	if row, column, ok := l.settingAt(m.X, m.Y); ok {
		return g.pick(m, row, column)
	}
	switch m.Kind {
	case WheelUp:
		return g.rewind("[")
	case WheelDown:
		return g.rewind("]")
	}
	return nil
}
