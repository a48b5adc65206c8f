package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type slice struct{ Start, Stop, Step ir.Ints }

var _ = register(slice{})

// Slice gives the elements start, start+1, ... stop-1 along one axis (counted
// from the end where negative); any element type.
func Slice(b *ir.Builder, x ir.Value, axis, start, stop int) ir.Value {
	axis = axisOf(b, x, axis)
	shape := b.Type(x).Shape
	from, to, by := make([]int, len(shape)), append([]int(nil), shape...), make([]int, len(shape))
	for d := range by {
		by[d] = 1
	}
	if axis < 0 || axis >= len(shape) {
		return b.Fail(fmt.Errorf("slice: axis %d does not fit x=%s", axis, b.Type(x)))
	}
	from[axis], to[axis] = start, stop
	return SliceStep(b, x, from, to, by)
}

// SliceStep gives the elements start, start+step, ... below stop along every
// axis, with positive steps. It gives x itself where that is all of x.
func SliceStep(b *ir.Builder, x ir.Value, start, stop, step []int) ir.Value {
	o := slice{list(b, "slice", start), list(b, "slice", stop), list(b, "slice", step)}
	t := b.Type(x)
	if out, err := o.Infer([]ir.Type{t}); err == nil && out.Equal(t) {
		return x
	}
	return b.Apply(o, x)
}

func (slice) Name() string { return "slice" }

func (o slice) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	x := in[0]
	if r := x.Rank(); o.Start.Len() != r || o.Stop.Len() != r || o.Step.Len() != r {
		return ir.Type{}, fmt.Errorf("slice: x=%s: want a start, stop and step for each of %d axes", x, r)
	}
	out := ir.Type{DType: x.DType}
	for d, n := range x.Shape {
		start, stop, step := o.Start.At(d), o.Stop.At(d), o.Step.At(d)
		if start < 0 || stop <= start || stop > n || step < 1 {
			return ir.Type{}, fmt.Errorf("slice: axis %d from %d to %d by %d does not fit x=%s: "+
				"want 0 <= start < stop <= %d and step >= 1", d, start, stop, step, x, n)
		}
		out.Shape = append(out.Shape, (stop-start-1)/step+1)
	}
	return out, nil
}

func (o slice) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	index := make([]*expr.Expr, out.Rank())
	for d := range index {
		index[d] = affine(expr.At(d), o.Step.At(d), o.Start.At(d))
	}
	return expr.Map(in, out, expr.Get(0, out.DType, index...))
}

// VJP: the gradient is zero around and between what was taken.
func (o slice) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	taken, shape := b.Type(out).Shape, b.Type(in[0]).Shape
	before, after, gap := o.Start.Slice(), make([]int, len(shape)), make([]int, len(shape))
	for d, n := range shape {
		gap[d] = o.Step.At(d) - 1
		after[d] = n - before[d] - (taken[d]-1)*o.Step.At(d) - 1
	}
	return []ir.Value{PadInterior(b, g, before, after, gap, 0)}
}

func (o slice) Ref(in []Array, out ir.Type) Array {
	from := make([]int, out.Rank())
	return fill(out, func(at []int) float64 {
		for d, i := range at {
			from[d] = o.Start.At(d) + i*o.Step.At(d)
		}
		return in[0].At(from...)
	})
}

func (slice) Samples() []Sample {
	op := func(start, stop, step []int) Operator {
		return slice{ir.List(start...), ir.List(stop...), ir.List(step...)}
	}
	return []Sample{
		at(op([]int{3}, []int{17}, []int{1}), draw(1, -4, 4, 33)),
		at(op([]int{0}, []int{17}, []int{3}), draw(2, -4, 4, 17)),
		at(op([]int{1, 2}, []int{4, 67}, []int{1, 4}), draw(3, -4, 4, 5, 70)),
		at(op([]int{0, 1, 0}, []int{3, 2, 5}, []int{2, 1, 2}), draw(4, -4, 4, 3, 3, 7)),
		at(op([]int{2}, []int{3}, []int{9}), drawInts(5, -9, 9, 5)),
		at(op([]int{0, 0}, []int{2, 3}, []int{1, 1}), drawBools(6, 3, 3)),
	}
}
