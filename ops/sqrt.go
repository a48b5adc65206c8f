package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type sqrt struct{}

var _ = register(sqrt{})

// Sqrt gives the square root; NaN below 0, elementwise.
func Sqrt(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(sqrt{}, x) }

func (sqrt) Name() string { return "sqrt" }

func (o sqrt) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (sqrt) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Sqrt, in, out) }

// VJP: d sqrt(x) = 1/2 / sqrt(x).
func (sqrt) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Div(b, Scale(b, g, 0.5), out)}
}

func (sqrt) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Sqrt(x[0]) })
}

func (sqrt) Domain() (lo, hi float64) { return 0.125, 8 }

func (o sqrt) Samples() []Sample {
	return unarySamples(o, 0, -1, 1e30, 1e-30, math.Inf(1))
}
