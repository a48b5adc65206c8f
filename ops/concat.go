package ops

import (
	"fmt"
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type concat struct{ Axis int }

var _ = register(concat{})

// Concat joins values along an axis (counted from the end where negative); any
// element type, and one shape but for that axis.
func Concat(b *ir.Builder, axis int, x ...ir.Value) ir.Value {
	if len(x) == 1 {
		return x[0]
	}
	if axis < 0 && len(x) > 0 {
		axis = axisOf(b, x[0], axis)
	}
	return b.Apply(concat{axis}, x...)
}

func (concat) Name() string { return "concat" }

func (o concat) Infer(in []ir.Type) (ir.Type, error) {
	if len(in) == 0 {
		return ir.Type{}, fmt.Errorf("concat: want at least 1 operand, got 0")
	}
	if err := hasAxis(o, in[0], o.Axis); err != nil {
		return ir.Type{}, err
	}
	out := ir.Type{DType: in[0].DType, Shape: slices.Clone(in[0].Shape)}
	for _, t := range in[1:] {
		if t.DType != out.DType || t.Rank() != out.Rank() {
			return ir.Type{}, misfit(o, in, "one element type and number of axes")
		}
		for d, n := range t.Shape {
			if d == o.Axis {
				out.Shape[d] += n
			} else if n != out.Shape[d] {
				return ir.Type{}, misfit(o, in, fmt.Sprintf("one shape but for axis %d", o.Axis))
			}
		}
	}
	return out, nil
}

// Lower chooses the operand by the coordinate; the others are not read.
func (o concat) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	end := out.Shape[o.Axis]
	i := expr.At(o.Axis)
	var value *expr.Expr
	for k := len(in) - 1; k >= 0; k-- {
		start := end - in[k].Shape[o.Axis]
		inside := expr.Number(ir.Bool, 1)
		if start > 0 {
			inside = expr.Bin(expr.Le, expr.Int(start), i)
		}
		if end < out.Shape[o.Axis] {
			inside = expr.Bin(expr.And, inside, expr.Bin(expr.Lt, i, expr.Int(end)))
		}
		index := axesAt(out.Rank())
		index[o.Axis] = affine(i, 1, -start)
		part := expr.GetIf(inside, k, out.DType, index...)
		if value != nil {
			part = expr.If(expr.Bin(expr.Lt, i, expr.Int(end)), part, value)
		}
		value = part
		end = start
	}
	return expr.Map(in, out, value)
}

// VJP: each operand has its part of the gradient.
func (o concat) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	grads := make([]ir.Value, len(in))
	start := 0
	for k, x := range in {
		stop := start + b.Type(x).Shape[o.Axis]
		grads[k] = Slice(b, g, o.Axis, start, stop)
		start = stop
	}
	return grads
}

func (o concat) Ref(in []Array, out ir.Type) Array {
	a := NewArray(out)
	start := 0
	for _, x := range in {
		each(x.Type.Shape, func(at []int) {
			to := slices.Clone(at)
			to[o.Axis] += start
			a.Data[a.offset(to)] = x.At(at...)
		})
		start += x.Type.Shape[o.Axis]
	}
	return a
}

func (concat) Samples() []Sample {
	return []Sample{
		at(concat{0}, draw(1, -4, 4, 17), draw(2, -4, 4, 1)),
		at(concat{1}, draw(3, -4, 4, 3, 33), draw(4, -4, 4, 3, 5), draw(5, -4, 4, 3, 70)),
		at(concat{0}, draw(6, -4, 4, 2, 17), draw(7, -4, 4, 3, 17)),
		at(concat{3}, draw(8, -4, 4, 2, 3, 5, 7), draw(9, -4, 4, 2, 3, 5, 3)),
		at(concat{1}, drawInts(10, -9, 9, 3, 1), drawInts(11, -9, 9, 3, 2)),
		at(concat{0}, drawBools(12, 3), drawBools(13, 4)), at(concat{0}, draw(14, -4, 4, 5)),
	}
}
