package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type le struct{}

var _ = register(le{})

// LessEqual gives x <= y as a bool, elementwise with broadcasting, for F32 or I32.
func LessEqual(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(le{}, x, y) }

func (le) Name() string { return "le" }

func (o le) Infer(in []ir.Type) (ir.Type, error) {
	out, err := inferMap(o, in, 2, ir.F32, ir.I32)
	return ir.Type{DType: ir.Bool, Shape: out.Shape}, err
}

func (le) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Le, in, out) }

func (le) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return truth(x[0] <= x[1]) })
}

func (o le) Samples() []Sample { return compareSamples(o) }
