package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type and struct{}

var _ = register(and{})

// And gives x and y of bools, elementwise with broadcasting.
func And(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(and{}, x, y) }

func (and) Name() string { return "and" }

func (o and) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.Bool) }

func (and) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.And, in, out) }

func (and) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return truth(x[0] != 0 && x[1] != 0) })
}

func (o and) Samples() []Sample {
	return []Sample{at(o, bools(0, 0, 1, 1), bools(0, 1, 0, 1)), at(o, drawBools(1, 3, 17), drawBools(2, 17))}
}
