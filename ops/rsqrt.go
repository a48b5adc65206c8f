package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type rsqrt struct{}

var _ = register(rsqrt{})

// Rsqrt gives 1/sqrt(x); +inf at 0, elementwise.
func Rsqrt(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(rsqrt{}, x) }

func (rsqrt) Name() string { return "rsqrt" }

func (o rsqrt) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (rsqrt) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Rsqrt, in, out) }

// VJP: d x^(-1/2) = -1/2 x^(-3/2).
func (rsqrt) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, Scale(b, g, -0.5), Mul(b, out, Square(b, out)))}
}

func (rsqrt) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return 1 / math.Sqrt(x[0]) })
}

func (rsqrt) Domain() (lo, hi float64) { return 0.125, 8 }

func (o rsqrt) Samples() []Sample {
	return unarySamples(o, 0, 1e30, 1e-30, math.Inf(1))
}
