package schedule

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// span is the set of values lo..hi an integer expression may take.
type span struct{ lo, hi int }

var anyInt = span{math.MinInt32, math.MaxInt32}

func (s span) fits() bool { return s.lo >= math.MinInt32 && s.hi <= math.MaxInt32 }

func clip(s span) span {
	if !s.fits() {
		return anyInt
	}
	return s
}

// ranges gives the span of each axis or loop variable.
type ranges func(axis int) span

// of bounds an integer expression; anyInt when nothing is known or it may wrap.
func (r ranges) of(e *expr.Expr) span {
	switch e.Op {
	case expr.Const:
		return span{int(e.I), int(e.I)}
	case expr.Axis:
		return r(int(e.I))
	case expr.Cast:
		if e.Args[0].Type == ir.Bool {
			return span{0, 1}
		}
	case expr.Select:
		a, b := r.of(e.Args[1]), r.of(e.Args[2])
		return span{min(a.lo, b.lo), max(a.hi, b.hi)}
	}
	switch e.Op {
	case expr.Add, expr.Sub, expr.Mul, expr.Min, expr.Max, expr.Div, expr.Mod:
	default:
		return anyInt
	}
	if e.Type != ir.I32 {
		return anyInt
	}
	a, b := r.of(e.Args[0]), r.of(e.Args[1])
	switch e.Op {
	case expr.Add:
		return clip(span{a.lo + b.lo, a.hi + b.hi})
	case expr.Sub:
		return clip(span{a.lo - b.hi, a.hi - b.lo})
	case expr.Mul:
		p, q, s, t := a.lo*b.lo, a.lo*b.hi, a.hi*b.lo, a.hi*b.hi
		return clip(span{min(p, q, s, t), max(p, q, s, t)})
	case expr.Min:
		return span{min(a.lo, b.lo), min(a.hi, b.hi)}
	case expr.Max:
		return span{max(a.lo, b.lo), max(a.hi, b.hi)}
	case expr.Div:
		if d := b.lo; d == b.hi && d > 0 {
			return span{floorDiv(a.lo, d), floorDiv(a.hi, d)}
		}
	case expr.Mod:
		if d := b.lo; d == b.hi && d > 0 {
			if a.lo >= 0 && a.hi < d {
				return a
			}
			return span{0, d - 1}
		}
	}
	return anyInt
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}

// sum is c + the multiples of atoms, which are integer expressions that are not
// themselves sums. Arithmetic modulo 2^32 keeps it equal to what it was read from.
type sum struct {
	c     int
	terms []term
}

type term struct {
	atom *expr.Expr
	coef int
}

func sumOf(e *expr.Expr) sum {
	var s sum
	s.add(e, 1)
	terms := s.terms[:0]
	for _, t := range s.terms {
		if t.coef = int(int32(t.coef)); t.coef != 0 {
			terms = append(terms, t)
		}
	}
	s.terms, s.c = terms, int(int32(s.c))
	s.rejoin()
	return s
}

// rejoin turns c*m*(x/c) + m*(x%c) back into m*x.
func (s *sum) rejoin() {
	for i, q := range s.terms {
		if q.atom.Op != expr.Div || q.atom.Args[1].Op != expr.Const {
			continue
		}
		c := q.atom.Args[1]
		for j, r := range s.terms {
			if r.atom.Op == expr.Mod && r.coef*int(c.I) == q.coef && expr.Same(r.atom.Args[1], c) &&
				expr.Same(r.atom.Args[0], q.atom.Args[0]) {
				whole, m := q.atom.Args[0], r.coef
				var rest []term
				for k, t := range s.terms {
					if k != i && k != j {
						rest = append(rest, t)
					}
				}
				s.terms = rest
				s.add(whole, m)
				*s = sumOf(s.expr())
				return
			}
		}
	}
}

func (s *sum) add(e *expr.Expr, k int) {
	k = int(int32(k))
	switch {
	case e.Op == expr.Const:
		s.c = int(int32(s.c + k*int(e.I)))
		return
	case e.Op == expr.Neg:
		s.add(e.Args[0], -k)
		return
	case e.Op == expr.Add, e.Op == expr.Sub:
		s.add(e.Args[0], k)
		if e.Op == expr.Sub {
			k = -k
		}
		s.add(e.Args[1], k)
		return
	case e.Op == expr.Mul && e.Args[0].Op == expr.Const:
		s.add(e.Args[1], k*int(e.Args[0].I))
		return
	case e.Op == expr.Mul && e.Args[1].Op == expr.Const:
		s.add(e.Args[0], k*int(e.Args[1].I))
		return
	}
	for i := range s.terms {
		if expr.Same(s.terms[i].atom, e) {
			s.terms[i].coef += k
			return
		}
	}
	s.terms = append(s.terms, term{e, k})
}

