package cstyle

import (
	"fmt"
	"math"
	"strings"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// The precedences of C that the printer makes use of, loosest first.
const (
	conditional = iota
	logicalOr
	logicalAnd
	bitwise // of &, | and ^, which it never mixes without parentheses
	equality
	relational
	shift
	additive
	multiplicative
	unary
	atom
)

// piece is the text of an expression, how tightly it binds, and whether its C type
// is unsigned, which integers have between operations that wrap.
type piece struct {
	text     string
	prec     int
	unsigned bool
}

// at is the text, in parentheses where it binds looser than prec.
func (c piece) at(prec int) string {
	if c.prec < prec {
		return "(" + c.text + ")"
	}
	return c.text
}

// widest is the longest text, in bytes, that is not given a name of its own.
const widest = 72

// value prints an expression; floats are float, integers and bools int.
func (p *printer) value(e *expr.Expr) piece {
	c := p.raw(e)
	if c.unsigned {
		return piece{text: "(int)" + c.at(unary), prec: unary}
	}
	return c
}

// int is value for a place that wants an int32.
func (p *printer) int(e *expr.Expr) piece {
	if e.Type == ir.F32 {
		p.fail("index %s is %s", p.n.Expr(e), e.Type)
	}
	return p.value(e)
}

// unsigned prints an integer as unsigned.
func (p *printer) unsigned(e *expr.Expr) piece {
	if e.Op == expr.Const {
		return piece{text: fmt.Sprintf("%du", uint32(e.I)), prec: atom, unsigned: true}
	}
	c := p.raw(e)
	if c.unsigned {
		return c
	}
	return piece{text: "(unsigned)" + c.at(unary), prec: unary, unsigned: true}
}

// simple reports whether repeating an expression costs nothing.
func simple(e *expr.Expr) bool { return e.Op == expr.Const || e.Op == expr.Axis || e.Op == expr.Local }

// raw prints an expression, through a temporary where it is used again or long.
func (p *printer) raw(e *expr.Expr) piece {
	if s, ok := p.lookup(e); ok {
		return piece{text: s, prec: atom}
	}
	c := p.compute(e)
	if p.err != nil {
		return piece{text: "0", prec: atom}
	}
	if _, ok := p.lookup(e); ok {
		return c
	}
	if !simple(e) && p.uses[e] > 1 || len(c.text) > widest {
		return piece{text: p.temp(e, c), prec: atom}
	}
	return c
}

func (p *printer) lookup(e *expr.Expr) (string, bool) {
	for _, m := range p.names {
		if s, ok := m[e]; ok {
			return s, true
		}
	}
	return "", false
}

// temp declares a temporary of the innermost block. C converts what is unsigned.
func (p *printer) temp(e *expr.Expr, c piece) string {
	p.temps++
	s := fmt.Sprintf("v%d", p.temps)
	text := c.text
	if c.unsigned {
		text = "(int)" + c.at(unary)
	}
	p.line("const %s %s = %s;", cType(e.Type), s, text)
	p.names[len(p.names)-1][e] = s
	return s
}

// named prints an expression as text that may be repeated.
func (p *printer) named(e *expr.Expr) string {
	c := p.value(e)
	if _, ok := p.lookup(e); ok || simple(e) {
		return c.at(atom)
	}
	return p.temp(e, c)
}

func (p *printer) compute(e *expr.Expr) piece {
	switch e.Op {
	case expr.Const:
		if e.Type == ir.F32 {
			return p.d.float(e.F)
		}
		return intConst(e.I)
	case expr.Axis:
		return piece{text: p.vars[e.I], prec: atom}
	case expr.Local:
		return piece{text: p.tile(int(e.I), e.Args), prec: atom}
	case expr.Load:
		return p.load(e)
	case expr.Select:
		c, a, b := p.value(e.Args[0]), p.value(e.Args[1]), p.value(e.Args[2])
		return piece{text: c.at(logicalOr) + " ? " + a.at(logicalOr) + " : " + b.at(logicalOr)}
	case expr.Cast:
		return p.cast(e)
	}
	switch {
	case e.Op.Unary() && e.Type == ir.F32:
		return p.function(e)
	case e.Op == expr.Neg && e.Type == ir.I32:
		if s := p.span(e.Args[0]); s.lo > math.MinInt32 {
			return piece{text: "-" + p.value(e.Args[0]).at(atom), prec: unary}
		}
		a := p.unsigned(e.Args[0])
		return piece{text: "0u - " + a.at(multiplicative), prec: additive, unsigned: true}
	case e.Op.Binary() && e.Args[0].Type == ir.F32:
		return p.floats(e)
	case e.Op.Binary() && e.Args[0].Type == ir.Bool && e.Op >= expr.And && e.Op <= expr.Xor:
		return p.logic(e)
	case e.Op.Binary():
		return p.integers(e)
	}
	p.fail("%s of %s has no text", e.Op, e.Type)
	return piece{}
}

// load prints a load. One behind a predicate whose index loads too becomes a
// block, so that the inner load as well happens only where the predicate holds.
func (p *printer) load(e *expr.Expr) piece {
	buf := p.bufs[e.I]
	if e.Pred == nil {
		return piece{text: fmt.Sprintf("%s[%s]", buf, p.int(e.Args[0]).text), prec: atom}
	}
	zero := "0"
	if e.Type == ir.F32 {
		zero = "0.0f"
	}
	pred := p.value(e.Pred)
	if !loads(e.Args[0]) {
		index := p.int(e.Args[0])
		return piece{text: fmt.Sprintf("%s ? %s[%s] : %s", pred.at(logicalOr), buf, index.text, zero)}
	}
	p.temps++
	s := fmt.Sprintf("v%d", p.temps)
	p.line("%s %s = %s;", cType(e.Type), s, zero)
	p.line("if (%s) {", pred.text)
	p.depth++
	p.names = append(p.names, map[*expr.Expr]string{})
	index := p.int(e.Args[0]).text
	p.line("%s = %s[%s];", s, buf, index)
	p.names = p.names[:len(p.names)-1]
	p.depth--
	p.line("}")
	p.names[len(p.names)-1][e] = s
	return piece{text: s, prec: atom}
}

func loads(e *expr.Expr) bool {
	found := false
	expr.Walk(e, func(x *expr.Expr) { found = found || x.Op == expr.Load })
	return found
}

// cast follows expr.Eval: what does not fit an int32, and NaN, is the least int32.
func (p *printer) cast(e *expr.Expr) piece {
	from, a := e.Args[0].Type, p.value(e.Args[0])
	switch {
	case e.Type == from, e.Type == ir.I32 && from == ir.Bool:
		return a
	case e.Type == ir.F32:
		return piece{text: "(float)" + a.at(unary), prec: unary}
	case e.Type == ir.I32:
		p.call("to_int")
		return piece{text: "to_int(" + a.text + ")", prec: atom}
	case from == ir.F32:
		return piece{text: a.at(relational) + " != 0.0f", prec: equality}
	}
	return piece{text: a.at(relational) + " != 0", prec: equality}
}

// call notes that a function is called: a helper is printed then, with what it needs.
func (p *printer) call(name string) {
	for ; name != ""; name = needs[name] {
		p.calls[name] = true
	}
}

func (p *printer) function(e *expr.Expr) piece {
	a := p.value(e.Args[0])
	if e.Op == expr.Neg {
		return piece{text: "-" + a.at(atom), prec: unary}
	}
	form := p.d.Unary[e.Op]
	if form == "" {
		p.fail("%s of float32 is not known", e.Op)
		return piece{}
	}
	name, _, _ := strings.Cut(form, "(")
	p.call(name)
	return piece{text: fmt.Sprintf(form, a.text), prec: atom}
}

// infix are the operators of C for kinds that are one, with their precedence.
var infix = map[expr.Op]struct {
	sign string
	prec int
}{
	expr.Add: {" + ", additive}, expr.Sub: {" - ", additive}, expr.Mul: {"*", multiplicative},
	expr.Div: {" / ", multiplicative}, expr.Mod: {" % ", multiplicative}, expr.And: {" & ", bitwise},
	expr.Or: {" | ", bitwise}, expr.Xor: {" ^ ", bitwise}, expr.Lt: {" < ", relational},
	expr.Le: {" <= ", relational}, expr.Eq: {" == ", equality}, expr.Ne: {" != ", equality},
	expr.Shl: {" << ", shift}, expr.Shr: {" >> ", shift},
}

// join prints two operands with their operator; what is on the right, and what is
// looser than arithmetic, is put in parentheses unless it binds tighter.
func join(op expr.Op, a, b piece) piece {
	o := infix[op]
	left := o.prec
	if left < additive {
		left++
	}
	return piece{text: a.at(left) + o.sign + b.at(o.prec+1), prec: o.prec, unsigned: a.unsigned && b.unsigned}
}

func (p *printer) floats(e *expr.Expr) piece {
	switch e.Op {
	case expr.Min, expr.Max:
		return p.extreme(e)
	case expr.Pow:
		a, b := p.value(e.Args[0]), p.value(e.Args[1])
		return piece{text: fmt.Sprintf(p.d.Pow, a.text, b.text), prec: atom}
	case expr.Add, expr.Sub, expr.Mul, expr.Div, expr.Lt, expr.Le, expr.Eq, expr.Ne:
		a := p.value(e.Args[0])
		return join(e.Op, a, p.value(e.Args[1]))
	}
	p.fail("%s of float32 is not known", e.Op)
	return piece{}
}

// extreme is a < b ? a : b, or with >, which settles what NaN gives.
func (p *printer) extreme(e *expr.Expr) piece {
	sign := "<"
	if e.Op == expr.Max {
		sign = ">"
	}
	a, b := p.named(e.Args[0]), p.named(e.Args[1])
	return piece{text: fmt.Sprintf("%s %s %s ? %s : %s", a, sign, b, a, b)}
}

func (p *printer) logic(e *expr.Expr) piece {
	a, b := p.value(e.Args[0]), p.value(e.Args[1])
	switch e.Op {
	case expr.And:
		return piece{text: a.at(logicalAnd) + " && " + b.at(logicalAnd+1), prec: logicalAnd}
	case expr.Or:
		return piece{text: a.at(bitwise) + " || " + b.at(bitwise), prec: logicalOr}
	}
	return join(expr.Xor, a, b)
}

// integers prints int32 arithmetic: signed where no result can leave the type,
// which C leaves undefined, else unsigned, which wraps.
func (p *printer) integers(e *expr.Expr) piece {
	x, y := e.Args[0], e.Args[1]
	switch e.Op {
	case expr.Min, expr.Max:
		return p.extreme(e)
	case expr.Add, expr.Sub, expr.Mul:
		if exact(e.Op, p.span(x), p.span(y)).fits() {
			a := p.value(x)
			return join(e.Op, a, p.value(y))
		}
		a := p.unsigned(x)
		return join(e.Op, a, p.unsigned(y))
	case expr.Div, expr.Mod:
		return p.divide(e)
	case expr.MulHi:
		a, b := p.unsigned(x), p.unsigned(y)
		return piece{text: fmt.Sprintf(p.d.MulHi, a.text, b.text), prec: atom, unsigned: true}
	case expr.Shl, expr.Shr:
		return p.shifted(e)
	case expr.And, expr.Or, expr.Xor:
		a, b := p.raw(x), p.raw(y)
		if a.unsigned != b.unsigned {
			a, b = p.unsigned(x), p.unsigned(y)
		}
		return join(e.Op, a, b)
	}
	a := p.value(x)
	return join(e.Op, a, p.value(y))
}

// divide is C's division where the dividend is never negative, else a helper.
func (p *printer) divide(e *expr.Expr) piece {
	x, y := e.Args[0], e.Args[1]
	a := p.value(x)
	b := p.value(y)
	if y.Op == expr.Const && y.I > 0 && p.span(x).lo >= 0 {
		return join(e.Op, a, b)
	}
	name := "floor_div"
	if e.Op == expr.Mod {
		name = "floor_mod"
	}
	p.call(name)
	return piece{text: fmt.Sprintf("%s(%s, %s)", name, a.text, b.text), prec: atom}
}

// shifted fills with zeros; 32 or more leaves nothing.
func (p *printer) shifted(e *expr.Expr) piece {
	by := e.Args[1]
	if by.Op != expr.Const {
		p.fail("%s by %s, want a constant", e.Op, p.n.Expr(by))
		return piece{}
	}
	if by.I < 0 || by.I > 31 {
		return piece{text: "0", prec: atom}
	}
	c := join(e.Op, p.unsigned(e.Args[0]), intConst(by.I))
	c.unsigned = true
	return c
}
