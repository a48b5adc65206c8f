package nn

import (
	"fmt"
	"math"

	"mllab/compile/ir"
	"mllab/ops"
)

// Attention mixes positions by what they hold: of qkv [N L 3*D], which has queries,
// keys and values side by side, it gives softmax(q k' / sqrt(D/heads)) v for each
// head, [N L D] (Vaswani et al., "Attention is all you need", 2017).
func Attention(s *Scope, qkv ir.Value, heads int) ir.Value {
	b := s.B
	t := b.Type(qkv)
	if b.Err() != nil {
		return ir.None
	}
	if t.Rank() != 3 || heads < 1 || t.Shape[2]%(3*heads) != 0 {
		return b.Fail(fmt.Errorf("attention: qkv=%s: want [N L 3*D] with D a multiple of %d heads", t, heads))
	}
	n, length, depth := t.Shape[0], t.Shape[1], t.Shape[2]/(3*heads)
	part := func(i int) ir.Value { // [N heads L depth]
		v := ops.Slice(b, qkv, 2, i*heads*depth, (i+1)*heads*depth)
		return ops.Transpose(b, ops.Reshape(b, v, n, length, heads, depth), 0, 2, 1, 3)
	}
	scores := ops.Scale(b, ops.MatMulT(b, part(0), part(1), false, true), 1/math.Sqrt(float64(depth)))
	mixed := ops.MatMul(b, ops.Softmax(b, scores, 3), part(2))
	return ops.Reshape(b, ops.Transpose(b, mixed, 0, 2, 1, 3), n, length, heads*depth)
}

// Sinusoids places numbers t, f32 [N], on circles of 2*half coordinates [N 2*half]:
// sin(t w_i), then cos(t w_i), with w_i = 10000^(-i/half) (Vaswani et al., section 3.5;
// Ho et al., "Denoising diffusion probabilistic models", 2020).
func Sinusoids(s *Scope, t ir.Value, half int) ir.Value {
	b := s.B
	n := b.Type(t).Elems()
	rate := ops.Exp(b, ops.Scale(b, ops.Iota(b, ir.F32, 0, half), -math.Log(10000)/float64(half)))
	angle := ops.Mul(b, ops.Reshape(b, t, n, 1), rate)
	return ops.Concat(b, 1, ops.Sin(b, angle), ops.Cos(b, angle))
}
