package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type sumPool2d struct{ Size, Stride int }

var _ = register(sumPool2d{})

// SumPool2D gives the sum of each window of x [N H W C], F32: [N P Q C].
func SumPool2D(b *ir.Builder, x ir.Value, p Pool) ir.Value {
	x, stride := p.windows(b, "sum_pool2d", x, 0)
	return b.Apply(sumPool2d{p.Size, stride}, x)
}

func (sumPool2d) Name() string { return "sum_pool2d" }

func (o sumPool2d) Infer(in []ir.Type) (ir.Type, error) { return inferPool(o, in, o.Size, o.Stride) }

func (o sumPool2d) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerPool(expr.Sum, in, out, o.Size, o.Stride)
}

// VJP: every value has the gradients of all its windows. Windows that overlap or
// leave gaps are a transposed convolution of each channel with ones.
func (o sumPool2d) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	x := b.Type(in[0]).Shape
	if o.Stride == o.Size {
		return []ir.Value{uncrop(b, Upsample2D(b, g, o.Size), x[1], x[2])}
	}
	ones := BroadcastTo(b, one(b), o.Size, o.Size, 1, x[3])
	spread := convTranspose2d{Stride: o.Stride, Dilation: 1, Groups: x[3], H: x[1], W: x[2]}
	return []ir.Value{b.Apply(spread, g, ones)}
}

func (o sumPool2d) Ref(in []Array, out ir.Type) Array {
	return refPool(in[0], out, o.Size, o.Stride, 0, func(acc, v float64) float64 { return acc + v })
}

func (sumPool2d) Samples() []Sample {
	return poolSamples(func(size, stride int) Operator { return sumPool2d{size, stride} },
		func(shape ...int) Array { return draw(1, -4, 4, shape...) })
}
