package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

var _ = register(Model{
	Name:  "vae",
	What:  "variational autoencoder: squeezes pictures into a few numbers, and draws new ones from noise",
	Rate:  1e-3,
	Batch: 128,
	settings: []Setting{
		{Key: "arch", Default: "mlp", What: "fully connected, or convolutional", Choices: []string{"mlp", "conv"}},
		{Key: "latent", Default: "20", What: "numbers that a picture becomes", check: intBetween(1, 4096)},
		{Key: "hidden", Default: "400", What: "width of the hidden layers", check: intBetween(1, 1<<16)},
		{Key: "beta", Default: "1", What: "weight of the KL term", check: floatBetween(0, mostBeta)},
	},
	build: func(s Settings, d DataInfo) (Net, error) { return newVAE(s, d), nil },
})

const mostBeta = 1000

// vae is the variational autoencoder of Kingma and Welling ("Auto-encoding
// variational Bayes", ICLR 2014) with a Bernoulli decoder, and the beta of Higgins
// et al. ("beta-VAE", ICLR 2017).
type vae struct {
	ps     *nn.Params
	d      DataInfo
	latent int
	beta   float64
	body   body
	mu, lv nn.Linear
}

// body is the part of a VAE that differs by architecture.
type body interface {
	// encode gives features [N F] of pictures [N H W C].
	encode(s *nn.Scope, x ir.Value) ir.Value
	// decode gives the logits [N H*W*C] of pictures from codes [N latent].
	decode(s *nn.Scope, z ir.Value) ir.Value
}

func newVAE(s Settings, d DataInfo) *vae {
	v := &vae{ps: nn.NewParams(), d: d, latent: s.Int("latent"), beta: s.Float("beta")}
	heads := func(features int) {
		v.mu = nn.NewLinear(v.ps, "mu", features, v.latent)
		v.lv = nn.NewLinear(v.ps, "lv", features, v.latent)
	}
	if s.Text("arch") == "conv" {
		v.body = newConvBody(v.ps, d, v.latent, s.Int("hidden"), heads)
	} else {
		v.body = newDenseBody(v.ps, d, v.latent, s.Int("hidden"), heads)
	}
	return v
}

// Params of the net.
func (v *vae) Params() *nn.Params { return v.ps }

// Step minimises (recon + beta KL) / N.
func (v *vae) Step(s *train.Step, batch train.Batch) {
	beta := s.Scalar("beta", "weight of the KL term", v.beta, 0, mostBeta)
	loss, recon, kl := v.loss(s.Scope, batch, beta)
	s.Report("loss", loss)
	s.Report("recon", recon)
	s.Report("kl", kl)
	s.Minimize(loss, v.ps.Trainable())
}

// loss gives the loss and its two terms, in nats a picture.
func (v *vae) loss(s *nn.Scope, batch train.Batch, beta ir.Value) (loss, recon, kl ir.Value) {
	b := s.B
	recon, kl = v.terms(s, batch)
	n := float64(batch.N)
	recon, kl = ops.Scale(b, ops.Sum(b, recon), 1/n), ops.Scale(b, ops.Sum(b, kl), 1/n)
	return ops.Add(b, recon, ops.Mul(b, kl, beta)), recon, kl
}

// terms gives, in nats, the reconstruction error of each pixel [N H*W*C] and the
// divergence of each code from the prior [N latent], both to be summed:
//
//	recon = max(y, 0) - y x + log(1 + exp(-|y|))
//	KL    = -(1 + lv - mu² - exp(lv)) / 2      (Kingma and Welling, appendix B)
func (v *vae) terms(s *nn.Scope, batch train.Batch) (recon, kl ir.Value) {
	b := s.B
	mu, lv := v.Encode(s, batch.X())
	noise := s.Normal("eps", batch.N, v.latent)
	z := ops.Add(b, mu, ops.Mul(b, noise, ops.Exp(b, ops.Scale(b, lv, 0.5))))
	x := ops.Reshape(b, batch.X(), batch.N, batch.Values())
	recon = ops.BCEWithLogits(b, v.body.decode(s, z), x)
	spread := ops.Sub(b, ops.Shift(b, lv, 1), ops.Add(b, ops.Square(b, mu), ops.Exp(b, lv)))
	return recon, ops.Scale(b, spread, -0.5)
}

