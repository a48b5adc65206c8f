package ops

import (
	"fmt"

	"mllab/compile/ir"
)

// convTranspose2d is the transposed convolution of x [N P Q C] with weights
// [R S C/G K] (or [R S K/G C] where TransW) to [N H W K]: what a conv2d from
// [N H W K] to [N P Q C] does to gradients of its result. Of the sizes H and W
// that such a conv2d makes P and Q of, it has the given ones.
type convTranspose2d struct {
	Stride, Dilation, Groups int
	TransW                   bool
	H, W                     int
}

var _ = register(convTranspose2d{})

func (convTranspose2d) Name() string { return "conv_transpose2d" }

func (o convTranspose2d) weights() weights { return weights{o.TransW, o.Groups} }

func (o convTranspose2d) Infer(in []ir.Type) (ir.Type, error) {
	_, outs, err := inferConv(o, in, o.weights(), o.Stride, o.Dilation)
	if err != nil {
		return ir.Type{}, err
	}
	x, w := in[0].Shape, in[1].Shape
	if window(o.H, w[0], o.Stride, o.Dilation) != x[1] || window(o.W, w[1], o.Stride, o.Dilation) != x[2] {
		return ir.Type{}, fmt.Errorf("conv_transpose2d: x=%s w=%s: no convolution with stride %d "+
			"makes %dx%d of %dx%d", in[0], in[1], o.Stride, x[1], x[2], o.H, o.W)
	}
	return ir.Of(ir.F32, x[0], o.H, o.W, outs), nil
}

// Expand computes all outputs whose coordinates have one remainder by Stride as
// one phase, a dense convolution with each Stride-th tap, and all phases in one
// contraction: its result [N H/Stride Stride W/Stride Stride K] needs no moving.
func (o convTranspose2d) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	x, w, dilation := in[0], in[1], o.Dilation
	if o.Stride > 1 && dilation > 1 {
		none, gap := []int{0, 0, 0, 0}, []int{dilation - 1, dilation - 1, 0, 0}
		w = PadInterior(b, w, none, none, gap, 0)
		dilation = 1
	}
	taps := func(d int) int { return (b.Type(w).Shape[d] + o.Stride - 1) / o.Stride }
	r, s := taps(0), taps(1)
	ws, xs := b.Type(w).Shape, b.Type(x).Shape
	w = Pad(b, w, []int{0, 0, 0, 0}, []int{r*o.Stride - ws[0], s*o.Stride - ws[1], 0, 0}, 0)
	h, wide := (o.H+o.Stride-1)/o.Stride, (o.W+o.Stride-1)/o.Stride
	x = Pad(b, x, []int{0, (r - 1) * dilation, (s - 1) * dilation, 0}, []int{0, h - xs[1], wide - xs[2], 0}, 0)
	y := b.Apply(convPhases2d{o.Stride, dilation, o.Groups, o.TransW}, x, w)
	k := b.Type(y).Shape
	y = Reshape(b, y, xs[0], h*o.Stride, wide*o.Stride, k[len(k)-1])
	return Slice(b, Slice(b, y, 1, 0, o.H), 2, 0, o.W)
}

func (o convTranspose2d) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	w := b.Type(in[1]).Shape
	dx := b.Apply(conv2d{o.Stride, o.Dilation, o.Groups, !o.TransW}, g, in[1])
	dw := b.Apply(conv2dWeightGrad{o.Stride, o.Dilation, o.Groups, !o.TransW, w[0], w[1]}, g, in[0])
	return []ir.Value{dx, dw}
}

// Ref spreads each input over the outputs that it reaches.
func (o convTranspose2d) Ref(in []Array, out ir.Type) Array {
	x, w := in[0], in[1]
	a := NewArray(out)
	ins, outs := x.Type.Shape[3], out.Shape[3]
	each(x.Type.Shape, func(at []int) {
		for r := range w.Type.Shape[0] {
			for s := range w.Type.Shape[1] {
				for k := range outs {
					to := []int{at[0], at[1]*o.Stride + r*o.Dilation, at[2]*o.Stride + s*o.Dilation, k}
					a.Data[a.offset(to)] += x.At(at...) * o.weights().ref(w, r, s, at[3], k, ins, outs)
				}
			}
		}
	})
	return a
}

func (convTranspose2d) Samples() []Sample {
	op := func(o convTranspose2d, n, p, q, c, r, k int) Sample {
		shape := []int{r, r, c / o.Groups, k}
		if o.TransW {
			shape = []int{r, r, k / o.Groups, c}
		}
		o.H += (p-1)*o.Stride + (r-1)*o.Dilation + 1
		o.W += (q-1)*o.Stride + (r-1)*o.Dilation + 1
		return at(o, draw(1, -1, 1, n, p, q, c), draw(2, -1, 1, shape...))
	}
	return []Sample{
		op(convTranspose2d{1, 1, 1, false, 0, 0}, 1, 1, 1, 1, 1, 1),
		op(convTranspose2d{1, 1, 1, true, 0, 0}, 2, 5, 3, 17, 3, 3),
		op(convTranspose2d{2, 1, 1, false, 0, 0}, 1, 4, 3, 5, 4, 7),
		op(convTranspose2d{2, 1, 1, true, 1, 0}, 1, 3, 4, 3, 3, 5),
		op(convTranspose2d{1, 2, 1, false, 0, 0}, 1, 3, 4, 2, 3, 5),
		op(convTranspose2d{3, 2, 1, false, 2, 1}, 1, 3, 2, 2, 2, 3),
		op(convTranspose2d{2, 1, 3, false, 0, 0}, 1, 3, 3, 6, 3, 9),
		op(convTranspose2d{2, 1, 2, true, 1, 1}, 1, 2, 3, 4, 2, 6),
		op(convTranspose2d{1, 1, 5, true, 0, 0}, 1, 4, 3, 5, 3, 5),
		op(convTranspose2d{3, 1, 1, false, 0, 0}, 1, 2, 3, 3, 2, 4),
	}
}
