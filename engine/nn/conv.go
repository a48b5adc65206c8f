package nn

import (
	"mllab/compile/ir"
	"mllab/ops"
)

// Conv2d is a convolution with bias over [N H W C]. It begins as torch.nn.Conv2d does.
type Conv2d struct {
	W, B *Param
	conv ops.Conv
}

// NewConv2d declares name.weight [size size in/Groups out] and name.bias [out].
func NewConv2d(ps *Params, name string, size, in, out int, c ops.Conv) Conv2d {
	l := NewConv2dNoBias(ps, name, size, in, out, c)
	l.B = ps.Sub(name).Add("bias", l.W.Init, out)
	return l
}

// NewConv2dNoBias declares name.weight alone.
func NewConv2dNoBias(ps *Params, name string, size, in, out int, c ops.Conv) Conv2d {
	each := in / max(1, c.Groups)
	return Conv2d{W: ps.Sub(name).Add("weight", FanIn(size*size*each), size, size, each, out), conv: c}
}

// Apply maps x [N H W in] to [N P Q out].
func (l Conv2d) Apply(s *Scope, x ir.Value) ir.Value {
	c := l.conv
	s.Through(Layer{ConvKind, l.W, l.W.Shape[0], c.Stride, c.Pad, c.Dilation, 1})
	return plus(s, ops.Conv2D(s.B, x, s.Param(l.W), l.conv), l.B)
}

// ConvTranspose2d is a transposed convolution with bias over [N P Q C]. It begins as
// torch.nn.ConvTranspose2d does, whose fan-in counts the output's channels.
type ConvTranspose2d struct {
	W, B *Param
	conv ops.Conv
}

// NewConvTranspose2d declares name.weight [size size in/Groups out] and name.bias [out].
func NewConvTranspose2d(ps *Params, name string, size, in, out int, c ops.Conv) ConvTranspose2d {
	l := NewConvTranspose2dNoBias(ps, name, size, in, out, c)
	l.B = ps.Sub(name).Add("bias", l.W.Init, out)
	return l
}

// NewConvTranspose2dNoBias declares name.weight alone.
func NewConvTranspose2dNoBias(ps *Params, name string, size, in, out int, c ops.Conv) ConvTranspose2d {
	groups := max(1, c.Groups)
	w := ps.Sub(name).Add("weight", FanIn(size*size*out/groups), size, size, in/groups, out)
	return ConvTranspose2d{W: w, conv: c}
}

// Apply maps x [N P Q in] to [N H W out].
func (l ConvTranspose2d) Apply(s *Scope, x ir.Value) ir.Value {
	c := l.conv
	s.Through(Layer{TransposedKind, l.W, l.W.Shape[0], 1, c.Pad, c.Dilation, c.Stride})
	return plus(s, ops.ConvTranspose2D(s.B, x, s.Param(l.W), l.conv), l.B)
}

// MaxPool2d gives the largest value in each window of x [N H W C]: [N P Q C].
func MaxPool2d(s *Scope, x ir.Value, p ops.Pool) ir.Value {
	stride := p.Stride
	if stride == 0 {
		stride = p.Size
	}
	s.Through(Layer{PoolKind, nil, p.Size, stride, p.Pad, 1, 1})
	return ops.MaxPool2D(s.B, x, p)
}

// plus adds a bias along the last dimension, if there is one.
func plus(s *Scope, y ir.Value, bias *Param) ir.Value {
	if bias == nil {
		return y
	}
	return ops.Add(s.B, y, s.Param(bias))
}
