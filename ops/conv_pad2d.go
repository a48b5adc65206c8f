package ops

import (
	"mllab/compile/ir"
)

// convPad2d is conv2d of x with Pad zeros around its rows and columns. It is an
// operator of its own so that its gradient is computed for the elements of x
// alone, not for the zeros around them.
type convPad2d struct {
	Stride, Dilation, Groups int
	TransW                   bool // weights are [R S K/G C]
	Pad                      int
}

var _ = register(convPad2d{})

func (convPad2d) Name() string { return "conv_pad2d" }

func (o convPad2d) dense() conv2d { return conv2d{o.Stride, o.Dilation, o.Groups, o.TransW} }

// padded is the type of x with the zeros around it.
func (o convPad2d) padded(x ir.Type) ir.Type {
	if x.Rank() != 4 {
		return x
	}
	s := x.Shape
	return ir.Of(x.DType, s[0], s[1]+2*o.Pad, s[2]+2*o.Pad, s[3])
}

func (o convPad2d) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 2); err != nil {
		return ir.Type{}, err
	}
	if err := (Conv{Pad: o.Pad}).check(o.Name()); err != nil {
		return ir.Type{}, err
	}
	return o.dense().Infer([]ir.Type{o.padded(in[0]), in[1]})
}

func (o convPad2d) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	return b.Apply(o.dense(), surround(b, in[0], o.Pad), in[1])
}

func (o convPad2d) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	x, w := b.Type(in[0]).Shape, b.Type(in[1]).Shape
	dx := b.Apply(convTranspose2d{o.Stride, o.Dilation, o.Groups, !o.TransW, x[1], x[2], o.Pad}, g, in[1])
	dw := b.Apply(conv2dWeightGrad{o.Stride, o.Dilation, o.Groups, o.TransW, w[0], w[1]},
		surround(b, in[0], o.Pad), g)
	return []ir.Value{dx, dw}
}

func (o convPad2d) Ref(in []Array, out ir.Type) Array {
	wide := NewArray(o.padded(in[0].Type))
	each(in[0].Type.Shape, func(at []int) {
		wide.Data[wide.offset([]int{at[0], at[1] + o.Pad, at[2] + o.Pad, at[3]})] = in[0].At(at...)
	})
	return o.dense().Ref([]Array{wide, in[1]}, out)
}

func (convPad2d) Samples() []Sample {
	op := func(o convPad2d, n, h, w, c, r, k int) Sample {
		shape := []int{r, r, c / o.Groups, k}
		if o.TransW {
			shape = []int{r, r, k / o.Groups, c}
		}
		return at(o, draw(1, -1, 1, n, h, w, c), draw(2, -1, 1, shape...))
	}
	return []Sample{
		op(convPad2d{1, 1, 1, false, 1}, 2, 5, 7, 3, 3, 17), op(convPad2d{2, 1, 1, false, 1}, 1, 8, 6, 5, 4, 3),
		op(convPad2d{2, 1, 1, true, 2}, 2, 5, 4, 3, 3, 5), op(convPad2d{1, 2, 1, false, 2}, 1, 5, 4, 2, 3, 5),
		op(convPad2d{3, 1, 1, false, 1}, 1, 7, 8, 3, 4, 5), op(convPad2d{2, 1, 3, false, 1}, 1, 6, 5, 6, 3, 9),
		op(convPad2d{1, 1, 1, false, 3}, 1, 3, 2, 5, 2, 3), op(convPad2d{3, 2, 2, true, 2}, 1, 6, 7, 4, 2, 6),
		op(convPad2d{2, 2, 1, false, 3}, 1, 6, 5, 3, 3, 2),
	}
}
