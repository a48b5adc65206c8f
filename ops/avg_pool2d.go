package ops

import "mllab/compile/ir"

type avgPool2d struct{ Size, Stride int }

var _ = register(avgPool2d{})

// AvgPool2D gives the average of each window of x [N H W C], F32: [N P Q C].
// Padding counts as zeros.
func AvgPool2D(b *ir.Builder, x ir.Value, p Pool) ir.Value {
	x, stride := p.windows(b, "avg_pool2d", x, 0)
	return b.Apply(avgPool2d{p.Size, stride}, x)
}

func (avgPool2d) Name() string { return "avg_pool2d" }

func (o avgPool2d) Infer(in []ir.Type) (ir.Type, error) { return inferPool(o, in, o.Size, o.Stride) }

func (o avgPool2d) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	return Scale(b, b.Apply(sumPool2d(o), in[0]), 1/float64(o.Size*o.Size))
}

// VJP: that of the sum, in equal shares.
func (o avgPool2d) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return sumPool2d(o).VJP(b, in, out, Scale(b, g, 1/float64(o.Size*o.Size)))
}

func (o avgPool2d) Ref(in []Array, out ir.Type) Array {
	n := float64(o.Size * o.Size)
	return refPool(in[0], out, o.Size, o.Stride, 0, func(acc, v float64) float64 { return acc + v/n })
}

func (avgPool2d) Samples() []Sample {
	return poolSamples(func(size, stride int) Operator { return avgPool2d{size, stride} },
		func(shape ...int) Array { return draw(1, -4, 4, shape...) })
}
