package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type add struct{}

var _ = register(add{})

// Add gives x + y, elementwise with broadcasting, for F32 or I32; integers wrap.
func Add(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(add{}, x, y) }

func (add) Name() string { return "add" }

func (o add) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.F32, ir.I32) }

func (add) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Add, in, out) }

// VJP: d(x+y) = dx + dy.
func (add) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return unbroadcast(b, in, g, g)
}

func (add) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 {
		if out.DType == ir.I32 {
			return float64(int32(int64(x[0] + x[1])))
		}
		return x[0] + x[1]
	})
}

func (o add) Samples() []Sample {
	return append(binarySamples(o), intSamples(o)...)
}
