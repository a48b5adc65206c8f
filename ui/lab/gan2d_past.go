package lab

import (
	"context"
	"fmt"

	"mllab/gen"
)

const (
	// rewindSteps is how far a game can be taken back.
	rewindSteps = 200
	// snapEvery is the number of moves from one kept state to the next. Between them the moves are made
	// again, which gives the same bytes: nets of four layers of 128 then take 40 MB of memory, not 300.
	snapEvery = 8
)

// past is what a game remembers of its last moves: which they were, by what settings, and some states.
type past struct {
	first int // step of the oldest state
	moves []pastMove
	snaps []gen.State2D // of the steps first, first+snapEvery, ...
}

// pastMove leads from one step to the next.
type pastMove struct {
	kind   GAN2DMove
	config gen.GAN2D
}

// begin forgets all but the present.
func (p *past) begin(g *gen.Game2D, step int) error {
	s, err := g.State()
	p.first, p.moves, p.snaps = step, nil, []gen.State2D{s}
	return err
}

// last is the newest step that can be gone to.
func (p *past) last() int { return p.first + len(p.moves) }

// cut forgets what came after a step: another move is about to be made from there.
func (p *past) cut(step int) {
	n := step - p.first
	p.moves = p.moves[:n]
	p.snaps = p.snaps[:n/snapEvery+1]
}

// add remembers a move that was made.
func (p *past) add(g *gen.Game2D, kind GAN2DMove) error {
	p.moves = append(p.moves, pastMove{kind, g.Config()})
	if len(p.moves)%snapEvery == 0 {
		s, err := g.State()
		if err != nil {
			return err
		}
		p.snaps = append(p.snaps, s)
	}
	if len(p.moves) >= rewindSteps+snapEvery {
		p.moves = append([]pastMove(nil), p.moves[snapEvery:]...)
		p.snaps = append([]gen.State2D(nil), p.snaps[1:]...)
		p.first += snapEvery
	}
	return nil
}

// restore puts the game to a step: to the newest state before it, and the moves from there. The settings
// are then those that the game has now.
func (p *past) restore(ctx context.Context, g *gen.Game2D, step int,
	move func(context.Context, *gen.Game2D, GAN2DMove) error) error {
	now := g.Config()
	n := step - p.first
	if n < 0 || n > len(p.moves) {
		return fmt.Errorf("step %d is not remembered, only %d to %d are", step, p.first, p.last())
	}
	if err := g.Restore(p.snaps[n/snapEvery]); err != nil {
		return err
	}
	for _, m := range p.moves[n/snapEvery*snapEvery : n] {
		if err := g.Change(m.config); err != nil {
			return err
		}
		if err := move(ctx, g, m.kind); err != nil {
			return err
		}
	}
	return g.Change(now)
}

// rewind goes back or forth.
func (g *GAN2D) rewind(ctx context.Context, by int) error {
	r := &g.run
	to := max(r.past.first, min(r.step+by, r.past.last()))
	if to == r.step {
		return nil
	}
	if err := r.past.restore(ctx, r.game, to, g.step); err != nil {
		return err
	}
	r.step, r.half = to, 0
	return nil
}

// gan2dBranch is a ghost at work.
type gan2dBranch struct {
	game   *gen.Game2D
	step   int
	from   int
	series map[string]*Series
	order  []string
}

// fork leaves a ghost: a second game with the same weights, settings and seed, which from now on is moved
// along and never changed.
func (g *GAN2D) fork(ctx context.Context) error {
	r := &g.run
	g.dropGhost()
	g.change(func(st *GAN2DState) { st.Phase, st.Detail = Compiling, "a ghost" })
	defer g.settle()
	game, err := gen.NewGame2D(ctx, r.eng, r.game.Config(), r.game.Seed(), r.fixed)
	if err != nil {
		return err
	}
	s, err := r.game.State()
	if err == nil {
		err = game.Restore(s)
	}
	if err != nil {
		game.Close()
		return err
	}
	r.ghost = &gan2dBranch{game: game, step: r.step, from: r.step, series: map[string]*Series{}}
	g.told("forked: the ghost goes on with the settings of now", "")
	return nil
}

// moveGhost lets the ghost follow; where the game was taken back, it waits.
func (g *GAN2D) moveGhost(ctx context.Context, m GAN2DMove) error {
	b := g.run.ghost
	if b == nil || b.step >= g.run.step {
		return nil
	}
	if err := g.step(ctx, b.game, m); err != nil {
		g.dropGhost()
		return fmt.Errorf("the ghost ended: %w", err)
	}
	b.step++
	b.point("loss D", b.game.Scores().LossD)
	b.point("loss G", b.game.Scores().LossG)
	return nil
}

func (b *gan2dBranch) point(name string, v float64) {
	if addPoint(b.series, name, b.step, v) {
		b.order = append(b.order, name)
	}
}

// lookGhost is what is seen of the ghost, nil without one.
func (g *GAN2D) lookGhost(ctx context.Context) (*GAN2DGhost, error) {
	b := g.run.ghost
	if b == nil {
		return nil, nil
	}
	look, err := b.game.Look(ctx)
	if err != nil {
		return nil, err
	}
	m := gen.MeasurePoints(g.run.real, g.run.points.Modes, look.Fakes)
	b.point("KL", m.KL)
	b.point("JS", m.JS)
	return &GAN2DGhost{Step: b.step, From: b.from, Config: b.game.Config(), Scores: b.game.Scores(), Measure: m,
		Fakes: look.Fakes, Series: collected(b.order, b.series)}, nil
}

func (g *GAN2D) dropGhost() {
	if g.run.ghost != nil {
		g.run.ghost.game.Close()
		g.run.ghost = nil
	}
}
