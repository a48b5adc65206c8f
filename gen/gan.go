package gen

import (
	"strings"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

var _ = register(Model{
	Name:  "gan",
	What:  "small generative adversarial network without normalisation, trained by one of six games",
	Rate:  5e-4,
	Batch: 64,
	settings: append([]Setting{
		lossSetting(relativisticLoss),
		{Key: "latent", Default: "64", What: "numbers that a picture is drawn from", check: intBetween(1, 4096)},
		{Key: "width", Default: "16", What: "channels: 8, 4 and 3 times as many from 4x4 pixels on",
			check: intBetween(1, 256)},
		{Key: "augment", Default: "none", What: "changes of what the discriminator sees, for small sets of " +
			"pictures: moved, with a hole, recoloured",
			Choices: []string{"none", "move", "move,hole", "all"}},
		groupRate("d", "the discriminator"), groupRate("g", "the generator"), evalSetting,
	}, penaltySettings("0.5")...),
	defaults: map[string]string{
		"beta1": "0", "beta2": "0.99", "ema": "0.998",
	},
	build: func(s Settings, d DataInfo) (Net, error) { return newGAN(s, d), nil },
})

// evalSetting is how often a net is measured by a classifier while it trains.
var evalSetting = Setting{
	Key: "eval_every", Default: "0", What: "steps between two measurements of precision, recall and Frechet " +
		"distance, 0 for none", check: whole(0),
}

// examSetting is evalSetting of models that read, which are measured by what they were asked for.
var examSetting = Setting{
	Key: evalSetting.Key, Default: "0", What: "steps between two measurements of how much of a prompt is in the " +
		"picture, 0 for none", check: whole(0),
}

// ganSide is the height and width that the nets work at.
const ganSide = 32

// gan is a GAN for pictures of 32x32 without any normalisation, after Huang et al.
// ("The GAN is dead; long live the GAN!", NeurIPS 2024): a relativistic loss with
// penalties on the discriminator's slope at real and at drawn pictures needs none of
// the older tricks. The generator ends in a pixel shuffle (Shi et al., CVPR 2016).
// Parameters of the generator begin with "g.", of the discriminator with "d.".
type gan struct {
	ps       *nn.Params
	fit      fit
	latent   int
	width    int
	augment  string
	game     game
	in       nn.Linear // of the generator: a code becomes 4x4 pixels
	t1, t2   nn.ConvTranspose2d
	out      nn.Conv2d
	convs    []nn.Conv2d // of the discriminator
	score    nn.Linear
	dps, gps []*nn.Param
}

func newGAN(s Settings, d DataInfo) *gan {
	m := &gan{ps: nn.NewParams(), fit: fit{d, ganSide, ganSide}, latent: s.Int("latent"), width: s.Int("width"),
		augment: s.Text("augment"), game: newGame(s)}
	w, half := m.width, ops.Conv{Stride: 2, Pad: 1}
	g := m.ps.Sub("g")
	m.in = nn.NewLinear(g, "in", m.latent, 16*8*w)
	m.t1 = nn.NewConvTranspose2d(g, "t1", 4, 8*w, 4*w, half)
	m.t2 = nn.NewConvTranspose2d(g, "t2", 4, 4*w, 3*w, half)
	m.out = nn.NewConv2d(g, "out", 3, 3*w, 4*d.C, ops.Conv{Pad: 1})
	// A pixel that is drawn gets a quarter of the 4x4 kernel's products.
	keepVariance(map[*nn.Param]int{m.in.W: m.latent, m.t1.W: 4 * 8 * w, m.t2.W: 4 * 4 * w})
	m.gps = m.ps.Trainable()
	p := m.ps.Sub("d")
	in := d.C
	for i, out := range []int{3 * w, 4 * w, 8 * w} {
		c := nn.NewConv2d(p, []string{"c1", "c2", "c3"}[i], 4, in, out, half)
		keepVariance(map[*nn.Param]int{c.W: 16 * in})
		m.convs, in = append(m.convs, c), out
	}
	m.score = nn.NewLinear(p, "score", 16*in, 1)
	m.dps = m.ps.Trainable()[len(m.gps):]
	return m
}

// keepVariance makes weights begin so that leaky ReLUs keep the variance, by how many
// inputs each of their outputs sums.
func keepVariance(inputs map[*nn.Param]int) {
	for p, n := range inputs {
		p.Init = nn.Kaiming(n)
	}
}

// Params of both nets.
func (m *gan) Params() *nn.Params { return m.ps }

func leaky(s *nn.Scope, x ir.Value) ir.Value { return ops.LeakyRelu(s.B, x, 0.2) }

// generate draws pictures [n 32 32 C] in [-1,1] of codes [n latent].
func (m *gan) generate(s *nn.Scope, z ir.Value) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	n, c := b.Type(z).Shape[0], m.fit.d.C
	x := leaky(s, m.in.Apply(s, z))
	x = s.Tap("g.in", ops.Reshape(b, x, n, 4, 4, 8*m.width))
	x = s.Tap("g.t1", leaky(s, m.t1.Apply(s, x)))
	x = s.Tap("g.t2", leaky(s, m.t2.Apply(s, x)))
	x = ops.Tanh(b, shuffle(s, m.out.Apply(s, x), c))
	return s.Tap("g.out", x)
}

// shuffle makes of four times c channels at each pixel, [n h w 4c], four pixels
// [n 2h 2w c].
func shuffle(s *nn.Scope, x ir.Value, c int) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	t := b.Type(x).Shape
	x = ops.Transpose(b, ops.Reshape(b, x, t[0], t[1], t[2], 2, 2, c), 0, 1, 3, 2, 4, 5)
	s.Through(nn.Layer{Kind: nn.ShuffleKind, Size: 1, Up: 2})
	return ops.Reshape(b, x, t[0], 2*t[1], 2*t[2], c)
}

