package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type sin struct{}

var _ = register(sin{})

// Sin gives the sine of x radians, elementwise.
func Sin(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(sin{}, x) }

func (sin) Name() string { return "sin" }

func (o sin) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (sin) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Sin, in, out) }

// VJP: d sin(x) = cos(x).
func (sin) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, g, Cos(b, in[0]))}
}

func (sin) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Sin(x[0]) })
}

func (o sin) Samples() []Sample {
	return unarySamples(o, 0, 1e-5, 100, -100)
}
