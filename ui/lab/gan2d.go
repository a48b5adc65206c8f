package lab

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mllab/gen"
	"mllab/samples"
)

// GAN2DOptions say what game begins. The zero value is the preset "ring" with seed 0, running.
type GAN2DOptions struct {
	Data     string   // as samples.OpenPoints takes it; "" is ring
	Preset   string   // "" is ring
	Settings []string // key=value, after the preset's
	Seed     uint64
	Speed    string // one of GAN2DSpeeds; "" is the default
	Paused   bool
	// Steps ends the game after as many, with one look at its end and none before; 0 is no end.
	Steps int
}

// GAN2DSpeeds are the names of the speeds, in moves a second: "slow" makes the moves of D and of G apart.
var GAN2DSpeeds = []string{"slow", "10", "60", "240", "full"}

// defaultSpeed leaves time to see how the points move.
const defaultSpeed = "240"

// paces are the moves a second of GAN2DSpeeds, 0 for as many as there can be.
var paces = map[string]float64{"slow": 1.5, "10": 10, "60": 60, "240": 240, "full": 0}

// What screens need to know of points: a cluster of the data of a game, what a user paints as data, and a
// built-in distribution in a list.
type (
	Mode    = samples.Mode
	Density = samples.Density
	Entry2D = samples.Entry
)

// GAN2DData lists the built-in distributions of points.
func GAN2DData() []Entry2D { return samples.PointsNames() }

// GAN2DMove is a kind of step.
type GAN2DMove byte

// The moves: a step of D alone, of G alone, or as many of D as the settings say and then one of G.
const (
	MoveBoth GAN2DMove = iota
	MoveD
	MoveG
)

// GAN2DState is a snapshot of a game. It is immutable: screens may keep it.
type GAN2DState struct {
	Phase  Phase
	Detail string // of Compiling: why
	Err    error  // of the last command or step; the game goes on from before it
	Device string

	Data    string
	Notes   []string        // of the data
	Modes   []samples.Mode  // of the data, nil where not known
	Density samples.Density // of the data "drawn"
	Preset  string          // that the game began with
	Cured   bool            // its cure was taken
	Config  gen.GAN2D       // what is played
	Wanted  gen.GAN2D       // what it will be as soon as that is compiled
	Seed    uint64
	Speed   string

	Step           int // moves done
	Oldest, Newest int // moves that can be gone to
	Clock          gen.Clock2D
	Last           GAN2DMove // the last move
	Scores         gen.Scores2D
	Measure        gen.Measure2D
	Push           float64 // median length of the arrows
	Real           []float32
	Look           gen.Look2D
	Looked         int // counts the looks
	Series         []Series
	Events         []Event
	Rate           float64 // moves a second while it runs
	Elapsed        time.Duration

	Ghost *GAN2DGhost // the other branch, nil without one
}

// GAN2DGhost is a branch that goes on as it was when it was left.
type GAN2DGhost struct {
	Step    int
	From    int // where it was left
	Config  gen.GAN2D
	Scores  gen.Scores2D
	Measure gen.Measure2D
	Fakes   []float32
	Series  []Series
}

// GAN2D is a game of two nets on the plane, played in the background. Its methods may be called from any
// goroutine and none blocks, but for Wait and Close.
type GAN2D struct {
	s      *Session
	o      GAN2DOptions
	cancel context.CancelFunc
	done   chan struct{}
	wake   chan struct{}
	state  atomic.Pointer[GAN2DState]

	mu     sync.Mutex // guards what follows
	st     GAN2DState // the next to publish
	todo   []func(context.Context) error
	paused bool
	hidden bool
	ended  bool

	run gan2dRun // of the worker alone
}

