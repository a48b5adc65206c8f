package lab

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"mllab/engine"
	"mllab/gen"
	"mllab/profiler/trace"
	"mllab/samples"
)

// gan2dRun is what the worker of a game has to itself.
type gan2dRun struct {
	eng    *engine.Engine
	points *samples.Points
	game   *gen.Game2D
	real   *gen.Histogram2D
	fixed  []float32
	past   past
	ghost  *gan2dBranch
	series map[string]*Series
	order  []string // of the series
	step   int
	half   int // of slow motion: moves of D since the last of G

	batch []float32
	due   time.Time // of the next move
	seen  time.Time // of the last look
	looks time.Duration
	shown int // step of the last look
	began time.Time
	rate  rateMeter
}

const (
	// lookEvery is the least time between two looks while the game runs: 20 a second.
	lookEvery = 50 * time.Millisecond
	// shownReal is how many real points screens get; compared are measuredReal.
	shownReal    = 600
	measuredReal = 8192
	// The numbers of batches that no step takes.
	fixedBatch, measuredBatch, batchesG = 1 << 40, 1 << 41, 1 << 32
)

// main plays until the end.
func (g *GAN2D) main(ctx context.Context) {
	defer close(g.done)
	err := g.guarded(ctx)
	g.change(func(st *GAN2DState) {
		st.Phase = Stopped
		switch {
		case err != nil && !errors.Is(err, context.Canceled):
			st.Phase, st.Err = Failed, err
		case g.o.Steps > 0 && st.Step >= g.o.Steps:
			st.Phase = Finished
		}
	})
}

// guarded is play with a panic made an error.
func (g *GAN2D) guarded(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("bug: %v in the 2-D GAN", r)
			if s := trace.From(ctx); s != nil {
				s.Emit(trace.Event{Layer: "lab", Name: "panic", Start: time.Now(),
					Args: map[string]any{"stack": string(debug.Stack())}})
			}
		}
	}()
	opt := g.s.opt
	if opt.Threads == 0 {
		// A step's kernels take microseconds: a second thread cost half as much processor time again for little
		// speed, and the screen is better off with a core of its own.
		opt.Threads = 1
	}
	eng, err := g.s.engine(opt)
	if err != nil {
		return err
	}
	defer eng.Close()
	g.run.eng = eng
	g.change(func(st *GAN2DState) { st.Device = deviceText(eng.Device()) })
	defer func() {
		g.dropGhost()
		if g.run.game != nil {
			g.run.game.Close()
		}
	}()
	g.usePoints(g.o.Data, g.run.points, samples.Density{})
	if err := g.apply(ctx, ""); err != nil {
		return err
	}
	if err := g.restart(ctx); err != nil {
		return err
	}
	return g.play(ctx)
}

// play does what is ordered, and moves while the game is not held.
func (g *GAN2D) play(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		g.mu.Lock()
		todo := g.todo
		g.todo = nil
		held, hidden, speed := g.paused, g.hidden, g.st.Speed
		g.mu.Unlock()
		for _, f := range todo {
			g.report(f(ctx))
		}
		if len(todo) > 0 {
			if err := g.show(ctx, true); err != nil {
				return err
			}
			continue // an order may have held the game
		}
		if held || hidden {
			g.run.rate.stop()
			if held && g.run.shown != g.run.step {
				if err := g.show(ctx, true); err != nil { // the last moves before the pause
					return err
				}
			}
			select {
			case <-g.wake:
			case <-ctx.Done():
			}
			g.run.due = time.Now()
			continue
		}
		if !g.wait(ctx, speed) {
			continue
		}
		err := g.move(ctx, g.next(speed))
		g.report(err)
		if g.o.Steps > 0 && (err != nil || g.run.step >= g.o.Steps) {
			return errors.Join(err, g.show(ctx, true))
		}
		if err := g.show(ctx, err != nil); err != nil {
			return err
		}
	}
}

// next is the move that comes: in slow motion those of D and G apart.
func (g *GAN2D) next(speed string) GAN2DMove {
	if speed != "slow" {
		g.run.half = 0
		return MoveBoth
	}
	if g.run.half >= g.run.game.Config().DSteps {
		g.run.half = 0
		return MoveG
	}
	g.run.half++
	return MoveD
}

