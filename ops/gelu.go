package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type gelu struct{}

var _ = register(gelu{})

// Gelu gives x*Phi(x), elementwise, with the exact normal distribution Phi
// (Hendrycks and Gimpel 2016).
func Gelu(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(gelu{}, x) }

func (gelu) Name() string { return "gelu" }

func (o gelu) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (gelu) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr {
		erf := expr.Un(expr.Erf, expr.Times(x[0], expr.Float(1/math.Sqrt2)))
		return expr.Times(expr.Times(x[0], expr.Float(0.5)), expr.Plus(erf, expr.Float(1)))
	})
}

// VJP: d x Phi(x) = Phi(x) + x phi(x).
func (gelu) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	x := in[0]
	cdf := Scale(b, Add(b, Erf(b, Scale(b, x, 1/math.Sqrt2)), one(b)), 0.5)
	pdf := Scale(b, Exp(b, Scale(b, Square(b, x), -0.5)), 1/(math.Sqrt2*math.SqrtPi))
	return []ir.Value{Mul(b, g, Add(b, cdf, Mul(b, x, pdf)))}
}

func (gelu) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return 0.5 * x[0] * math.Erfc(-x[0]/math.Sqrt2) })
}

func (o gelu) Samples() []Sample {
	return unarySamples(o, 0, 10, -10)
}
