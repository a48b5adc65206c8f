package gen

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
)

// Game2D is a GAN2D being played: its compiled programs, and the nets' weights on the device. Its methods
// belong to one goroutine. All that happens is a function of the settings, the seed and the real points,
// so a State that is restored goes on to the same bytes.
type Game2D struct {
	cfg  GAN2D
	seed uint64
	pair pair2D

	d, g, look moves2D
	labels     []string // of the weights and the optimiser's memory, sorted
	tensors    map[string]*engine.Tensor
	sizes      int // of all tensors together, in values

	clock Clock2D
	tell  Scores2D
}

// moves2D is a compiled program with its scalar inputs.
type moves2D struct {
	*engine.Program
	scalars map[string]*engine.Tensor
}

// Clock2D counts the steps that each net has taken, and keeps the running products of the decays that
// Adam's corrections need: these may change from step to step.
type Clock2D struct {
	D, G           int
	meanD, squareD float64
	meanG, squareG float64
}

// Scores2D are what the last steps told.
type Scores2D struct {
	LossD, LossG float64
	Real, Fake   float64 // mean opinion of D: see G2DShape.Probability
	Penalty      float64
}

// State2D is a moment of a game.
type State2D struct {
	Clock  Clock2D
	Scores Scores2D
	values []float32 // of all tensors, by sorted label
}

// Look2D is what can be seen of a game at a moment; see pair2D.look for the shapes.
type Look2D struct{ Heat, Fakes, Arrows, Mesh []float32 }

// NewGame2D compiles a game and gives its nets their first weights. Fixed are Arrows2D real points, x and y
// in turns, beside which the relativistic loss judges the points that have arrows.
func NewGame2D(ctx context.Context, eng *engine.Engine, c GAN2D, seed uint64, fixed []float32) (*Game2D,
	error) {
	g := &Game2D{cfg: c, seed: seed, pair: newPair2D(c.G2DShape), tensors: map[string]*engine.Tensor{}}
	err := g.build(ctx, eng, fixed)
	if err == nil {
		err = g.Reset(seed)
	}
	if err != nil {
		g.Close()
		return nil, fmt.Errorf("gan2d: %w", err)
	}
	return g, nil
}

// Seed is what all chance of the game follows from.
func (g *Game2D) Seed() uint64 { return g.seed }

func (g *Game2D) build(ctx context.Context, eng *engine.Engine, fixed []float32) error {
	if err := g.pair.ps.Err(); err != nil {
		return err
	}
	for _, p := range g.pair.ps.All() {
		for _, kind := range []string{nn.ParamKind, slotM2D, slotV2D} {
			t, err := eng.Tensor(p.Type())
			if err != nil {
				return err
			}
			g.tensors[kind+p.Name] = t
			g.labels = append(g.labels, kind+p.Name)
			g.sizes += p.Type().Elems()
		}
	}
	slices.Sort(g.labels)
	for _, p := range []struct {
		name  string
		into  *moves2D
		trace func(*nn.Scope)
	}{{"gan2d.d", &g.d, g.pair.stepD}, {"gan2d.g", &g.g, g.pair.stepG}, {"gan2d.look", &g.look, g.pair.look}} {
		m, err := g.compile(ctx, eng, p.name, p.trace)
		if err != nil {
			return err
		}
		*p.into = m
	}
	if err := g.look.give(codes2D, g.cfg.MeshCodes()); err != nil {
		return err
	}
	return g.Fix(fixed)
}

// Fix gives the real points beside which those with arrows are judged.
func (g *Game2D) Fix(points []float32) error {
	if !g.look.Takes(fixed2D) {
		return nil
	}
	return g.look.give(fixed2D, points)
}

func (g *Game2D) compile(ctx context.Context, eng *engine.Engine, name string,
	trace func(*nn.Scope)) (moves2D, error) {
	p, err := eng.Program(ctx, name, g.tensors, func(b *ir.Builder) {
		s := nn.NewScope(b)
		trace(s)
		s.Finish()
	})
	if err != nil {
		return moves2D{}, err
	}
	m := moves2D{p, map[string]*engine.Tensor{}}
	for _, label := range p.Labels() {
		key, ok := strings.CutPrefix(label, hyper2D)
		if !ok {
			continue
		}
		if m.scalars[key], err = p.Tensor(label); err != nil {
			p.Close()
			return moves2D{}, err
		}
	}
	return m, nil
}

