package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type round struct{}

var _ = register(round{})

// Round gives the nearest integer, the even one of two, elementwise. Its gradient is zero.
func Round(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(round{}, x) }

func (round) Name() string { return "round" }

func (o round) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (round) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Round, in, out) }

func (round) VJP(*ir.Builder, []ir.Value, ir.Value, ir.Value) []ir.Value { return []ir.Value{ir.None} }

func (round) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.RoundToEven(x[0]) })
}

func (o round) Samples() []Sample {
	return unarySamples(o, 0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e9, -1e9)
}
