package cstyle

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mllab/compile/expr"
)

// namer makes unique identifiers out of the names of a nest, which may be
// labels of a user's and hold any text.
type namer struct{ taken map[string]bool }

func newNamer(d *Dialect) *namer {
	n := &namer{taken: map[string]bool{}}
	for _, w := range slices.Concat(keywords, d.Reserved) {
		n.taken[w] = true
	}
	for _, h := range helpers {
		n.taken[h.name] = true
	}
	return n
}

// name gives an identifier that nothing else has.
func (n *namer) name(s string) string {
	id := identifier(s)
	if id == "" || id[0] >= '0' && id[0] <= '9' || ownWord(id) {
		id = "x" + id
	}
	unique := id
	for i := 2; n.taken[unique]; i++ {
		unique = fmt.Sprintf("%s_%d", id, i)
	}
	n.taken[unique] = true
	return unique
}

// ownWord reports whether a name could be one that the printer makes itself:
// tiles t0, t1, ... and temporaries v1, v2, ...
func ownWord(id string) bool {
	if id[0] != 't' && id[0] != 'v' {
		return id == "run"
	}
	return strings.Trim(id[1:], "0123456789") == "" && len(id) > 1
}

// identifier keeps letters and digits, and puts one underscore for what is
// between them. Names that begin with an underscore belong to compilers.
func identifier(s string) string {
	const most = 40
	var b strings.Builder
	gap := false
	for _, r := range s {
		if r < 128 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
			if b.Len() >= most {
				break
			}
			continue
		}
		gap = true
	}
	return b.String()
}

// float prints a constant so that a compiler reads back the same float32.
func (d *Dialect) float(v float64) piece {
	f := float32(v)
	sign, prec := "", atom
	if math.Signbit(float64(f)) {
		sign, prec = "-", unary
	}
	switch {
	case f != f:
		return piece{text: d.NaN, prec: atom}
	case math.IsInf(float64(f), 0):
		return piece{text: sign + d.Inf, prec: prec}
	}
	s := strconv.FormatFloat(math.Abs(float64(f)), 'g', -1, 32)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return piece{text: sign + s + "f", prec: prec}
}

func intConst(v int64) piece {
	switch {
	case v == math.MinInt32:
		return piece{text: "-2147483647 - 1", prec: additive}
	case v < 0:
		return piece{text: strconv.FormatInt(v, 10), prec: unary}
	}
	return piece{text: strconv.FormatInt(v, 10), prec: atom}
}

// span is the least and the greatest value an integer expression can have.
type span struct{ lo, hi int64 }

var anyInt = span{math.MinInt32, math.MaxInt32}

func (s span) fits() bool { return s.lo >= math.MinInt32 && s.hi <= math.MaxInt32 }

// exact is the span of a result before it wraps, of +, - and *.
func exact(op expr.Op, a, b span) span {
	switch op {
	case expr.Add:
		return span{a.lo + b.lo, a.hi + b.hi}
	case expr.Sub:
		return span{a.lo - b.hi, a.hi - b.lo}
	}
	p := []int64{a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi}
	return span{slices.Min(p), slices.Max(p)}
}

// span bounds an integer or bool expression by the extents of the open loops.
func (p *printer) span(e *expr.Expr) span {
	if s, ok := p.spans[e]; ok {
		return s
	}
	s := p.bound(e)
	if !s.fits() {
		s = anyInt
	}
	p.spans[e] = s
	return s
}

func (p *printer) bound(e *expr.Expr) span {
	if e.Op.Compare() {
		return span{0, 1}
	}
	switch e.Op {
	case expr.Const:
		return span{e.I, e.I}
	case expr.Axis:
		return p.extent[e.I]
	case expr.Neg:
		a := p.span(e.Args[0])
		return span{-a.hi, -a.lo}
	case expr.Add, expr.Sub, expr.Mul:
		return exact(e.Op, p.span(e.Args[0]), p.span(e.Args[1]))
	case expr.Min, expr.Max:
		a, b := p.span(e.Args[0]), p.span(e.Args[1])
		if e.Op == expr.Min {
			return span{min(a.lo, b.lo), min(a.hi, b.hi)}
		}
		return span{max(a.lo, b.lo), max(a.hi, b.hi)}
	case expr.Select:
		a, b := p.span(e.Args[1]), p.span(e.Args[2])
		return span{min(a.lo, b.lo), max(a.hi, b.hi)}
	case expr.Div, expr.Mod:
		a, c := p.span(e.Args[0]), e.Args[1]
		if c.Op != expr.Const || c.I <= 0 || a.lo < 0 {
			return anyInt
		}
		if e.Op == expr.Div {
			return span{a.lo / c.I, a.hi / c.I}
		}
		return span{0, min(a.hi, c.I-1)}
	}
	return anyInt
}
