package expr

import (
	"fmt"
	"math"

	"mllab/compile/ir"
)

const ir32 = ir.F32

var infix = map[Op]string{
	Add: " + ", Sub: " - ", Mul: "*", Div: "/", Mod: "%", Lt: " < ", Le: " <= ", Eq: " == ", Ne: " != ",
	And: " & ", Or: " | ", Xor: " ^ ", Shl: " << ", Shr: " >> ",
}

// Env gives an expression its leaves. Nil functions are never reached by an
// expression without such leaves.
type Env struct {
	Axis  func(i int) int
	Load  func(operand int, index []int) float64
	Local func(tile int, index []int) float64
	Acc   []float64
}

// Eval computes an expression: floats in float64, integers as wrapping int32,
// bools as 0 or 1. It is the definition of each kind, and is never made fast.
func Eval(e *Expr, env *Env) float64 {
	switch e.Op {
	case Const:
		if e.Type == ir.F32 {
			return e.F
		}
		return float64(e.I)
	case Axis:
		return float64(env.Axis(int(e.I)))
	case Acc:
		return env.Acc[e.I]
	case Load, Local:
		if e.Pred != nil && Eval(e.Pred, env) == 0 {
			return 0
		}
		index := make([]int, len(e.Args))
		for i, a := range e.Args {
			index[i] = int(Eval(a, env))
		}
		if e.Op == Local {
			return env.Local(int(e.I), index)
		}
		return env.Load(int(e.I), index)
	case Select:
		if Eval(e.Args[0], env) != 0 {
			return Eval(e.Args[1], env)
		}
		return Eval(e.Args[2], env)
	case Cast:
		return castTo(e.Type, e.Args[0].Type, Eval(e.Args[0], env))
	}
	a := Eval(e.Args[0], env)
	if e.Op.Unary() {
		if e.Type != ir.F32 {
			return float64(-int32(a))
		}
		return UnaryOp(e.Op, a)
	}
	b := Eval(e.Args[1], env)
	if e.Args[0].Type == ir.F32 {
		return FloatOp(e.Op, a, b)
	}
	return float64(IntOp(e.Op, int32(a), int32(b)))
}

func castTo(to, from ir.DType, v float64) float64 {
	switch {
	case to == ir.Bool && v != 0:
		return 1
	case to == ir.I32 && from == ir.F32:
		if math.IsNaN(v) || v >= 1<<31 || v < -1<<31 {
			return -1 << 31
		}
		return math.Trunc(v)
	}
	return v
}

// Run evaluates a whole Compute, for tests: operands and results are row-major.
func (c *Compute) Run(in [][]float64) ([][]float64, error) {
	if len(in) != len(c.In) {
		return nil, fmt.Errorf("%s: %d operands, want %d", c.Name, len(in), len(c.In))
	}
	outs := make([][]float64, len(c.Outs))
	n := ir.Elems(c.Axes)
	for i := range outs {
		outs[i] = make([]float64, n)
	}
	at := make([]int, len(c.Axes)+len(c.Red))
	env := &Env{Axis: func(i int) int { return at[i] }}
	env.Load = func(operand int, index []int) float64 {
		flat := 0
		if len(index) == 1 {
			flat = index[0]
		} else {
			for d, i := range index {
				flat = flat*c.In[operand].Shape[d] + i
			}
		}
		return in[operand][flat]
	}
	for k := range n {
		unflatten(k, c.Axes, at)
		env.Acc = env.Acc[:0]
		for _, d := range c.Reductions() {
			acc := Eval(d.Comb.Start(d.Body.Type), env)
			for r := range ir.Elems(c.Red) {
				unflatten(r, c.Red, at[len(c.Axes):])
				v := Eval(d.Body, env)
				if d.Body.Type == ir.F32 {
					acc = FloatOp(d.Comb.Op(), acc, v)
				} else {
					acc = float64(IntOp(d.Comb.Op(), int32(acc), int32(v)))
				}
			}
			env.Acc = append(env.Acc, acc)
		}
		for i, o := range c.Outs {
			outs[i][k] = Eval(o, env)
		}
	}
	return outs, nil
}

func unflatten(k int, shape, at []int) {
	for d := len(shape) - 1; d >= 0; d-- {
		at[d] = k % shape[d]
		k /= shape[d]
	}
}
