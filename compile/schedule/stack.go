package schedule

import (
	"errors"
	"fmt"
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// ErrStack says that a stage cannot stand in one kernel with others as it is scheduled.
var ErrStack = errors.New("needs a kernel of its own")

// Stage is one Compute of several in a kernel, which run one after the other for each
// block of rows.
type Stage struct {
	C     *expr.Compute // of one block
	S     Schedule      // its loops; none is parallel, since the blocks are
	Args  []int         // the kernel's buffer of each operand and of each output
	Moves []int         // how many elements these are further on in the next block
}

// Stack makes one kernel of stages: for every block, in parallel, what each of them
// does, in their order. A stage may read what one before it has written for the same
// block. The buffers are those of the whole.
func Stack(name string, blocks int, bufs []loop.Buf, stages []Stage, m loop.Machine) (*Plan, error) {
	n := &loop.Nest{Name: name, Bufs: bufs}
	top := &loop.For{N: blocks, Kind: loop.Parallel}
	if blocks > 1 {
		n.Vars = []string{"block"}
	}
	for i, s := range stages {
		p, err := Apply(s.C, s.S, m)
		if err != nil {
			return nil, err
		}
		if len(p.Kernels) != 1 || len(p.Scratch) > 0 || p.Kernels[0].Nest.Top() != nil {
			return nil, fmt.Errorf("%s: %q: %w", s.C.Name, s.S, ErrStack)
		}
		w := stacker{nest: n, from: p.Kernels[0].Nest, vars: len(n.Vars), locals: len(n.Locals), many: blocks > 1}
		for _, a := range p.Kernels[0].Args {
			w.bufs, w.moves = append(w.bufs, s.Args[a]), append(w.moves, s.Moves[a])
		}
		for _, v := range w.from.Vars {
			n.Vars = append(n.Vars, fmt.Sprintf("%s_%d", v, i))
		}
		n.Locals = append(n.Locals, w.from.Locals...)
		w.expr = expr.Memo(w.leaf)
		top.Body = append(top.Body, w.body(w.from.Body)...)
	}
	n.Body = top.Body
	if blocks > 1 {
		n.Body = []loop.Stmt{top}
	}
	if err := n.Verify(); err != nil {
		return nil, err
	}
	args := make([]int, len(bufs))
	for i := range args {
		args[i] = i
	}
	return &Plan{Kernels: []Kernel{{n, args}}}, nil
}

// Alone is a schedule without the parallel loops, for a Stage.
func (s Schedule) Alone() Schedule {
	return slices.DeleteFunc(slices.Clone(s), func(t Step) bool { return t.Op == Parallel })
}

// stacker moves the statements of one stage's nest into the kernel's.
type stacker struct {
	nest, from   *loop.Nest
	bufs, moves  []int // by buffer of from
	vars, locals int   // where this stage's begin
	many         bool  // variable 0 is the block
	expr         func(*expr.Expr) *expr.Expr
}

func (w *stacker) leaf(e *expr.Expr) *expr.Expr {
	switch e.Op {
	case expr.Axis:
		return expr.At(int(e.I) + w.vars)
	case expr.Local:
		f := *e
		f.I += int64(w.locals)
		return &f
	case expr.Load:
		f := *e
		f.I, f.Args = int64(w.bufs[e.I]), []*expr.Expr{w.moved(int(e.I), e.Args[0])}
		return &f
	}
	return nil
}

// moved is an index into buffer b of the stage, which counts from the block's part.
func (w *stacker) moved(b int, index *expr.Expr) *expr.Expr {
	if !w.many || w.moves[b] == 0 {
		return index
	}
	return expr.Plus(expr.Times(expr.At(0), expr.Int(w.moves[b])), index)
}

func (w *stacker) body(list []loop.Stmt) []loop.Stmt {
	var out []loop.Stmt
	index := func(in []*expr.Expr) []*expr.Expr {
		to := make([]*expr.Expr, len(in))
		for i, e := range in {
			to[i] = w.expr(e)
		}
		return to
	}
	for _, s := range list {
		switch s := s.(type) {
		case *loop.For:
			f := *s
			f.Var += w.vars
			f.Body, f.Last = w.body(s.Body), w.body(s.Last)
			out = append(out, &f)
		case *loop.Store:
			out = append(out, &loop.Store{
				Buf: w.bufs[s.Buf], Index: w.moved(s.Buf, w.expr(s.Index)), Value: w.expr(s.Value),
			})
		case *loop.Set:
			out = append(out, &loop.Set{Local: s.Local + w.locals, Index: index(s.Index), Value: w.expr(s.Value)})
		case *loop.Accum:
			out = append(out, &loop.Accum{
				Local: s.Local + w.locals, Index: index(s.Index), Comb: s.Comb, Value: w.expr(s.Value),
			})
		}
	}
	return out
}

// Part is how many elements of each logical buffer of a Rows one block takes: 0 for an
// operand that every block reads whole.
func Part(r expr.Rows) []int {
	var moves []int
	for i, t := range r.C.In {
		n := 0
		if r.Aligned[i] {
			n = t.Elems()
		}
		moves = append(moves, n)
	}
	for range r.C.Out {
		moves = append(moves, ir.Elems(r.C.Axes))
	}
	return moves
}
