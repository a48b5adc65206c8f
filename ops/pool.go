package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Pool are the attributes of a pooling over squares of Size by Size; Stride is
// Size where it is 0.
type Pool struct{ Size, Stride, Pad int }

// windows gives x with padding of a value, and the stride.
func (p Pool) windows(b *ir.Builder, name string, x ir.Value, value float64) (ir.Value, int) {
	if p.Size < 1 || p.Stride < 0 || p.Pad < 0 || p.Pad >= p.Size {
		return b.Fail(fmt.Errorf("%s: %+v: want a size of 1 or more, and 0 <= pad < size", name, p)), 1
	}
	if b.Type(x).Rank() == 4 {
		around := []int{0, p.Pad, p.Pad, 0}
		x = Pad(b, x, around, around, value)
	}
	if p.Stride == 0 {
		return x, p.Size
	}
	return x, p.Stride
}

func inferPool(o ir.Op, in []ir.Type, size, stride int) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	x := in[0]
	if size < 1 || stride < 1 {
		return ir.Type{}, fmt.Errorf("%s: size %d, stride %d: want 1 or more", o.Name(), size, stride)
	}
	if x.Rank() != 4 || x.DType != ir.F32 {
		return ir.Type{}, fmt.Errorf("%s: x=%s: want f32 [N H W C]", o.Name(), x)
	}
	p, q := window(x.Shape[1], size, stride, 1), window(x.Shape[2], size, stride, 1)
	if p < 1 || q < 1 {
		return ir.Type{}, fmt.Errorf("%s: x=%s is smaller than the window of %dx%d", o.Name(), x, size, size)
	}
	return ir.Of(ir.F32, x.Shape[0], p, q, x.Shape[3]), nil
}

func lowerPool(comb expr.Comb, in []ir.Type, out ir.Type, size, stride int) *expr.Compute {
	h, w := strided(expr.At(1), stride, expr.At(4), 1), strided(expr.At(2), stride, expr.At(5), 1)
	body := expr.Get(0, ir.F32, expr.At(0), h, w, expr.At(3))
	return expr.Reduce(in, out, []int{size, size}, comb, body)
}

func refPool(x Array, out ir.Type, size, stride int, start float64, f func(acc, v float64) float64) Array {
	return fill(out, func(at []int) float64 {
		acc := start
		for r := range size {
			for s := range size {
				acc = f(acc, x.At(at[0], at[1]*stride+r, at[2]*stride+s, at[3]))
			}
		}
		return acc
	})
}

// crop takes the part of x [N H W C] that windows of stride equal to their size cover.
func crop(b *ir.Builder, x ir.Value, h, w int) ir.Value {
	return Slice(b, Slice(b, x, 1, 0, h), 2, 0, w)
}

// uncrop puts zeros after x [N H W C] up to a height and width.
func uncrop(b *ir.Builder, x ir.Value, h, w int) ir.Value {
	s := b.Type(x).Shape
	if len(s) != 4 {
		return x
	}
	return Pad(b, x, []int{0, 0, 0, 0}, []int{0, h - s[1], w - s[2], 0}, 0)
}

func poolSamples(op func(size, stride int) Operator, x func(shape ...int) Array) []Sample {
	return []Sample{
		at(op(2, 2), x(2, 4, 6, 17)), at(op(2, 2), x(1, 5, 7, 3)), at(op(3, 2), x(1, 7, 8, 5)),
		at(op(3, 1), x(2, 5, 4, 3)), at(op(1, 1), x(1, 3, 3, 1)), at(op(2, 3), x(1, 8, 7, 2)),
		at(op(3, 3), x(1, 3, 3, 33)),
	}
}
