package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type floor struct{}

var _ = register(floor{})

// Floor gives the largest integer that is not above x, elementwise. Its gradient is zero.
func Floor(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(floor{}, x) }

func (floor) Name() string { return "floor" }

func (o floor) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (floor) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Floor, in, out) }

func (floor) VJP(*ir.Builder, []ir.Value, ir.Value, ir.Value) []ir.Value { return []ir.Value{ir.None} }

func (floor) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Floor(x[0]) })
}

func (o floor) Samples() []Sample {
	return unarySamples(o, 0, 1, -1, 2.5, -2.5, 1e9, -1e9)
}
