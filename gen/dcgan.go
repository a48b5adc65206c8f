package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

var _ = register(Model{
	Name:  "dcgan",
	What:  "generative adversarial network: one net draws, another tells its pictures from real ones",
	Rate:  2e-4,
	Batch: 64,
	settings: append([]Setting{
		lossSetting(nonSaturating),
		{Key: "latent", Default: "100", What: "numbers that a picture is drawn from", check: intBetween(1, 4096)},
		{Key: "width", Default: "64", What: "channels of the widest layers", check: intBetween(1, 1024)},
		groupRate("d", "the discriminator"), groupRate("g", "the generator"), evalSetting,
	}, penaltySettings("0")...),
	defaults: map[string]string{"beta1": "0.5"},
	build:    func(s Settings, d DataInfo) (Net, error) { return newDCGAN(s, d), nil },
})

// dcganSide is the height and width that the nets work at.
const dcganSide = 32

// dcgan is the deep convolutional GAN of Radford, Metz and Chintala (ICLR 2016) for
// pictures of 32x32, by default with the non-saturating loss of Goodfellow et al.
// (2014). Batch normalisation lets the score of a picture depend on the others in its
// batch, so a penalty on slopes is not quite that of its paper.
// Parameters of the generator begin with "g.", of the discriminator with "d.".
type dcgan struct {
	ps     *nn.Params
	fit    fit
	latent int
	game   game
	g, d   stack
}

// stack is a chain of convolutions, some of which are normalised.
type stack struct {
	names  []string // of the layers, for taps
	layers []layer
	norms  []nn.BatchNorm2d // one a layer from the first normalised one on
	params []*nn.Param
	plain  int // layers before the first normalised one
}

// layer is a convolution of either direction.
type layer interface {
	Apply(s *nn.Scope, x ir.Value) ir.Value
}

func newDCGAN(s Settings, d DataInfo) *dcgan {
	m := &dcgan{ps: nn.NewParams(), fit: fit{d, dcganSide, dcganSide}, latent: s.Int("latent"),
		game: newGame(s)}
	w, once, half := s.Int("width"), ops.Conv{}, ops.Conv{Stride: 2, Pad: 1}
	g := m.ps.Sub("g")
	up := func(name string, in, out int, c ops.Conv) {
		l := nn.NewConvTranspose2dNoBias(g, name, 4, in, out, c)
		m.g.add("g."+name, l, l.W)
	}
	up("t1", m.latent, 4*w, once)
	m.g.norm(g, "n1", 4*w)
	up("t2", 4*w, 2*w, half)
	m.g.norm(g, "n2", 2*w)
	up("t3", 2*w, w, half)
	m.g.norm(g, "n3", w)
	up("t4", w, d.C, half)
	p := m.ps.Sub("d")
	down := func(name string, in, out int, c ops.Conv) {
		l := nn.NewConv2dNoBias(p, name, 4, in, out, c)
		m.d.add("d."+name, l, l.W)
	}
	down("c1", d.C, w, half)
	m.d.plain = 1
	down("c2", w, 2*w, half)
	m.d.norm(p, "n2", 2*w)
	down("c3", 2*w, 4*w, half)
	m.d.norm(p, "n3", 4*w)
	down("c4", 4*w, 1, once)
	return m
}

// add puts a convolution at the end; it begins as in the paper.
func (k *stack) add(name string, l layer, weight *nn.Param) {
	weight.Init = nn.Normal(0.02)
	k.names = append(k.names, name)
	k.layers, k.params = append(k.layers, l), append(k.params, weight)
}

func (k *stack) norm(ps *nn.Params, name string, channels int) {
	n := nn.NewBatchNorm2d(ps, name, channels)
	k.norms, k.params = append(k.norms, n), append(k.params, n.Scale, n.Shift)
}

// apply runs the chain with an activation after every layer but the last.
func (k *stack) apply(s *nn.Scope, x ir.Value, activate func(ir.Value) ir.Value) ir.Value {
	for i, l := range k.layers {
		x = l.Apply(s, x)
		if n := i - k.plain; n >= 0 && n < len(k.norms) {
			x = k.norms[n].Apply(s, x)
		}
		if i < len(k.layers)-1 {
			x = s.Tap(k.names[i], activate(x))
		}
	}
	return x
}

// Params of both nets.
func (m *dcgan) Params() *nn.Params { return m.ps }

// generate draws pictures [n 32 32 C] in [-1,1] of codes [n latent].
func (m *dcgan) generate(s *nn.Scope, z ir.Value) ir.Value {
	if s.B.Err() != nil {
		return ir.None
	}
	z = ops.Reshape(s.B, z, s.B.Type(z).Shape[0], 1, 1, m.latent)
	return ops.Tanh(s.B, m.g.apply(s, z, func(x ir.Value) ir.Value { return nn.Leaky(s, x, 0) }))
}

// Codes is the number of values that a picture is drawn from.
func (m *dcgan) Codes() int { return m.latent }

// Decode draws pictures [n H W C] of the data's size, with running statistics.
func (m *dcgan) Decode(s *nn.Scope, z ir.Value) ir.Value { return m.fit.leave(s, m.generate(s, z)) }

