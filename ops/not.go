package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type not struct{}

var _ = register(not{})

// Not gives the opposite of bools, elementwise.
func Not(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(not{}, x) }

func (not) Name() string { return "not" }

func (o not) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.Bool) }

func (not) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr {
		return expr.Bin(expr.Xor, x[0], expr.Number(ir.Bool, 1))
	})
}

func (not) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return 1 - x[0] })
}

func (o not) Samples() []Sample {
	return []Sample{at(o, bools(0, 1)), at(o, drawBools(1, 3, 33))}
}