// give writes an input.
func (m moves2D) give(label string, values []float32) error {
	t, err := m.Tensor(label)
	if err != nil {
		return err
	}
	return engine.Write(t, values)
}

// Reset puts the game to the beginning of a seed.
func (g *Game2D) Reset(seed uint64) error {
	g.seed = seed
	g.clock = Clock2D{meanD: 1, squareD: 1, meanG: 1, squareG: 1}
	g.tell = Scores2D{}
	for _, p := range g.pair.ps.All() {
		if err := engine.Write(g.tensors[nn.ParamKind+p.Name], p.Values(g.seed)); err != nil {
			return err
		}
		zeros := make([]float32, p.Type().Elems())
		for _, kind := range []string{slotM2D, slotV2D} {
			if err := engine.Write(g.tensors[kind+p.Name], zeros); err != nil {
				return err
			}
		}
	}
	return nil
}

// Config is the game's settings.
func (g *Game2D) Config() GAN2D { return g.cfg }

// Change takes settings of the same G2DShape from the next step on.
func (g *Game2D) Change(c GAN2D) error {
	if c.G2DShape != g.cfg.G2DShape {
		return fmt.Errorf("gan2d: these settings need other programs: make a new game")
	}
	g.cfg = c
	return nil
}

// Clock counts the steps.
func (g *Game2D) Clock() Clock2D { return g.clock }

// Scores are what the last steps told.
func (g *Game2D) Scores() Scores2D { return g.tell }

// saltG keeps the codes of G's steps from being those of D's.
const saltG = 0x5bd1e995

// StepD takes one step of the discriminator on real points, x and y in turns, Batch of them.
func (g *Game2D) StepD(ctx context.Context, real []float32) error {
	c := &g.clock
	c.meanD, c.squareD = c.meanD*g.cfg.OptD.Beta1, c.squareD*g.cfg.OptD.Beta2
	if err := g.d.give(real2D, real); err != nil {
		return err
	}
	if err := g.step(ctx, g.d, g.seed, c.D, g.cfg.OptD, c.meanD, c.squareD); err != nil {
		return err
	}
	c.D++
	t := Scores2D{LossG: g.tell.LossG}
	for name, v := range map[string]*float64{"loss": &t.LossD, "real": &t.Real, "fake": &t.Fake} {
		if err := g.d.told(name, v); err != nil {
			return err
		}
	}
	if g.cfg.Penalty != "none" {
		if err := g.d.told("penalty", &t.Penalty); err != nil {
			return err
		}
	}
	g.tell = t
	return g.sound("D", t.LossD)
}

// StepG takes one step of the generator; real points are used by the relativistic loss alone.
func (g *Game2D) StepG(ctx context.Context, real []float32) error {
	c := &g.clock
	c.meanG, c.squareG = c.meanG*g.cfg.OptG.Beta1, c.squareG*g.cfg.OptG.Beta2
	if g.g.Takes(real2D) {
		if err := g.g.give(real2D, real); err != nil {
			return err
		}
	}
	if err := g.step(ctx, g.g, g.seed^saltG, c.G, g.cfg.OptG, c.meanG, c.squareG); err != nil {
		return err
	}
	c.G++
	if err := g.g.told("loss", &g.tell.LossG); err != nil {
		return err
	}
	return g.sound("G", g.tell.LossG)
}

// Diverged2D says that a loss is no number any more; the weights are then lost, and the game has to be
// put back to a State of before.
type Diverged2D struct {
	Net  string
	Loss float64
}

// Error names the net and the way on.
func (e *Diverged2D) Error() string {
	return fmt.Sprintf("the loss of %s is %v: lower a learning rate or add a penalty, and go back or begin again",
		e.Net, e.Loss)
}

func (g *Game2D) sound(net string, loss float64) error {
	const most = 1e12
	if math.IsNaN(loss) || math.Abs(loss) > most {
		return &Diverged2D{net, loss}
	}
	return nil
}

// told reads a report.
func (m moves2D) told(name string, v *float64) error {
	t, err := m.Tensor(tell2D + name)
	if err != nil {
		return err
	}
	x, err := t.Scalar()
	*v = float64(x)
	return err
}