// GAN2D begins a game. Errors of the options come at once, others in its State.
func (s *Session) GAN2D(o GAN2DOptions) (*GAN2D, error) {
	g := &GAN2D{s: s, o: o, done: make(chan struct{}), wake: make(chan struct{}, 1), paused: o.Paused}
	if err := g.plan(); err != nil {
		return nil, Usage(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.publish()
	s.atClose(g.Close)
	go g.main(ctx)
	return g, nil
}

// Check reports options that no game can begin with.
func (o GAN2DOptions) Check() error {
	g := &GAN2D{s: &Session{}, o: o}
	return Usage(g.plan())
}

// plan looks everything up that the options name.
func (g *GAN2D) plan() error {
	o := &g.o
	if o.Preset == "" {
		o.Preset = "ring"
	}
	if o.Data == "" {
		o.Data = "ring"
	}
	if o.Speed == "" {
		o.Speed = defaultSpeed
	}
	if _, ok := paces[o.Speed]; !ok {
		return fmt.Errorf("speed %q: want one of %v", o.Speed, GAN2DSpeeds)
	}
	p, err := gen.FindPreset2D(o.Preset)
	if err != nil {
		return err
	}
	c := p.Game()
	for _, pair := range o.Settings {
		if c, err = withPair(c, pair); err != nil {
			return err
		}
	}
	points, err := samples.OpenPoints(o.Data, samples.PointsOptions{})
	if err != nil {
		return err
	}
	g.run.points = points
	g.st = GAN2DState{Phase: Opening, Data: o.Data, Notes: points.Notes, Modes: points.Modes, Preset: o.Preset,
		Config: c, Wanted: c, Seed: o.Seed, Speed: o.Speed, Device: g.s.opt.Device}
	return nil
}

// State is the latest snapshot; it is never nil.
func (g *GAN2D) State() *GAN2DState { return g.state.Load() }

// Done is closed when the game has ended.
func (g *GAN2D) Done() <-chan struct{} { return g.done }

// Close ends the game and waits for the step under way.
func (g *GAN2D) Close() error {
	g.mu.Lock()
	g.ended = true
	g.mu.Unlock()
	g.cancel()
	<-g.done
	return nil
}

// publish makes the state under construction the latest. g.mu is held, or g is not shared yet.
func (g *GAN2D) publish() {
	st := g.st
	g.state.Store(&st)
}

// change edits the state and publishes it.
func (g *GAN2D) change(f func(st *GAN2DState)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(&g.st)
	g.publish()
}

// order has the worker do something between two moves.
func (g *GAN2D) order(f func(ctx context.Context) error) {
	g.mu.Lock()
	g.todo = append(g.todo, f)
	g.mu.Unlock()
	g.nudge()
}

// nudge wakes the worker.
func (g *GAN2D) nudge() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// Pause stops after the move under way; Play goes on.
func (g *GAN2D) Pause() { g.hold(true) }

// Play ends a pause.
func (g *GAN2D) Play() { g.hold(false) }

func (g *GAN2D) hold(pause bool) {
	g.change(func(st *GAN2DState) {
		g.paused = pause
		switch {
		case pause && st.Phase == Training:
			st.Phase = Paused
		case !pause && st.Phase == Paused:
			st.Phase, st.Err = Training, nil
		}
	})
	g.nudge()
}

// Hide holds the game while nobody looks; Show lets it go on.
func (g *GAN2D) Hide() { g.look(true) }

// Show ends a Hide.
func (g *GAN2D) Show() { g.look(false) }

func (g *GAN2D) look(hidden bool) {
	g.mu.Lock()
	g.hidden = hidden
	g.mu.Unlock()
	g.nudge()
}

// SetSpeed takes one of GAN2DSpeeds.
func (g *GAN2D) SetSpeed(name string) error {
	if _, ok := paces[name]; !ok {
		return fmt.Errorf("speed %q: want one of %v", name, GAN2DSpeeds)
	}
	g.change(func(st *GAN2DState) { st.Speed = name })
	g.nudge()
	return nil
}

// Move pauses and makes one move.
func (g *GAN2D) Move(m GAN2DMove) {
	g.hold(true)
	g.order(func(ctx context.Context) error { return g.move(ctx, m) })
}

// Rewind pauses and goes by moves back (below 0) or forth, as far as what is remembered.
func (g *GAN2D) Rewind(by int) {
	g.hold(true)
	g.order(func(ctx context.Context) error { return g.rewind(ctx, by) })
}

// Fork leaves a ghost that goes on with the present settings, to compare with.
func (g *GAN2D) Fork() { g.order(g.fork) }

// Unfork drops the ghost.
func (g *GAN2D) Unfork() {
	g.order(func(context.Context) error {
		g.dropGhost()
		return nil
	})
}

// Restart begins again with a seed.
func (g *GAN2D) Restart(seed uint64) {
	g.change(func(st *GAN2DState) { st.Seed = seed })
	g.order(g.restart)
}

// Set changes a setting of the game: at once where it is a number that the programs take, after compiling
// others in between where not. The error says what was wanted.
func (g *GAN2D) Set(key, value string) error {
	g.mu.Lock()
	old := g.st.Wanted
	c, err := old.With(key, value)
	g.mu.Unlock()
	if err != nil {
		return err
	}
	if c == old {
		return nil
	}
	text := fmt.Sprintf("%s %s -> %s", key, old.Value(key), c.Value(key))
	g.want(c, text)
	return nil
}

// want asks for other settings.
func (g *GAN2D) want(c gen.GAN2D, why string) {
	g.change(func(st *GAN2DState) { st.Wanted, st.Err = c, nil })
	g.order(func(ctx context.Context) error { return g.apply(ctx, why) })
}

// Preset begins a preset's game at step 0, on the data that it is about.
func (g *GAN2D) Preset(name string) error {
	p, err := gen.FindPreset2D(name)
	if err != nil {
		return err
	}
	points, err := samples.OpenPoints("ring", samples.PointsOptions{})
	if err != nil {
		return err
	}
	c := p.Game()
	g.change(func(st *GAN2DState) { st.Wanted, st.Preset, st.Cured, st.Err = c, name, false, nil })
	g.order(func(ctx context.Context) error {
		g.usePoints("ring", points, samples.Density{})
		if err := g.apply(ctx, ""); err != nil {
			return err
		}
		return g.restart(ctx)
	})
	return nil
}

// Cure takes what the preset says against what is ill; the game goes on. It reports whether there is any.
func (g *GAN2D) Cure() bool {
	g.mu.Lock()
	name, c := g.st.Preset, g.st.Wanted
	g.mu.Unlock()
	p, err := gen.FindPreset2D(name)
	if err != nil || p.Cure == "" {
		return false
	}
	g.change(func(st *GAN2DState) { st.Cured = true })
	g.want(p.Cured(c), "the cure: "+joinPairs(p.Changes()))
	g.Play()
	return true
}

// Use takes other data, by a name or the path of a CSV file, and begins again.
func (g *GAN2D) Use(data string) error {
	g.mu.Lock()
	d := g.st.Density
	g.mu.Unlock()
	points, err := samples.OpenPoints(data, samples.PointsOptions{Density: d})
	if err != nil {
		return err
	}
	if data == "drawn" && d.W == 0 {
		d = samples.Disc(drawnSide)
	}
	g.change(func(st *GAN2DState) { st.Data, st.Err = data, nil })
	g.order(func(ctx context.Context) error {
		g.usePoints(data, points, d)
		return g.restart(ctx)
	})
	return nil
}

// drawnSide is the side of a density that nobody has painted yet.
const drawnSide = 40

// Paint takes a painted density as the data; the game goes on and learns it.
func (g *GAN2D) Paint(d samples.Density) error {
	points, err := samples.OpenPoints("drawn", samples.PointsOptions{Density: d})
	if err != nil {
		return err
	}
	g.change(func(st *GAN2DState) { st.Data, st.Density, st.Err = "drawn", d, nil })
	g.order(func(context.Context) error {
		g.usePoints("drawn", points, d)
		return g.begin()
	})
	return nil
}
