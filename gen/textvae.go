package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

var _ = register(Model{
	Name:  "tvae",
	What:  "text to image: a conditional variational autoencoder, which draws at once",
	Rate:  1e-3,
	Batch: 32,
	Reads: true,
	Tests: 512,
	settings: append([]Setting{
		{Key: "beta", Default: "1", What: "weight of the KL term", check: floatBetween(0, mostBeta)},
		{Key: "prior", Default: "text", What: "where codes are drawn from: a Gaussian that the text decides, or the standard one",
			Choices: []string{"text", "standard"}},
	}, textSettings...),
	defaults: map[string]string{"ema": "0.995", "schedule": "cosine", "warmup": "50", "floor": "0.05", "clip": "200"},
	build:    newTextVAE,
})

// textVAE is the conditional variational autoencoder of Sohn, Lee and Yan ("Learning structured output representation
// using deep conditional generative models", NeurIPS 2015) with a Bernoulli decoder: encoder, prior and decoder all see
// the text. With a prior that the text decides it does no harm that a code says what the text says as well; with the
// standard one it does, since codes are then drawn without the text.
type textVAE struct {
	ps          *nn.Params
	fit         fit
	latent      int
	beta        float64
	drop        float64
	asked       bool // the text decides about the prior
	read        reader
	eye         eye
	told        nn.Linear // what the encoder knows of the text
	mu, lv      nn.Linear
	priorMu, pl nn.Linear
	net         *canvas
}

func newTextVAE(s Settings, d DataInfo) (Net, error) {
	if d.Words == 0 {
		return nil, errNoCaptions
	}
	if err := fitsNoise(s.Int("latent"), d); err != nil {
		return nil, err
	}
	v := &textVAE{ps: nn.NewParams(), fit: textFit(d), latent: s.Int("latent"), beta: s.Float("beta"),
		drop: s.Float("drop"), asked: s.Text("prior") == "text"}
	w, wide := s.Int("width"), s.Int("text")
	v.read = newReader(v.ps, "text", d.Words, TextLength, wide, s.Int("layers"))
	e := v.ps.Sub("e")
	v.eye, v.told = newEye(e, "e", v.fit, w/2, 4*w), nn.NewLinear(e, "told", wide, 4*w)
	v.mu, v.lv = nn.NewLinear(e, "mu", 4*w, v.latent), nn.NewLinear(e, "lv", 4*w, v.latent)
	if v.asked {
		p := v.ps.Sub("prior")
		v.priorMu, v.pl = nn.NewLinear(p, "mu", wide, v.latent), nn.NewLinear(p, "lv", wide, v.latent)
		for _, w := range []*nn.Param{v.priorMu.W, v.priorMu.B, v.pl.W, v.pl.B} {
			w.Init = nn.Zeros // it begins as the standard one
		}
	}
	v.net = newCanvas(v.ps.Sub("g"), v.fit, w, v.latent, wide)
	return v, nil
}

// Params of the net.
func (v *textVAE) Params() *nn.Params { return v.ps }

// said is what the reader gives of texts.
type said struct{ words, hide, gist ir.Value }

func (v *textVAE) listen(s *nn.Scope, tokens ir.Value) said {
	words, hide, gist := v.read.apply(s, tokens)
	return said{words, hide, gist}
}

// encode gives q(z|x, text) of pictures [n H W C] in [0,1]: mean and logarithm of the variance [n latent].
func (v *textVAE) encode(s *nn.Scope, x ir.Value, t said) (mean, logVar ir.Value) {
	h := v.eye.apply(s, v.fit.enter(s, x))
	h = leaky(s, ops.Add(s.B, h, v.told.Apply(s, t.gist)))
	return v.mu.Apply(s, h), v.lv.Apply(s, h)
}

// widestPrior bounds the logarithm of the prior's variance.
const widestPrior = 4

// prior gives p(z|text): mean and logarithm of the variance [n latent], None where it is the standard one.
func (v *textVAE) prior(s *nn.Scope, t said) (mean, logVar ir.Value) {
	if !v.asked {
		return ir.None, ir.None
	}
	raw := ops.Scale(s.B, v.pl.Apply(s, t.gist), 1/float64(widestPrior))
	return v.priorMu.Apply(s, t.gist), ops.Scale(s.B, ops.Tanh(s.B, raw), widestPrior)
}

// logits of pictures [n h w C] of codes.
func (v *textVAE) logits(s *nn.Scope, z ir.Value, t said, looks *[]Look) ir.Value {
	return v.net.apply(s, z, t.words, t.hide, t.gist, looks)
}

// pictures decodes codes to the means of the pixels, [n H W C] in [0,1].
func (v *textVAE) pictures(s *nn.Scope, z ir.Value, t said, looks *[]Look) ir.Value {
	y := ops.Sigmoid(s.B, v.logits(s, z, t, looks))
	return v.fit.leave(s, ops.Shift(s.B, ops.Scale(s.B, y, 2), -1))
}

// Step minimises (recon + beta KL) / N.
func (v *textVAE) Step(s *train.Step, batch train.Batch) {
	b := s.B
	beta := s.Scalar("beta", "weight of the KL term", v.beta, 0, mostBeta)
	tokens := v.read.forget(s.Scope, batch.Tokens(TextLength), s.Uniform("drop", batch.N), v.drop)
	recon, kl := v.terms(s.Scope, batch, tokens)
	recon, kl = ops.Mean(b, recon), ops.Mean(b, kl)
	loss := ops.Add(b, recon, ops.Mul(b, kl, beta))
	s.Report("loss", loss)
	s.Report("recon", recon)
	s.Report("kl", kl)
	s.Minimize(loss, v.ps.Trainable())
}

