package nn

import (
	"fmt"

	"mllab/compile/ir"
	"mllab/ops"
)

// normEps keeps a root from being taken of zero; it is PyTorch's default.
const normEps = 1e-5

// LayerNorm gives each row, along the last dimension, mean 0 and variance 1, then a
// learned scale and shift (Ba, Kiros and Hinton, 2016).
type LayerNorm struct{ Scale, Shift *Param }

// NewLayerNorm declares name.weight [n] and name.bias [n].
func NewLayerNorm(ps *Params, name string, n int) LayerNorm {
	ps = ps.Sub(name)
	return LayerNorm{ps.Add("weight", Ones, n), ps.Add("bias", Zeros, n)}
}

// Apply normalises x [... n].
func (l LayerNorm) Apply(s *Scope, x ir.Value) ir.Value {
	x = normalise(s.B, x, -1)
	return ops.Add(s.B, ops.Mul(s.B, x, s.Param(l.Scale)), s.Param(l.Shift))
}

// GroupNorm gives each group of channels of each example mean 0 and variance 1, then
// a learned scale and shift a channel (Wu and He, ECCV 2018).
type GroupNorm struct {
	Scale, Shift *Param
	groups       int
}

// NewGroupNorm declares name.weight [channels] and name.bias [channels].
func NewGroupNorm(ps *Params, name string, groups, channels int) GroupNorm {
	ps = ps.Sub(name)
	return GroupNorm{ps.Add("weight", Ones, channels), ps.Add("bias", Zeros, channels), groups}
}

// Apply normalises x [N H W C]; C must be a multiple of the groups.
func (l GroupNorm) Apply(s *Scope, x ir.Value) ir.Value {
	t := s.B.Type(x)
	if s.B.Err() != nil {
		return ir.None
	}
	if t.Rank() != 4 || l.groups < 1 || t.Shape[3]%l.groups != 0 {
		return s.B.Fail(fmt.Errorf("group norm: x=%s: want [N H W C] with C a multiple of %d groups", t, l.groups))
	}
	grouped := ops.Reshape(s.B, x, t.Shape[0], t.Shape[1]*t.Shape[2], l.groups, t.Shape[3]/l.groups)
	x = ops.Reshape(s.B, normalise(s.B, grouped, 1, 3), t.Shape...)
	return ops.Add(s.B, ops.Mul(s.B, x, s.Param(l.Scale)), s.Param(l.Shift))
}

// normalise gives x mean 0 and variance 1 along axes.
func normalise(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	centred := ops.Sub(b, x, ops.MeanKeep(b, x, axes...))
	variance := ops.MeanKeep(b, ops.Square(b, centred), axes...)
	return ops.Mul(b, centred, ops.Rsqrt(b, ops.Shift(b, variance, normEps)))
}

// Embedding is a table of rows, looked up by number.
type Embedding struct{ W *Param }

// NewEmbedding declares name.weight [count width], standard Gaussian as torch.nn.Embedding.
func NewEmbedding(ps *Params, name string, count, width int) Embedding {
	return Embedding{ps.Sub(name).Add("weight", Normal(1), count, width)}
}

// Apply maps numbers, i32 [I...], to rows, f32 [I... width].
func (l Embedding) Apply(s *Scope, index ir.Value) ir.Value {
	return ops.Gather(s.B, s.Param(l.W), index)
}
