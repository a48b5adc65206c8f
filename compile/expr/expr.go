// Package expr says what one element of a result is, from its coordinates: the
// algorithm, with no order of loops, no memory and no target. Operators lower to
// a Compute; package schedule gives it an order and makes it a loop.Nest, whose
// statements hold the same Expr with loop variables in place of axes.
// Begin with Compute.
package expr

import (
	"math"

	"mllab/compile/ir"
)

// Op is the kind of an Expr.
type Op uint8

// The kinds. F is float32, I int32, B bool. Arithmetic rounds to the type of the
// expression on targets, and is float64 or exact in Eval and in the interpreter.
const (
	Const   Op = iota // F: float64 constant in F; I, B: integer in I
	Axis              // I: axis (in a Compute) or loop variable (in a loop.Nest) number I
	Load              // operand (or buffer) number I at Args; zero where Pred is false, memory untouched
	Local             // register tile number I at Args; only in loop nests
	Acc               // the value of reduction number I; only in Compute.Outs
	Neg               // F, I
	Abs               // F
	Exp               // F
	Log               // F, of a positive number; log(0) = -inf, log(<0) = NaN
	Log1p             // F, log(1+x) accurate near 0
	Tanh              // F
	Sigmoid           // F, 1/(1+exp(-x))
	Sin               // F, radians
	Cos               // F, radians
	Sqrt              // F
	Rsqrt             // F, 1/sqrt(x)
	Recip             // F, 1/x
	Floor             // F
	Round             // F, to nearest, ties to even
	Erf               // F
	Add               // F, I (I wraps modulo 2^32)
	Sub               // F, I (wraps)
	Mul               // F, I (wraps)
	Div               // F; I: floor division by a positive constant
	Mod               // I: remainder of floor division by a positive constant, 0 <= r < divisor
	Min               // F, I: a < b ? a : b, so the second operand where either is NaN
	Max               // F, I: a > b ? a : b, so the second operand where either is NaN
	Pow               // F: exp(b*log(a)) for a > 0; 0^b = 0 for b > 0
	MulHi             // I: upper 32 bits of the product of both as unsigned numbers
	And               // I (bitwise), B
	Or                // I (bitwise), B
	Xor               // I (bitwise), B
	Shl               // I, by a constant
	Shr               // I, logical, by a constant
	Lt                // F, I -> B
	Le                // F, I -> B
	Eq                // F, I -> B
	Ne                // F, I -> B
	Select            // B, T, T -> T: only the chosen value counts, both may be computed
	Cast              // I, B -> F exact or rounded; F -> I truncated; F, I -> B: not zero; B -> I: 0 or 1
	numOps
)

var names = [numOps]string{
	"const", "axis", "load", "local", "acc", "neg", "abs", "exp", "log", "log1p", "tanh", "sigmoid", "sin",
	"cos", "sqrt", "rsqrt", "recip", "floor", "round", "erf", "add", "sub", "mul", "div", "mod", "min", "max",
	"pow", "mulhi", "and", "or", "xor", "shl", "shr", "lt", "le", "eq", "ne", "select", "cast",
}

// String is the kind's lower-case name.
func (o Op) String() string {
	if o < numOps {
		return names[o]
	}
	return "expr?"
}

// Unary reports whether the kind takes one operand of its own type.
func (o Op) Unary() bool { return o >= Neg && o <= Erf }

// Binary reports whether the kind takes two operands of one type.
func (o Op) Binary() bool { return o >= Add && o <= Ne }

// Compare reports whether the kind gives a bool from two operands.
func (o Op) Compare() bool { return o >= Lt && o <= Ne }

// Expr is one scalar expression: an immutable node of a DAG. Build it with the
// functions below; never change one, since it is shared.
type Expr struct {
	Op   Op
	Type ir.DType
	Args []*Expr
	Pred *Expr   // Load only, may be nil: bool
	F    float64 // Const of F32
	I    int64   // Const of I32 or Bool; number of an Axis, Load, Local or Acc
}

