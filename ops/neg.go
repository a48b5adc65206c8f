package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type neg struct{}

var _ = register(neg{})

// Neg gives -x, elementwise, for F32 or I32.
func Neg(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(neg{}, x) }

func (neg) Name() string { return "neg" }

func (o neg) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32, ir.I32) }

func (neg) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Neg, in, out) }

// VJP: d(-x) = -dx.
func (neg) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Neg(b, g)}
}

func (neg) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 {
		if out.DType == ir.I32 {
			return float64(-int32(x[0]))
		}
		return -x[0]
	})
}

func (o neg) Samples() []Sample {
	return append(unarySamples(o, 0, 1e30), at(o, ints(0, 1, -7, 1<<31-1, -1<<31)))
}
