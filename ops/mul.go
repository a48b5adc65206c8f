package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type mul struct{}

var _ = register(mul{})

// Mul gives x * y, elementwise with broadcasting, for F32 or I32; integers wrap.
func Mul(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(mul{}, x, y) }

func (mul) Name() string { return "mul" }

func (o mul) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.F32, ir.I32) }

func (mul) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Mul, in, out) }

// VJP: d(xy) = y dx + x dy.
func (mul) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return unbroadcast(b, in, Mul(b, g, in[1]), Mul(b, g, in[0]))
}

func (mul) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 {
		if out.DType == ir.I32 {
			return float64(int32(x[0]) * int32(x[1]))
		}
		return x[0] * x[1]
	})
}

func (o mul) Samples() []Sample {
	return append(binarySamples(o), intSamples(o)...)
}
