package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type erf struct{}

var _ = register(erf{})

// Erf gives the error function, elementwise.
func Erf(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(erf{}, x) }

func (erf) Name() string { return "erf" }

func (o erf) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (erf) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Erf, in, out) }

// VJP: d erf(x) = 2/sqrt(pi) exp(-x^2).
func (erf) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, Scale(b, g, 2/math.SqrtPi), Exp(b, Neg(b, Square(b, in[0]))))}
}

func (erf) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Erf(x[0]) })
}

func (o erf) Samples() []Sample {
	return unarySamples(o, 0, 1e-5, 6, -6, math.Inf(1), math.Inf(-1))
}
