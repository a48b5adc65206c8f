package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// conv2d is a convolution without padding, which is an operator of its own, so
// that this one is a contraction whose indices are affine. It, conv_transpose2d
// and conv2d_weight_grad are each other's gradients.
type conv2d struct {
	Stride, Dilation, Groups int
	TransW                   bool // weights are [R S K/G C]
}

var _ = register(conv2d{})

func (conv2d) Name() string { return "conv2d" }

func (o conv2d) weights() weights { return weights{o.TransW, o.Groups} }

func (o conv2d) Infer(in []ir.Type) (ir.Type, error) {
	_, outs, err := inferConv(o, in, o.weights(), o.Stride, o.Dilation)
	if err != nil {
		return ir.Type{}, err
	}
	x, w := in[0].Shape, in[1].Shape
	p, q := window(x[1], w[0], o.Stride, o.Dilation), window(x[2], w[1], o.Stride, o.Dilation)
	if p < 1 || q < 1 {
		return ir.Type{}, fmt.Errorf("conv2d: x=%s is smaller than w=%s with dilation %d: want more padding",
			in[0], in[1], o.Dilation)
	}
	return ir.Of(ir.F32, x[0], p, q, outs), nil
}

// Lower reduces over taps and channels: [N P Q K] from R, S, C/G.
func (o conv2d) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	n, p, q, k := expr.At(0), expr.At(1), expr.At(2), expr.At(3)
	r, s, c := expr.At(4), expr.At(5), expr.At(6)
	w, ws := o.weights(), in[1].Shape
	ins, outs, _ := w.channels(in[1])
	x := w.input(n, strided(p, o.Stride, r, o.Dilation), strided(q, o.Stride, s, o.Dilation), c, k, ins, outs)
	body := expr.Times(x, w.load(r, s, c, k, ins, outs))
	return expr.Reduce(in, out, []int{ws[0], ws[1], ins / o.Groups}, expr.Sum, body)
}

func (o conv2d) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	x, w := b.Type(in[0]).Shape, b.Type(in[1]).Shape
	dx := b.Apply(convTranspose2d{o.Stride, o.Dilation, o.Groups, !o.TransW, x[1], x[2], 0}, g, in[1])
	dw := b.Apply(conv2dWeightGrad{o.Stride, o.Dilation, o.Groups, o.TransW, w[0], w[1]}, in[0], g)
	return []ir.Value{dx, dw}
}

func (o conv2d) Ref(in []Array, out ir.Type) Array {
	x, w := in[0], in[1]
	ins := x.Type.Shape[3]
	return fill(out, func(at []int) float64 {
		acc := 0.0
		for r := range w.Type.Shape[0] {
			for s := range w.Type.Shape[1] {
				for c := range ins {
					acc += x.At(at[0], at[1]*o.Stride+r*o.Dilation, at[2]*o.Stride+s*o.Dilation, c) *
						o.weights().ref(w, r, s, c, at[3], ins, out.Shape[3])
				}
			}
		}
		return acc
	})
}

func (conv2d) Samples() []Sample {
	op := func(o conv2d, n, h, w, c, r, k int) Sample {
		shape := []int{r, r, c / o.Groups, k}
		if o.TransW {
			shape = []int{r, r, k / o.Groups, c}
		}
		return at(o, draw(1, -1, 1, n, h, w, c), draw(2, -1, 1, shape...))
	}
	return []Sample{
		op(conv2d{1, 1, 1, false}, 1, 1, 1, 1, 1, 1), op(conv2d{1, 1, 1, false}, 2, 5, 7, 3, 3, 17),
		op(conv2d{2, 1, 1, false}, 1, 9, 8, 5, 4, 3), op(conv2d{1, 2, 1, false}, 1, 7, 6, 2, 3, 5),
		op(conv2d{2, 1, 1, true}, 2, 7, 7, 3, 3, 5), op(conv2d{1, 1, 1, false}, 1, 3, 3, 33, 1, 17),
		op(conv2d{1, 1, 3, false}, 1, 5, 4, 6, 3, 9), op(conv2d{2, 1, 2, true}, 1, 5, 6, 4, 2, 6),
		op(conv2d{1, 1, 5, false}, 1, 4, 4, 5, 3, 5), op(conv2d{3, 2, 1, false}, 1, 8, 9, 2, 2, 3),
	}
}
