package interp

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// program evaluates the expressions of one statement, each distinct one once, in
// the order of their dependences.
type program struct {
	k     *kernel
	slots map[*expr.Expr]int
	steps []action
}

func (k *kernel) program(roots ...*expr.Expr) *program {
	p := &program{k: k, slots: map[*expr.Expr]int{}}
	for _, r := range roots {
		p.visit(r)
	}
	return p
}

func (p *program) run(f *frame) {
	for _, s := range p.steps {
		s(f)
	}
}

func (p *program) slot(e *expr.Expr) int { return p.slots[e] }

// visit appends the steps of e. An affine index is one step, its parts none.
func (p *program) visit(e *expr.Expr) {
	if _, done := p.slots[e]; done || e == nil {
		return
	}
	if e.Type == ir.I32 {
		if l, ok := expr.Affine(e); ok {
			p.push(e, p.affine(l))
			return
		}
	}
	for _, a := range e.Args {
		p.visit(a)
	}
	p.visit(e.Pred)
	p.push(e, nil)
}

func (p *program) push(e *expr.Expr, a func(dst int) action) {
	dst := p.k.slots
	p.k.slots++
	p.slots[e] = dst
	if e.Op == expr.Const {
		p.k.consts = append(p.k.consts, p.action(e, dst))
		return
	}
	if a == nil {
		a = func(dst int) action { return p.action(e, dst) }
	}
	p.steps = append(p.steps, a(dst))
}

func (p *program) affine(l expr.Linear) func(int) action {
	return func(dst int) action {
		terms, c := l.Terms, l.Const
		switch len(terms) {
		case 1:
			v0, k0 := terms[0].Axis, terms[0].Coef
			return func(f *frame) { f.ints[dst] = int32(c + f.vars[v0]*k0) }
		case 2:
			v0, k0, v1, k1 := terms[0].Axis, terms[0].Coef, terms[1].Axis, terms[1].Coef
			return func(f *frame) { f.ints[dst] = int32(c + f.vars[v0]*k0 + f.vars[v1]*k1) }
		}
		return func(f *frame) {
			v := c
			for _, t := range terms {
				v += f.vars[t.Axis] * t.Coef
			}
			f.ints[dst] = int32(v)
		}
	}
}

// action is the step of one expression whose operands have theirs already. The
// meaning of every kind is expr.Eval's.
func (p *program) action(e *expr.Expr, dst int) action {
	switch {
	case e.Op == expr.Const:
		if v := e.F; e.Type == ir.F32 {
			return func(f *frame) { f.floats[dst] = v }
		}
		v := int32(e.I)
		return func(f *frame) { f.ints[dst] = v }
	case e.Op == expr.Load:
		return p.load(e, dst)
	case e.Op == expr.Local:
		at, tile := p.k.at(int(e.I), e.Args, p), int(e.I)
		if e.Type == ir.F32 {
			return func(f *frame) { f.floats[dst] = f.tileF[tile][at(f)] }
		}
		return func(f *frame) { f.ints[dst] = f.tileI[tile][at(f)] }
	case e.Op == expr.Select:
		c, a, b := p.slot(e.Args[0]), p.slot(e.Args[1]), p.slot(e.Args[2])
		return func(f *frame) {
			from := a
			if f.ints[c] == 0 {
				from = b
			}
			f.floats[dst], f.ints[dst] = f.floats[from], f.ints[from]
		}
	case e.Op == expr.Cast:
		return cast(e, p.slot(e.Args[0]), dst)
	case e.Op.Unary():
		a, op := p.slot(e.Args[0]), e.Op
		if e.Type == ir.F32 {
			return func(f *frame) { f.floats[dst] = expr.UnaryOp(op, f.floats[a]) }
		}
		return func(f *frame) { f.ints[dst] = -f.ints[a] }
	}
	return p.binary(e, dst)
}

func (p *program) binary(e *expr.Expr, dst int) action {
	a, b, op := p.slot(e.Args[0]), p.slot(e.Args[1]), e.Op
	if e.Args[0].Type != ir.F32 {
		return func(f *frame) { f.ints[dst] = expr.IntOp(op, f.ints[a], f.ints[b]) }
	}
	switch {
	case op == expr.Add:
		return func(f *frame) { f.floats[dst] = f.floats[a] + f.floats[b] }
	case op == expr.Mul:
		return func(f *frame) { f.floats[dst] = f.floats[a] * f.floats[b] }
	case op.Compare():
		return func(f *frame) { f.ints[dst] = int32(expr.FloatOp(op, f.floats[a], f.floats[b])) }
	}
	return func(f *frame) { f.floats[dst] = expr.FloatOp(op, f.floats[a], f.floats[b]) }
}

func (p *program) load(e *expr.Expr, dst int) action {
	k, buf, index, pred := p.k, int(e.I), p.slot(e.Args[0]), -1
	if e.Pred != nil {
		pred = p.slot(e.Pred)
	}
	float := e.Type == ir.F32
	if pred < 0 && float {
		return func(f *frame) {
			i := int(f.ints[index])
			mem := f.bufs[buf]
			if uint(i) >= uint(len(mem)) {
				k.outside(buf, i, len(mem))
			}
			f.floats[dst] = float64(math.Float32frombits(mem[i]))
		}
	}
	return func(f *frame) {
		var bits uint32
		if pred < 0 || f.ints[pred] != 0 {
			i := int(f.ints[index])
			mem := f.bufs[buf]
			if uint(i) >= uint(len(mem)) {
				k.outside(buf, i, len(mem))
			}
			bits = mem[i]
		}
		if float {
			f.floats[dst] = float64(math.Float32frombits(bits))
			return
		}
		f.ints[dst] = int32(bits)
	}
}

func cast(e *expr.Expr, a, dst int) action {
	from := e.Args[0].Type
	switch {
	case e.Type == ir.F32 && from != ir.F32:
		return func(f *frame) { f.floats[dst] = float64(f.ints[a]) }
	case e.Type == ir.F32:
		return func(f *frame) { f.floats[dst] = f.floats[a] }
	case e.Type == ir.Bool && from == ir.F32:
		return func(f *frame) { f.ints[dst] = truth(f.floats[a] != 0) }
	case e.Type == ir.Bool:
		return func(f *frame) { f.ints[dst] = truth(f.ints[a] != 0) }
	case from == ir.F32:
		return func(f *frame) { f.ints[dst] = truncate(f.floats[a]) }
	}
	return func(f *frame) { f.ints[dst] = f.ints[a] }
}

func truth(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// truncate gives the least int32 where the value has none, as x86 does.
func truncate(v float64) int32 {
	if math.IsNaN(v) || v >= 1<<31 || v < -1<<31 {
		return math.MinInt32
	}
	return int32(v)
}