// expr is the canonical expression: atoms that are no axes, axes by number, the
// constant.
func (s sum) expr() *expr.Expr {
	var e *expr.Expr
	plus := func(x *expr.Expr) {
		if e == nil {
			e = x
			return
		}
		e = expr.Plus(e, x)
	}
	var lin expr.Linear
	for _, t := range s.terms {
		if t.atom.Op != expr.Axis {
			plus(expr.Times(t.atom, expr.Int(t.coef)))
			continue
		}
		lin.Terms = append(lin.Terms, expr.Term{Axis: int(t.atom.I), Coef: t.coef})
	}
	sortTerms(lin.Terms)
	lin.Const = s.c
	if len(lin.Terms) > 0 || lin.Const != 0 || e == nil {
		plus(lin.Expr())
	}
	return e
}

func sortTerms(t []expr.Term) {
	for i := range t {
		for j := i; j > 0 && t[j].Axis < t[j-1].Axis; j-- {
			t[j], t[j-1] = t[j-1], t[j]
		}
	}
}

func (s sum) span(r ranges) span {
	t := span{s.c, s.c}
	for _, x := range s.terms {
		a := r.of(x.atom)
		lo, hi := a.lo*x.coef, a.hi*x.coef
		t.lo, t.hi = t.lo+min(lo, hi), t.hi+max(lo, hi)
	}
	return t
}

// simplify is a rewriting step for expr.Memo: indices become canonical sums, and
// divisions, remainders and comparisons that the ranges decide are folded.
func (r ranges) simplify(e *expr.Expr) *expr.Expr {
	switch {
	case e.Op == expr.Load && len(e.Args) == 1:
		x := sumOf(e.Args[0]).expr()
		if x == e.Args[0] {
			return nil
		}
		return &expr.Expr{Op: expr.Load, Type: e.Type, I: e.I, Args: []*expr.Expr{x}, Pred: e.Pred}
	case (e.Op == expr.Div || e.Op == expr.Mod) && e.Type == ir.I32:
		return r.divide(e)
	case e.Op.Compare() && e.Args[0].Type == ir.I32:
		return r.compare(e)
	}
	return nil
}

// divide folds (q*d + rest)/d and (q*d + rest)%d where 0 <= rest < d.
func (r ranges) divide(e *expr.Expr) *expr.Expr {
	d := e.Args[1]
	if d.Op != expr.Const || d.I <= 0 {
		return nil
	}
	n := int(d.I)
	s := sumOf(e.Args[0])
	if !s.span(r).fits() {
		return nil
	}
	quot := sum{c: floorDiv(s.c, n)}
	rest := sum{c: s.c - n*quot.c}
	for _, t := range s.terms {
		if t.coef%n == 0 {
			quot.terms = append(quot.terms, term{t.atom, t.coef / n})
			continue
		}
		rest.terms = append(rest.terms, t)
	}
	if b := rest.span(r); b.lo < 0 || b.hi >= n {
		return nil
	}
	if e.Op == expr.Mod {
		return rest.expr()
	}
	return quot.expr()
}

func (r ranges) compare(e *expr.Expr) *expr.Expr {
	a, b := r.of(e.Args[0]), r.of(e.Args[1])
	always := func(v int) *expr.Expr { return &expr.Expr{Op: expr.Const, Type: ir.Bool, I: int64(v)} }
	switch {
	case e.Op == expr.Lt && a.hi < b.lo, e.Op == expr.Le && a.hi <= b.lo,
		e.Op == expr.Ne && (a.hi < b.lo || b.hi < a.lo):
		return always(1)
	case e.Op == expr.Lt && a.lo >= b.hi, e.Op == expr.Le && a.lo > b.hi,
		e.Op == expr.Eq && (a.hi < b.lo || b.hi < a.lo):
		return always(0)
	}
	return nil
}

// once guards a rewriting step against seeing its own results: where folding a
// rebuilt expression leaves one of its operands, that has been rewritten before.
func once(f func(*expr.Expr) *expr.Expr) func(*expr.Expr) *expr.Expr {
	done := map[*expr.Expr]bool{}
	return func(e *expr.Expr) *expr.Expr {
		if done[e] {
			return nil
		}
		r := f(e)
		if r == nil {
			r = e
		}
		done[r] = true
		return r
	}
}
