package ops

import (
	"fmt"

	"mllab/compile/ir"
)

// convTranspose2d is the transposed convolution of x [N P Q C] with weights
// [R S C/G K] (or [R S K/G C] where TransW) to [N H W K]: what a conv2d from
// [N H W K], with Crop zeros around it, to [N P Q C] does to gradients of its
// result. Of the sizes H and W that such a conv2d makes P and Q of, it has the
// given ones.
type convTranspose2d struct {
	Stride, Dilation, Groups int
	TransW                   bool
	H, W                     int
	Crop                     int
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
	fits := func(n, r, p int) bool {
		return n > 0 && o.Crop >= 0 && window(n+2*o.Crop, r, o.Stride, o.Dilation) == p
	}
	if !fits(o.H, w[0], x[1]) || !fits(o.W, w[1], x[2]) {
		return ir.Type{}, fmt.Errorf("conv_transpose2d: x=%s w=%s: no convolution with stride %d "+
			"makes %dx%d of %dx%d", in[0], in[1], o.Stride, x[1], x[2], o.H, o.W)
	}
	return ir.Of(ir.F32, x[0], o.H, o.W, outs), nil
}

// Expand computes all outputs whose coordinates have one remainder by Stride as
// one phase, a dense convolution with each Stride-th tap, and all phases in one
// contraction: its result [N H/Stride Stride W/Stride Stride K] needs no moving.
// What is cropped at the start moves x against the outputs, by whole strides, and
// by one more output where the stride is 2; outputs before it are cut off where
// the stride is larger.
func (o convTranspose2d) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	x, w := in[0], in[1]
	none := []int{0, 0, 0, 0}
	if o.Stride > 1 && o.Dilation > 1 {
		gap := []int{o.Dilation - 1, o.Dilation - 1, 0, 0}
		w = PadInterior(b, w, none, none, gap, 0)
		o.Dilation = 1
	}
	ws, xs := b.Type(w).Shape, b.Type(x).Shape
	if xs[1] == 1 && xs[2] == 1 && o.Dilation == 1 && o.Stride < max(ws[0], ws[1]) {
		o.Stride = max(ws[0], ws[1]) // of one input, which reaches each output by one tap
	}
	r, s := (ws[0]+o.Stride-1)/o.Stride, (ws[1]+o.Stride-1)/o.Stride
	w = Pad(b, w, none, []int{r*o.Stride - ws[0], s*o.Stride - ws[1], 0, 0}, 0)
	whole, rest := o.Crop/o.Stride, o.Crop%o.Stride
	odd := 0
	if o.Stride == 2 {
		odd, rest = rest, 0
	}
	blocks := func(n int) int { return (n + rest + o.Stride - 1) / o.Stride }
	x = window2d(b, x, 1, (r-1)*o.Dilation-whole, blocks(o.H)+(r-1)*o.Dilation+odd)
	x = window2d(b, x, 2, (s-1)*o.Dilation-whole, blocks(o.W)+(s-1)*o.Dilation+odd)
	y := b.Apply(convPhases2d{o.Stride, o.Dilation, o.Groups, o.TransW, odd > 0}, x, w)
	if k := b.Type(y).Shape; len(k) == 6 {
		y = Reshape(b, y, xs[0], k[1]*o.Stride, k[3]*o.Stride, k[5])
	}
	return Slice(b, Slice(b, y, 1, rest, rest+o.H), 2, rest, rest+o.W)
}

// window2d gives x an extent of n along an axis, beginning with the given number
// of zeros (below none: without as many elements), and filled up with zeros.
func window2d(b *ir.Builder, x ir.Value, axis, before, n int) ir.Value {
	shape := b.Type(x).Shape
	if axis >= len(shape) {
		return x // there was an error
	}
	from, to := max(0, -before), min(shape[axis], n-before)
	left, right := make([]int, len(shape)), make([]int, len(shape))
	left[axis], right[axis] = max(0, before), n-max(0, before)-(to-from)
	return Pad(b, Slice(b, x, axis, from, to), left, right, 0)
}

func (o convTranspose2d) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	w := b.Type(in[1]).Shape
	dx := b.Apply(convPad2d{o.Stride, o.Dilation, o.Groups, !o.TransW, o.Crop}, g, in[1])
	dw := b.Apply(conv2dWeightGrad{o.Stride, o.Dilation, o.Groups, !o.TransW, w[0], w[1]},
		surround(b, g, o.Crop), in[0])
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
				h, wide := at[1]*o.Stride+r*o.Dilation-o.Crop, at[2]*o.Stride+s*o.Dilation-o.Crop
				if h < 0 || h >= o.H || wide < 0 || wide >= o.W {
					continue
				}
				for k := range outs {
					a.Data[a.offset([]int{at[0], h, wide, k})] +=
						x.At(at...) * o.weights().ref(w, r, s, at[3], k, ins, outs)
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
		o.H += (p-1)*o.Stride + (r-1)*o.Dilation + 1 - 2*o.Crop
		o.W += (q-1)*o.Stride + (r-1)*o.Dilation + 1 - 2*o.Crop
		return at(o, draw(1, -1, 1, n, p, q, c), draw(2, -1, 1, shape...))
	}
	return []Sample{
		op(convTranspose2d{1, 1, 1, false, 0, 0, 0}, 1, 1, 1, 1, 1, 1),
		op(convTranspose2d{1, 1, 1, true, 0, 0, 0}, 2, 5, 3, 17, 3, 3),
		op(convTranspose2d{2, 1, 1, false, 0, 0, 0}, 1, 4, 3, 5, 4, 7),
		op(convTranspose2d{2, 1, 1, true, 1, 0, 0}, 1, 3, 4, 3, 3, 5),
		op(convTranspose2d{1, 2, 1, false, 0, 0, 0}, 1, 3, 4, 2, 3, 5),
		op(convTranspose2d{3, 2, 1, false, 2, 1, 0}, 1, 3, 2, 2, 2, 3),
		op(convTranspose2d{2, 1, 3, false, 0, 0, 0}, 1, 3, 3, 6, 3, 9),
		op(convTranspose2d{2, 1, 2, true, 1, 1, 0}, 1, 2, 3, 4, 2, 6),
		op(convTranspose2d{1, 1, 5, true, 0, 0, 0}, 1, 4, 3, 5, 3, 5),
		op(convTranspose2d{3, 1, 1, false, 0, 0, 0}, 1, 2, 3, 3, 2, 4),
		op(convTranspose2d{1, 1, 1, true, 0, 0, 1}, 2, 5, 4, 5, 3, 17),
		op(convTranspose2d{1, 1, 1, false, 0, 0, 2}, 1, 4, 5, 3, 2, 3),
		op(convTranspose2d{2, 1, 1, false, 0, 1, 1}, 2, 3, 4, 5, 4, 17),
		op(convTranspose2d{2, 1, 2, true, 1, 0, 2}, 1, 4, 3, 4, 3, 6),
		op(convTranspose2d{2, 2, 1, false, 1, 1, 3}, 1, 5, 4, 3, 3, 2),
		op(convTranspose2d{3, 1, 1, true, 0, 2, 1}, 1, 4, 3, 2, 4, 5),
		op(convTranspose2d{1, 1, 1, false, 0, 0, 0}, 3, 1, 1, 5, 4, 17),
		op(convTranspose2d{2, 1, 1, false, 1, 0, 1}, 3, 1, 1, 5, 4, 17),
		op(convTranspose2d{5, 1, 1, false, 2, 1, 0}, 2, 1, 1, 5, 2, 3),
	}
}
