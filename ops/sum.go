package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type sum struct {
	Axes     ir.Ints
	KeepDims bool
}

var _ = register(sum{})

// Sum adds over the given axes (all of them where none is given, counted from
// the end where negative) and drops them, for F32 or I32.
func Sum(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	return b.Apply(sum{Axes: axesOf(b, "sum", x, axes)}, x)
}

// SumKeep is Sum with axes of extent 1 left in place.
func SumKeep(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	return b.Apply(sum{axesOf(b, "sum", x, axes), true}, x)
}

func (sum) Name() string { return "sum" }

func (o sum) Infer(in []ir.Type) (ir.Type, error) {
	return inferReduce(o, in, o.Axes, o.KeepDims, ir.F32, ir.I32)
}

func (o sum) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerReduce(expr.Sum, in, out, o.Axes, o.KeepDims)
}

// VJP: every summand has the gradient of the sum.
func (o sum) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	shape := b.Type(in[0]).Shape
	return []ir.Value{BroadcastTo(b, respread(b, g, shape, o.Axes), shape...)}
}

func (o sum) Ref(in []Array, out ir.Type) Array {
	return refReduce(in[0], out, o.Axes, o.KeepDims, 0, func(acc, v float64) float64 {
		if out.DType == ir.I32 {
			return float64(int32(acc) + int32(v))
		}
		return acc + v
	})
}

func (sum) Samples() []Sample {
	op := func(axes ir.Ints, keep bool) Operator { return sum{axes, keep} }
	ss := reductionSamples(op, func(seed uint64, shape ...int) Array { return draw(seed, -4, 4, shape...) })
	return append(ss, at(op(ir.List(1), false), drawInts(20, -9, 9, 5, 33)),
		at(op(ir.List(0), false), ints(1<<31-1, 1, 5)))
}
