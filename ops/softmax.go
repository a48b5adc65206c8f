package ops

import (
	"math"

	"mllab/compile/ir"
)

type softmax struct{ Axis int }

var _ = register(softmax{})

// Softmax gives exp(x) over its sum along an axis (counted from the end where
// negative), F32; entries of -inf get 0 as long as one is finite.
func Softmax(b *ir.Builder, x ir.Value, axis int) ir.Value {
	return b.Apply(softmax{axisOf(b, x, axis)}, x)
}

func (softmax) Name() string { return "softmax" }

func (o softmax) Infer(in []ir.Type) (ir.Type, error) { return inferAlong(o, in, o.Axis) }

// inferAlong is the rule of operators that keep the shape and work along an axis.
func inferAlong(o ir.Op, in []ir.Type, axis int) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	if err := isType(o, "x", in[0], ir.F32); err != nil {
		return ir.Type{}, err
	}
	return in[0], hasAxis(o, in[0], axis)
}

// Expand subtracts the maximum first, so that exp cannot overflow.
func (o softmax) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	e := Exp(b, Sub(b, in[0], MaxKeep(b, in[0], o.Axis)))
	return Div(b, e, SumKeep(b, e, o.Axis))
}

// VJP: y (g - sum(g y)).
func (o softmax) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Mul(b, out, Sub(b, g, SumKeep(b, Mul(b, g, out), o.Axis)))}
}

func (o softmax) Ref(in []Array, out ir.Type) Array {
	lse := refLogSumExp(in[0], o.Axis)
	return refMap([]Array{in[0], lse}, out, func(x []float64) float64 { return math.Exp(x[0] - x[1]) })
}

// refLogSumExp is log(sum(exp(x))) along an axis, kept with extent 1.
func refLogSumExp(x Array, axis int) Array {
	axes := ir.List(axis)
	t := ir.Of(ir.F32, reduced(x.Type.Shape, axes, true)...)
	top := refReduce(x, t, axes, true, math.Inf(-1), math.Max)
	e := refMap([]Array{x, top}, x.Type, func(v []float64) float64 { return math.Exp(v[0] - v[1]) })
	total := refReduce(e, t, axes, true, 0, func(acc, v float64) float64 { return acc + v })
	return refMap([]Array{top, total}, t, func(v []float64) float64 { return v[0] + math.Log(v[1]) })
}

// alongSamples makes samples for operators that work along one axis.
func alongSamples(op func(axis int) Operator) []Sample {
	inf := math.Inf(-1)
	return []Sample{
		at(op(0), draw(1, -4, 4, 17)), at(op(1), draw(2, -4, 4, 5, 33)), at(op(0), draw(3, -4, 4, 3, 70)),
		at(op(1), draw(4, -4, 4, 2, 7, 3)), at(op(2), draw(5, -4, 4, 3, 1, 1)), at(op(0), draw(6, 60, 90, 3)),
		edge(op(0), vec(1000, 1000, -1000, 990)), edge(op(0), vec(inf, 1, 2, inf)), edge(op(0), vec(0, 0, 0)),
	}
}

func (softmax) Samples() []Sample {
	return alongSamples(func(axis int) Operator { return softmax{axis} })
}
