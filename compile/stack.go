package compile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mllab/compile/internal/fuse"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
)

// stack puts pieces that work on the same rows into one kernel, where a thread has
// enough rows to go round. On a GPU a row has a thread of its own, which would do all
// of it alone: pieces stay as they are there.
func (u *unit) stack() error {
	if u.machine.Kind == loop.GPU {
		for _, q := range u.prog.Pieces {
			u.stacks = append(u.stacks, &fuse.Stack{Pieces: []*fuse.Piece{q}})
		}
		return nil
	}
	rows := rowsEach * max(u.machine.Threads, 1)
	if u.machine.Threads <= 1 {
		rows = 1
	}
	overwrites := func(q *fuse.Piece) bool {
		return slices.ContainsFunc(q.Out, func(v ir.Value) bool { _, over := u.inPlace[v]; return over })
	}
	u.stacks = u.prog.Stacks(rows, u.after, overwrites, u.whole)
	return nil
}

// whole reports whether the schedule of a piece is one kernel, as a stage's has to be,
// beside those that pack what all rows read.
func (u *unit) whole(q *fuse.Piece) bool {
	c := schedule.Collapse(q.C)
	s, _ := u.steps(c, u.machine)
	p, err := schedule.Apply(c, s.Alone(), u.machine)
	if err != nil {
		return false
	}
	packed, ok := p.Packed()
	aligned, rows := q.C.AlignedRows(1)
	return ok && rows && !slices.ContainsFunc(packed, func(operand int) bool { return aligned[operand] })
}

// rowsEach is how many rows a thread should have at least, so that it can give some of
// them to one that is done.
const rowsEach = 4

// blockBytes is how much memory a block of rows should touch: it fits the first cache,
// and handing a block out costs little beside it.
const blockBytes = 1 << 14

// planStack decides the loops of a stack: of one kernel if that can be, else one for
// each piece.
func (u *unit) planStack(t *fuse.Stack) ([]planned, error) {
	var apart []string
	if len(t.Pieces) > 1 {
		p, err := u.together(t)
		if err == nil {
			return []planned{p}, nil
		}
		if !errors.Is(err, target.ErrRejected) && !errors.Is(err, schedule.ErrStack) {
			return nil, fmt.Errorf("%s: %w", t.Pieces[0].C.Name, err)
		}
		apart = []string{fmt.Sprintf("no stage after all: %v", err)}
	}
	var all []planned
	for _, q := range t.Pieces {
		p, err := u.plan(q)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.C.Name, err)
		}
		p.notes = append(slices.Clone(p.notes), apart...)
		if len(t.Pieces) == 1 {
			p.notes = t.Notes()
		}
		all = append(all, p)
	}
	return all, nil
}

// together makes one kernel of a stack.
func (u *unit) together(t *fuse.Stack) (planned, error) {
	p := planned{title: t.Name(), pieces: t.Pieces, lead: t.Lead, notes: t.Notes()}
	p.in, p.out = ends(t)
	block, blocks := 1, 1
	if t.Lead > 0 {
		block = u.block(t, slices.Concat(p.in, p.out))
		blocks = t.Rows / block
	}
	var bufs, within []loop.Buf
	for i, v := range t.Within {
		within = append(within, u.buf("t", i, v, blocks, loop.Out))
	}
	waiting, run := t.Within, schedule.RunOf(blocks, within, u.machine)
	if run == 1 {
		waiting, within = nil, nil
	}
	p.out = slices.DeleteFunc(p.out, func(v ir.Value) bool { return slices.Contains(waiting, v) })
	at := map[ir.Value]int{}
	for i, v := range slices.Concat(p.in, p.out, waiting) {
		at[v] = i
	}
	for i, v := range p.in {
		bufs = append(bufs, u.buf("x", i, v, 1, loop.In))
	}
	for i, v := range p.out {
		bufs = append(bufs, u.buf("y", i, v, 1, loop.Out))
	}
	bufs = append(bufs, within...)
	m := u.machine
	m.Threads = 1
	for {
		var stages []schedule.Stage
		var steps []string
		fixed := false // a schedule was chosen by the caller of Compile
		for _, q := range t.Pieces {
			st, err := stage(q, t.Lead, block)
			if err != nil {
				return p, err
			}
			c := st.C
			s, chosen := u.steps(c, m)
			fixed = fixed || chosen
			st.S = s.Alone()
			for _, v := range append(append([]ir.Value(nil), q.In...), q.Out...) {
				st.Args = append(st.Args, at[v])
			}
			stages, steps = append(stages, st), append(steps, st.S.String())
		}
		p.steps = strings.Join(steps, " | ")
		if t.Lead > 0 {
			p.steps = fmt.Sprintf("%d rows by %d: %s", t.Rows, block, p.steps)
		}
		plan, err := schedule.Stack(p.title, blocks, run, bufs, len(within), stages, u.machine)
		if err == nil {
			p.kernels = nil
			err = u.compile(&p, plan)
		}
		if err == nil || !errors.Is(err, target.ErrRejected) || fixed || m.Registers <= leastRegisters {
			return p, err
		}
		m.Registers -= 2
	}
}

// stage is a piece as a stage: what it does for a block of rows, or all of it.
func stage(q *fuse.Piece, lead, block int) (schedule.Stage, error) {
	if lead == 0 {
		return schedule.Stage{C: schedule.Collapse(q.C), Moves: make([]int, len(q.In)+len(q.Out))}, nil
	}
	r, ok := q.C.RowsOf(lead, block)
	if !ok {
		return schedule.Stage{}, fmt.Errorf("%s: no rows of %d axes", q.C.Name, lead)
	}
	return schedule.Stage{C: schedule.Collapse(r.C), Moves: schedule.Part(r)}, nil
}

// ends are the values that a stack reads from elsewhere, and those that it gives.
func ends(t *fuse.Stack) (in, out []ir.Value) {
	for _, q := range t.Pieces {
		out = append(out, q.Out...)
	}
	for _, q := range t.Pieces {
		for _, v := range q.In {
			if !slices.Contains(out, v) && !slices.Contains(in, v) {
				in = append(in, v)
			}
		}
	}
	return in, out
}

// buf is the buffer of a value, or of one of several parts of it.
func (u *unit) buf(name string, i int, v ir.Value, parts int, r loop.Role) loop.Buf {
	ty := u.prog.Types[v]
	return loop.Buf{Name: fmt.Sprintf("%s%d", name, i), DType: ty.DType, Elems: ty.Elems() / parts, Role: r}
}

// block is how many rows one iteration takes: a divisor of their number.
func (u *unit) block(t *fuse.Stack, values []ir.Value) int {
	bytes := 0
	for _, v := range values {
		bytes += u.prog.Types[v].Elems() * u.prog.Types[v].DType.Size()
	}
	best := 1
	for n := 2; n <= t.Rows; n++ {
		enough := u.machine.Threads <= 1 || t.Rows/n >= rowsEach*u.machine.Threads
		if t.Rows%n == 0 && enough && bytes/t.Rows*n <= blockBytes {
			best = n
		}
	}
	return best
}

// stackText lists the stacks, and why they are not larger.
func stackText(u *unit) string {
	var b strings.Builder
	for _, t := range u.stacks {
		fmt.Fprintf(&b, "%s\n", t)
		for _, why := range t.Apart {
			fmt.Fprintf(&b, "  -- %s\n", why)
		}
	}
	return b.String()
}
