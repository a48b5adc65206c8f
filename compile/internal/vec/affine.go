package vec

import (
	"cmp"
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// linear is an affine index in the present context: base + step*lane + sum of terms over loop variables and
// derived variables, sorted by variable.
type linear struct {
	base  int
	step  int
	terms []Term
}

// plus is l + k*m.
func (l linear) plus(m linear, k int) linear {
	r := linear{base: l.base + k*m.base, step: l.step + k*m.step, terms: slices.Clone(l.terms)}
	for _, t := range m.terms {
		i, found := slices.BinarySearchFunc(r.terms, t, func(a, b Term) int { return cmp.Compare(a.Var, b.Var) })
		switch {
		case !found:
			r.terms = slices.Insert(r.terms, i, Term{t.Var, int32(k) * t.Coef})
		case r.terms[i].Coef+int32(k)*t.Coef == 0:
			r.terms = slices.Delete(r.terms, i, i+1)
		default:
			r.terms[i].Coef += int32(k) * t.Coef
		}
	}
	return r
}

// affine reads e as an affine form of what varies at run time. Divisions by constants that do not depend on
// the lane become derived variables.
func (b *builder) affine(e *expr.Expr) (linear, bool) {
	c, seen := b.forms[e]
	if !seen {
		l, ok := expr.Affine(e)
		c = form{l, ok}
		b.forms[e] = c
	}
	if !c.ok {
		return b.quasi(e)
	}
	l := linear{base: c.Const}
	for _, t := range c.Terms {
		v := &b.vars[t.Axis]
		switch v.kind {
		case constant:
			l.base += t.Coef * v.value
		case lane:
			l.base += t.Coef * v.value
			l.step = t.Coef
		default:
			l.terms = append(l.terms, Term{int32(t.Axis), int32(t.Coef)})
		}
	}
	return l, true
}

// quasi is affine for expressions with divisions.
func (b *builder) quasi(e *expr.Expr) (linear, bool) {
	if e.Type != ir.I32 {
		return linear{}, false
	}
	switch e.Op {
	case expr.Const, expr.Axis:
		return b.affine(e)
	case expr.Neg:
		x, ok := b.affine(e.Args[0])
		return linear{}.plus(x, -1), ok
	case expr.Add, expr.Sub:
		x, ok := b.affine(e.Args[0])
		if !ok {
			return x, false
		}
		y, ok := b.affine(e.Args[1])
		if e.Op == expr.Sub {
			return x.plus(y, -1), ok
		}
		return x.plus(y, 1), ok
	case expr.Mul:
		for i, k := range e.Args {
			if k.Op == expr.Const {
				x, ok := b.affine(e.Args[1-i])
				return linear{}.plus(x, int(k.I)), ok
			}
		}
	case expr.Div, expr.Mod:
		d := e.Args[1]
		x, ok := b.affine(e.Args[0])
		if !ok || d.Op != expr.Const || d.I <= 0 {
			return x, false
		}
		q, r, ok := b.quotient(x, int(d.I))
		if e.Op == expr.Mod {
			return r, ok
		}
		return q, ok
	}
	return linear{}, false
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// quotient is floor(x/d) and the remainder, where these are affine forms.
func (b *builder) quotient(x linear, d int) (q, r linear, ok bool) {
	q = linear{base: floorDiv(x.base, d)}
	r = linear{base: x.base - d*q.base, step: x.step}
	if x.step%d == 0 {
		q.step, r.step = x.step/d, 0
	}
	for _, t := range x.terms {
		if int(t.Coef)%d == 0 {
			q.terms = append(q.terms, Term{t.Var, t.Coef / int32(d)})
		} else {
			r.terms = append(r.terms, t)
		}
	}
	lo, hi := b.bounds(r)
	if k := floorDiv(lo, d); k == floorDiv(hi, d) {
		q.base += k
		r.base -= k * d
		return q, r, true
	}
	if r.step != 0 || hi-lo >= 1<<30 || len(r.terms) >= maxTerms {
		return q, r, false
	}
	v := linear{terms: []Term{{int32(b.derive(r, d, floorDiv(lo, d), floorDiv(hi, d))), 1}}}
	rest := r.plus(v, -d)
	w := linear{terms: []Term{{int32(b.derive(rest, 1, 0, d-1)), 1}}}
	return q.plus(v, 1), w, true
}

// derivedKey tells derived variables apart.
type derivedKey struct {
	base, div int
	n         int
	terms     [maxTerms]Term
}

// derive gives the variable floor(x/d), computed where the innermost loop that x depends on begins an
// iteration. It is known to lie between lo and hi.
func (b *builder) derive(x linear, d, lo, hi int) int {
	k := derivedKey{base: x.base, div: d, n: len(x.terms)}
	copy(k.terms[:], x.terms)
	if v, ok := b.derived[k]; ok {
		return v
	}
	at := len(b.open) - 1
	for ; at > 0; at-- {
		if slices.ContainsFunc(x.terms, func(t Term) bool { return b.open[at].depends(int(t.Var)) }) {
			break
		}
	}
	v := len(b.vars)
	b.vars = append(b.vars, variable{kind: dynamic, lo: lo, hi: hi})
	b.derived[k] = v
	b.open[at].made = append(b.open[at].made, k)
	l := b.open[at].loop
	l.Derive = append(l.Derive, Derived{Var: v, Base: x.base, Terms: x.terms, Div: d, Bias: max(0, -lo)})
	b.prog.Names = append(b.prog.Names, "d"+itoa(v))
	return v
}

// openLoop is a loop that the builder is inside of.
type openLoop struct {
	loop *Loop
	made []derivedKey
}

// depends reports whether variable v changes with the loop.
func (o *openLoop) depends(v int) bool {
	return v == o.loop.Var || slices.ContainsFunc(o.loop.Derive, func(d Derived) bool { return d.Var == v })
}
