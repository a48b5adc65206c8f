package vec

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

// bounds gives the least and the greatest value of l over the active lanes and the loop ranges.
func (b *builder) bounds(l linear) (lo, hi int) {
	lo, hi = l.base, l.base
	widen := func(coef, from, to int) {
		if coef < 0 {
			from, to = to, from
		}
		lo += coef * from
		hi += coef * to
	}
	widen(l.step, 0, b.active-1)
	for _, t := range l.terms {
		v := &b.vars[t.Var]
		widen(int(t.Coef), v.lo, v.hi)
	}
	return lo, hi
}

// varies reports whether e depends on the lane.
func (b *builder) varies(e *expr.Expr) bool {
	if b.laneVar < 0 {
		return false
	}
	v, ok := b.laneUse[e]
	if !ok {
		v = expr.Uses(e, b.laneVar)
		b.laneUse[e] = v
	}
	return v
}

// eval makes the value of e in the present lanes.
func (b *builder) eval(e *expr.Expr) ID {
	if id, ok := b.memo[e]; ok {
		return id
	}
	id := b.compute(e)
	b.memo[e] = id
	return id
}

func (b *builder) compute(e *expr.Expr) ID {
	switch e.Op {
	case expr.Const:
		switch e.Type {
		case ir.F32:
			return b.float(e.F)
		case ir.Bool:
			return b.maskOf(uint32(-e.I))
		}
		return b.int(int(e.I))
	case expr.Axis:
		return b.evalAffine(e)
	case expr.Load:
		return b.load(e)
	case expr.Local:
		return b.readTile(int(e.I), e.Args)
	case expr.Select:
		m := b.eval(e.Args[0])
		if e.Type == ir.Bool {
			x, y := b.eval(e.Args[1]), b.eval(e.Args[2])
			return b.maskBin(MaskOr, b.maskBin(MaskAnd, m, x), b.maskBin(MaskAnd, b.maskNot(m), y))
		}
		return b.choose(m, b.eval(e.Args[1]), b.eval(e.Args[2]))
	case expr.Cast:
		return b.cast(e)
	}
	switch {
	case e.Op.Compare():
		return b.comparison(e)
	case e.Type == ir.I32:
		return b.integer(e)
	case e.Type == ir.Bool:
		op := map[expr.Op]Op{expr.And: MaskAnd, expr.Or: MaskOr, expr.Xor: MaskXor}[e.Op]
		if op == 0 {
			b.fail("%s of bools", e.Op)
			return b.maskOf(0)
		}
		return b.maskBin(op, b.eval(e.Args[0]), b.eval(e.Args[1]))
	case e.Op.Unary():
		return b.function(e.Op, b.eval(e.Args[0]))
	}
	return b.arithmetic(e)
}

// evalAffine makes the lanes of an affine integer expression.
func (b *builder) evalAffine(e *expr.Expr) ID {
	l, _ := b.affine(e)
	r := b.lanes(l.base, l.step)
	for _, t := range l.terms {
		v := b.add(Ins{Op: LoopVar, Args: nothing, Mask: None, Var: t.Var})
		r = b.intBin(AddI, b.intBin(MulI, v, b.int(int(t.Coef))), r)
	}
	return r
}

func (b *builder) cast(e *expr.Expr) ID {
	from := e.Args[0].Type
	x := b.eval(e.Args[0])
	switch {
	case from == e.Type:
		return x
	case from == ir.Bool && e.Type == ir.F32:
		return b.choose(x, b.float(1), b.float(0))
	case from == ir.Bool:
		return b.choose(x, b.int(1), b.int(0))
	case e.Type == ir.Bool && from == ir.F32:
		return b.compare(CmpF, NE, x, b.float(0))
	case e.Type == ir.Bool:
		return b.compare(CmpI, NE, x, b.int(0))
	case e.Type == ir.F32:
		return b.op(ToFloat, x)
	}
	return b.op(ToInt, x)
}

var relations = map[expr.Op]Relation{expr.Lt: LT, expr.Le: LE, expr.Eq: EQ, expr.Ne: NE}

// comparison folds what loop ranges and lanes decide, then compares.
func (b *builder) comparison(e *expr.Expr) ID {
	r := relations[e.Op]
	x, y := e.Args[0], e.Args[1]
	switch x.Type {
	case ir.Bool:
		m := b.maskBin(MaskXor, b.eval(x), b.eval(y))
		switch r {
		case EQ:
			return b.maskNot(m)
		case LT: // false < true
			return b.maskBin(MaskAnd, m, b.eval(y))
		case LE:
			return b.maskBin(MaskOr, b.maskNot(m), b.eval(y))
		}
		return m
	case ir.F32:
		return b.compare(CmpF, r, b.eval(x), b.eval(y))
	}
	if m, ok := b.decide(r, x, y); ok {
		return m
	}
	return b.compare(CmpI, r, b.eval(x), b.eval(y))
}