// Float is a float32 constant.
func Float(v float64) *Expr { return &Expr{Op: Const, Type: ir.F32, F: v} }

// Int is an int32 constant.
func Int(v int) *Expr { return &Expr{Op: Const, Type: ir.I32, I: int64(v)} }

func boolean(v bool) *Expr {
	e := &Expr{Op: Const, Type: ir.Bool}
	if v {
		e.I = 1
	}
	return e
}

// Number is a constant of the given type.
func Number(d ir.DType, v float64) *Expr {
	if d == ir.F32 {
		return Float(v)
	}
	return &Expr{Op: Const, Type: d, I: int64(v)}
}

// At is axis (or loop variable) number i.
func At(i int) *Expr { return &Expr{Op: Axis, Type: ir.I32, I: int64(i)} }

// Get loads operand n of element type d, one index a dimension of the operand.
func Get(n int, d ir.DType, index ...*Expr) *Expr {
	return &Expr{Op: Load, Type: d, I: int64(n), Args: index}
}

// GetIf loads operand n where pred holds, and is 0 elsewhere without touching memory.
func GetIf(pred *Expr, n int, d ir.DType, index ...*Expr) *Expr {
	if pred != nil && pred.Op == Const && pred.I != 0 {
		pred = nil
	}
	return &Expr{Op: Load, Type: d, I: int64(n), Args: index, Pred: pred}
}

// Tile reads register tile n at an index of unrolled and vector variables; loop nests only.
func Tile(n int, d ir.DType, index ...*Expr) *Expr {
	return &Expr{Op: Local, Type: d, I: int64(n), Args: index}
}

// Reduced is the value of the reduction, in Compute.Outs.
func Reduced(d ir.DType) *Expr { return ReducedBy(0, d) }

// ReducedBy is the value of reduction number i, in Compute.Outs.
func ReducedBy(i int, d ir.DType) *Expr { return &Expr{Op: Acc, Type: d, I: int64(i)} }

// Un applies a unary kind.
func Un(op Op, x *Expr) *Expr { return &Expr{Op: op, Type: x.Type, Args: []*Expr{x}} }

// If chooses between two values of one type.
func If(c, a, b *Expr) *Expr {
	if c.Op == Const {
		if c.I != 0 {
			return a
		}
		return b
	}
	return &Expr{Op: Select, Type: a.Type, Args: []*Expr{c, a, b}}
}

// To casts to an element type.
func To(d ir.DType, x *Expr) *Expr {
	if x.Type == d {
		return x
	}
	if x.Op == Const && x.Type != ir.F32 && d == ir.F32 {
		return Float(float64(x.I))
	}
	return &Expr{Op: Cast, Type: d, Args: []*Expr{x}}
}

// Bin applies a binary kind and folds what is constant.
func Bin(op Op, a, b *Expr) *Expr {
	if e := foldBin(op, a, b); e != nil {
		return e
	}
	t := a.Type
	if op.Compare() {
		t = ir.Bool
	}
	return &Expr{Op: op, Type: t, Args: []*Expr{a, b}}
}

// Plus, Minus, Times are the commonest binary kinds, short since indices are full of them.
func Plus(a, b *Expr) *Expr { return Bin(Add, a, b) }

// Minus is a - b.
func Minus(a, b *Expr) *Expr { return Bin(Sub, a, b) }

// Times is a * b.
func Times(a, b *Expr) *Expr { return Bin(Mul, a, b) }

func isInt(e *Expr, v int64) bool { return e.Op == Const && e.Type != ir.F32 && e.I == v }