// step gives a program its numbers and runs it. Mean and square are the products of the decays so far.
func (g *Game2D) step(ctx context.Context, m moves2D, seed uint64, count int, o G2DOpt, mean,
	square float64) error {
	h := map[string]float64{
		"rate": o.LR / (1 - mean), "b1": o.Beta1, "rest1": 1 - o.Beta1, "b2": o.Beta2, "rest2": 1 - o.Beta2,
		"correct": 1 / (1 - square), "adaptive": 1, "rest": 1e-8, weight: g.cfg.Weight,
	}
	if o.Rule == "sgd" {
		h["adaptive"], h["rest"] = 0, 1
	}
	for name, t := range m.scalars {
		if err := engine.Write(t, []float32{float32(h[name])}); err != nil {
			return err
		}
	}
	if err := m.random(seed, count); err != nil {
		return err
	}
	return m.Run(ctx)
}

// random gives a program the state of its generator.
func (m moves2D) random(seed uint64, count int) error {
	t, err := m.Tensor(nn.RandomIn)
	if err != nil {
		return err
	}
	return engine.Write(t, []int32{int32(uint32(seed)), int32(uint32(seed >> 32)), int32(uint32(count)), 0})
}

// State copies the moment.
func (g *Game2D) State() (State2D, error) {
	s := State2D{Clock: g.clock, Scores: g.tell, values: make([]float32, g.sizes)}
	rest := s.values
	for _, label := range g.labels {
		n := g.tensors[label].Type().Elems()
		if err := engine.Read(g.tensors[label], rest[:n]); err != nil {
			return State2D{}, err
		}
		rest = rest[n:]
	}
	return s, nil
}

// Bytes is the memory of a State.
func (s State2D) Bytes() int { return 4 * len(s.values) }

// Restore puts the game to a moment of a game of the same nets.
func (g *Game2D) Restore(s State2D) error {
	if len(s.values) != g.sizes {
		return fmt.Errorf("gan2d: a state of %d values does not fit nets with %d", len(s.values), g.sizes)
	}
	rest := s.values
	for _, label := range g.labels {
		n := g.tensors[label].Type().Elems()
		if err := engine.Write(g.tensors[label], rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	g.clock, g.tell = s.Clock, s.Scores
	return nil
}

// Inherit takes the weights of another game's nets where these are of the same form, so that another loss
// goes on with what was learned. It reports which nets it took over.
func (g *Game2D) Inherit(from *Game2D) (d, generator bool, err error) {
	g2, d2 := from.cfg.G2DShape, g.cfg.G2DShape
	generator = g2.G == d2.G && g2.Latent == d2.Latent
	d = g2.D == d2.D
	for _, label := range g.labels {
		isG := strings.Contains(label, ".g.")
		if isG && !generator || !isG && !d {
			continue
		}
		values, err := from.tensors[label].Float32()
		if err != nil {
			return false, false, err
		}
		if err := engine.Write(g.tensors[label], values); err != nil {
			return false, false, err
		}
	}
	g.tell = from.tell
	if d {
		g.clock.D, g.clock.meanD, g.clock.squareD = from.clock.D, from.clock.meanD, from.clock.squareD
	}
	if generator {
		g.clock.G, g.clock.meanG, g.clock.squareG = from.clock.G, from.clock.meanG, from.clock.squareG
	}
	return d, generator, nil
}

// Look runs what is shown of the game, into new memory.
func (g *Game2D) Look(ctx context.Context) (Look2D, error) {
	if err := g.look.random(g.seed, 0); err != nil {
		return Look2D{}, err
	}
	if err := g.look.Run(ctx); err != nil {
		return Look2D{}, err
	}
	var l Look2D
	for label, into := range map[string]*[]float32{"heat": &l.Heat, "fakes": &l.Fakes, "arrows": &l.Arrows,
		"mesh": &l.Mesh} {
		t, err := g.look.Tensor(label)
		if err != nil {
			return Look2D{}, err
		}
		if *into, err = t.Float32(); err != nil {
			return Look2D{}, err
		}
	}
	return l, nil
}

// Close gives the game's memory back.
func (g *Game2D) Close() {
	for _, m := range []moves2D{g.d, g.g, g.look} {
		if m.Program != nil {
			m.Program.Close()
		}
	}
	for _, t := range g.tensors {
		t.Free()
	}
}