// Codes is the number of values that a picture becomes.
func (v *vae) Codes() int { return v.latent }

// Encode gives mean and logarithm of the variance of q(z|x), f32 [n latent].
func (v *vae) Encode(s *nn.Scope, x ir.Value) (mean, logVar ir.Value) {
	h := v.body.encode(s, x)
	return v.mu.Apply(s, h), v.lv.Apply(s, h)
}

// Decode gives the means of the pixels of p(x|z), f32 [n H W C].
func (v *vae) Decode(s *nn.Scope, z ir.Value) ir.Value {
	if s.B.Err() != nil {
		return ir.None
	}
	return v.pictures(s, z, s.B.Type(z).Shape[0])
}

// Eval gives the negative evidence lower bound and its two terms, in nats.
func (v *vae) Eval(s *nn.Scope, batch train.Batch) []Measure {
	recon, kl := v.terms(s, batch)
	recon, kl = ops.Sum(s.B, recon, 1), ops.Sum(s.B, kl, 1)
	return []Measure{
		{"test_neg_elbo", ops.Add(s.B, recon, kl)}, {"test_recon", recon}, {"test_kl", kl},
	}
}

// Sample decodes codes drawn from the prior.
func (v *vae) Sample() View {
	return View{
		Name: "samples", What: "pictures decoded from noise that stays the same",
		Trace: func(s *nn.Scope, n int, _ ir.Value) ir.Value {
			return v.pictures(s, s.Normal("z", n, v.latent), n)
		},
	}
}

// pictures decodes codes to the means of the pixels.
func (v *vae) pictures(s *nn.Scope, z ir.Value, n int) ir.Value {
	return ops.Reshape(s.B, ops.Sigmoid(s.B, v.body.decode(s, z)), n, v.d.H, v.d.W, v.d.C)
}

// Views are samples, and test examples beside their reconstructions.
func (v *vae) Views() []View {
	return []View{
		v.Sample(),
		{
			Name: "reconstruction", What: "test pictures, each beside what the net makes of it",
			Takes: true, Pairs: true, Trace: v.reconstruct,
		},
	}
}

// reconstruct decodes the mean of each code and puts it beside its input.
func (v *vae) reconstruct(s *nn.Scope, n int, x ir.Value) ir.Value {
	mu := v.mu.Apply(s, v.body.encode(s, x))
	values := v.d.values()
	in := ops.Reshape(s.B, x, n, 1, values)
	out := ops.Reshape(s.B, v.pictures(s, mu, n), n, 1, values)
	return ops.Reshape(s.B, ops.Concat(s.B, 1, in, out), 2*n, v.d.H, v.d.W, v.d.C)
}

// denseBody is the fully connected architecture: one hidden layer each way.
type denseBody struct{ e1, d1, d2 nn.Linear }

func newDenseBody(ps *nn.Params, d DataInfo, latent, hidden int, heads func(features int)) denseBody {
	var a denseBody
	a.e1 = nn.NewLinear(ps, "e1", d.values(), hidden)
	heads(hidden)
	a.d1 = nn.NewLinear(ps, "d1", latent, hidden)
	a.d2 = nn.NewLinear(ps, "d2", hidden, d.values())
	return a
}

func (a denseBody) encode(s *nn.Scope, x ir.Value) ir.Value {
	return ops.Relu(s.B, a.e1.Apply(s, flatten(s, x)))
}

// flatten makes [N F] of [N ...].
func flatten(s *nn.Scope, x ir.Value) ir.Value {
	t := s.B.Type(x)
	if s.B.Err() != nil {
		return ir.None
	}
	return ops.Reshape(s.B, x, t.Shape[0], t.Elems()/t.Shape[0])
}

func (a denseBody) decode(s *nn.Scope, z ir.Value) ir.Value {
	return a.d2.Apply(s, ops.Relu(s.B, a.d1.Apply(s, z)))
}
