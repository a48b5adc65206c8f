package fuse

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Split cuts reductions with few results and much to reduce in two stages, so
// that the first has independent results to share among threads and lanes.
func (p *Program) Split() {
	var out []*Piece
	for _, q := range p.Pieces {
		if a, b := p.split(q); a != nil {
			out = append(out, a, b)
			continue
		}
		out = append(out, q)
	}
	p.Pieces = out
}

// Reductions with fewer results than fewResults and more than manyTerms elements
// a result are split; so are those of up to someResults along one axis, such as the
// sum of each channel, that read every element of an operand once.
const (
	fewResults  = 16
	someResults = 1024
	manyTerms   = 4096
	someTerms   = 512
)

func worthSplitting(c *expr.Compute) bool {
	if c.Body == nil {
		return false
	}
	results, terms := ir.Elems(c.Axes), ir.Elems(c.Red)
	if results < fewResults {
		return terms >= manyTerms
	}
	if len(squeeze(c.Axes)) != 1 || results > someResults || terms < someTerms || len(c.Red) < 2 {
		return false
	}
	for _, t := range c.In {
		if t.Elems() == results*terms {
			return true
		}
	}
	return false
}

func (p *Program) split(q *Piece) (first, second *Piece) {
	c := q.C
	if !worthSplitting(c) {
		return nil, nil
	}
	red := append([]int(nil), c.Red...)
	body := c.Body
	nAxes := len(c.Axes)
	if len(red) == 1 {
		// r = outer*inner: the reduction axis becomes two.
		inner := divisor(red[0])
		if inner == 1 {
			return nil, nil
		}
		to := make([]*expr.Expr, nAxes+1)
		to[nAxes] = expr.Plus(expr.Times(expr.At(nAxes), expr.Int(inner)), expr.At(nAxes+1))
		body = expr.Subst(body, to)
		red = []int{red[0] / inner, inner}
	}
	// The first axis of the reduction becomes the outermost of the first stage's
	// results, so that what lay side by side still does.
	to := make([]*expr.Expr, nAxes+1)
	for i := range nAxes {
		to[i] = expr.At(i + 1)
	}
	to[nAxes] = expr.At(0)
	axes := append([]int{red[0]}, c.Axes...)
	t := ir.Type{DType: body.Type, Shape: axes}
	v := p.Fresh(t)
	p.parts[v] = q.Out[0]
	part := *c
	part.Axes, part.Red, part.Body = axes, red[1:], expr.Subst(body, to)
	part.Out, part.Outs = []ir.DType{body.Type}, []*expr.Expr{expr.Reduced(body.Type)}
	first = normal(&Piece{C: unitAxes(&part), In: q.In, Out: []ir.Value{v}})
	first.note("first stage of a reduction")

	index := []*expr.Expr{expr.At(nAxes)}
	for i := range nAxes {
		index = append(index, expr.At(i))
	}
	total := *c
	total.In = append(append([]ir.Type(nil), c.In...), t)
	total.Red = []int{red[0]}
	total.Body = expr.Get(len(c.In), body.Type, index...)
	in := append(append([]ir.Value(nil), q.In...), v)
	second = normal(&Piece{C: unitAxes(&total), In: in, Out: q.Out})
	second.note("second stage of a reduction")
	return first, second
}

// divisor is a divisor of n near 512, or 1.
func divisor(n int) int {
	for d := 512; d >= 64; d-- {
		if n%d == 0 && n > d {
			return d
		}
	}
	return 1
}

// Fuse makes fewer pieces and keeps what each result is.
func (p *Program) Fuse() error {
	p.inline()
	if err := p.sortPieces(); err != nil {
		return err
	}
	if err := p.merge(); err != nil {
		return err
	}
	p.inline()
	if err := p.merge(); err != nil {
		return err
	}
	if err := p.mergeReductions(); err != nil {
		return err
	}
	p.dropDead()
	p.explain()
	return p.Verify()
}

// dropDead removes pieces that nothing reads.
func (p *Program) dropDead() {
	users := p.index().users
	var out []*Piece
	for i := len(p.Pieces) - 1; i >= 0; i-- {
		q := p.Pieces[i]
		live := false
		for _, v := range q.Out {
			live = live || p.Keep[v] || len(users[v]) > 0
		}
		if live {
			out = append(out, q)
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	p.Pieces, p.idx = out, nil
}

// Verify checks every Compute, that each value is given once and before it is
// read, and that operands have as many elements as the values behind them.
func (p *Program) Verify() error {
	given := map[ir.Value]bool{}
	for _, v := range p.Graph.Inputs() {
		given[v] = true
	}
	for _, q := range p.Pieces {
		if err := q.C.Verify(); err != nil {
			return err
		}
		if len(q.In) != len(q.C.In) || len(q.Out) != len(q.C.Outs) {
			return fmt.Errorf("fuse: %s has %d operands for %d types", q.C.Name, len(q.In), len(q.C.In))
		}
		for i, v := range q.In {
			if !given[v] {
				return fmt.Errorf("fuse: %s reads %%%d before it is there", q.C.Name, v)
			}
			if p.Types[v].Elems() != q.C.In[i].Elems() {
				return fmt.Errorf("fuse: %s reads %%%d of %s as %s", q.C.Name, v, p.Types[v], q.C.In[i])
			}
		}
		for _, v := range q.Out {
			if given[v] {
				return fmt.Errorf("fuse: %%%d is given twice", v)
			}
			given[v] = true
		}
	}
	for _, v := range sortedValues(p.Keep) {
		if !given[v] {
			return fmt.Errorf("fuse: output %%%d is not computed", v)
		}
	}
	return nil
}
