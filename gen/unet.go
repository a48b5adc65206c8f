package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

var _ = register(Model{
	Name:  "unet",
	What:  "diffusion model: learns to take noise off pictures, and draws new ones by doing so many times",
	Rate:  2e-4,
	Batch: 32,
	settings: []Setting{
		{Key: "width", Default: "32", What: "channels at full size, twice and four times as many below",
			Choices: []string{"8", "16", "32", "64", "128"}},
	},
	defaults: map[string]string{"ema": "0.995"},
	build:    func(s Settings, d DataInfo) (Net, error) { return newUNet(s.Int("width"), d), nil },
})

const (
	// unetSide is the largest height and width that the net works at.
	unetSide = 32
	// vocabulary is the number of rows in the table of tokens.
	vocabulary = 256
	// What is drawn: by a sampler, and by the lab beside the training, which has little time.
	samplerRounds = 50
	viewRounds    = 10
	viewCount     = 16
)

// unet is a denoiser with skip connections (Ronneberger et al., 2015) in the form of
// Ho et al. ("Denoising diffusion probabilistic models", NeurIPS 2020), trained to
// tell the noise in a picture, given how much there is and a text. The text is the
// example's label as one token: 0 where there is none, the label and one else.
type unet struct {
	ps     *nn.Params
	fit    fit
	width  int
	tokens int // length of a given text, 0: made of the label

	t1, t2, tx                     nn.Linear
	emb                            nn.Embedding
	cin, dn0, dn1, up1, up0, cout  nn.Conv2d
	r0, r1, r2, m1, m2, u2, u1, u0 res
	at                             attn
	no                             nn.GroupNorm
}

// unetGroups and unetHeads are the groups of every normalisation and the heads of
// the attention.
const (
	unetGroups = 8
	unetHeads  = 4
)

// working gives the height and width, multiples of 4, at which pictures are worked on.
func working(d DataInfo) fit {
	h, w := d.H, d.W
	if most := max(h, w); most > unetSide {
		h, w = max(1, h*unetSide/most), max(1, w*unetSide/most)
	}
	return fit{d, (h + 3) / 4 * 4, (w + 3) / 4 * 4}
}

func newUNet(w int, d DataInfo) *unet {
	ps := nn.NewParams()
	m := &unet{ps: ps, width: w, fit: working(d)}
	wide := 4 * w // of the embedding of time and text
	conv := func(name string, size, in, out, stride int) nn.Conv2d {
		return nn.NewConv2d(ps, name, size, in, out, ops.Conv{Stride: stride, Pad: size / 2})
	}
	block := func(name string, in, out int) res { return newRes(ps.Sub(name), in, out, wide) }
	m.t1, m.t2 = nn.NewLinear(ps, "t1", 2*w, wide), nn.NewLinear(ps, "t2", wide, wide)
	m.emb, m.tx = nn.NewEmbedding(ps, "emb", vocabulary, 2*w), nn.NewLinear(ps, "tx", 2*w, wide)
	m.cin, m.r0, m.dn0 = conv("cin", 3, d.C, w, 1), block("r0", w, w), conv("dn0", 3, w, w, 2)
	m.r1, m.dn1, m.r2 = block("r1", w, 2*w), conv("dn1", 3, 2*w, 2*w, 2), block("r2", 2*w, 4*w)
	m.m1, m.at, m.m2 = block("m1", 4*w, 4*w), newAttn(ps.Sub("at"), 4*w), block("m2", 4*w, 4*w)
	m.u2, m.up1, m.u1 = block("u2", 8*w, 4*w), conv("up1", 3, 4*w, 2*w, 1), block("u1", 4*w, 2*w)
	m.up0, m.u0 = conv("up0", 3, 2*w, w, 1), block("u0", 2*w, w)
	m.no, m.cout = nn.NewGroupNorm(ps, "no", unetGroups, w), conv("cout", 3, w, d.C, 1)
	return m
}

