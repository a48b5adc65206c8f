package gen

import (
	"context"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// Judge is a net with a discriminator.
type Judge interface {
	Net
	// Scores gives the discriminator's scores f32 [n] of pictures x, f32 [n H W C] in [0,1],
	// and of as many drawn ones, which it gives too. Real pictures should have higher scores.
	Scores(s *nn.Scope, n int, x ir.Value) (real, fake, drawn ir.Value)
}

// Scorer asks a discriminator about real and drawn pictures. While the net trains, Run
// must run inside the loop's Do.
type Scorer struct {
	prog              *engine.Program
	x, rng            *engine.Tensor
	real, fake, drawn *engine.Tensor
}

// NewScorer compiles the scores of n real pictures and n drawn ones. They are those of
// the parameters that play, not of averaged ones. Close frees it.
func NewScorer(ctx context.Context, eng *engine.Engine, net Judge, d DataInfo, st *train.State,
	n int) (*Scorer, error) {
	prog, err := eng.Program(ctx, "scores", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		real, fake, drawn := net.Scores(s, n, train.NewBatch(s, n, d.H, d.W, d.C).X())
		b.Output("real", real)
		b.Output("fake", fake)
		b.Output("drawn", drawn)
	})
	if err != nil {
		return nil, err
	}
	c := &Scorer{prog: prog}
	for label, t := range map[string]**engine.Tensor{
		train.InputX: &c.x, nn.RandomIn: &c.rng, "real": &c.real, "fake": &c.fake, "drawn": &c.drawn,
	} {
		if *t, err = prog.Tensor(label); err != nil {
			prog.Close()
			return nil, err
		}
	}
	return c, nil
}

// Run gives the scores of real pictures x, n*H*W*C float32 in [0,1], and of n drawn
// ones, with these. Noise is the same in every run.
func (c *Scorer) Run(ctx context.Context, x []float32) (real, fake []float32, drawn Points, err error) {
	state := randomState(1, 0)
	if err = engine.Write(c.x, x); err == nil {
		err = engine.Write(c.rng, state[:])
	}
	if err == nil {
		err = c.prog.Run(ctx)
	}
	for t, v := range map[*engine.Tensor]*[]float32{c.real: &real, c.fake: &fake, c.drawn: &drawn.Values} {
		if err == nil {
			*v, err = t.Float32()
		}
	}
	drawn.N = len(real)
	drawn.D = len(drawn.Values) / max(1, drawn.N)
	return real, fake, drawn, err
}

// Close frees the program.
func (c *Scorer) Close() { c.prog.Close() }
