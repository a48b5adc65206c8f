package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type or struct{}

var _ = register(or{})

// Or gives x or y of bools, elementwise with broadcasting.
func Or(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(or{}, x, y) }

func (or) Name() string { return "or" }

func (o or) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.Bool) }

func (or) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Or, in, out) }

func (or) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return truth(x[0] != 0 || x[1] != 0) })
}

func (o or) Samples() []Sample {
	return []Sample{at(o, bools(0, 0, 1, 1), bools(0, 1, 0, 1)), at(o, drawBools(1, 3, 17), drawBools(2, 17))}
}
