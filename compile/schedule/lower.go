package schedule

import (
	"strings"

	"mllab/compile/expr"
	"mllab/compile/loop"
)

// lowering makes statements from loops. Its state is the loops that are open
// where it stands: their values, and whether each is known to be in its last
// iteration, which decides the extents of the loops inside.
type lowering struct {
	axes []*node
	nest *loop.Nest
	open map[*node]leaf
	span []span // of loop variables
}

type leaf struct {
	value *expr.Expr
	last  bool
}

func newLowering(name string, axes []*node, vars []string) *lowering {
	return &lowering{
		axes: axes, open: map[*node]leaf{}, span: make([]span, len(vars)),
		nest: &loop.Nest{Name: name, Vars: vars},
	}
}

// varName turns i.0.1 into i01, a name that every language allows.
func varName(n *node) string { return strings.ReplaceAll(n.name, ".", "") }

// extent is how often a loop runs, here.
func (l *lowering) extent(n *node) int {
	p := n.parent
	if p == nil {
		return n.size
	}
	whole := l.extent(p)
	outer := (whole + p.factor - 1) / p.factor
	switch {
	case n == p.outer:
		return outer
	case outer == 1:
		return whole
	case l.last(p.outer):
		return whole - (outer-1)*p.factor
	}
	return p.factor
}

func (l *lowering) last(n *node) bool {
	if n.leaf() {
		return l.open[n].last
	}
	return l.last(n.outer) && l.last(n.inner)
}

// tail reports whether the last iteration of a leaf must be told apart: some
// split loop has a rest, which is reached if all its outer loops are at their end.
func (l *lowering) tail(n *node) bool {
	for p := n; p.parent != nil; p = p.parent {
		q := p.parent
		if p != q.outer || l.extent(q)%q.factor == 0 || l.extent(q) < q.factor {
			continue
		}
		could := true
		p.leaves(func(x *node) {
			if at, ok := l.open[x]; ok && x != n && !at.last {
				could = false
			}
		})
		if could {
			return true
		}
	}
	return false
}

// value is the expression of an axis or split loop. A loop that is not open has
// one iteration, here.
func (l *lowering) value(n *node) *expr.Expr {
	if n.leaf() {
		if at, ok := l.open[n]; ok {
			return at.value
		}
		return expr.Int(0)
	}
	return expr.Plus(expr.Times(l.value(n.outer), expr.Int(n.factor)), l.value(n.inner))
}

// loops nests the leaves around body. Loops of one iteration vanish, but for
// vectors, which tell that the statement is a vector's.
func (l *lowering) loops(leaves []*node, body func() []loop.Stmt) []loop.Stmt {
	if len(leaves) == 0 {
		return body()
	}
	n, rest := leaves[0], leaves[1:]
	count := l.extent(n)
	if count == 1 && n.kind != loop.Vector {
		l.open[n] = leaf{expr.Int(0), true}
		s := l.loops(rest, body)
		delete(l.open, n)
		return s
	}
	f := &loop.For{Var: n.id, N: count, Kind: n.kind, Dim: n.dim}
	v := expr.At(n.id)
	if count > 1 && l.tail(n) {
		l.span[n.id] = span{0, count - 2}
		l.open[n] = leaf{v, false}
		f.Body = l.loops(rest, body)
		l.span[n.id] = span{count - 1, count - 1}
		l.open[n] = leaf{v, true}
		f.Last = l.loops(rest, body)
	} else {
		l.span[n.id] = span{0, count - 1}
		l.open[n] = leaf{v, count == 1}
		f.Body = l.loops(rest, body)
	}
	delete(l.open, n)
	return []loop.Stmt{f}
}

// fuse opens several loops as one parallel loop over the product of their extents,
// run of whose iterations at a time follow each other in order.
func (l *lowering) fuse(leaves []*node, run int, body func() []loop.Stmt) []loop.Stmt {
	var many []*node
	total := 1
	for _, n := range leaves {
		if n.size > 1 {
			many = append(many, n)
			total *= n.size
		}
	}
	if len(many) == 0 || len(many) == 1 && run < 2 {
		return l.loops(leaves, body)
	}
	id := many[0].id
	f := &loop.For{Var: id, N: total, Kind: loop.Parallel}
	if run > 1 {
		f.Run = run
	}
	l.nest.Vars[id] = "p"
	l.span[id] = span{0, total - 1}
	inside := total
	for i, n := range many {
		inside /= n.size
		v := expr.At(id)
		if inside > 1 {
			v = expr.Bin(expr.Div, v, expr.Int(inside))
		}
		if i > 0 {
			v = expr.Bin(expr.Mod, v, expr.Int(n.size))
		}
		l.open[n] = leaf{value: v}
	}
	f.Body = body()
	for _, n := range many {
		delete(l.open, n)
	}
	return []loop.Stmt{f}
}

// subst puts the values of the loops in place of axes, after f had each
// expression (f may be nil, and gives nil to keep one).
func (l *lowering) subst(e *expr.Expr, f func(*expr.Expr) *expr.Expr) *expr.Expr {
	values := make([]*expr.Expr, len(l.axes))
	for i, n := range l.axes {
		values[i] = l.value(n)
	}
	r := ranges(func(v int) span { return l.span[v] })
	return expr.Memo(once(func(x *expr.Expr) *expr.Expr {
		if x.Op == expr.Axis {
			return values[x.I]
		}
		if f != nil {
			if y := f(x); y != nil {
				x = y
			}
		}
		if y := r.simplify(x); y != nil {
			return y
		}
		return x
	}))(e)
}

// index is the canonical form of a row-major index: the values of the loops over
// their extents.
func (l *lowering) index(dims []*node) *expr.Expr {
	e := expr.Int(0)
	for _, n := range dims {
		e = expr.Plus(expr.Times(e, expr.Int(n.size)), l.value(n))
	}
	return sumOf(e).expr()
}