// res is a residual block of two convolutions, between which time and text come in: they shift the channels, or,
// where it is turned, scale and shift them (Dhariwal and Nichol, "Diffusion models beat GANs on image synthesis",
// NeurIPS 2021).
type res struct {
	n1, n2 nn.GroupNorm
	c1, c2 nn.Conv2d
	t      nn.Linear
	sk     *nn.Conv2d // where the channels change
	turned bool
}

func newRes(ps *nn.Params, in, out, wide int) res { return makeRes(ps, in, out, wide, out) }

func newTurnedRes(ps *nn.Params, in, out, wide int) res {
	r := makeRes(ps, in, out, wide, 2*out)
	r.turned = true
	return r
}

func makeRes(ps *nn.Params, in, out, wide, told int) res {
	same := ops.Conv{Pad: 1}
	r := res{
		n1: nn.NewGroupNorm(ps, "n1", unetGroups, in), c1: nn.NewConv2d(ps, "c1", 3, in, out, same),
		t:  nn.NewLinear(ps, "t", wide, told),
		n2: nn.NewGroupNorm(ps, "n2", unetGroups, out), c2: nn.NewConv2d(ps, "c2", 3, out, out, same),
	}
	if in != out {
		sk := nn.NewConv2d(ps, "sk", 1, in, out, ops.Conv{})
		r.sk = &sk
	}
	return r
}

// apply maps x [N H W in] to [N H W out]; e [N wide] is SiLU of time and text.
func (r res) apply(s *nn.Scope, x, e ir.Value) ir.Value {
	b := s.B
	h := r.c1.Apply(s, ops.Silu(b, r.n1.Apply(s, x)))
	t := r.t.Apply(s, e)
	if b.Err() != nil {
		return ir.None
	}
	shape := b.Type(t).Shape
	t = ops.Reshape(b, t, shape[0], 1, 1, shape[1])
	if r.turned {
		half := shape[1] / 2
		scale, shift := ops.Shift(b, ops.Slice(b, t, 3, 0, half), 1), ops.Slice(b, t, 3, half, 2*half)
		h = ops.Add(b, ops.Mul(b, r.n2.Apply(s, h), scale), shift)
	} else {
		h = r.n2.Apply(s, ops.Add(b, h, t))
	}
	h = r.c2.Apply(s, ops.Silu(b, h))
	if r.sk != nil {
		x = r.sk.Apply(s, x)
	}
	return ops.Add(b, x, h)
}

// attn lets every position look at all others.
type attn struct {
	n      nn.GroupNorm
	qkv, o nn.Conv2d
}

func newAttn(ps *nn.Params, channels int) attn {
	return attn{
		nn.NewGroupNorm(ps, "n", unetGroups, channels),
		nn.NewConv2d(ps, "qkv", 1, channels, 3*channels, ops.Conv{}),
		nn.NewConv2d(ps, "o", 1, channels, channels, ops.Conv{}),
	}
}

func (a attn) apply(s *nn.Scope, x ir.Value) ir.Value {
	b := s.B
	qkv := a.qkv.Apply(s, a.n.Apply(s, x))
	if b.Err() != nil {
		return ir.None
	}
	t := b.Type(x).Shape
	mixed := nn.Attention(s, ops.Reshape(b, qkv, t[0], t[1]*t[2], 3*t[3]), unetHeads)
	return ops.Add(b, x, a.o.Apply(s, ops.Reshape(b, mixed, t...)))
}

// noise estimates the noise in pictures x [N H W C], for times t, f32 [N], and
// tokens, i32 [N L].
func (m *unet) noise(s *nn.Scope, x, t, tokens ir.Value) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	e := m.t2.Apply(s, ops.Silu(b, m.t1.Apply(s, nn.Sinusoids(s, t, m.width))))
	e = ops.Add(b, e, m.tx.Apply(s, ops.Mean(b, m.emb.Apply(s, tokens), 1)))
	e = ops.Silu(b, e)
	join := func(h, skip ir.Value) ir.Value { return ops.Concat(b, 3, h, skip) }
	h0 := m.r0.apply(s, m.cin.Apply(s, x), e)
	h1 := m.r1.apply(s, m.dn0.Apply(s, h0), e)
	h2 := m.r2.apply(s, m.dn1.Apply(s, h1), e)
	h := m.m2.apply(s, m.at.apply(s, m.m1.apply(s, h2, e)), e)
	h = m.u2.apply(s, join(h, h2), e)
	h = m.up1.Apply(s, ops.Upsample2D(b, h, 2))
	h = m.u1.apply(s, join(h, h1), e)
	h = m.up0.Apply(s, ops.Upsample2D(b, h, 2))
	h = m.u0.apply(s, join(h, h0), e)
	return m.cout.Apply(s, ops.Silu(b, m.no.Apply(s, h)))
}

