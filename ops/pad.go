package ops

import (
	"fmt"
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type pad struct {
	Before, After, Interior ir.Ints
	Value                   float64
}

var _ = register(pad{})

// Pad surrounds x with a value: before[d] elements before and after[d] after
// along each axis; any element type. It gives x itself where nothing is added.
func Pad(b *ir.Builder, x ir.Value, before, after []int, value float64) ir.Value {
	return PadInterior(b, x, before, after, make([]int, b.Type(x).Rank()), value)
}

// PadInterior is Pad which also puts interior[d] elements between neighbours.
func PadInterior(b *ir.Builder, x ir.Value, before, after, interior []int, value float64) ir.Value {
	o := pad{list(b, "pad", before), list(b, "pad", after), list(b, "pad", interior), value}
	t := b.Type(x)
	if out, err := o.Infer([]ir.Type{t}); err == nil && out.Equal(t) {
		return x
	}
	return b.Apply(o, x)
}

func (pad) Name() string { return "pad" }

func (o pad) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	x := in[0]
	if r := x.Rank(); o.Before.Len() != r || o.After.Len() != r || o.Interior.Len() != r {
		return ir.Type{}, fmt.Errorf("pad: x=%s: want before, after and interior for each of %d axes", x, r)
	}
	if math.IsNaN(o.Value) || x.DType != ir.F32 && !isInt32(o.Value) ||
		x.DType == ir.Bool && o.Value != 0 && o.Value != 1 {
		return ir.Type{}, fmt.Errorf("pad: x=%s with %v: want a value of its element type", x, o.Value)
	}
	out := ir.Type{DType: x.DType}
	for d, n := range x.Shape {
		before, after, gap := o.Before.At(d), o.After.At(d), o.Interior.At(d)
		if before < 0 || after < 0 || gap < 0 {
			return ir.Type{}, fmt.Errorf("pad: axis %d of x=%s by %d before, %d after, %d between: want none below 0",
				d, x, before, after, gap)
		}
		out.Shape = append(out.Shape, before+n+(n-1)*gap+after)
	}
	return out, nil
}

func isInt32(v float64) bool {
	return v == math.Trunc(v) && v >= math.MinInt32 && v <= math.MaxInt32
}

// Lower reads x where the coordinate falls on one of its elements.
func (o pad) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	inside := expr.Number(ir.Bool, 1)
	and := func(c *expr.Expr) { inside = expr.Bin(expr.And, inside, c) }
	index := make([]*expr.Expr, out.Rank())
	for d, n := range in[0].Shape {
		before, gap := o.Before.At(d), o.Interior.At(d)+1
		last := before + (n-1)*gap
		if before > 0 {
			and(expr.Bin(expr.Le, expr.Int(before), expr.At(d)))
		}
		if last < out.Shape[d]-1 {
			and(expr.Bin(expr.Le, expr.At(d), expr.Int(last)))
		}
		i := affine(expr.At(d), 1, -before)
		if gap > 1 {
			and(expr.Bin(expr.Eq, expr.Bin(expr.Mod, i, expr.Int(gap)), expr.Int(0)))
		}
		index[d] = expr.Bin(expr.Div, i, expr.Int(gap))
	}
	value := expr.GetIf(inside, 0, out.DType, index...)
	if o.Value != 0 {
		value = expr.If(inside, value, expr.Number(out.DType, o.Value))
	}
	return expr.Map(in, out, value)
}

// VJP: the gradient of what x became.
func (o pad) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	start, stop, step := o.Before.Slice(), o.After.Slice(), o.Interior.Slice()
	for d, n := range b.Type(out).Shape {
		stop[d] = n - stop[d]
		step[d]++
	}
	return []ir.Value{SliceStep(b, g, start, stop, step)}
}

func (o pad) Ref(in []Array, out ir.Type) Array {
	a := NewArray(out)
	for i := range a.Data {
		a.Data[i] = o.Value
	}
	to := make([]int, out.Rank())
	each(in[0].Type.Shape, func(at []int) {
		for d, i := range at {
			to[d] = o.Before.At(d) + i*(o.Interior.At(d)+1)
		}
		a.Data[a.offset(to)] = in[0].At(at...)
	})
	return a
}

func (pad) Samples() []Sample {
	op := func(value float64, before, after, gap []int) Operator {
		return pad{ir.List(before...), ir.List(after...), ir.List(gap...), value}
	}
	return []Sample{
		at(op(0, []int{2}, []int{3}, []int{0}), draw(1, -4, 4, 17)),
		at(op(1.5, []int{0, 1}, []int{2, 0}, []int{0, 0}), draw(2, -4, 4, 3, 33)),
		at(op(0, []int{1, 0}, []int{0, 2}, []int{1, 2}), draw(3, -4, 4, 5, 7)),
		at(op(-0.5, []int{1, 2}, []int{1, 0}, []int{0, 3}), draw(4, -4, 4, 1, 5)),
		at(op(0, []int{0, 1, 1, 0}, []int{0, 1, 1, 0}, []int{0, 0, 0, 0}), draw(5, -4, 4, 2, 5, 7, 3)),
		at(op(7, []int{1}, []int{1}, []int{1}), drawInts(6, -9, 9, 5)),
		at(op(1, []int{1}, []int{3}, []int{0}), drawBools(7, 5)),
		edge(op(math.Inf(-1), []int{1}, []int{0}, []int{0}), draw(8, -4, 4, 3)),
	}
}
