package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type square struct{}

var _ = register(square{})

// Square gives x*x, elementwise.
func Square(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(square{}, x) }

func (square) Name() string { return "square" }

func (o square) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (square) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr { return expr.Times(x[0], x[0]) })
}

// VJP: d x^2 = 2 x.
func (square) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, g, Scale(b, in[0], 2))}
}

func (square) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return x[0] * x[0] })
}

func (o square) Samples() []Sample {
	return unarySamples(o, 0, 1e10, -1e-10)
}
