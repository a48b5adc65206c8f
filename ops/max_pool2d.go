package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type maxPool2d struct{ Size, Stride int }

var _ = register(maxPool2d{})

// MaxPool2D gives the largest value in each window of x [N H W C], F32: [N P Q C].
// Padding never wins. Values that tie share the gradient evenly.
func MaxPool2D(b *ir.Builder, x ir.Value, p Pool) ir.Value {
	x, stride := p.windows(b, "max_pool2d", x, math.Inf(-1))
	return b.Apply(maxPool2d{p.Size, stride}, x)
}

func (maxPool2d) Name() string { return "max_pool2d" }

func (o maxPool2d) Infer(in []ir.Type) (ir.Type, error) { return inferPool(o, in, o.Size, o.Stride) }

func (o maxPool2d) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerPool(expr.MaxOf, in, out, o.Size, o.Stride)
}

// VJP: the gradient goes to the largest value of each window. Windows that do
// not overlap are stretched over their values; others go tap by tap.
func (o maxPool2d) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	if o.Stride != o.Size {
		return []ir.Value{o.taps(b, in[0], out, g)}
	}
	x, y := b.Type(in[0]).Shape, b.Type(out).Shape
	part := crop(b, in[0], y[1]*o.Size, y[2]*o.Size)
	hit := Cast(b, Equal(b, part, Upsample2D(b, out, o.Size)), ir.F32)
	share := Div(b, g, b.Apply(sumPool2d(o), hit))
	return []ir.Value{uncrop(b, Mul(b, hit, Upsample2D(b, share, o.Size)), x[1], x[2])}
}

// taps gives the gradient as a sum over the positions within a window.
func (o maxPool2d) taps(b *ir.Builder, x, out, g ir.Value) ir.Value {
	shape, y := b.Type(x).Shape, b.Type(out).Shape
	step := []int{1, o.Stride, o.Stride, 1}
	gap := []int{0, o.Stride - 1, o.Stride - 1, 0}
	var hits []ir.Value
	var before, after [][]int
	count := ir.None
	each([]int{o.Size, o.Size}, func(at []int) {
		start := []int{0, at[0], at[1], 0}
		stop := []int{shape[0], at[0] + (y[1]-1)*o.Stride + 1, at[1] + (y[2]-1)*o.Stride + 1, shape[3]}
		hit := Cast(b, Equal(b, SliceStep(b, x, start, stop, step), out), ir.F32)
		hits, before = append(hits, hit), append(before, start)
		after = append(after, []int{0, shape[1] - stop[1], shape[2] - stop[2], 0})
		if count == ir.None {
			count = hit
		} else {
			count = Add(b, count, hit)
		}
	})
	share := Div(b, g, count)
	total := ir.None
	for i, hit := range hits {
		d := PadInterior(b, Mul(b, hit, share), before[i], after[i], gap, 0)
		if i > 0 {
			d = Add(b, total, d)
		}
		total = d
	}
	return total
}

func (o maxPool2d) Ref(in []Array, out ir.Type) Array {
	return refPool(in[0], out, o.Size, o.Stride, math.Inf(-1), math.Max)
}

func (maxPool2d) Samples() []Sample {
	ss := poolSamples(func(size, stride int) Operator { return maxPool2d{size, stride} }, distinct)
	ties := Array{ir.Of(ir.F32, 1, 2, 2, 1), []float64{1, 1, 0, 1}}
	return append(ss, edge(maxPool2d{2, 2}, ties))
}
