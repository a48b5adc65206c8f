package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type sigmoid struct{}

var _ = register(sigmoid{})

// Sigmoid gives the logistic function 1/(1+exp(-x)), elementwise.
func Sigmoid(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(sigmoid{}, x) }

func (sigmoid) Name() string { return "sigmoid" }

func (o sigmoid) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (sigmoid) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerUnary(expr.Sigmoid, in, out)
}

// VJP: d s(x) = s(x) (1 - s(x)).
func (sigmoid) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, g, Mul(b, out, Sub(b, one(b), out)))}
}

func (sigmoid) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return 1 / (1 + math.Exp(-x[0])) })
}

func (o sigmoid) Samples() []Sample {
	return unarySamples(o, 0, 30, -30, 200, -200, math.Inf(1), math.Inf(-1))
}
