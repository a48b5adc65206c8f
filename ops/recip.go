package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type recip struct{}

var _ = register(recip{})

// Recip gives 1/x; infinite at 0, elementwise.
func Recip(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(recip{}, x) }

func (recip) Name() string { return "recip" }

func (o recip) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (recip) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Recip, in, out) }

// VJP: d 1/x = -1/x^2.
func (recip) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, Neg(b, g), Square(b, out))}
}

func (recip) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return 1 / x[0] })
}

func (recip) Domain() (lo, hi float64) { return 0.125, 8 }

func (o recip) Samples() []Sample {
	return unarySamples(o, 0, -2, 1e30, -1e-30, math.Inf(1))
}
