package fuse

import (
	"fmt"
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Producer is the piece that gives a value, or nil for an input.
func (p *Program) Producer(v ir.Value) *Piece { return p.index().from[v] }

// Readers are the pieces that read a value.
func (p *Program) Readers(v ir.Value) []*Piece { return slices.Clone(p.index().users[v]) }

// OwnElements reports whether a piece may write its results into the memory of
// value x: it reads x, if at all, outside reductions and only at its own coordinates.
func (p *Program) OwnElements(q *Piece, x ir.Value) bool {
	if q.C.Body != nil && readsInBody(q, x) {
		return false
	}
	return p.identity(q, []ir.Value{x})
}

// Reaches reports whether b must come after a, by data or by the given order
// (piece -> pieces that come before it).
func (p *Program) Reaches(a, b *Piece, after map[*Piece]map[*Piece]bool) bool {
	from := p.index().from
	seen := map[*Piece]bool{}
	var back func(x *Piece) bool
	back = func(x *Piece) bool {
		if x == a {
			return true
		}
		if seen[x] {
			return false
		}
		seen[x] = true
		for _, v := range x.In {
			if f := from[v]; f != nil && back(f) {
				return true
			}
		}
		for r := range after[x] {
			if back(r) {
				return true
			}
		}
		return false
	}
	return back(b)
}

// Order sorts the pieces by data and by the given order, stably.
func (p *Program) Order(after map[*Piece]map[*Piece]bool) error {
	from := p.index().from
	before := func(set map[*Piece]bool, visit func(*Piece) error) error {
		if len(set) == 0 {
			return nil
		}
		for _, r := range p.Pieces { // in list order, so that the result is the same each time
			if !set[r] {
				continue
			}
			if err := visit(r); err != nil {
				return err
			}
		}
		return nil
	}
	state := map[*Piece]int{}
	var out []*Piece
	var visit func(q *Piece) error
	visit = func(q *Piece) error {
		if state[q] == 1 {
			return fmt.Errorf("order: %s would have to run before itself", q.C.Name)
		}
		if state[q] == 2 {
			return nil
		}
		state[q] = 1
		for _, v := range q.In {
			if f := from[v]; f != nil {
				if err := visit(f); err != nil {
					return err
				}
			}
		}
		if err := before(after[q], visit); err != nil {
			return err
		}
		state[q] = 2
		out = append(out, q)
		return nil
	}
	for _, q := range p.Pieces {
		if err := visit(q); err != nil {
			return err
		}
	}
	p.Pieces = out
	return nil
}

// Loads reports whether output i reads value x.
func (q *Piece) Loads(i int, x ir.Value) bool {
	found := false
	expr.Walk(q.C.Outs[i], func(e *expr.Expr) { found = found || e.Op == expr.Load && q.In[e.I] == x })
	return found
}

// Reorder puts the outputs in another order.
func (q *Piece) Reorder(to []int) {
	c := *q.C
	c.Outs, c.Out = make([]*expr.Expr, len(to)), make([]ir.DType, len(to))
	out := make([]ir.Value, len(to))
	for i, j := range to {
		c.Outs[i], c.Out[i], out[i] = q.C.Outs[j], q.C.Out[j], q.Out[j]
	}
	q.C, q.Out = &c, out
}
