package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type abs struct{}

var _ = register(abs{})

// Abs gives the absolute value, elementwise.
func Abs(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(abs{}, x) }

func (abs) Name() string { return "abs" }

func (o abs) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (abs) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Abs, in, out) }

// VJP: the sign of x, 1 at 0.
func (abs) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Select(b, Less(b, in[0], zero(b)), Neg(b, g), g)}
}

func (abs) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Abs(x[0]) })
}

func (o abs) Samples() []Sample {
	return unarySamples(o, 0, math.Inf(1), math.Inf(-1))
}
