package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type lt struct{}

var _ = register(lt{})

// Less gives x < y as a bool, elementwise with broadcasting, for F32 or I32.
func Less(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(lt{}, x, y) }

func (lt) Name() string { return "lt" }

func (o lt) Infer(in []ir.Type) (ir.Type, error) {
	out, err := inferMap(o, in, 2, ir.F32, ir.I32)
	return ir.Type{DType: ir.Bool, Shape: out.Shape}, err
}

func (lt) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Lt, in, out) }

func (lt) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return truth(x[0] < x[1]) })
}

func (o lt) Samples() []Sample { return compareSamples(o) }
