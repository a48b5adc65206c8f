package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// conv2dWeightGrad is the gradient of conv2d's weights [R S C/G K] (or [R S K/G C]
// where TransW) from its input x [N H W C] and the gradient g [N P Q K] of its
// result: a contraction over N, P and Q.
type conv2dWeightGrad struct {
	Stride, Dilation, Groups int
	TransW                   bool
	R, S                     int
}

var _ = register(conv2dWeightGrad{})

func (conv2dWeightGrad) Name() string { return "conv2d_weight_grad" }

func (o conv2dWeightGrad) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 2); err != nil {
		return ir.Type{}, err
	}
	if err := inferAttributes(o, o.Groups, o.Stride, o.Dilation); err != nil {
		return ir.Type{}, err
	}
	fits := in[0].Rank() == 4 && in[1].Rank() == 4 && in[0].DType == ir.F32 && in[1].DType == ir.F32 &&
		in[0].Shape[0] == in[1].Shape[0]
	if !fits || o.R < 1 || o.S < 1 ||
		window(in[0].Shape[1], o.R, o.Stride, o.Dilation) != in[1].Shape[1] ||
		window(in[0].Shape[2], o.S, o.Stride, o.Dilation) != in[1].Shape[2] {
		want := fmt.Sprintf("x [N H W C] and g [N P Q K] of a convolution by %dx%d", o.R, o.S)
		return ir.Type{}, misfit(o, in, want, "x", "g")
	}
	c, k := in[0].Shape[3], in[1].Shape[3]
	if c%o.Groups != 0 || k%o.Groups != 0 {
		return ir.Type{}, misfit(o, in, fmt.Sprintf("C and K that %d groups divide", o.Groups), "x", "g")
	}
	if o.TransW {
		c, k = k, c
	}
	return ir.Of(ir.F32, o.R, o.S, c/o.Groups, k), nil
}

func (o conv2dWeightGrad) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	r, s, c, k := expr.At(0), expr.At(1), expr.At(2), expr.At(3)
	n, p, q := expr.At(4), expr.At(5), expr.At(6)
	shape := in[1].Shape
	// Axis 2 is a channel within the group of axis 3.
	group := weights{groups: o.Groups}.group(k, out.Shape[3])
	c = expr.Plus(expr.Times(group, expr.Int(out.Shape[2])), c)
	if o.TransW {
		c, k = k, c
	}
	x := expr.Get(0, ir.F32, n, strided(p, o.Stride, r, o.Dilation), strided(q, o.Stride, s, o.Dilation), c)
	body := expr.Times(x, expr.Get(1, ir.F32, n, p, q, k))
	return expr.Reduce(in, out, []int{shape[0], shape[1], shape[2]}, expr.Sum, body)
}

func (o conv2dWeightGrad) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	x := b.Type(in[0]).Shape
	dx := b.Apply(convTranspose2d{o.Stride, o.Dilation, o.Groups, !o.TransW, x[1], x[2], 0}, in[1], g)
	return []ir.Value{dx, b.Apply(conv2d{o.Stride, o.Dilation, o.Groups, o.TransW}, in[0], g)}
}

func (o conv2dWeightGrad) Ref(in []Array, out ir.Type) Array {
	x, g := in[0], in[1]
	a := NewArray(out)
	cg, kg := x.Type.Shape[3]/o.Groups, g.Type.Shape[3]/o.Groups
	each(g.Type.Shape, func(at []int) {
		n, p, q, k := at[0], at[1], at[2], at[3]
		for r := range o.R {
			for s := range o.S {
				for i := range cg {
					c := k/kg*cg + i
					to := a.offset([]int{r, s, i, k})
					if o.TransW {
						to = a.offset([]int{r, s, k % kg, c})
					}
					a.Data[to] += x.At(n, p*o.Stride+r*o.Dilation, q*o.Stride+s*o.Dilation, c) * g.At(at...)
				}
			}
		}
	})
	return a
}

func (conv2dWeightGrad) Samples() []Sample {
	op := func(o conv2dWeightGrad, n, h, w, c, k int) Sample {
		p, q := window(h, o.R, o.Stride, o.Dilation), window(w, o.S, o.Stride, o.Dilation)
		return at(o, draw(1, -1, 1, n, h, w, c), draw(2, -1, 1, n, p, q, k))
	}
	return []Sample{
		op(conv2dWeightGrad{1, 1, 1, false, 3, 3}, 2, 5, 7, 3, 17),
		op(conv2dWeightGrad{2, 1, 1, false, 4, 4}, 1, 9, 8, 5, 3),
		op(conv2dWeightGrad{1, 2, 1, false, 3, 2}, 1, 7, 6, 2, 5),
		op(conv2dWeightGrad{2, 1, 1, true, 3, 3}, 2, 7, 8, 3, 5),
		op(conv2dWeightGrad{1, 1, 3, false, 3, 3}, 1, 5, 4, 6, 9),
		op(conv2dWeightGrad{2, 1, 2, true, 2, 2}, 1, 5, 6, 4, 6),
		op(conv2dWeightGrad{1, 1, 5, false, 3, 3}, 1, 4, 4, 5, 5),
		op(conv2dWeightGrad{1, 1, 1, false, 1, 1}, 1, 3, 3, 17, 33),
	}
}
