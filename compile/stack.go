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
	u.stacks = u.prog.Stacks(rows, u.after, func(q *fuse.Piece) bool {
		return slices.ContainsFunc(q.Out, func(v ir.Value) bool { _, over := u.inPlace[v]; return over })
	})
	return nil
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
	bufs := u.stackBufs(t, &p)
	at := map[ir.Value]int{}
	for i, v := range append(append([]ir.Value(nil), p.in...), p.out...) {
		at[v] = i
	}
	block, blocks := 1, 1
	if t.Lead > 0 {
		block = u.block(t, bufs)
		blocks = t.Rows / block
	}
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
		plan, err := schedule.Stack(p.title, blocks, bufs, stages, u.machine)
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

// stackBufs lists the buffers of a stack: what it reads from elsewhere, then what it gives.
func (u *unit) stackBufs(t *fuse.Stack, p *planned) []loop.Buf {
	given, seen := map[ir.Value]bool{}, map[ir.Value]bool{}
	for _, q := range t.Pieces {
		for _, v := range q.Out {
			given[v] = true
		}
	}
	var bufs []loop.Buf
	buf := func(name string, n int, v ir.Value, r loop.Role) {
		ty := u.prog.Types[v]
		bufs = append(bufs, loop.Buf{Name: fmt.Sprintf("%s%d", name, n), DType: ty.DType, Elems: ty.Elems(), Role: r})
	}
	for _, q := range t.Pieces {
		for _, v := range q.In {
			if !given[v] && !seen[v] {
				seen[v] = true
				buf("x", len(p.in), v, loop.In)
				p.in = append(p.in, v)
			}
		}
	}
	for _, q := range t.Pieces {
		for _, v := range q.Out {
			buf("y", len(p.out), v, loop.Out)
			p.out = append(p.out, v)
		}
	}
	return bufs
}

// block is how many rows one iteration takes: a divisor of their number.
func (u *unit) block(t *fuse.Stack, bufs []loop.Buf) int {
	bytes := 0
	for _, b := range bufs {
		bytes += b.Elems * b.DType.Size()
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
