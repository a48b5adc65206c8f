package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type tanh struct{}

var _ = register(tanh{})

// Tanh gives the hyperbolic tangent, elementwise.
func Tanh(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(tanh{}, x) }

func (tanh) Name() string { return "tanh" }

func (o tanh) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (tanh) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Tanh, in, out) }

// VJP: d tanh(x) = 1 - tanh(x)^2.
func (tanh) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, g, Sub(b, one(b), Square(b, out)))}
}

func (tanh) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Tanh(x[0]) })
}

func (o tanh) Samples() []Sample {
	return unarySamples(o, 0, 1e-5, -1e-5, 20, -20, math.Inf(1), math.Inf(-1))
}
