package gen

import (
	"context"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// Evaluator measures a net on examples that it was not trained on. While the net
// trains, Run must run inside the loop's Do.
type Evaluator struct {
	prog     *engine.Program
	batch    train.Batch
	x        *engine.Tensor
	labels   *engine.Tensor // nil where the net has no use for them
	tokens   *engine.Tensor
	rng      *engine.Tensor
	names    []string
	measures []*engine.Tensor
	xs       []float32
	ls, ts   []int32
	values   []float32
}

// NewEvaluator compiles the evaluation of a net whose parameters are in st, batch
// examples at once; averaged parameters are preferred. Close frees it.
func NewEvaluator(ctx context.Context, eng *engine.Engine, net Net, d DataInfo, st *train.State,
	batch int) (*Evaluator, error) {
	if batch < 1 {
		return nil, fmt.Errorf("evaluation of %d examples at once: want at least 1", batch)
	}
	e := &Evaluator{
		xs: make([]float32, batch*d.values()), ls: make([]int32, batch), values: make([]float32, batch),
	}
	prog, err := eng.Program(ctx, "evaluate", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Kind = st.Kind()
		e.batch = train.NewBatch(s, batch, d.H, d.W, d.C)
		for _, m := range net.Eval(s, e.batch) {
			if t := b.Type(m.Value); b.Err() == nil && !t.Equal(ir.Of(ir.F32, batch)) {
				b.Fail(fmt.Errorf("measure %s has type %s, want one value an example, [%d]", m.Name, t, batch))
			}
			e.names = append(e.names, m.Name)
			b.Output("measure."+m.Name, m.Value)
		}
	})
	if err != nil {
		return nil, err
	}
	e.prog = prog
	if err := e.find(); err != nil {
		prog.Close()
		return nil, err
	}
	return e, nil
}

func (e *Evaluator) find() error {
	for label, t := range map[string]**engine.Tensor{
		train.InputX: &e.x, train.InputLabels: &e.labels, train.InputTokens: &e.tokens,
		nn.RandomIn: &e.rng,
	} {
		if !e.prog.Takes(label) {
			continue
		}
		var err error
		if *t, err = e.prog.Tensor(label); err != nil {
			return err
		}
	}
	if e.tokens != nil {
		e.ts = make([]int32, e.tokens.Type().Elems())
	}
	for _, n := range e.names {
		t, err := e.prog.Tensor("measure." + n)
		if err != nil {
			return err
		}
		e.measures = append(e.measures, t)
	}
	return nil
}

// Run gives the mean of every measure over n examples, which read gives: it fills x
// and labels with the examples first, first+1, ..., as many as they hold, and tokens
// with their texts, which is nil where the net reads none. Noise is the same in every
// run.
func (e *Evaluator) Run(ctx context.Context, n int,
	read func(first int, x []float32, labels, tokens []int32) error) ([]train.Named, error) {
	if n < 1 {
		return nil, fmt.Errorf("evaluation: there are no test examples: raise the test fraction")
	}
	sums := make([]float64, len(e.names))
	for first := 0; first < n; first += e.batch.N {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		count := min(e.batch.N, n-first)
		if err := read(first, e.xs[:count*e.batch.Values()], e.ls[:count], e.ts[:len(e.ts)/e.batch.N*count]); err != nil {
			return nil, fmt.Errorf("evaluation: example %d: %w", first, err)
		}
		if err := e.step(ctx, first/e.batch.N); err != nil {
			return nil, err
		}
		for i, t := range e.measures {
			if err := engine.Read(t, e.values); err != nil {
				return nil, err
			}
			for _, v := range e.values[:count] {
				sums[i] += float64(v)
			}
		}
	}
	means := make([]train.Named, len(sums))
	for i, sum := range sums {
		means[i] = train.Named{Name: e.names[i], Value: sum / float64(n)}
	}
	return means, nil
}

// step runs the program on the batch in the buffers.
func (e *Evaluator) step(ctx context.Context, round int) error {
	if e.x != nil {
		if err := engine.Write(e.x, e.xs); err != nil {
			return err
		}
	}
	if e.labels != nil {
		if err := engine.Write(e.labels, e.ls); err != nil {
			return err
		}
	}
	if e.tokens != nil {
		if err := engine.Write(e.tokens, e.ts); err != nil {
			return err
		}
	}
	if e.rng != nil {
		state := randomState(0, round)
		if err := engine.Write(e.rng, state[:]); err != nil {
			return err
		}
	}
	return e.prog.Run(ctx)
}

// Program is the compiled evaluation.
func (e *Evaluator) Program() *engine.Program { return e.prog }

// Close frees the program.
func (e *Evaluator) Close() { e.prog.Close() }