// Params of the net.
func (m *unet) Params() *nn.Params { return m.ps }

// Step minimises the mean squared error of the estimated noise at random times.
func (m *unet) Step(s *train.Step, batch train.Batch) {
	loss := ops.Mean(s.B, m.errors(s.Scope, batch))
	s.Report("loss", loss)
	s.Minimize(loss, m.ps.Trainable())
}

// errors are the squared errors [N H W C] of the noise estimated in a batch, to whose
// pictures noise of random amounts was added (Ho et al., algorithm 1).
func (m *unet) errors(s *nn.Scope, batch train.Batch) ir.Value {
	b := s.B
	x := m.fit.enter(s, batch.X())
	t := ops.Floor(b, ops.Scale(b, s.Uniform("t", batch.N), diffusionSteps))
	eps := s.Normal("eps", batch.N, m.fit.h, m.fit.w, m.fit.d.C)
	kept := ops.Reshape(b, keeps(b, t), batch.N, 1, 1, 1)
	noisy := ops.Add(b, ops.Mul(b, ops.Sqrt(b, kept), x), ops.Mul(b, ops.Sqrt(b, lost(b, kept)), eps))
	return ops.Square(b, ops.Sub(b, m.noise(s, noisy, t, m.text(s, batch)), eps))
}

// tokensIn is the label of a given text.
const tokensIn = "tokens"

// text gives the tokens of a batch.
func (m *unet) text(s *nn.Scope, batch train.Batch) ir.Value {
	if m.tokens > 0 {
		return s.Input(tokensIn, ir.Of(ir.I32, batch.N, m.tokens))
	}
	if m.fit.d.Labels == 0 {
		return ops.BroadcastTo(s.B, s.B.Const(ir.I32, 0), batch.N, 1)
	}
	return ops.Reshape(s.B, ops.Add(s.B, batch.Labels(), s.B.Const(ir.I32, 1)), batch.N, 1)
}

// drawn gives the tokens of n pictures to be drawn: each label in turn.
func (m *unet) drawn(s *nn.Scope, n int) ir.Value {
	b := s.B
	if m.tokens > 0 {
		return s.Input(tokensIn, ir.Of(ir.I32, n, m.tokens))
	}
	k := float64(m.fit.d.Labels)
	if k == 0 {
		return ops.BroadcastTo(b, b.Const(ir.I32, 0), n, 1)
	}
	i := ops.Iota(b, ir.F32, 0, n, 1)
	turns := ops.Floor(b, ops.Scale(b, ops.Shift(b, i, 0.5), 1/k))
	return ops.Cast(b, ops.Shift(b, ops.Sub(b, i, ops.Scale(b, turns, k)), 1), ir.I32)
}

// Eval gives the mean squared error of the estimated noise at random times.
func (m *unet) Eval(s *nn.Scope, batch train.Batch) []Measure {
	return []Measure{{"test_loss", ops.Mean(s.B, m.errors(s, batch), 1, 2, 3)}}
}

// Sample draws by DDIM in 50 steps.
func (m *unet) Sample() View {
	return m.ddim(samplerRounds, "pictures made of noise that is taken off step by step")
}

// Views are a few samples in few steps, each label in turn.
func (m *unet) Views() []View {
	v := m.ddim(viewRounds, "pictures made of noise that stays the same, in 10 steps")
	v.Count = viewCount
	return []View{v}
}
