package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type minOf struct {
	Axes     ir.Ints
	KeepDims bool
}

var _ = register(minOf{})

// Min gives the smallest value over the given axes (all of them where none is given,
// counted from the end where negative) and drops them, for F32 or I32. Values
// that tie share the gradient evenly.
func Min(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	return b.Apply(minOf{Axes: axesOf(b, "min", x, axes)}, x)
}

// MinKeep is Min with axes of extent 1 left in place.
func MinKeep(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	return b.Apply(minOf{axesOf(b, "min", x, axes), true}, x)
}

func (minOf) Name() string { return "min" }

func (o minOf) Infer(in []ir.Type) (ir.Type, error) {
	return inferReduce(o, in, o.Axes, o.KeepDims, ir.F32, ir.I32)
}

func (o minOf) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerReduce(expr.MinOf, in, out, o.Axes, o.KeepDims)
}

// VJP: the gradient goes to the smallest value.
func (o minOf) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{extremeGrad(b, in[0], out, g, o.Axes)}
}

func (o minOf) Ref(in []Array, out ir.Type) Array {
	start := math.Inf(1)
	if out.DType == ir.I32 {
		start = math.MaxInt32
	}
	return refReduce(in[0], out, o.Axes, o.KeepDims, start, math.Min)
}

func (minOf) Samples() []Sample {
	op := func(axes ir.Ints, keep bool) Operator { return minOf{axes, keep} }
	ss := reductionSamples(op, func(_ uint64, shape ...int) Array { return distinct(shape...) })
	return append(ss, at(op(ir.List(1), false), drawInts(20, -99, 99, 5, 33)),
		edge(op(ir.List(0), true), vec(3, 3, -1)), edge(op(ir.List(0), false), vec(math.Inf(-1), math.Inf(1))))
}