func foldBin(op Op, a, b *Expr) *Expr {
	if a.Type == ir.F32 {
		return foldFloat(op, a, b)
	}
	if a.Op == Const && b.Op == Const {
		v := IntOp(op, int32(a.I), int32(b.I))
		if op.Compare() {
			return boolean(v != 0)
		}
		return &Expr{Op: Const, Type: a.Type, I: int64(v)}
	}
	switch {
	case op == Add && isInt(a, 0), op == Mul && isInt(a, 1), op == And && a.Type == ir.Bool && isInt(a, 1):
		return b
	case (op == Add || op == Sub || op == Xor || op == Shl || op == Shr) && isInt(b, 0),
		(op == Mul || op == Div) && isInt(b, 1), op == And && a.Type == ir.Bool && isInt(b, 1):
		return a
	case op == Mul && (isInt(a, 0) || isInt(b, 0)), op == Mod && isInt(b, 1):
		return &Expr{Op: Const, Type: a.Type}
	case op == And && a.Type == ir.Bool && (isInt(a, 0) || isInt(b, 0)):
		return boolean(false)
	}
	return nil
}

// foldFloat folds only what is exact for every operand, NaN and infinities included.
func foldFloat(op Op, a, b *Expr) *Expr {
	ca, cb := a.Op == Const, b.Op == Const
	if ca && cb && !op.Compare() {
		return Float(float64(float32(FloatOp(op, a.F, b.F))))
	}
	if cb && b.F == 1 && (op == Mul || op == Div) {
		return a
	}
	if ca && a.F == 1 && op == Mul {
		return b
	}
	return nil
}

// FloatOp computes a binary kind in float64; comparisons give 0 or 1.
func FloatOp(op Op, a, b float64) float64 {
	one := func(c bool) float64 {
		if c {
			return 1
		}
		return 0
	}
	switch op {
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Min:
		if a < b {
			return a
		}
		return b
	case Max:
		if a > b {
			return a
		}
		return b
	case Pow:
		return math.Pow(a, b)
	case Lt:
		return one(a < b)
	case Le:
		return one(a <= b)
	case Eq:
		return one(a == b)
	case Ne:
		return one(a != b)
	}
	panic("expr: " + op.String() + " is not a binary kind of floats")
}

// IntOp computes a binary kind on int32, wrapping; comparisons give 0 or 1.
func IntOp(op Op, a, b int32) int32 {
	one := func(c bool) int32 {
		if c {
			return 1
		}
		return 0
	}
	switch op {
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return floorDiv(a, b)
	case Mod:
		return a - b*floorDiv(a, b)
	case Min:
		return min(a, b)
	case Max:
		return max(a, b)
	case MulHi:
		return int32(uint64(uint32(a)) * uint64(uint32(b)) >> 32)
	case And:
		return a & b
	case Or:
		return a | b
	case Xor:
		return a ^ b
	case Shl:
		return a << uint32(b)
	case Shr:
		return int32(uint32(a) >> uint32(b))
	case Lt:
		return one(a < b)
	case Le:
		return one(a <= b)
	case Eq:
		return one(a == b)
	case Ne:
		return one(a != b)
	}
	panic("expr: " + op.String() + " is not a binary kind of integers")
}

func floorDiv(a, b int32) int32 {
	if b == 0 {
		return 0
	}
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// UnaryOp computes a unary kind in float64.
func UnaryOp(op Op, x float64) float64 {
	switch op {
	case Neg:
		return -x
	case Abs:
		return math.Abs(x)
	case Exp:
		return math.Exp(x)
	case Log:
		return math.Log(x)
	case Log1p:
		return math.Log1p(x)
	case Tanh:
		return math.Tanh(x)
	case Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case Sin:
		return math.Sin(x)
	case Cos:
		return math.Cos(x)
	case Sqrt:
		return math.Sqrt(x)
	case Rsqrt:
		return 1 / math.Sqrt(x)
	case Recip:
		return 1 / x
	case Floor:
		return math.Floor(x)
	case Round:
		return math.RoundToEven(x)
	case Erf:
		return math.Erf(x)
	}
	panic("expr: " + op.String() + " is not a unary kind")
}
