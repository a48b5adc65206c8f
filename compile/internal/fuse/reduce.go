package fuse

import (
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// mergeReductions joins reductions over the same axes that read the same operand, such
// as the sums of x and of its squares, so that it is read once.
func (p *Program) mergeReductions() error {
	for _, a := range p.Pieces {
		for !a.gone && p.reduceTogether(a) {
		}
	}
	p.sweep()
	return p.sortPieces()
}

// reduceTogether joins one other reduction to a, if one can be.
func (p *Program) reduceTogether(a *Piece) bool {
	if a.C.Body == nil || !p.light(a) {
		return false
	}
	for _, v := range a.In {
		for _, b := range p.index().users[v] {
			if b == a || b.C.Body == nil || !ir.SameShape(a.C.Axes, b.C.Axes) || !ir.SameShape(a.C.Red, b.C.Red) {
				continue
			}
			if !p.light(b) || !p.reads(a, b, v) || !small(a, b) || p.depends(a, b, true) || p.depends(b, a, true) {
				continue
			}
			p.change(func() { appendReductions(a, b) }, a, b)
			return true
		}
	}
	return false
}

// reads reports whether the reductions of both pieces read value v, and it is most of
// what they read.
func (p *Program) reads(a, b *Piece, v ir.Value) bool {
	points := ir.Elems(a.C.Axes) * ir.Elems(a.C.Red)
	return 2*p.Types[v].Elems() >= points && readsInBody(a, v) && readsInBody(b, v)
}

// appendReductions makes b's reductions and outputs further ones of a.
func appendReductions(a, b *Piece) {
	base, first := len(a.In), len(a.C.Reductions())
	c := *a.C
	c.In = append(slices.Clone(a.C.In), b.C.In...)
	move := expr.Memo(func(e *expr.Expr) *expr.Expr {
		switch e.Op {
		case expr.Load:
			f := *e
			f.I += int64(base)
			return &f
		case expr.Acc:
			return expr.ReducedBy(int(e.I)+first, e.Type)
		}
		return nil
	})
	c.More = slices.Clone(a.C.More)
	for _, r := range b.C.Reductions() {
		c.More = append(c.More, expr.Reduction{Comb: r.Comb, Body: move(r.Body)})
	}
	c.Outs = slices.Clone(a.C.Outs)
	for _, o := range b.C.Outs {
		c.Outs = append(c.Outs, move(o))
	}
	c.Out = append(slices.Clone(a.C.Out), b.C.Out...)
	c.Name = join(a.C.Name, b.C.Name)
	n := normal(&Piece{C: &c, In: append(slices.Clone(a.In), b.In...), Out: append(slices.Clone(a.Out), b.Out...)})
	n.Notes = append(slices.Clone(a.Notes), b.Notes...)
	n.note("in one pass with " + b.C.Name)
	b.gone = true
	*a = *n
}
