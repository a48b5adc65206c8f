package fuse

import (
	"slices"
	"strings"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// maxNodes bounds the expressions of one kernel.
const maxNodes = 600

// maxBufs bounds the buffers of one kernel, so that their addresses fit registers.
const maxBufs = 14

// cost is what computing an expression once takes, in rough units of one
// addition, and how many loads it has.
type cost struct{ ops, loads, pred int }

func costOf(e *expr.Expr) cost {
	var c cost
	expr.Walk(e, func(x *expr.Expr) {
		switch x.Op {
		case expr.Const, expr.Axis, expr.Acc:
		case expr.Load:
			c.loads++
			if x.Pred != nil {
				c.pred++
			}
		case expr.Exp, expr.Log, expr.Log1p, expr.Tanh, expr.Sigmoid, expr.Sin, expr.Cos, expr.Erf, expr.Pow, expr.MulHi:
			c.ops += 10
		case expr.Div, expr.Sqrt, expr.Rsqrt, expr.Recip:
			c.ops += 4
		default:
			if x.Type != ir.I32 {
				c.ops++
			}
		}
	})
	return c
}

func nodes(c *expr.Compute) int {
	n := 0
	for _, r := range c.Roots() {
		expr.Walk(r, func(*expr.Expr) { n++ })
	}
	return n
}

// isMap reports whether a piece is elementwise with one output.
func isMap(q *Piece) bool { return q.C.Body == nil && len(q.Out) == 1 }

// inline moves elementwise pieces into their readers where that repeats little
// work, until nothing changes.
func (p *Program) inline() {
	for changed := true; changed; {
		changed = false
		for _, q := range p.Pieces {
			if q.gone || !isMap(q) || p.Keep[q.Out[0]] {
				continue
			}
			users := slices.Clone(p.index().users[q.Out[0]])
			if len(users) == 0 || !p.worth(q, users) {
				continue
			}
			p.change(func() {
				for _, u := range users {
					p.inlineInto(q, u)
				}
				q.gone = true
			}, append(users, q)...)
			changed = true
		}
		p.sweep()
	}
}

// worth decides whether a piece is computed again in each of its readers.
func (p *Program) worth(q *Piece, users []*Piece) bool { return p.keeps(q, users) == "" }

// keeps says why a piece is not computed again in each of its readers; "" where it is.
func (p *Program) keeps(q *Piece, users []*Piece) string {
	c := costOf(q.C.Outs[0])
	large := largeLoads(q.C)
	if len(users) > 1 && c.ops > 0 && p.isEpilogue(q) {
		return "it costs next to nothing where its operand is made"
	}
	free := c.ops == 0 && c.loads <= 1 && c.pred == 0
	elems := ir.Elems(q.C.Axes)
	for _, u := range users {
		switch {
		case !fits(q, u):
			return "it is read in another shape"
		case nodes(q.C)+nodes(u.C) > maxNodes:
			return "together they are too long"
		case buffers(q.In, u.In, u.Out) > maxBufs:
			return "together they have too many buffers"
		}
		points := ir.Elems(u.C.Axes)
		inBody := u.C.Body != nil && readsInBody(u, q.Out[0])
		if inBody {
			points *= ir.Elems(u.C.Red)
		}
		again := points / max(elems, 1)
		switch {
		case free || c.loads == 0 && c.ops <= 2:
		case inBody && again > 1:
			return "a reduction reads it several times"
		case again > 1 && (c.ops > 2 || c.loads > 2):
			return "it is read several times"
		case len(users) > 1 && c.ops > cheapOps:
			return "storing it once saves arithmetic"
		case len(users) > 1 && large*len(users) > large+1+len(users):
			return "storing it once moves less memory"
		}
	}
	return ""
}

// isEpilogue reports whether a piece can join the reduction that gives one of its operands.
func (p *Program) isEpilogue(q *Piece) bool {
	for _, v := range q.In {
		f := p.index().from[v]
		if f != nil && f.C.Body != nil && p.canEpilogue(f, q) && !p.depends(f, q, false) {
			return true
		}
	}
	return false
}

// buffers counts the different values in several lists.
func buffers(lists ...[]ir.Value) int {
	seen := make(map[ir.Value]bool, maxBufs)
	for _, l := range lists {
		for _, v := range l {
			seen[v] = true
		}
	}
	return len(seen)
}

// cheapOps is how much arithmetic an element may take that is done again in each
// of several readers: that of a normalisation, a difference scaled and shifted.
const cheapOps = 5

// largeLoads counts the loads of an elementwise Compute that cost memory traffic:
// operands far smaller than the result, such as a scale a channel, stay in caches.
func largeLoads(c *expr.Compute) int {
	n := 0
	expr.Walk(c.Outs[0], func(e *expr.Expr) {
		if e.Op == expr.Load && c.In[e.I].Elems()*8 > ir.Elems(c.Axes) {
			n++
		}
	})
	return n
}

func readsInBody(u *Piece, v ir.Value) bool {
	found := false
	for _, r := range u.C.Reductions() {
		expr.Walk(r.Body, func(e *expr.Expr) { found = found || e.Op == expr.Load && u.In[e.I] == v })
	}
	return found
}

// fits reports whether every view that u reads q's result through can be
// undone: it has the same shape but for dimensions of extent 1.
func fits(q, u *Piece) bool {
	for i, v := range u.In {
		if v == q.Out[0] && !ir.SameShape(squeeze(u.C.In[i].Shape), squeeze(q.C.Axes)) {
			return false
		}
	}
	return true
}

func squeeze(shape []int) []int {
	var s []int
	for _, d := range shape {
		if d != 1 {
			s = append(s, d)
		}
	}
	return s
}

// inlineInto replaces every load of q's result in u by q's expression.
func (p *Program) inlineInto(q, u *Piece) {
	base := len(u.In)
	body := shift(q.C.Outs[0], base)
	c := *u.C
	c.In = append(append([]ir.Type(nil), u.C.In...), q.C.In...)
	in := append(append([]ir.Value(nil), u.In...), q.In...)
	d := c.Rewrite(func(e *expr.Expr) *expr.Expr {
		if e.Op != expr.Load || int(e.I) >= base || in[e.I] != q.Out[0] {
			return nil
		}
		at := axesAt(e.Args, c.In[e.I].Shape, q.C.Axes)
		return guard(e.Pred, expr.Subst(body, at))
	})
	n := normal(&Piece{C: d, In: in, Out: u.Out, Notes: u.Notes})
	n.Notes = append(n.Notes, "inlined "+q.C.Name)
	if u.C.Body == nil {
		n.C.Name = join(q.C.Name, u.C.Name)
	}
	*u = *n
}

// shift renumbers the operands of an expression.
func shift(e *expr.Expr, by int) *expr.Expr {
	return expr.Memo(func(x *expr.Expr) *expr.Expr {
		if x.Op != expr.Load || by == 0 {
			return nil
		}
		y := *x
		y.I += int64(by)
		return &y
	})(e)
}

// axesAt gives the producer's coordinates from a reader's index through a view
// that adds or removes dimensions of extent 1.
func axesAt(index []*expr.Expr, view, shape []int) []*expr.Expr {
	var real []*expr.Expr
	for d, x := range index {
		if view[d] != 1 {
			real = append(real, x)
		}
	}
	at := make([]*expr.Expr, len(shape))
	for d, n := range shape {
		at[d] = expr.Int(0)
		if n != 1 {
			at[d], real = real[0], real[1:]
		}
	}
	return at
}

// guard makes an expression that is zero, and loads nothing, where pred is false.
func guard(pred, e *expr.Expr) *expr.Expr {
	if pred == nil {
		return e
	}
	g := expr.Memo(func(x *expr.Expr) *expr.Expr {
		if x.Op != expr.Load {
			return nil
		}
		q := pred
		if x.Pred != nil {
			q = expr.Bin(expr.And, pred, x.Pred)
		}
		return expr.GetIf(q, int(x.I), x.Type, x.Args...)
	})(e)
	if g.Op == expr.Load {
		return g
	}
	return expr.If(pred, g, expr.Number(e.Type, 0))
}

// join names a fused kernel after what it does first and last. Constants and
// broadcasts are nothing to tell of.
func join(a, b string) string {
	quiet := func(s string) bool { return s == "const" || s == "broadcast_to" }
	first, _, _ := strings.Cut(a, "-")
	last := b[strings.LastIndexByte(b, '-')+1:]
	switch {
	case quiet(first):
		return b
	case quiet(last) || first == last:
		return first
	}
	return first + "-" + last
}
