package expr

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
)

var negInf, posInf = math.Inf(-1), math.Inf(1)

// Walk visits every expression below e once, operands before users.
func Walk(e *Expr, visit func(*Expr)) {
	seen := map[*Expr]bool{}
	var walk func(*Expr)
	walk = func(x *Expr) {
		if x == nil || seen[x] {
			return
		}
		seen[x] = true
		for _, a := range x.Args {
			walk(a)
		}
		walk(x.Pred)
		visit(x)
	}
	walk(e)
}

// Memo makes a bottom-up rewriting: each distinct expression is rebuilt from its
// rewritten operands, then handed to f, which gives its replacement or nil.
// Constants are folded as expressions are rebuilt.
func Memo(f func(*Expr) *Expr) func(*Expr) *Expr {
	done := map[*Expr]*Expr{}
	var m func(*Expr) *Expr
	m = func(e *Expr) *Expr {
		if e == nil {
			return nil
		}
		if r, ok := done[e]; ok {
			return r
		}
		r, folded := rebuild(e, m)
		if !folded { // an operand that folding brought up has been through f
			if s := f(r); s != nil {
				r = s
			}
		}
		done[e] = r
		return r
	}
	return m
}

// rebuild makes an expression of rewritten operands, and reports whether it
// folded to one of them.
func rebuild(e *Expr, m func(*Expr) *Expr) (r *Expr, folded bool) {
	args := make([]*Expr, len(e.Args))
	same := true
	for i, a := range e.Args {
		args[i] = m(a)
		same = same && args[i] == a
	}
	pred := m(e.Pred)
	if same && pred == e.Pred {
		return e, false
	}
	switch {
	case e.Op.Binary():
		r = Bin(e.Op, args[0], args[1])
	case e.Op == Select:
		r = If(args[0], args[1], args[2])
	case e.Op == Load && pred != nil && pred.Op == Const && pred.I != 0:
		pred = nil
	}
	if r == nil {
		return &Expr{Op: e.Op, Type: e.Type, Args: args, Pred: pred, F: e.F, I: e.I}, false
	}
	for _, a := range args {
		folded = folded || r == a
	}
	return r, folded
}

// Subst replaces axis i by to[i] where that is not nil.
func Subst(e *Expr, to []*Expr) *Expr {
	return Memo(func(x *Expr) *Expr {
		if x.Op == Axis && int(x.I) < len(to) {
			return to[x.I]
		}
		return nil
	})(e)
}

// Uses reports whether axis (or loop variable) i is read below e.
func Uses(e *Expr, i int) bool {
	found := false
	Walk(e, func(x *Expr) { found = found || x.Op == Axis && int(x.I) == i })
	return found
}

// Term is a multiple of an axis.
type Term struct{ Axis, Coef int }

// Linear is Const + sum of Coef*axis; Terms are sorted by axis, none with Coef 0.
type Linear struct {
	Const int
	Terms []Term
}

// Coef is the multiple of an axis, 0 when absent.
func (l Linear) Coef(axis int) int {
	for _, t := range l.Terms {
		if t.Axis == axis {
			return t.Coef
		}
	}
	return 0
}

// Affine reads an integer expression as a linear form of its axes, and reports
// whether it is one.
func Affine(e *Expr) (Linear, bool) {
	m := map[int]int{}
	c, ok := affine(e, 1, m)
	if !ok {
		return Linear{}, false
	}
	l := Linear{Const: c}
	for a, k := range m {
		if k != 0 {
			l.Terms = append(l.Terms, Term{a, k})
		}
	}
	sort.Slice(l.Terms, func(i, j int) bool { return l.Terms[i].Axis < l.Terms[j].Axis })
	return l, true
}

func affine(e *Expr, k int, m map[int]int) (int, bool) {
	switch e.Op {
	case Const:
		return k * int(e.I), true
	case Axis:
		m[int(e.I)] += k
		return 0, true
	case Neg:
		return affine(e.Args[0], -k, m)
	case Add, Sub:
		a, ok := affine(e.Args[0], k, m)
		if !ok {
			return 0, false
		}
		if e.Op == Sub {
			k = -k
		}
		b, ok := affine(e.Args[1], k, m)
		return a + b, ok
	case Mul:
		if e.Args[0].Op == Const {
			return affine(e.Args[1], k*int(e.Args[0].I), m)
		}
		if e.Args[1].Op == Const {
			return affine(e.Args[0], k*int(e.Args[1].I), m)
		}
	}
	return 0, false
}

// Expr turns a linear form back into an expression.
func (l Linear) Expr() *Expr {
	var e *Expr
	for _, t := range l.Terms {
		x := Times(At(t.Axis), Int(t.Coef))
		if e == nil {
			e = x
			continue
		}
		e = Plus(e, x)
	}
	if e == nil {
		return Int(l.Const)
	}
	return Plus(e, Int(l.Const))
}

// Same reports whether two expressions are the same tree.
func Same(a, b *Expr) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.Op != b.Op || a.Type != b.Type || a.I != b.I ||
		math.Float64bits(a.F) != math.Float64bits(b.F) || len(a.Args) != len(b.Args) {
		return false
	}
	for i := range a.Args {
		if !Same(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return Same(a.Pred, b.Pred)
}

// String prints the expression; axis i is printed as i0, i1, ...
func (e *Expr) String() string {
	return e.Format(func(i int) string { return "i" + strconv.Itoa(i) }, func(i int) string { return "x" + strconv.Itoa(i) })
}

// Format prints the expression with the caller's names for axes and operands.
func (e *Expr) Format(axis, operand func(int) string) string {
	switch e.Op {
	case Const:
		if e.Type == ir32 {
			return strconv.FormatFloat(e.F, 'g', -1, 32)
		}
		return strconv.FormatInt(e.I, 10)
	case Axis:
		return axis(int(e.I))
	case Acc:
		if e.I > 0 {
			return "acc" + strconv.FormatInt(e.I, 10)
		}
		return "acc"
	}
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = a.Format(axis, operand)
	}
	switch e.Op {
	case Load:
		s := operand(int(e.I)) + "[" + strings.Join(args, ", ") + "]"
		if e.Pred != nil {
			s = "(" + s + " if " + e.Pred.Format(axis, operand) + ")"
		}
		return s
	case Local:
		return "t" + strconv.FormatInt(e.I, 10) + "[" + strings.Join(args, ", ") + "]"
	}
	if s, ok := infix[e.Op]; ok {
		return "(" + args[0] + s + args[1] + ")"
	}
	if e.Op == Cast {
		return fmt.Sprintf("%s(%s)", e.Type, args[0])
	}
	return e.Op.String() + "(" + strings.Join(args, ", ") + ")"
}