// judge gives a logit [n] a picture [n 32 32 C]: high for real ones.
func (m *dcgan) judge(s *nn.Scope, x ir.Value) ir.Value {
	y := m.d.apply(s, x, func(x ir.Value) ir.Value { return nn.Leaky(s, x, 0.2) })
	if s.B.Err() != nil {
		return ir.None
	}
	return ops.Reshape(s.B, y, s.B.Type(y).Shape[0])
}

// asTrained judges pictures by the statistics of their own batch, as in training, and leaves the running ones alone: those mix
// real and drawn pictures, of which each kind alone is far from.
func (m *dcgan) asTrained(s *nn.Scope, x ir.Value) ir.Value {
	training, held := s.Training, s.Held
	s.Training, s.Held = true, true
	y := m.judge(s, x)
	s.Training, s.Held = training, held
	return y
}

// Step updates the discriminator on real pictures and on drawn ones, each with their
// own batch statistics, and then the generator on the same drawn pictures by the
// updated discriminator. By default
//
//	loss_d = -log D(x) - log(1 - D(G(z)))
//	loss_g = -log D(G(z))
func (m *dcgan) Step(s *train.Step, batch train.Batch) {
	b := s.B
	real := m.fit.enter(s.Scope, batch.X())
	fake := m.generate(s.Scope, s.Normal("z", batch.N, m.latent))
	yes := m.judge(s.Scope, real)
	still := ops.StopGradient(b, fake)
	no := m.judge(s.Scope, still)
	lossD := m.game.judged(b, yes, no)
	s.Report("loss_d", lossD)
	if m.game.relative() || m.game.loss == wassersteinLoss {
		s.Report("d_right", ops.Mean(b, ops.Cast(b, ops.Less(b, no, yes), ir.F32)))
	} else {
		s.Report("d_real", ops.Mean(b, m.game.certain(b, yes, no)))
		s.Report("d_fake", ops.Mean(b, m.game.certain(b, no, yes)))
	}
	s.MinimizeAs("d", penalised(b, lossD, m.penalty(s, real, still, yes, no)), m.d.params)
	no = m.judge(s.Scope, fake)
	if m.game.relative() {
		yes = m.judge(s.Scope, real)
	}
	lossG := m.game.drawn(b, yes, no)
	s.Report("loss_g", lossG)
	s.MinimizeAs("g", lossG, m.g.params)
}

// penalty on the discriminator's slope, which leaves its running statistics alone.
func (m *dcgan) penalty(s *train.Step, real, fake, yes, no ir.Value) ir.Value {
	held := s.Held
	s.Held = true
	judge := func(x ir.Value) ir.Value { return m.judge(s.Scope, x) }
	between := m.game.between(s.Scope, real, fake, judge)
	one, two := m.game.slopes(s.Scope, real, yes, judge), m.game.slopes(s.Scope, fake, no, judge)
	s.Held = held
	return m.game.weighed(s, between, one, two)
}

// Scores gives the discriminator's scores of pictures and of as many drawn ones, each by its own batch, and those.
func (m *dcgan) Scores(s *nn.Scope, n int, x ir.Value) (real, fake, drawn ir.Value) {
	y := m.generate(s, s.Normal("z", n, m.latent))
	return m.asTrained(s, m.fit.enter(s, x)), m.asTrained(s, y), m.fit.leave(s, y)
}

// Eval asks the discriminator about test pictures and as many drawn ones, each with their own batch statistics: its loss, and
// how often it is right about each.
func (m *dcgan) Eval(s *nn.Scope, batch train.Batch) []Measure {
	b := s.B
	yes := m.asTrained(s, m.fit.enter(s, batch.X()))
	no := m.asTrained(s, m.generate(s, s.Normal("z", batch.N, m.latent)))
	zero, one := b.Const(ir.F32, 0), b.Const(ir.F32, 1)
	loss := ops.Add(b, ops.BCEWithLogits(b, yes, one), ops.BCEWithLogits(b, no, zero))
	return []Measure{
		{"test_loss_d", loss},
		{"test_real_right", ops.Cast(b, ops.Less(b, zero, yes), ir.F32)},
		{"test_fake_right", ops.Cast(b, ops.Less(b, no, zero), ir.F32)},
	}
}

// Look taps the discriminator's layers on pictures, and the generator's on noise that
// stays the same.
func (m *dcgan) Look(s *nn.Scope, x ir.Value) ir.Value {
	yes := m.judge(s, m.fit.enter(s, x))
	if s.B.Err() != nil {
		return ir.None
	}
	n := s.B.Type(yes).Shape[0]
	s.Through(nn.Layer{Kind: nn.CodeKind})
	s.Tap("g.t4", m.generate(s, s.Normal("z", n, m.latent)))
	return ops.Reshape(s.B, ops.Sigmoid(s.B, yes), n, 1)
}

// Answers has one: how sure the discriminator is that a picture is real.
func (m *dcgan) Answers() []string { return []string{"real"} }

// Sample draws with running statistics, so that a picture depends on its own code
// alone, not on what is drawn beside it.
func (m *dcgan) Sample() View {
	return View{
		Name: "samples", What: "pictures drawn from noise that stays the same",
		Trace: func(s *nn.Scope, n int, _ ir.Value) ir.Value {
			return m.Decode(s, s.Normal("z", n, m.latent))
		},
	}
}

// Views are samples.
func (m *dcgan) Views() []View { return []View{m.Sample()} }