// decide settles x r y for affine operands where it is the same for all values of the loop variables.
func (b *builder) decide(r Relation, x, y *expr.Expr) (ID, bool) {
	p, ok := b.affine(x)
	if !ok {
		return None, false
	}
	q, ok := b.affine(y)
	if !ok {
		return None, false
	}
	d := linear{base: p.base - q.base, step: p.step - q.step}
	coef := map[int32]int32{}
	for _, t := range p.terms {
		coef[t.Var] += t.Coef
	}
	for _, t := range q.terms {
		coef[t.Var] -= t.Coef
	}
	for v, c := range coef {
		if c != 0 {
			d.terms = append(d.terms, Term{v, c})
		}
	}
	var m uint32
	for l := range b.active {
		at := linear{base: d.base + d.step*l, terms: d.terms}
		lo, hi := b.bounds(at)
		is, isnt := false, false
		switch r {
		case LT:
			is, isnt = hi < 0, lo >= 0
		case LE:
			is, isnt = hi <= 0, lo > 0
		case EQ:
			is, isnt = lo == 0 && hi == 0, lo > 0 || hi < 0
		case NE:
			is, isnt = lo > 0 || hi < 0, lo == 0 && hi == 0
		}
		if !is && !isnt {
			return None, false
		}
		if is {
			m |= 1 << l
		}
	}
	if b.laneVar < 0 || m == 1<<b.active-1 {
		m = uint32(0) - m&1 // one truth for all: the idle lanes may join
	}
	return b.maskOf(m), true
}

func (b *builder) integer(e *expr.Expr) ID {
	if l, ok := b.affine(e); ok && len(l.terms) < 3 {
		return b.evalAffine(e)
	}
	x := b.eval(e.Args[0])
	if e.Op == expr.Neg {
		return b.intBin(SubI, b.int(0), x)
	}
	if e.Op == expr.Div || e.Op == expr.Mod {
		return b.division(e, x)
	}
	y := b.eval(e.Args[1])
	if e.Op == expr.Shl || e.Op == expr.Shr {
		n, ok := b.constInt(y)
		if !ok {
			return b.op(map[expr.Op]Op{expr.Shl: ShlV, expr.Shr: ShrV}[e.Op], x, y)
		}
		if n > 31 {
			return b.int(0)
		}
		return b.opImm(map[expr.Op]Op{expr.Shl: ShlI, expr.Shr: ShrI}[e.Op], n, x)
	}
	op, ok := integerOps[e.Op]
	if !ok {
		b.fail("%s of integers", e.Op)
		return x
	}
	return b.intBin(op, x, y)
}

var integerOps = map[expr.Op]Op{expr.Add: AddI, expr.Sub: SubI, expr.Mul: MulI, expr.Min: MinI,
	expr.Max: MaxI, expr.MulHi: MulHiU, expr.And: And, expr.Or: Or, expr.Xor: Xor}

// division is floor division, or its remainder, by a positive constant.
func (b *builder) division(e *expr.Expr, x ID) ID {
	d := e.Args[1]
	if d.Op != expr.Const || d.I <= 0 {
		b.fail("%s by %s, want a positive constant", e.Op, d)
		return x
	}
	nonneg := false
	if l, ok := b.affine(e.Args[0]); ok {
		lo, _ := b.bounds(l)
		nonneg = lo >= 0
	}
	q := b.divide(x, uint32(d.I), nonneg)
	if e.Op == expr.Div {
		return q
	}
	if d.I&(d.I-1) == 0 {
		return b.op(And, x, b.int(int(d.I-1)))
	}
	return b.intBin(SubI, x, b.intBin(MulI, q, b.int(int(d.I))))
}

// arithmetic is a binary kind of floats.
func (b *builder) arithmetic(e *expr.Expr) ID {
	x, y := e.Args[0], e.Args[1]
	switch e.Op {
	case expr.Add, expr.Sub:
		return b.sum(e)
	case expr.Mul:
		return b.op(MulF, b.eval(x), b.eval(y))
	case expr.Div:
		return b.op(DivF, b.eval(x), b.eval(y))
	case expr.Min:
		return b.op(MinF, b.eval(x), b.eval(y))
	case expr.Max:
		return b.op(MaxF, b.eval(x), b.eval(y))
	case expr.Pow:
		return b.pow(b.eval(x), b.eval(y))
	}
	b.fail("%s of floats", e.Op)
	return b.float(0)
}

// sum is a + b or a - b, with a product that nothing else uses fused into it.
func (b *builder) sum(e *expr.Expr) ID {
	x, y := e.Args[0], e.Args[1]
	if b.fusible(x) {
		p, q, r := b.eval(x.Args[0]), b.eval(x.Args[1]), b.eval(y)
		if e.Op == expr.Sub {
			return b.op(FMS, p, q, r)
		}
		return b.fma(p, q, r)
	}
	if b.fusible(y) {
		r, p, q := b.eval(x), b.eval(y.Args[0]), b.eval(y.Args[1])
		if e.Op == expr.Sub {
			return b.fnma(p, q, r)
		}
		return b.fma(p, q, r)
	}
	op := AddF
	if e.Op == expr.Sub {
		op = SubF
	}
	return b.op(op, b.eval(x), b.eval(y))
}

// fusible reports whether e is a product of floats that only one expression of the statement uses.
func (b *builder) fusible(e *expr.Expr) bool {
	return e.Op == expr.Mul && e.Type == ir.F32 && b.uses[e] == 1
}
