package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type softplus struct{}

var _ = register(softplus{})

// Softplus gives log(1+exp(x)), for any x, elementwise.
func Softplus(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(softplus{}, x) }

func (softplus) Name() string { return "softplus" }

func (o softplus) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

// Lower computes max(x, 0) + log(1+exp(-|x|)), which never overflows.
func (softplus) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr {
		tail := expr.Un(expr.Log1p, expr.Un(expr.Exp, expr.Un(expr.Neg, expr.Un(expr.Abs, x[0]))))
		return expr.Plus(expr.Bin(expr.Max, x[0], expr.Float(0)), tail)
	})
}

// VJP: d softplus(x) = sigmoid(x).
func (softplus) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, g, Sigmoid(b, in[0]))}
}

func (softplus) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 {
		if x[0] > 0 {
			return x[0] + math.Log1p(math.Exp(-x[0]))
		}
		return math.Log1p(math.Exp(x[0]))
	})
}

func (o softplus) Samples() []Sample {
	return unarySamples(o, 0, 30, -30, 200, -200)
}
