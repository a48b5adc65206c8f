package fuse

import (
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// merge joins pieces over the same axes: an elementwise piece that reads a
// result at its own coordinates becomes a further output of the piece that
// gives it (an epilogue, for a reduction), and elementwise pieces that read the
// same operands become one with several outputs.
func (p *Program) merge() error {
	for changed := true; changed; {
		changed = false
		for _, q := range p.Pieces {
			for !q.gone && p.epilogue(q) {
				changed = true
			}
		}
		p.sweep()
		if err := p.sortPieces(); err != nil {
			return err
		}
	}
	return p.mergeSiblings()
}

// epilogue joins one reader of q's results to q, if one can be.
func (p *Program) epilogue(q *Piece) bool {
	for _, v := range q.Out {
		for _, u := range p.index().users[v] {
			if u == q || !p.alike(q, u) || p.depends(q, u, false) {
				continue
			}
			if p.heavy(q, u) {
				continue
			}
			p.join(q, u)
			return true
		}
	}
	return false
}

// mergeSiblings joins elementwise pieces that share operands and do not depend
// on each other.
func (p *Program) mergeSiblings() error {
	for changed := true; changed; {
		changed = false
		for _, a := range p.Pieces {
			for !a.gone && p.sibling(a) {
				changed = true
			}
		}
		p.sweep()
		if err := p.sortPieces(); err != nil {
			return err
		}
	}
	return nil
}

// sibling joins one other elementwise piece that reads an operand of a's to a,
// if one can be.
func (p *Program) sibling(a *Piece) bool {
	if a.C.Body != nil || ir.Elems(a.C.Axes) == 1 {
		return false
	}
	for _, v := range a.In {
		for _, b := range p.index().users[v] {
			if b == a || b.C.Body != nil || !ir.SameShape(a.C.Axes, b.C.Axes) || !small(a, b) {
				continue
			}
			if p.identity(b, a.In) && p.identity(a, b.In) && !p.depends(a, b, true) && !p.depends(b, a, true) {
				p.join(a, b)
				return true
			}
		}
	}
	return false
}

func small(a, b *Piece) bool {
	return nodes(a.C)+nodes(b.C) <= maxNodes && buffers(a.In, b.In, a.Out, b.Out) <= maxBufs
}

// canEpilogue reports whether u can become further outputs of q, and should.
func (p *Program) canEpilogue(q, u *Piece) bool { return p.alike(q, u) && !p.heavy(q, u) }

// alike reports whether u can become further outputs of q: both run over the same
// axes, or q over parts of u's, and u reads q's results at its own coordinates only.
func (p *Program) alike(q, u *Piece) bool {
	if u.C.Body != nil || !small(q, u) {
		return false
	}
	if _, ok := refine(u.C.Axes, q.C.Axes); !ok {
		return false
	}
	return p.identity(u, q.Out)
}

// epilogueOps is how much arithmetic an element a reduction's epilogue may take. It
// runs while the tile of results occupies the registers, so much of it is slower
// there than in a kernel of its own; an activation, 10 and a few, is not too much.
const epilogueOps = 15

// heavyElems is the size from which an epilogue's traffic counts.
const heavyElems = 1 << 14

// heavy reports whether u is better on its own than as the epilogue of a reduction q:
// it computes much, or reads two large operands or more besides q's results.
func (p *Program) heavy(q, u *Piece) bool {
	if q.C.Body == nil {
		return false
	}
	for _, o := range u.C.Outs {
		if costOf(o).ops > epilogueOps {
			return true
		}
	}
	elems, large := ir.Elems(q.C.Axes), 0
	for _, v := range u.In {
		if !slices.Contains(q.Out, v) && p.Types[v].Elems() == elems {
			large++
		}
	}
	return elems >= heavyElems && large > 1
}

// refine writes coordinates of a shape as expressions of the axes of another that
// has the same elements in the same order, with some dimensions cut in several, such
// as [n h a w b k] of a convolution by phases for [n h*a w*b k].
func refine(shape, axes []int) ([]*expr.Expr, bool) {
	at := make([]*expr.Expr, len(shape))
	next := 0
	for d, n := range shape {
		at[d] = expr.Int(0)
		for k := 1; k != n; next++ {
			if next == len(axes) || axes[next] < 1 || k > n {
				return nil, false
			}
			if axes[next] > 1 {
				at[d] = expr.Plus(expr.Times(at[d], expr.Int(axes[next])), expr.At(next))
				k *= axes[next]
			}
		}
	}
	for ; next < len(axes); next++ {
		if axes[next] != 1 {
			return nil, false
		}
	}
	return at, true
}

// identity reports whether a piece reads the given values only at its own
// coordinates, whole and without a predicate.
func (p *Program) identity(u *Piece, values []ir.Value) bool {
	of := map[ir.Value]bool{}
	for _, v := range values {
		of[v] = true
	}
	ok := true
	for _, r := range u.C.Roots() {
		expr.Walk(r, func(e *expr.Expr) {
			if e.Op == expr.Load && of[u.In[e.I]] {
				ok = ok && ownElement(u.C, e)
			}
		})
	}
	return ok
}

// ownElement reports whether a load is of the element at the Compute's own coordinates.
func ownElement(c *expr.Compute, e *expr.Expr) bool {
	shape := c.In[e.I].Shape
	if e.Pred != nil || !ir.SameShape(shape, c.Axes) || len(e.Args) != len(shape) {
		return false
	}
	for d, a := range e.Args {
		own := a.Op == expr.Axis && int(a.I) == d || shape[d] == 1 && a.Op == expr.Const && a.I == 0
		if !own {
			return false
		}
	}
	return true
}

// join makes u's outputs further outputs of q, and drops results of q that
// nothing else reads.
func (p *Program) join(q, u *Piece) {
	p.change(func() { p.append(q, u) }, q, u)
	p.change(func() { *q = *normal(p.dropUnread(q)) }, q)
}

func (p *Program) append(q, u *Piece) {
	base := len(q.In)
	result := map[ir.Value]*expr.Expr{}
	for i, v := range q.Out {
		result[v] = q.C.Outs[i]
	}
	c := *q.C
	c.In = append(append([]ir.Type(nil), q.C.In...), u.C.In...)
	in := append(append([]ir.Value(nil), q.In...), u.In...)
	for _, t := range u.C.In { // once more, for loads at q's coordinates
		c.In = append(c.In, ir.Type{DType: t.DType, Shape: q.C.Axes})
	}
	in = append(in, u.In...)
	outs := append([]*expr.Expr(nil), q.C.Outs...)
	at, _ := refine(u.C.Axes, q.C.Axes)
	own := ownIndex(q.C.Axes)
	// Loads at the own coordinates are marked by negative numbers while u's axes
	// become expressions of q's.
	mark := expr.Memo(func(e *expr.Expr) *expr.Expr {
		switch {
		case e.Op != expr.Load:
			return nil
		case ownElement(u.C, e):
			return &expr.Expr{Op: expr.Load, Type: e.Type, I: -1 - e.I}
		}
		f := *e
		f.I += int64(base)
		return &f
	})
	read := expr.Memo(func(e *expr.Expr) *expr.Expr {
		if e.Op != expr.Load || e.I >= 0 {
			return nil
		}
		k := int(-1 - e.I)
		if r := result[u.In[k]]; r != nil {
			return r
		}
		return expr.Get(base+len(u.In)+k, e.Type, own...)
	})
	for _, o := range u.C.Outs {
		outs = append(outs, read(expr.Subst(mark(o), at)))
	}
	c.Outs = outs
	c.Out = append(append([]ir.DType(nil), q.C.Out...), u.C.Out...)
	c.Name = join(q.C.Name, u.C.Name)
	n := &Piece{C: &c, In: in, Out: append(append([]ir.Value(nil), q.Out...), u.Out...)}
	n.Notes = append(append(append(n.Notes, q.Notes...), u.Notes...), "joined "+u.C.Name)
	u.gone = true
	*q = *n
}

// ownIndex is the index of a Compute's own coordinates.
func ownIndex(axes []int) []*expr.Expr {
	index := make([]*expr.Expr, len(axes))
	for i, n := range axes {
		index[i] = expr.At(i)
		if n == 1 {
			index[i] = expr.Int(0)
		}
	}
	return index
}

// dropUnread removes outputs that no other piece and no graph output needs.
func (p *Program) dropUnread(q *Piece) *Piece {
	users := p.index().users
	c := *q.C
	c.Outs, c.Out = nil, nil
	n := &Piece{C: &c, In: q.In, Notes: q.Notes}
	for i, v := range q.Out {
		if p.Keep[v] || len(users[v]) > 0 {
			n.Out = append(n.Out, v)
			c.Outs = append(c.Outs, q.C.Outs[i])
			c.Out = append(c.Out, q.C.Out[i])
		}
	}
	if len(n.Out) == 0 {
		return q
	}
	return n
}
