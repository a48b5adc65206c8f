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
	b, n, c := s.B, t.Shape[0], t.Shape[3]
	each := c / l.groups
	share := 1 / float64(t.Shape[1]*t.Shape[2]*each)
	// Channels are summed over space first: neighbours in memory stay apart.
	group := func(v ir.Value) ir.Value {
		v = ops.Reshape(b, ops.Sum(b, v, 1, 2), n, l.groups, each)
		return ops.Scale(b, ops.SumKeep(b, v, 2), share)
	}
	mean := group(x)
	variance := spread(b, mean, group(ops.Square(b, x)))
	scale := ops.Mul(b, ops.Reshape(b, s.Param(l.Scale), l.groups, each), root(b, variance))
	shift := ops.Sub(b, ops.Reshape(b, s.Param(l.Shift), l.groups, each), ops.Mul(b, mean, scale))
	flat := func(v ir.Value) ir.Value { return ops.Reshape(b, v, n, 1, 1, c) }
	return ops.Add(b, ops.Mul(b, x, flat(scale)), flat(shift))
}

// BatchNorm2d gives each channel mean 0 and variance 1 over a batch and its pixels,
// then a learned scale and shift (Ioffe and Szegedy, ICML 2015). It keeps running
// averages of mean and variance, which stand for the batch's where the scope is not
// Training. It begins and averages as torch.nn.BatchNorm2d does.
type BatchNorm2d struct{ Scale, Shift, Mean, Variance *Param }

// batchMomentum is how far running statistics move towards a batch's.
const batchMomentum = 0.1

// NewBatchNorm2d declares name.weight, name.bias and the buffers name.running_mean
// and name.running_var, each [channels].
func NewBatchNorm2d(ps *Params, name string, channels int) BatchNorm2d {
	ps = ps.Sub(name)
	return BatchNorm2d{
		ps.Add("weight", Ones, channels), ps.Add("bias", Zeros, channels),
		ps.Buffer("running_mean", Zeros, channels), ps.Buffer("running_var", Ones, channels),
	}
}

// Apply normalises x [N H W C]. While Training, N*H*W must be at least 2.
func (l BatchNorm2d) Apply(s *Scope, x ir.Value) ir.Value {
	t := s.B.Type(x)
	if s.B.Err() != nil {
		return ir.None
	}
	if t.Rank() != 4 || t.Shape[3] != l.Scale.Shape[0] {
		return s.B.Fail(fmt.Errorf("batch norm: x=%s: want [N H W %d]", t, l.Scale.Shape[0]))
	}
	b := s.B
	if !s.Training {
		return l.affine(s, ops.Sub(b, x, s.Param(l.Mean)), ir.None, s.Param(l.Variance))
	}
	n := t.Elems() / t.Shape[3]
	if n < 2 {
		return b.Fail(fmt.Errorf("batch norm: x=%s: one value a channel has no variance: want a larger batch", t))
	}
	// The corrected two-pass algorithm (Chan, Golub and LeVeque, 1983): the mean is taken off as a constant, and
	// what rounding left of it is found again in the second pass. One pass loses digits where the next layer is
	// most sensitive: beside the zero of its activation.
	centre := ops.StopGradient(b, channelMean(b, x))
	x = ops.Sub(b, x, centre)
	mean := channelMean(b, x)
	variance := spread(b, mean, channelMean(b, ops.Square(b, x)))
	y := l.affine(s, x, mean, variance)
	batch := ops.Add(b, centre, ops.StopGradient(b, mean))
	s.Update(l.Mean, ops.Add(b, ops.Scale(b, s.Param(l.Mean), 1-batchMomentum), ops.Scale(b, batch, batchMomentum)))
	unbiased := ops.Scale(b, ops.StopGradient(b, variance), batchMomentum*float64(n)/float64(n-1))
	s.Update(l.Variance, ops.Add(b, ops.Scale(b, s.Param(l.Variance), 1-batchMomentum), unbiased))
	return y
}

// affine gives (x - mean) / sqrt(variance + eps) * scale + shift as one product and
// one sum; a mean of None is zero.
func (l BatchNorm2d) affine(s *Scope, x, mean, variance ir.Value) ir.Value {
	b := s.B
	scale, shift := ops.Mul(b, s.Param(l.Scale), root(b, variance)), s.Param(l.Shift)
	if mean != ir.None {
		shift = ops.Sub(b, shift, ops.Mul(b, mean, scale))
	}
	// Stretched over the examples first, so that gradients too are summed in two stages.
	each := func(v ir.Value) ir.Value {
		t := b.Type(x)
		if b.Err() != nil {
			return ir.None
		}
		return ops.BroadcastTo(b, v, t.Shape[0], 1, 1, t.Shape[3])
	}
	return ops.Add(b, ops.Mul(b, x, each(scale)), each(shift))
}

// channelMean is the mean of each channel of x [N H W C], [C]: over the pixels of each
// example and then over the examples, which rounds less than one long sum, and gives
// the first stage many independent results.
func channelMean(b *ir.Builder, x ir.Value) ir.Value { return ops.Mean(b, ops.Mean(b, x, 1, 2), 0) }

// spread is the variance, of which rounding leaves nothing below zero.
func spread(b *ir.Builder, mean, meanSquare ir.Value) ir.Value {
	return ops.Maximum(b, ops.Sub(b, meanSquare, ops.Square(b, mean)), b.Const(ir.F32, 0))
}

// root is 1/sqrt(variance + eps).
func root(b *ir.Builder, variance ir.Value) ir.Value {
	return ops.Rsqrt(b, ops.Shift(b, variance, normEps))
}

// normalise gives x mean 0 and variance 1 along axes.
func normalise(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	centred := ops.Sub(b, x, ops.MeanKeep(b, x, axes...))
	variance := ops.MeanKeep(b, ops.Square(b, centred), axes...)
	return ops.Mul(b, centred, root(b, variance))
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
