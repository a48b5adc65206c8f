package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type eq struct{}

var _ = register(eq{})

// Equal gives x == y as a bool, elementwise with broadcasting, for F32 or I32.
func Equal(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(eq{}, x, y) }

func (eq) Name() string { return "eq" }

func (o eq) Infer(in []ir.Type) (ir.Type, error) {
	out, err := inferMap(o, in, 2, ir.F32, ir.I32)
	return ir.Type{DType: ir.Bool, Shape: out.Shape}, err
}

func (eq) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Eq, in, out) }

func (eq) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return truth(x[0] == x[1]) })
}

func (o eq) Samples() []Sample { return compareSamples(o) }
