package gen

import (
	"math"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

var _ = register(Model{
	Name:  "tgan",
	What:  "text to image: a generative adversarial network whose discriminator reads too; it draws at once",
	Rate:  5e-4,
	Batch: 32,
	Reads: true,
	Tests: 512,
	settings: append(append([]Setting{
		lossSetting(relativisticLoss),
		{Key: "match", Default: "1", What: "weight of telling a picture's text from the others of a batch, 0 for none",
			check: floatBetween(0, mostPenalty)},
		groupRate("d", "the discriminator"), groupRate("g", "the generator"),
	}, textSettings...), penaltySettings("0.5")...),
	defaults: map[string]string{"beta1": "0", "beta2": "0.99", "ema": "0.998"},
	build:    newTextGAN,
})

// textGAN is a GAN whose generator draws what a text says, and whose discriminator scores a picture beside a text by a
// projection (Miyato and Koyama, "cGANs with projection discriminator", ICLR 2018): what is seen times what is read.
// The same product must find, among the texts of a batch, that of a real picture, and the generator is to draw pictures
// whose texts are found (Zhang et al., "Cross-modal contrastive learning for text-to-image generation", CVPR 2021): the
// other texts are the mismatched captions of Reed et al. (ICML 2016). Both sides read by a reader of their own.
// Parameters of the generator begin with "g.", of the discriminator with "d.".
type textGAN struct {
	ps       *nn.Params
	fit      fit
	latent   int
	features int
	drop     float64
	match    float64
	game     game
	gRead    reader
	net      *canvas
	dRead    reader
	eye      eye
	tx       nn.Linear // of the discriminator: a text as a direction of what is seen
	score    nn.Linear
	gps, dps []*nn.Param
}

func newTextGAN(s Settings, d DataInfo) (Net, error) {
	if d.Words == 0 {
		return nil, errNoCaptions
	}
	if err := fitsNoise(s.Int("latent"), d); err != nil {
		return nil, err
	}
	m := &textGAN{ps: nn.NewParams(), fit: textFit(d), latent: s.Int("latent"), drop: s.Float("drop"),
		match: s.Float("match"), game: newGame(s)}
	w, wide, layers := s.Int("width"), s.Int("text"), s.Int("layers")
	m.features = 4 * w
	g := m.ps.Sub("g")
	m.gRead = newReader(g, "text", d.Words, TextLength, wide, layers)
	m.net = newCanvas(g, m.fit, w, m.latent, wide)
	m.gps = m.ps.Trainable()
	p := m.ps.Sub("d")
	m.dRead = newReader(p, "text", d.Words, TextLength, wide, layers)
	m.eye = newEye(p, "d", m.fit, w/2, m.features)
	m.tx, m.score = nn.NewLinear(p, "tx", wide, m.features), nn.NewLinear(p, "score", m.features, 1)
	m.dps = m.ps.Trainable()[len(m.gps):]
	return m, nil
}

// Params of both nets.
func (m *textGAN) Params() *nn.Params { return m.ps }

// generate draws pictures [n h w C] in [-1,1] of codes [n latent] and texts.
func (m *textGAN) generate(s *nn.Scope, z, tokens ir.Value, looks *[]Look) ir.Value {
	words, hide, gist := m.gRead.apply(s, tokens)
	return s.Tap("g.out", ops.Tanh(s.B, m.net.apply(s, z, words, hide, gist, looks)))
}

// heard gives what the discriminator makes of texts, [n features].
func (m *textGAN) heard(s *nn.Scope, tokens ir.Value) ir.Value {
	_, _, gist := m.dRead.apply(s, tokens)
	return ops.Scale(s.B, m.tx.Apply(s, gist), 1/math.Sqrt(float64(m.features)))
}

// rate gives scores [n] of features seen [n features] beside what was heard, likewise; None: nothing.
func (m *textGAN) rate(s *nn.Scope, seen, heard ir.Value) ir.Value {
	b := s.B
	y := m.score.Apply(s, seen)
	if b.Err() != nil {
		return ir.None
	}
	y = ops.Reshape(b, y, b.Type(y).Shape[0])
	if heard == ir.None {
		return y
	}
	return ops.Add(b, y, ops.Sum(b, ops.Mul(b, seen, heard), 1))
}

// judge gives scores [n] of pictures [n h w C] in [-1,1].
func (m *textGAN) judge(s *nn.Scope, x, heard ir.Value) ir.Value {
	return m.rate(s, m.eye.apply(s, x), heard)
}

// mistaken is the cross-entropy [n] of finding each picture's own text among all of the batch.
func mistaken(b *ir.Builder, seen, heard ir.Value) ir.Value {
	if b.Err() != nil {
		return ir.None
	}
	n := b.Type(seen).Shape[0]
	log := ops.LogSoftmax(b, ops.MatMulT(b, seen, heard, false, true), 1)
	return ops.Neg(b, ops.Sum(b, ops.Mul(b, log, ops.OneHot(b, ops.Iota(b, ir.I32, 0, n), n)), 1))
}

// Step updates the discriminator on real pictures and on drawn ones, both beside the same texts, and then the
// generator by the updated discriminator. A text that is left out is none to either.
func (m *textGAN) Step(s *train.Step, batch train.Batch) {
	b, n := s.B, batch.N
	tokens, chance := batch.Tokens(TextLength), s.Uniform("drop", n)
	given := ops.Cast(b, ops.LessEqual(b, b.Const(ir.F32, m.drop), chance), ir.F32)
	real := m.fit.enter(s.Scope, batch.X())
	fake := m.generate(s.Scope, s.Normal("z", n, m.latent), m.gRead.forget(s.Scope, tokens, chance, m.drop), nil)
	// listen is done by the parameters of the moment, so once for each of the two updates.
	listen := func() (all, own, twice ir.Value) {
		all = m.heard(s.Scope, tokens)
		own = ops.Mul(b, all, ops.Reshape(b, given, n, 1))
		return all, own, ops.Concat(b, 0, own, own)
	}
	all, own, twice := listen()
	half := func(v ir.Value, i int) ir.Value { return ops.Slice(b, v, 0, i*n, (i+1)*n) }

	both := ops.Concat(b, 0, real, ops.StopGradient(b, fake))
	seen := m.eye.apply(s.Scope, both)
	scores := m.rate(s.Scope, seen, twice)
	lossD := m.game.judged(b, half(scores, 0), half(scores, 1))
	slopes := m.game.slopes(s.Scope, both, scores, func(x ir.Value) ir.Value { return m.judge(s.Scope, x, twice) })
	between := m.game.between(s.Scope, half(both, 0), half(both, 1),
		func(x ir.Value) ir.Value { return m.judge(s.Scope, x, own) })
	// Slopes twice: their mean is over 2n pictures, and R1 and R2 are means over n each.
	penalty := m.game.weighed(s, between, slopes, slopes)
	s.Report("loss_d", lossD)
	if penalty != ir.None {
		s.Report("penalty", penalty)
	}
	s.Report("d_right", ops.Mean(b, ops.Cast(b, ops.Less(b, half(scores, 1), half(scores, 0)), ir.F32)))
	lossD = m.matched(s, lossD, "match_d", ops.Mean(b, mistaken(b, half(seen, 0), all)))
	s.MinimizeAs("d", penalised(b, lossD, penalty), m.dps)

	all, own, _ = listen()
	seen = m.eye.apply(s.Scope, fake)
	yes := ir.None
	if m.game.relative() {
		yes = m.judge(s.Scope, real, own)
	}
	lossG := m.game.drawn(b, yes, m.rate(s.Scope, seen, own))
	lossG = m.matched(s, lossG, "match_g", ops.Mean(b, ops.Mul(b, given, mistaken(b, seen, all))))
	s.Report("loss_g", lossG)
	s.MinimizeAs("g", lossG, m.gps)
}

// matched adds to a loss what telling texts apart costs, and reports that under a name, if it has a weight.
func (m *textGAN) matched(s *train.Step, loss ir.Value, name string, cost ir.Value) ir.Value {
	if m.match == 0 {
		return loss
	}
	s.Report(name, cost)
	weight := s.Scalar("match", "weight of telling texts apart", m.match, 0, mostPenalty)
	return ops.Add(s.B, loss, ops.Mul(s.B, weight, cost))
}

// Scores gives the discriminator's scores of pictures and of as many drawn ones, and those, where nothing is said.
func (m *textGAN) Scores(s *nn.Scope, n int, x ir.Value) (real, fake, drawn ir.Value) {
	y := m.generate(s, s.Normal("z", n, m.latent), untold(s.B, n), nil)
	return m.judge(s, m.fit.enter(s, x), ir.None), m.judge(s, y, ir.None), m.fit.leave(s, y)
}

// Eval gives the discriminator's loss on test pictures, how often it finds one realer than a drawn one of the same
// text, and how often a test picture, and a drawn one, is scored higher beside its own text than beside another.
func (m *textGAN) Eval(s *nn.Scope, batch train.Batch) []Measure {
	b, n := s.B, batch.N
	tokens := batch.Tokens(TextLength)
	heard := m.heard(s, tokens)
	real := m.eye.apply(s, m.fit.enter(s, batch.X()))
	fake := m.eye.apply(s, m.generate(s, s.Normal("z", n, m.latent), tokens, nil))
	yes, no := m.rate(s, real, heard), m.rate(s, fake, heard)
	other := ops.Concat(b, 0, ops.Slice(b, heard, 0, 1, n), ops.Slice(b, heard, 0, 0, 1))
	less := func(x, y ir.Value) ir.Value { return ops.Cast(b, ops.Less(b, x, y), ir.F32) }
	return []Measure{
		{"test_loss_d", ops.Softplus(b, ops.Sub(b, no, yes))}, {"test_d_right", less(no, yes)},
		{"test_match", less(m.rate(s, real, other), yes)}, {"test_drawn_match", less(m.rate(s, fake, other), no)},
	}
}

// Look taps the discriminator's layers on pictures, and the generator's on noise that stays the same, without a text.
func (m *textGAN) Look(s *nn.Scope, x ir.Value) ir.Value {
	b := s.B
	yes := m.judge(s, m.fit.enter(s, x), ir.None)
	if b.Err() != nil {
		return ir.None
	}
	n := b.Type(yes).Shape[0]
	s.Through(nn.Layer{Kind: nn.CodeKind})
	fake := m.generate(s, s.Normal("z", n, m.latent), untold(b, n), nil)
	taps := s.Taps
	s.Taps = nil // the discriminator's layers once
	no := m.judge(s, fake, ir.None)
	s.Taps = taps
	return ops.Reshape(b, m.game.certain(b, yes, no), n, 1)
}

// Answers has one: how sure the discriminator is that a picture is real.
func (m *textGAN) Answers() []string { return []string{"real"} }

// Codes is the number of values that a picture is drawn from, beside its text.
func (m *textGAN) Codes() int { return m.latent }

// Decode draws pictures of which nothing is said.
func (m *textGAN) Decode(s *nn.Scope, z ir.Value) ir.Value {
	if s.B.Err() != nil {
		return ir.None
	}
	return m.Draw(s, z, untold(s.B, s.B.Type(z).Shape[0]), nil)
}

// Draw draws pictures of texts.
func (m *textGAN) Draw(s *nn.Scope, z, tokens ir.Value, looks *[]Look) ir.Value {
	return m.fit.leave(s, m.generate(s, z, tokens, looks))
}

// Sample draws without a text.
func (m *textGAN) Sample() View {
	return View{
		Name: "samples", What: "pictures drawn from noise that stays the same, without a text",
		Trace: func(s *nn.Scope, n int, _ ir.Value) ir.Value { return m.Decode(s, s.Normal("z", n, m.latent)) },
	}
}

// Views are samples.
func (m *textGAN) Views() []View { return []View{m.Sample()} }
