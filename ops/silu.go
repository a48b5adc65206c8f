package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type silu struct{}

var _ = register(silu{})

// Silu gives x*sigmoid(x), elementwise, also called swish (Ramachandran, Zoph and Le 2017).
func Silu(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(silu{}, x) }

func (silu) Name() string { return "silu" }

func (o silu) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (silu) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr {
		return expr.Times(x[0], expr.Un(expr.Sigmoid, x[0]))
	})
}

// VJP: d x s(x) = s(x) + x s(x) (1 - s(x)) = s(x) (1 + x (1 - s(x))), which wants x only:
// the result need not be kept for it.
func (silu) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	s := Sigmoid(b, in[0])
	return []ir.Value{Mul(b, g, Mul(b, s, Add(b, one(b), Mul(b, in[0], Sub(b, one(b), s)))))}
}

func (silu) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return x[0] / (1 + math.Exp(-x[0])) })
}

func (o silu) Samples() []Sample {
	return unarySamples(o, 0, 30, -30)
}
