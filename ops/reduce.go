package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// inferReduce is the rule of reductions over sorted axes of x.
func inferReduce(o ir.Op, in []ir.Type, axes ir.Ints, keep bool, want ...ir.DType) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	x := in[0]
	if err := isType(o, "x", x, want...); err != nil {
		return ir.Type{}, err
	}
	for i := range axes.Len() {
		a := axes.At(i)
		if a < 0 || a >= x.Rank() || i > 0 && axes.At(i-1) >= a {
			return ir.Type{}, fmt.Errorf("%s: axes %s do not fit x=%s: want each axis of 0..%d at most once",
				o.Name(), axes, x, x.Rank()-1)
		}
	}
	return ir.Type{DType: x.DType, Shape: reduced(x.Shape, axes, keep)}, nil
}

// reduced is a shape without some axes, or with 1 in their place.
func reduced(shape []int, axes ir.Ints, keep bool) []int {
	var out []int
	for d, n := range shape {
		switch {
		case !axes.Has(d):
			out = append(out, n)
		case keep:
			out = append(out, 1)
		}
	}
	return out
}

// lowerReduce lowers a reduction of f(x) over axes; without axes it is f alone.
func lowerReduce(comb expr.Comb, in []ir.Type, out ir.Type, axes ir.Ints, keep bool) *expr.Compute {
	x := in[0]
	index := make([]*expr.Expr, x.Rank())
	var red []int
	next := 0
	for d, n := range x.Shape {
		if axes.Has(d) {
			index[d] = expr.At(out.Rank() + len(red))
			red = append(red, n)
			if keep {
				next++
			}
			continue
		}
		index[d] = expr.At(next)
		next++
	}
	body := expr.Get(0, x.DType, index...)
	if len(red) == 0 {
		return expr.Map(in, out, body)
	}
	return expr.Reduce(in, out, red, comb, body)
}

// refReduce is the reference of reductions: each visits the values that go into
// the element at a coordinate of out.
func refReduce(x Array, out ir.Type, axes ir.Ints, keep bool, start float64,
	f func(acc, v float64) float64) Array {
	a := NewArray(out)
	for i := range a.Data {
		a.Data[i] = start
	}
	to := make([]int, 0, ir.MaxRank)
	each(x.Type.Shape, func(at []int) {
		to = to[:0]
		for d, i := range at {
			switch {
			case !axes.Has(d):
				to = append(to, i)
			case keep:
				to = append(to, 0)
			}
		}
		k := a.offset(to)
		a.Data[k] = f(a.Data[k], x.At(at...))
	})
	return a
}

// respread stretches the result of a reduction of a value of the given shape, or
// its gradient, so that it broadcasts against that value.
func respread(b *ir.Builder, r ir.Value, shape []int, axes ir.Ints) ir.Value {
	return Reshape(b, r, reduced(shape, axes, true)...)
}

// reductionSamples makes samples for an operator of given axes.
func reductionSamples(op func(axes ir.Ints, keep bool) Operator,
	x func(seed uint64, shape ...int) Array) []Sample {
	return []Sample{
		at(op(ir.List(), false), x(1)), at(op(ir.List(0), false), x(2, 17)),
		at(op(ir.List(0), true), x(3, 1)), at(op(ir.List(1), false), x(4, 5, 33)),
		at(op(ir.List(0), false), x(5, 70, 3)), at(op(ir.List(0, 1), false), x(6, 17, 33)),
		at(op(ir.List(1), true), x(7, 3, 17, 5)), at(op(ir.List(0, 2), false), x(8, 3, 5, 17)),
		at(op(ir.List(0, 2), true), x(9, 2, 33, 3)), at(op(ir.List(0, 1, 2), true), x(10, 3, 1, 70)),
		at(op(ir.List(1, 2), false), x(11, 2, 7, 9, 3)),
	}
}
