package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type sub struct{}

var _ = register(sub{})

// Sub gives x - y, elementwise with broadcasting, for F32 or I32; integers wrap.
func Sub(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(sub{}, x, y) }

func (sub) Name() string { return "sub" }

func (o sub) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.F32, ir.I32) }

func (sub) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Sub, in, out) }

// VJP: d(x-y) = dx - dy.
func (sub) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return unbroadcast(b, in, g, Neg(b, g))
}

func (sub) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 {
		if out.DType == ir.I32 {
			return float64(int32(int64(x[0] - x[1])))
		}
		return x[0] - x[1]
	})
}

func (o sub) Samples() []Sample {
	return append(binarySamples(o), intSamples(o)...)
}