// wait holds the pace; it is false where an order came first.
func (g *GAN2D) wait(ctx context.Context, speed string) bool {
	pace := paces[speed]
	if pace == 0 || g.o.Steps > 0 {
		return true
	}
	r := &g.run
	now := time.Now()
	const late = 100 * time.Millisecond
	if r.due.Before(now.Add(-late)) || r.due.After(now.Add(time.Second)) {
		r.due = now
	}
	if d := r.due.Sub(now); d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-g.wake:
			return false
		case <-ctx.Done():
			return false
		}
	}
	r.due = r.due.Add(time.Duration(float64(time.Second) / pace))
	return true
}

// report tells of an error that the game outlives: it is held, at the last sound moment.
func (g *GAN2D) report(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	g.change(func(st *GAN2DState) {
		st.Err, g.paused = err, true
		if st.Phase == Training {
			st.Phase = Paused
		}
	})
}

// usePoints takes data: what it is measured against, and what is shown of it.
func (g *GAN2D) usePoints(name string, p *samples.Points, d samples.Density) {
	r := &g.run
	r.points = p
	measured := make([]float32, 2*measuredReal)
	g.mu.Lock()
	seed := g.st.Seed
	g.mu.Unlock()
	p.Fill(seed, measuredBatch, measured)
	r.real = gen.NewHistogram2D(measured)
	r.fixed = make([]float32, 2*gen.Arrows2D)
	p.Fill(seed, fixedBatch, r.fixed)
	g.change(func(st *GAN2DState) {
		st.Data, st.Notes, st.Modes, st.Density = name, p.Notes, p.Modes, d
		st.Real = measured[:2*shownReal]
	})
}

// apply makes the wanted settings the game's, with other programs if they need them.
func (g *GAN2D) apply(ctx context.Context, why string) error {
	r := &g.run
	g.mu.Lock()
	c, seed := g.st.Wanted, g.st.Seed
	g.mu.Unlock()
	if r.game != nil && c == r.game.Config() {
		return nil
	}
	if r.game != nil && c.G2DShape == r.game.Config().G2DShape {
		if err := r.game.Change(c); err != nil {
			return err
		}
		g.told(why, "")
		return nil
	}
	g.change(func(st *GAN2DState) { st.Phase, st.Detail = Compiling, why })
	begin := time.Now()
	game, err := gen.NewGame2D(ctx, r.eng, c, seed, r.fixed)
	if err != nil {
		g.change(func(st *GAN2DState) { st.Wanted = st.Config })
		g.settle()
		return err
	}
	text := ""
	if r.game != nil {
		d, gg, err := game.Inherit(r.game)
		if err != nil {
			game.Close()
			return err
		}
		text = fmt.Sprintf(" (compiled in %s; %s)", time.Since(begin).Round(time.Millisecond), inherited(d, gg))
		r.game.Close()
	}
	r.game = game
	g.told(why, text)
	g.settle()
	return g.begin()
}

// inherited says which nets went on.
func inherited(d, generator bool) string {
	switch {
	case d && generator:
		return "both nets go on"
	case d:
		return "D goes on, G is new"
	case generator:
		return "G goes on, D is new"
	}
	return "both nets are new"
}

// settle ends a phase of compiling.
func (g *GAN2D) settle() {
	g.change(func(st *GAN2DState) {
		st.Phase, st.Detail = Training, ""
		if g.paused {
			st.Phase = Paused
		}
	})
}

// told notes what was changed.
func (g *GAN2D) told(why, more string) {
	c := g.run.game.Config()
	g.change(func(st *GAN2DState) {
		st.Config = c
		if why != "" {
			st.Events = append(st.Events[:len(st.Events):len(st.Events)], Event{st.Step, why + more})
		}
	})
}

// restart puts the game to step 0, and forgets what was.
func (g *GAN2D) restart(ctx context.Context) error {
	r := &g.run
	g.dropGhost()
	g.mu.Lock()
	seed := g.st.Seed
	g.mu.Unlock()
	if err := r.game.Reset(seed); err != nil {
		return err
	}
	r.step, r.half, r.series, r.order, r.began = 0, 0, map[string]*Series{}, nil, time.Now()
	g.change(func(st *GAN2DState) {
		st.Step, st.Series, st.Err, st.Events = 0, nil, nil, nil
		st.Measure, st.Scores = gen.Measure2D{}, gen.Scores2D{}
	})
	g.usePoints(g.State().Data, r.points, g.State().Density)
	g.settle()
	if err := g.begin(); err != nil {
		return err
	}
	if g.o.Steps > 0 {
		return nil
	}
	return g.show(ctx, true)
}

