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
// block of rows. An operand that every block reads whole may be packed, before all.
type Stage struct {
	C     *expr.Compute // of one block
	S     Schedule      // its loops; none is parallel, since the blocks are
	Args  []int         // the kernel's buffer of each operand and of each output
	Moves []int         // how many elements these are further on in the next block
}

// Stack makes one kernel of stages: for every block, in parallel, what each of them
// does, in their order. A stage may read what one before it has written for the same
// block. The buffers are those of the whole, but for the last, within, which are of a
// block and hold what only the stages read: they become scratch memory of a block for
// each run of blocks, as RunOf gives it; 1 without such buffers. The error is ErrStack
// where a stage cannot stand in a kernel as it is scheduled.
func Stack(name string, blocks, run int, bufs []loop.Buf, within int, stages []Stage, m loop.Machine) (*Plan, error) {
	n := &loop.Nest{Name: name, Bufs: slices.Clone(bufs)}
	top := &loop.For{N: blocks, Kind: loop.Parallel}
	if blocks > 1 {
		n.Vars = []string{"block"}
	}
	plan := &Plan{}
	strides := make([]int, len(bufs))
	for i := len(bufs) - within; i < len(bufs); i++ {
		to := &n.Bufs[i]
		strides[i] = (to.Elems + 15) / 16 * 16
		to.Elems = blocks / run * strides[i]
		plan.Scratch = append(plan.Scratch, (to.Elems*to.DType.Size()+3)/4)
	}
	if run > 1 {
		top.Run = run
	}
	for i, s := range stages {
		p, err := Apply(s.C, s.S, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", s.C.Name, ErrStack, err)
		}
		packed, ok := p.Packed()
		if !ok || p.Kernels[len(packed)].Nest.Top() != nil {
			return nil, fmt.Errorf("%s: %q: %w", s.C.Name, s.S, ErrStack)
		}
		s.Args, s.Moves = slices.Clone(s.Args), slices.Clone(s.Moves)
		for k, operand := range packed {
			if s.Moves[operand] != 0 || bufs[s.Args[operand]].Role != loop.In {
				return nil, fmt.Errorf("%s: %q packs what its block reads: %w", s.C.Name, s.S, ErrStack)
			}
			copied := p.Kernels[k].Nest
			s.Args, s.Moves = append(s.Args, len(n.Bufs)), append(s.Moves, 0)
			plan.Kernels = append(plan.Kernels, Kernel{copied, []int{s.Args[operand], len(n.Bufs)}})
			plan.Scratch = append(plan.Scratch, p.Scratch[k])
			to := copied.Bufs[1]
			n.Bufs = append(n.Bufs, loop.Buf{Name: fmt.Sprintf("s%d", len(n.Bufs)), DType: to.DType, Elems: to.Elems})
			strides = append(strides, 0)
		}
		main := p.Kernels[len(packed)]
		w := stacker{nest: n, from: main.Nest, vars: len(n.Vars), locals: len(n.Locals), many: blocks > 1, run: run,
			strides: strides}
		for _, a := range main.Args {
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
	args := make([]int, len(n.Bufs))
	for i := range args {
		args[i] = i
	}
	plan.Kernels = append(plan.Kernels, Kernel{n, args})
	return plan, nil
}

// Packed lists the operands that are packed, each by a kernel of its own, before the one
// kernel of the rest. It reports false where there are other kernels.
func (p *Plan) Packed() (operands []int, ok bool) {
	if len(p.Kernels) != len(p.Scratch)+1 {
		return nil, false
	}
	for _, k := range p.Kernels[:len(p.Scratch)] {
		if len(k.Args) != 2 {
			return nil, false
		}
		operands = append(operands, k.Args[0])
	}
	return operands, true
}

// RunOf is how many of all blocks, a divisor of them, one thread does in turn, so that
// what waits between their stages, the buffers within of a block, can lie in the same
// place, in the thread's cache: 1 where there is little of it, or where the runs would be
// too few to share.
func RunOf(blocks int, within []loop.Buf, m loop.Machine) int {
	bytes := 0
	for _, b := range within {
		bytes += b.Elems * b.DType.Size()
	}
	threads := max(m.Threads, 1)
	slots := divisor(blocks, 4*threads)
	switch {
	case bytes*blocks <= m.L2/4:
		return 1
	case threads == 1:
		return blocks
	case slots < 2*threads:
		return 1
	}
	return blocks / slots
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
	run          int   // blocks that one thread does in turn
	strides      []int // by buffer of the kernel: how far the parts of runs lie apart; 0: it is no scratch memory
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
	if stride := w.strides[w.bufs[b]]; stride > 0 {
		return expr.Plus(expr.Times(expr.Bin(expr.Div, expr.At(0), expr.Int(w.run)), expr.Int(stride)), index)
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