// judge gives a score [n] a picture [n 32 32 C]: high for real ones.
func (m *gan) judge(s *nn.Scope, x ir.Value) ir.Value {
	for i, c := range m.convs {
		x = s.Tap([]string{"d.c1", "d.c2", "d.c3"}[i], leaky(s, c.Apply(s, x)))
	}
	y := m.score.Apply(s, flatten(s, x))
	if s.B.Err() != nil {
		return ir.None
	}
	return ops.Reshape(s.B, y, s.B.Type(y).Shape[0])
}

// seen is what the discriminator is shown of pictures [n 32 32 C] in [-1,1].
func (m *gan) seen(s *nn.Scope, name string, x ir.Value) ir.Value {
	if strings.HasPrefix(m.augment, "move") || m.augment == "all" {
		x = translate(s, name+".move", x, ganSide/8, -1)
	}
	if strings.HasSuffix(m.augment, "hole") || m.augment == "all" {
		x = cutout(s, name+".hole", x, 0.5, 0)
	}
	if m.augment == "all" && m.fit.d.C == 3 {
		x = recolour(s, name+".colour", x)
	}
	return x
}

// Step updates the discriminator on real pictures and on drawn ones, and then the
// generator on the same drawn pictures by the updated discriminator.
func (m *gan) Step(s *train.Step, batch train.Batch) {
	b, n := s.B, batch.N
	real := m.fit.enter(s.Scope, batch.X())
	fake := m.generate(s.Scope, s.Normal("z", n, m.latent))
	judge := func(x ir.Value) ir.Value { return m.judge(s.Scope, x) }
	// Both kinds in one batch: fewer and larger products.
	both := m.seen(s.Scope, "d", ops.Concat(b, 0, real, ops.StopGradient(b, fake)))
	scores := judge(both)
	yes, no := ops.Slice(b, scores, 0, 0, n), ops.Slice(b, scores, 0, n, 2*n)
	lossD := m.game.judged(b, yes, no)
	slopes := m.game.slopes(s.Scope, both, scores, judge)
	between := m.game.between(s.Scope, ops.Slice(b, both, 0, 0, n), ops.Slice(b, both, 0, n, 2*n), judge)
	// Slopes twice: their mean is over 2n pictures, and R1 and R2 are means over n each.
	penalty := m.game.weighed(s, between, slopes, slopes)
	s.Report("loss_d", lossD)
	if penalty != ir.None {
		s.Report("penalty", penalty)
	}
	s.Report("d_right", ops.Mean(b, ops.Cast(b, ops.Less(b, no, yes), ir.F32)))
	s.MinimizeAs("d", penalised(b, lossD, penalty), m.dps)

	yes = ir.None
	if m.game.relative() {
		both = m.seen(s.Scope, "g", ops.Concat(b, 0, real, fake))
		scores = judge(both)
		yes, no = ops.Slice(b, scores, 0, 0, n), ops.Slice(b, scores, 0, n, 2*n)
	} else {
		no = judge(m.seen(s.Scope, "g", fake))
	}
	lossG := m.game.drawn(b, yes, no)
	s.Report("loss_g", lossG)
	s.MinimizeAs("g", lossG, m.gps)
}

// Scores gives the discriminator's scores of pictures and of as many drawn ones, and
// those.
func (m *gan) Scores(s *nn.Scope, n int, x ir.Value) (real, fake, drawn ir.Value) {
	y := m.generate(s, s.Normal("z", n, m.latent))
	return m.judge(s, m.fit.enter(s, x)), m.judge(s, y), m.fit.leave(s, y)
}

// Eval gives the discriminator's loss on test pictures, and how often it finds a test
// picture realer than a drawn one.
func (m *gan) Eval(s *nn.Scope, batch train.Batch) []Measure {
	b := s.B
	yes, no, _ := m.Scores(s, batch.N, batch.X())
	loss := ops.Softplus(b, ops.Sub(b, no, yes))
	return []Measure{
		{"test_loss_d", loss}, {"test_d_right", ops.Cast(b, ops.Less(b, no, yes), ir.F32)},
	}
}

// Look taps the discriminator's layers on pictures, and the generator's on noise that
// stays the same.
func (m *gan) Look(s *nn.Scope, x ir.Value) ir.Value {
	b := s.B
	yes := m.judge(s, m.fit.enter(s, x))
	if b.Err() != nil {
		return ir.None
	}
	n := b.Type(yes).Shape[0]
	s.Through(nn.Layer{Kind: nn.CodeKind})
	fake := m.generate(s, s.Normal("z", n, m.latent))
	taps := s.Taps
	s.Taps = nil // the discriminator's layers once
	no := m.judge(s, fake)
	s.Taps = taps
	return ops.Reshape(b, m.game.certain(b, yes, no), n, 1)
}

// Answers has one: how sure the discriminator is that a picture is real.
func (m *gan) Answers() []string { return []string{"real"} }

// Codes is the number of values that a picture is drawn from.
func (m *gan) Codes() int { return m.latent }

// Decode draws pictures from codes.
func (m *gan) Decode(s *nn.Scope, z ir.Value) ir.Value { return m.fit.leave(s, m.generate(s, z)) }

// Sample draws from noise.
func (m *gan) Sample() View {
	return View{
		Name: "samples", What: "pictures drawn from noise that stays the same",
		Trace: func(s *nn.Scope, n int, _ ir.Value) ir.Value { return m.Decode(s, s.Normal("z", n, m.latent)) },
	}
}

// Views are samples.
func (m *gan) Views() []View { return []View{m.Sample()} }
