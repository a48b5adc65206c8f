package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type ne struct{}

var _ = register(ne{})

// NotEqual gives x != y as a bool, elementwise with broadcasting, for F32 or I32.
func NotEqual(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(ne{}, x, y) }

func (ne) Name() string { return "ne" }

func (o ne) Infer(in []ir.Type) (ir.Type, error) {
	out, err := inferMap(o, in, 2, ir.F32, ir.I32)
	return ir.Type{DType: ir.Bool, Shape: out.Shape}, err
}

func (ne) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Ne, in, out) }

func (ne) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return truth(x[0] != x[1]) })
}

func (o ne) Samples() []Sample { return compareSamples(o) }
