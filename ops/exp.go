package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type exp struct{}

var _ = register(exp{})

// Exp gives e to the power x, elementwise.
func Exp(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(exp{}, x) }

func (exp) Name() string { return "exp" }

func (o exp) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (exp) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Exp, in, out) }

// VJP: d exp(x) = exp(x).
func (exp) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, g, out)}
}

func (exp) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Exp(x[0]) })
}

func (o exp) Samples() []Sample {
	return unarySamples(o, 0, 80, -80, 100, -100, math.Inf(1), math.Inf(-1))
}