// begin makes the present moment the oldest that can be gone back to: what came before had other data or
// nets.
func (g *GAN2D) begin() error {
	if err := g.run.game.Fix(g.run.fixed); err != nil {
		return err
	}
	return g.run.past.begin(g.run.game, g.run.step)
}

// move makes one move of the game and of its ghost.
func (g *GAN2D) move(ctx context.Context, m GAN2DMove) error {
	r := &g.run
	r.past.cut(r.step)
	if err := g.step(ctx, r.game, m); err != nil {
		var d *gen.Diverged2D
		if errors.As(err, &d) {
			return errors.Join(fmt.Errorf("step %d: %w", r.step+1, err), g.return2D(ctx))
		}
		return err
	}
	if err := r.past.add(r.game, m); err != nil {
		return err
	}
	r.step++
	r.rate.add()
	s := r.game.Scores()
	g.point("loss D", s.LossD)
	g.point("loss G", s.LossG)
	g.mu.Lock()
	g.st.Last = m
	g.mu.Unlock()
	return g.moveGhost(ctx, m)
}

// return2D puts a game whose weights are lost to the moment before.
func (g *GAN2D) return2D(ctx context.Context) error {
	return g.run.past.restore(ctx, g.run.game, g.run.step, g.step)
}

// step makes a move of a game on real points, which follow from the seed and the game's clock.
func (g *GAN2D) step(ctx context.Context, game *gen.Game2D, m GAN2DMove) error {
	c := game.Config()
	if n := 2 * c.Batch; cap(g.run.batch) < n {
		g.run.batch = make([]float32, n)
	}
	x := g.run.batch[:2*c.Batch]
	if m != MoveG {
		n := c.DSteps
		if m == MoveD {
			n = 1
		}
		for range n {
			g.run.points.Fill(game.Seed(), uint64(game.Clock().D), x)
			if err := game.StepD(ctx, x); err != nil {
				return err
			}
		}
	}
	if m == MoveD {
		return nil
	}
	g.run.points.Fill(game.Seed(), batchesG+uint64(game.Clock().G), x)
	return game.StepG(ctx, x)
}

// show looks at the game, if it is time or must be, and publishes what is seen.
func (g *GAN2D) show(ctx context.Context, must bool) error {
	r := &g.run
	if !must {
		if g.o.Steps > 0 {
			return nil
		}
		// A look takes at most a fifth of the time.
		if since := time.Since(r.seen); since < lookEvery || since < 5*r.looks {
			return nil
		}
	}
	begin := time.Now()
	look, err := r.game.Look(ctx)
	if err != nil {
		return err
	}
	m := gen.MeasurePoints(r.real, r.points.Modes, look.Fakes)
	push := middlePush(look.Arrows)
	if r.step == r.past.last() { // what was taken back stays in the chart until another move is made
		g.point("KL", m.KL)
		g.point("JS", m.JS)
	}
	ghost, err := g.lookGhost(ctx)
	if err != nil {
		return err
	}
	g.change(func(st *GAN2DState) {
		st.Step, st.Oldest, st.Newest = r.step, r.past.first, r.past.last()
		st.Clock, st.Scores, st.Measure, st.Push = r.game.Clock(), r.game.Scores(), m, push
		st.Look, st.Rate, st.Elapsed = look, r.rate.rate(), time.Since(r.began)
		st.Looked++
		st.Series, st.Ghost = collected(r.order, r.series), ghost
	})
	r.looks, r.seen, r.shown = time.Since(begin), begin, r.step
	return nil
}

// joinPairs writes settings as a sentence has them: "loss relativistic, g.lr 1e-3".
func joinPairs(pairs []string) string {
	return strings.ReplaceAll(strings.Join(pairs, ", "), "=", " ")
}

// withPair is a game with a setting given as key=value.
func withPair(c gen.GAN2D, pair string) (gen.GAN2D, error) {
	key, value, ok := strings.Cut(pair, "=")
	if !ok {
		return c, fmt.Errorf("setting %q: want key=value, such as g.lr=1e-3", pair)
	}
	return c.With(strings.TrimSpace(key), strings.TrimSpace(value))
}
