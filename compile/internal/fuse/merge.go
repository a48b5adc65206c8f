package fuse

import (
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
			if u != q && p.canEpilogue(q, u) && !p.depends(q, u, false) {
				p.join(q, u)
				return true
			}
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

// canEpilogue reports whether u can become further outputs of q: both run over
// the same axes, and u reads q's results at its own coordinates only.
func (p *Program) canEpilogue(q, u *Piece) bool {
	if u.C.Body != nil || !ir.SameShape(q.C.Axes, u.C.Axes) || !small(q, u) {
		return false
	}
	return p.identity(u, q.Out)
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
	outs := append([]*expr.Expr(nil), q.C.Outs...)
	read := expr.Memo(func(e *expr.Expr) *expr.Expr {
		if e.Op != expr.Load {
			return nil
		}
		if r := result[u.In[e.I]]; r != nil {
			return r
		}
		f := *e
		f.I += int64(base)
		return &f
	})
	for _, o := range u.C.Outs {
		outs = append(outs, read(o))
	}
	c.Outs = outs
	c.Out = append(append([]ir.DType(nil), q.C.Out...), u.C.Out...)
	c.Name = join(q.C.Name, u.C.Name)
	n := &Piece{C: &c, In: in, Out: append(append([]ir.Value(nil), q.Out...), u.Out...)}
	n.Notes = append(append(append(n.Notes, q.Notes...), u.Notes...), "joined "+u.C.Name)
	u.gone = true
	*q = *n
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
