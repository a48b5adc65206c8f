package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// convBody is the convolutional architecture: two convolutions that halve the
// picture, a dense layer, and the same back by transposed convolutions. Odd sizes
// are rounded up on the way in and cut on the way out.
type convBody struct {
	d        DataInfo
	sizes    [3][2]int // height and width of the picture, halved once, and twice
	c1, c2   nn.Conv2d
	in, out  nn.Linear
	t1, t2   nn.ConvTranspose2d
	channels int
}

func newConvBody(ps *nn.Params, d DataInfo, latent, hidden int, heads func(features int)) convBody {
	const narrow, wide = 32, 64
	a := convBody{d: d, channels: wide}
	a.sizes[0] = [2]int{d.H, d.W}
	for i := range 2 {
		a.sizes[i+1] = [2]int{(a.sizes[i][0] + 1) / 2, (a.sizes[i][1] + 1) / 2}
	}
	flat := a.sizes[2][0] * a.sizes[2][1] * wide
	down := ops.Conv{Stride: 2, Pad: 1}
	a.c1 = nn.NewConv2d(ps, "c1", 3, d.C, narrow, down)
	a.c2 = nn.NewConv2d(ps, "c2", 3, narrow, wide, down)
	a.in = nn.NewLinear(ps, "e1", flat, hidden)
	heads(hidden)
	a.out = nn.NewLinear(ps, "d1", latent, flat)
	a.t1 = nn.NewConvTranspose2d(ps, "t1", 4, wide, narrow, down)
	a.t2 = nn.NewConvTranspose2d(ps, "t2", 4, narrow, d.C, down)
	return a
}

func (a convBody) encode(s *nn.Scope, x ir.Value) ir.Value {
	h := ops.Relu(s.B, a.c1.Apply(s, x))
	h = ops.Relu(s.B, a.c2.Apply(s, h))
	return ops.Relu(s.B, a.in.Apply(s, flatten(s, h)))
}

func (a convBody) decode(s *nn.Scope, z ir.Value) ir.Value {
	b := s.B
	h := ops.Relu(b, a.out.Apply(s, z))
	if b.Err() != nil {
		return ir.None
	}
	n := b.Type(z).Shape[0]
	h = ops.Reshape(b, h, n, a.sizes[2][0], a.sizes[2][1], a.channels)
	h = ops.Relu(b, a.cut(s, a.t1.Apply(s, h), a.sizes[1]))
	h = a.cut(s, a.t2.Apply(s, h), a.sizes[0])
	return ops.Reshape(b, h, n, a.d.values())
}

// cut drops the row and the column that rounding up added.
func (a convBody) cut(s *nn.Scope, h ir.Value, size [2]int) ir.Value {
	for d, n := range size {
		if t := s.B.Type(h); t.Rank() == 4 && t.Shape[1+d] > n {
			h = ops.Slice(s.B, h, 1+d, 0, n)
		}
	}
	return h
}
