package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type cos struct{}

var _ = register(cos{})

// Cos gives the cosine of x radians, elementwise.
func Cos(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(cos{}, x) }

func (cos) Name() string { return "cos" }

func (o cos) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (cos) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Cos, in, out) }

// VJP: d cos(x) = -sin(x).
func (cos) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, g, Neg(b, Sin(b, in[0])))}
}

func (cos) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Cos(x[0]) })
}

func (o cos) Samples() []Sample {
	return unarySamples(o, 0, 1e-5, 100, -100)
}
