package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// wordUNet is a UNet over patches of 2x2 pixels that looks at the words of a text at both of its sizes: text must
// reach space, since a text that only shifts channels cannot say where.
type wordUNet struct {
	fit    fit
	width  int
	t1, t2 nn.Linear
	tx     nn.Linear

	cin, dn, up, cout    nn.Conv2d
	r0, r1, m1, m2       res
	u1, u0               res
	x0, x1, xm, xu1, xu0 gaze
	a1, am               attn
	no                   nn.GroupNorm
}

// patch is the side of the squares of pixels that are one place to the nets.
const patch = 2

func newWordUNet(ps *nn.Params, f fit, w, words int) *wordUNet {
	wide, c := 4*w, f.d.C*patch*patch
	h, v := f.h/patch, f.w/patch
	conv := func(name string, size, in, out, stride int) nn.Conv2d {
		return nn.NewConv2d(ps, name, size, in, out, ops.Conv{Stride: stride, Pad: size / 2})
	}
	block := func(name string, in, out int) res { return newTurnedRes(ps.Sub(name), in, out, wide) }
	look := func(name string, h, w, channels int) gaze { return newGaze(ps, name, h, w, channels, words) }
	m := &wordUNet{fit: f, width: w}
	m.t1, m.t2, m.tx = nn.NewLinear(ps, "t1", 2*w, wide), nn.NewLinear(ps, "t2", wide, wide),
		nn.NewLinear(ps, "tx", words, wide)
	m.cin, m.r0, m.x0 = conv("cin", 3, c, w, 1), block("r0", w, w), look("x0", h, v, w)
	m.dn, m.r1, m.a1 = conv("dn", 3, w, 2*w, 2), block("r1", 2*w, 2*w), newAttn(ps.Sub("a1"), 2*w)
	m.x1 = look("x1", h/2, v/2, 2*w)
	m.m1, m.am, m.xm = block("m1", 2*w, 2*w), newAttn(ps.Sub("am"), 2*w), look("xm", h/2, v/2, 2*w)
	m.m2, m.u1, m.xu1 = block("m2", 2*w, 2*w), block("u1", 4*w, 2*w), look("xu1", h/2, v/2, 2*w)
	m.up, m.u0, m.xu0 = conv("up", 3, 2*w, w, 1), block("u0", 2*w, w), look("xu0", h, v, w)
	m.no, m.cout = nn.NewGroupNorm(ps, "no", unetGroups, w), conv("cout", 3, w, c, 1)
	m.cout.W.Init, m.cout.B.Init = nn.Zeros, nn.Zeros
	return m
}

func (m *wordUNet) apply(s *nn.Scope, x, t, words, hide, gist ir.Value, looks *[]Look) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	e := m.t2.Apply(s, ops.Silu(b, m.t1.Apply(s, nn.Sinusoids(s, t, m.width))))
	e = ops.Silu(b, ops.Add(b, e, m.tx.Apply(s, gist)))
	see := func(g gaze, h ir.Value) ir.Value { return g.apply(s, h, words, hide, looks) }
	h0 := see(m.x0, m.r0.apply(s, m.cin.Apply(s, patches(b, x)), e))
	h1 := see(m.x1, m.a1.apply(s, m.r1.apply(s, m.dn.Apply(s, h0), e)))
	h := m.m2.apply(s, see(m.xm, m.am.apply(s, m.m1.apply(s, h1, e))), e)
	h = see(m.xu1, m.u1.apply(s, ops.Concat(b, 3, h, h1), e))
	h = m.up.Apply(s, ops.Upsample2D(b, h, 2))
	h = see(m.xu0, m.u0.apply(s, ops.Concat(b, 3, h, h0), e))
	return unpatched(b, m.cout.Apply(s, ops.Silu(b, m.no.Apply(s, h))))
}

// patches makes every square of pixels one place: [N H W C] to [N H/2 W/2 4C].
func patches(b *ir.Builder, x ir.Value) ir.Value {
	if b.Err() != nil {
		return ir.None
	}
	t := b.Type(x).Shape
	h, w := t[1]/patch, t[2]/patch
	x = ops.Transpose(b, ops.Reshape(b, x, t[0], h, patch, w, patch, t[3]), 0, 1, 3, 2, 4, 5)
	return ops.Reshape(b, x, t[0], h, w, patch*patch*t[3])
}

// unpatched is the inverse of patches.
func unpatched(b *ir.Builder, x ir.Value) ir.Value {
	if b.Err() != nil {
		return ir.None
	}
	t := b.Type(x).Shape
	c := t[3] / (patch * patch)
	x = ops.Transpose(b, ops.Reshape(b, x, t[0], t[1], t[2], patch, patch, c), 0, 1, 3, 2, 4, 5)
	return ops.Reshape(b, x, t[0], t[1]*patch, t[2]*patch, c)
}

// gaze lets every place of a picture look at the words of a text. What a place asks for depends on what is there
// and on where it is, which from the start counts as much: of a tenth of the size it was still unheard after 1,500
// steps.
type gaze struct {
	name     string
	n        nn.GroupNorm
	place    *nn.Param
	q, kv, o nn.Linear
}

const gazeHeads = 4

func newGaze(ps *nn.Params, name string, h, w, channels, words int) gaze {
	p := ps.Sub(name)
	g := gaze{name: name, n: nn.NewGroupNorm(p, "n", unetGroups, channels),
		place: p.Add("place", nn.Normal(1), h*w, channels),
		q:     nn.NewLinear(p, "q", channels, channels), kv: nn.NewLinear(p, "kv", words, 2*channels),
		o: nn.NewLinear(p, "o", channels, channels)}
	return g
}

// apply maps x [N H W C] to the same, given words [N T D] and what hides the empty ones [N T].
func (g gaze) apply(s *nn.Scope, x, words, hide ir.Value, looks *[]Look) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	t := b.Type(x).Shape
	h := ops.Reshape(b, g.n.Apply(s, x), t[0], t[1]*t[2], t[3])
	q := g.q.Apply(s, ops.Add(b, h, s.Param(g.place)))
	kv := g.kv.Apply(s, words)
	mixed, weights := nn.Attend(s, q, ops.Slice(b, kv, 2, 0, t[3]), ops.Slice(b, kv, 2, t[3], 2*t[3]), hide, gazeHeads)
	if looks != nil {
		*looks = append(*looks, Look{Name: g.name, H: t[1], W: t[2], Heads: gazeHeads, Weights: weights})
	}
	return ops.Add(b, x, ops.Reshape(b, g.o.Apply(s, mixed), t...))
}