// terms gives, in nats [N], the reconstruction error of pictures and the divergence of their codes from the prior
//
//	KL = (lp - lq - 1 + (exp(lq) + (mq - mp)²) / exp(lp)) / 2
func (v *textVAE) terms(s *nn.Scope, batch train.Batch, tokens ir.Value) (recon, kl ir.Value) {
	b := s.B
	t := v.listen(s, tokens)
	mq, lq := v.encode(s, batch.X(), t)
	noise := s.Normal("eps", batch.N, v.latent)
	z := ops.Add(b, mq, ops.Mul(b, noise, ops.Exp(b, ops.Scale(b, lq, 0.5))))
	x := ops.Scale(b, ops.Shift(b, v.fit.enter(s, batch.X()), 1), 0.5)
	recon = ops.Sum(b, ops.BCEWithLogits(b, v.logits(s, z, t, nil), x), 1, 2, 3)
	spread, away := ops.Exp(b, lq), mq
	ratio := lq
	if mp, lp := v.prior(s, t); mp != ir.None {
		away, ratio = ops.Sub(b, mq, mp), ops.Sub(b, lq, lp)
		shrink := ops.Exp(b, ops.Neg(b, lp))
		kl = ops.Mul(b, ops.Add(b, spread, ops.Square(b, away)), shrink)
	} else {
		kl = ops.Add(b, spread, ops.Square(b, away))
	}
	kl = ops.Scale(b, ops.Sum(b, ops.Shift(b, ops.Sub(b, kl, ratio), -1), 1), 0.5)
	return recon, kl
}

// Codes is the number of values that a picture becomes.
func (v *textVAE) Codes() int { return v.latent }

// Encode gives mean and logarithm of the variance of q(z|x) where nothing is said of the picture.
func (v *textVAE) Encode(s *nn.Scope, x ir.Value) (mean, logVar ir.Value) {
	if s.B.Err() != nil {
		return ir.None, ir.None
	}
	t := v.listen(s, untold(s.B, s.B.Type(x).Shape[0]))
	mean, logVar = v.encode(s, x, t)
	if mp, lp := v.prior(s, t); mp != ir.None { // in the standard Gaussian's measure, as Decode takes them
		mean = ops.Mul(s.B, ops.Sub(s.B, mean, mp), ops.Exp(s.B, ops.Scale(s.B, lp, -0.5)))
		logVar = ops.Sub(s.B, logVar, lp)
	}
	return mean, logVar
}

// Decode draws pictures of which nothing is said.
func (v *textVAE) Decode(s *nn.Scope, z ir.Value) ir.Value {
	if s.B.Err() != nil {
		return ir.None
	}
	return v.Draw(s, z, untold(s.B, s.B.Type(z).Shape[0]), nil)
}

// Draw decodes codes of the prior: z is standard Gaussian noise, to which the prior gives mean and spread.
func (v *textVAE) Draw(s *nn.Scope, z, tokens ir.Value, looks *[]Look) ir.Value {
	t := v.listen(s, tokens)
	if mp, lp := v.prior(s, t); mp != ir.None {
		z = ops.Add(s.B, mp, ops.Mul(s.B, z, ops.Exp(s.B, ops.Scale(s.B, lp, 0.5))))
	}
	return v.pictures(s, z, t, looks)
}

// Eval gives the negative evidence lower bound and its two terms, in nats, with the texts.
func (v *textVAE) Eval(s *nn.Scope, batch train.Batch) []Measure {
	recon, kl := v.terms(s, batch, batch.Tokens(TextLength))
	return []Measure{{"test_neg_elbo", ops.Add(s.B, recon, kl)}, {"test_recon", recon}, {"test_kl", kl}}
}

// Sample draws without a text.
func (v *textVAE) Sample() View {
	return View{
		Name: "samples", What: "pictures decoded from noise that stays the same, without a text",
		Trace: func(s *nn.Scope, n int, _ ir.Value) ir.Value { return v.Decode(s, s.Normal("z", n, v.latent)) },
	}
}

// Views are test examples beside their reconstructions, and samples.
func (v *textVAE) Views() []View {
	return []View{v.Sample(), {
		Name: "reconstruction", What: "test pictures, each beside what the net makes of it and its text",
		Takes: true, Pairs: true, Trace: v.reconstruct,
	}}
}

// reconstruct decodes the mean of each code, with the example's text, and puts it beside its input.
func (v *textVAE) reconstruct(s *nn.Scope, n int, x ir.Value) ir.Value {
	b, d := s.B, v.fit.d
	t := v.listen(s, s.Input(train.InputTokens, ir.Of(ir.I32, n, TextLength)))
	mean, _ := v.encode(s, x, t)
	in := ops.Reshape(b, x, n, 1, d.values())
	out := ops.Reshape(b, v.pictures(s, mean, t, nil), n, 1, d.values())
	return ops.Reshape(b, ops.Concat(b, 1, in, out), 2*n, d.H, d.W, d.C)
}
