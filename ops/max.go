package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type maxOf struct {
	Axes     ir.Ints
	KeepDims bool
}

var _ = register(maxOf{})

// Max gives the largest value over the given axes (all of them where none is given,
// counted from the end where negative) and drops them, for F32 or I32. Values
// that tie share the gradient evenly.
func Max(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	return b.Apply(maxOf{Axes: axesOf(b, "max", x, axes)}, x)
}

// MaxKeep is Max with axes of extent 1 left in place.
func MaxKeep(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	return b.Apply(maxOf{axesOf(b, "max", x, axes), true}, x)
}

func (maxOf) Name() string { return "max" }

func (o maxOf) Infer(in []ir.Type) (ir.Type, error) {
	return inferReduce(o, in, o.Axes, o.KeepDims, ir.F32, ir.I32)
}

func (o maxOf) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerReduce(expr.MaxOf, in, out, o.Axes, o.KeepDims)
}

// VJP: the gradient goes to the largest value.
func (o maxOf) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{extremeGrad(b, in[0], out, g, o.Axes)}
}

func (o maxOf) Ref(in []Array, out ir.Type) Array {
	start := math.Inf(-1)
	if out.DType == ir.I32 {
		start = math.MinInt32
	}
	return refReduce(in[0], out, o.Axes, o.KeepDims, start, math.Max)
}

func (maxOf) Samples() []Sample {
	op := func(axes ir.Ints, keep bool) Operator { return maxOf{axes, keep} }
	ss := reductionSamples(op, func(_ uint64, shape ...int) Array { return distinct(shape...) })
	return append(ss, at(op(ir.List(1), false), drawInts(20, -99, 99, 5, 33)),
		edge(op(ir.List(0), true), vec(3, 3, -1)), edge(op(ir.List(0), false), vec(math.Inf(-1), math.Inf(1))))
}

// extremeGrad gives the gradient of a largest or smallest value to the values
// that equal it, in equal parts.
func extremeGrad(b *ir.Builder, x, out, g ir.Value, axes ir.Ints) ir.Value {
	shape := b.Type(x).Shape
	hit := Cast(b, Equal(b, x, respread(b, out, shape, axes)), ir.F32)
	hits := b.Apply(sum{axes, true}, hit)
	return Mul(b, hit, Div(b, respread(b, g, shape, axes), hits))
}
