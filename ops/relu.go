package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type relu struct{}

var _ = register(relu{})

// Relu gives max(x, 0), elementwise. Its gradient at 0 is 0.
func Relu(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(relu{}, x) }

func (relu) Name() string { return "relu" }

func (o relu) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (relu) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr { return expr.Bin(expr.Max, x[0], expr.Float(0)) })
}

// VJP: g where x > 0.
func (relu) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Select(b, Less(b, zero(b), in[0]), g, zero(b))}
}

func (relu) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Max(x[0], 0) })
}

func (o relu) Samples() []Sample {
	return unarySamples(o, 0, 1e-10, -1e-10, math.Inf(1), math.Inf(-1))
}
