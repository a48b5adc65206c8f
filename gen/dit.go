package gen

import (
	"fmt"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// dit is a diffusion transformer (Peebles and Xie, ICCV 2023): patches of the picture are tokens, the time and the
// gist of the text scale and shift what every block normalises, and every block looks at the words.
type dit struct {
	fit    fit
	width  int
	side   int // of a patch, in pixels
	in     nn.Linear
	place  *nn.Param
	t1, t2 nn.Linear
	tx     nn.Linear
	blocks []ditBlock
	last   nn.Linear // scale and shift of the end
	out    nn.Linear
}

type ditBlock struct {
	turn         nn.Linear // e -> shift, scale and gate, of the attention and of the rest
	qkv, o       nn.Linear
	q, kv, look  nn.Linear
	up, down     nn.Linear
	looks        nn.LayerNorm
	lookName     string
	heads, width int
}

// The depth and the side of a patch of a dit.
const (
	ditDepth = 4
	ditPatch = 4
)

func newDiT(ps *nn.Params, f fit, width, words int) *dit {
	w := 4 * width
	m := &dit{fit: f, width: w, side: ditPatch}
	places := f.h / m.side * (f.w / m.side)
	values := m.side * m.side * f.d.C
	m.in, m.place = nn.NewLinear(ps, "in", values, w), ps.Add("place", nn.Normal(0.02), places, w)
	m.t1, m.t2, m.tx = nn.NewLinear(ps, "t1", w, w), nn.NewLinear(ps, "t2", w, w), nn.NewLinear(ps, "tx", words, w)
	for i := range ditDepth {
		p := ps.Sub(fmt.Sprintf("b%d", i+1))
		k := ditBlock{
			turn: nn.NewLinear(p, "turn", w, 6*w), qkv: nn.NewLinear(p, "qkv", w, 3*w), o: nn.NewLinear(p, "o", w, w),
			looks: nn.NewLayerNorm(p, "n", w), q: nn.NewLinear(p, "q", w, w), kv: nn.NewLinear(p, "kv", words, 2*w),
			look: nn.NewLinear(p, "look", w, w), up: nn.NewLinear(p, "up", w, 4*w), down: nn.NewLinear(p, "down", 4*w, w),
			lookName: fmt.Sprintf("b%d", i+1), heads: gazeHeads, width: w,
		}
		k.turn.W.Init, k.turn.B.Init = nn.Zeros, nn.Zeros // a block begins as nothing
		m.blocks = append(m.blocks, k)
	}
	m.last, m.out = nn.NewLinear(ps, "last", w, 2*w), nn.NewLinear(ps, "out", w, values)
	for _, p := range []*nn.Param{m.last.W, m.last.B, m.out.W, m.out.B} {
		p.Init = nn.Zeros
	}
	return m
}

func (m *dit) apply(s *nn.Scope, x, t, words, hide, gist ir.Value, looks *[]Look) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	n, c := b.Type(x).Shape[0], m.fit.d.C
	h, w := m.fit.h/m.side, m.fit.w/m.side
	x = ops.Transpose(b, ops.Reshape(b, x, n, h, m.side, w, m.side, c), 0, 1, 3, 2, 4, 5)
	z := m.in.Apply(s, ops.Reshape(b, x, n, h*w, m.side*m.side*c))
	z = ops.Add(b, z, s.Param(m.place))
	e := m.t2.Apply(s, ops.Silu(b, m.t1.Apply(s, nn.Sinusoids(s, t, m.width/2))))
	e = ops.Silu(b, ops.Add(b, e, m.tx.Apply(s, gist)))
	for _, k := range m.blocks {
		z = k.apply(s, z, e, words, hide, h, w, looks)
	}
	end := m.last.Apply(s, e)
	z = turned(s, z, part(b, end, 0, m.width), part(b, end, 1, m.width))
	z = ops.Reshape(b, m.out.Apply(s, z), n, h, w, m.side, m.side, c)
	return ops.Reshape(b, ops.Transpose(b, z, 0, 1, 3, 2, 4, 5), n, m.fit.h, m.fit.w, c)
}

// part is the i-th of the rows' pieces of w values, [N 1 w].
func part(b *ir.Builder, v ir.Value, i, w int) ir.Value {
	if b.Err() != nil {
		return ir.None
	}
	return ops.Reshape(b, ops.Slice(b, v, 1, i*w, (i+1)*w), b.Type(v).Shape[0], 1, w)
}

// turned normalises the rows of z [N L w], then scales by 1+scale and shifts.
func turned(s *nn.Scope, z, shift, scale ir.Value) ir.Value {
	b := s.B
	centred := ops.Sub(b, z, ops.MeanKeep(b, z, -1))
	variance := ops.MeanKeep(b, ops.Square(b, centred), -1)
	z = ops.Mul(b, centred, ops.Rsqrt(b, ops.Shift(b, variance, 1e-6)))
	return ops.Add(b, ops.Mul(b, z, ops.Shift(b, scale, 1)), shift)
}

func (k ditBlock) apply(s *nn.Scope, z, e, words, hide ir.Value, h, w int, looks *[]Look) ir.Value {
	b := s.B
	turn := k.turn.Apply(s, e)
	at := func(i int) ir.Value { return part(b, turn, i, k.width) }
	third := func(v ir.Value, i int) ir.Value { return ops.Slice(b, v, 2, i*k.width, (i+1)*k.width) }
	qkv := k.qkv.Apply(s, turned(s, z, at(0), at(1)))
	mixed, _ := nn.Attend(s, third(qkv, 0), third(qkv, 1), third(qkv, 2), ir.None, k.heads)
	z = ops.Add(b, z, ops.Mul(b, at(2), k.o.Apply(s, mixed)))
	kv := k.kv.Apply(s, words)
	seen, weights := nn.Attend(s, k.q.Apply(s, k.looks.Apply(s, z)), third(kv, 0), third(kv, 1), hide, k.heads)
	if looks != nil {
		*looks = append(*looks, Look{Name: k.lookName, H: h, W: w, Heads: k.heads, Weights: weights})
	}
	z = ops.Add(b, z, k.look.Apply(s, seen))
	return ops.Add(b, z, ops.Mul(b, at(5), k.down.Apply(s, ops.Silu(b, k.up.Apply(s, turned(s, z, at(3), at(4)))))))
}
