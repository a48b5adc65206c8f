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
	wide := t.Shape[2] / 3
	part := func(i int) ir.Value { return ops.Slice(b, qkv, 2, i*wide, (i+1)*wide) }
	mixed, _ := Attend(s, part(0), part(1), part(2), ir.None, heads)
	return mixed
}

// Attend lets each of L positions take what it looks for from M others: of queries q [N L D], keys k and values
// v [N M D] it gives softmax(q k' / sqrt(D/heads) + hide) v for each head, [N L D], and the softmax itself,
// [N heads L M]. hide, f32 [N M], is far below zero where nothing is to be seen; None hides nothing.
func Attend(s *Scope, q, k, v, hide ir.Value, heads int) (mixed, weights ir.Value) {
	b := s.B
	tq, tk := b.Type(q), b.Type(k)
	if b.Err() != nil {
		return ir.None, ir.None
	}
	if tq.Rank() != 3 || tk.Rank() != 3 || tq.Shape[2] != tk.Shape[2] || heads < 1 || tq.Shape[2]%heads != 0 {
		b.Fail(fmt.Errorf("attend: q=%s and k=%s: want [N L D] and [N M D] with D a multiple of %d heads", tq, tk, heads))
		return ir.None, ir.None
	}
	n, length, others, depth := tq.Shape[0], tq.Shape[1], tk.Shape[1], tq.Shape[2]/heads
	split := func(v ir.Value, l int) ir.Value { // [N heads l depth]
		return ops.Transpose(b, ops.Reshape(b, v, n, l, heads, depth), 0, 2, 1, 3)
	}
	scores := ops.Scale(b, ops.MatMulT(b, split(q, length), split(k, others), false, true), 1/math.Sqrt(float64(depth)))
	if hide != ir.None {
		scores = ops.Add(b, scores, ops.Reshape(b, hide, n, 1, 1, others))
	}
	weights = ops.Softmax(b, scores, 3)
	mixed = ops.Transpose(b, ops.MatMul(b, weights, split(v, others)), 0, 2, 1, 3)
	return ops.Reshape(b, mixed, n, length, heads*depth), weights
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
