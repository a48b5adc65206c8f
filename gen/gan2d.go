package gen

import (
	"fmt"
	"math"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/ops"
)

// GAN2D is a generative adversarial network of points on the plane (Goodfellow et al., NeurIPS 2014) with
// all that can be chosen of it. It is a comparable value; NewGAN2D is the default, With changes one
// setting, and Game2D plays it. Nets whose Shape is equal are the same compiled programs: what else
// differs are numbers that the programs take as inputs.
type GAN2D struct {
	G2DShape
	DSteps int     // steps of D for each of G, when both are done
	Weight float64 // of the gradient penalty
	OptG   G2DOpt
	OptD   G2DOpt
}

// G2DShape is what the programs are compiled for.
type G2DShape struct {
	Loss    string // how D and G are scored, one of losses2D
	Penalty string // on the gradient of D by its input: "none", "gp", "r1", "r1r2"
	G, D    MLP
	Latent  int    // numbers that a point is made of
	Noise   string // what they are drawn from: "normal", or "uniform" in [-1,1)
	Batch   int
}

// MLP is a fully connected net: Layers hidden ones of Width units, and a linear one.
type MLP struct {
	Layers, Width int
	Act           string
}

// G2DOpt is how a net is updated; all of it may change between two steps.
type G2DOpt struct {
	Rule             string // "adam" or "sgd"
	LR, Beta1, Beta2 float64
}

// losses2D are the losses of D and of G, given what D says of real points r and of fake ones f, both
// [N 1] without a sigmoid. Each mean is over the batch.
var losses2D = map[string]struct {
	d, g func(b *ir.Builder, r, f ir.Value) ir.Value
}{
	// The minimax game: D gains what G loses. -log D(x) - log(1-D(G(z))); G: log(1-D(G(z))).
	"classic": {crossD, func(b *ir.Builder, _, f ir.Value) ir.Value {
		return ops.Neg(b, ops.Mean(b,
			ops.Softplus(b, f)))
	}},
	// G: -log D(G(z)), which is steep where D is sure.
	"nonsaturating": {crossD, func(b *ir.Builder, _, f ir.Value) ir.Value { return below(b, f) }},
	// Mao et al., "Least squares generative adversarial networks", ICCV 2017, targets 1 and 0.
	"leastsquares": {
		func(b *ir.Builder, r, f ir.Value) ir.Value {
			return ops.Add(b, halfSquare(b, r, 1), halfSquare(b, f, 0))
		},
		func(b *ir.Builder, _, f ir.Value) ir.Value { return halfSquare(b, f, 1) },
	},
	// Lim and Ye, "Geometric GAN", 2017.
	"hinge": {
		func(b *ir.Builder, r, f ir.Value) ir.Value {
			return ops.Add(b, ops.Mean(b, ops.Relu(b, ops.Shift(b, ops.Neg(b, r), 1))),
				ops.Mean(b, ops.Relu(b, ops.Shift(b, f, 1))))
		},
		func(b *ir.Builder, _, f ir.Value) ir.Value { return ops.Neg(b, ops.Mean(b, f)) },
	},
	// Arjovsky, Chintala and Bottou, "Wasserstein GAN", ICML 2017; sound only with a penalty.
	"wasserstein": {
		func(b *ir.Builder, r, f ir.Value) ir.Value { return ops.Sub(b, ops.Mean(b, f), ops.Mean(b, r)) },
		func(b *ir.Builder, _, f ir.Value) ir.Value { return ops.Neg(b, ops.Mean(b, f)) },
	},
	// Jolicoeur-Martineau's relativistic pairing, as in "The GAN is dead; long live the GAN" (Huang et al.,
	// NeurIPS 2024): each fake point is judged beside a real one.
	"relativistic": {
		func(b *ir.Builder, r, f ir.Value) ir.Value { return ops.Mean(b, ops.Softplus(b, ops.Sub(b, f, r))) },
		func(b *ir.Builder, r, f ir.Value) ir.Value { return ops.Mean(b, ops.Softplus(b, ops.Sub(b, r, f))) },
	},
}

// crossD is the cross-entropy of D: real points are class 1, fake ones class 0.
func crossD(b *ir.Builder, r, f ir.Value) ir.Value {
	return ops.Add(b, below(b, r), ops.Mean(b, ops.Softplus(b, f)))
}

// below is the mean of -log sigmoid(x).
func below(b *ir.Builder, x ir.Value) ir.Value { return ops.Mean(b, ops.Softplus(b, ops.Neg(b, x))) }

func halfSquare(b *ir.Builder, x ir.Value, target float64) ir.Value {
	return ops.Scale(b, ops.Mean(b, ops.Square(b, ops.Shift(b, x, -target))), 0.5)
}

// activations2D are the hidden layers' functions.
var activations2D = map[string]func(b *ir.Builder, x ir.Value) ir.Value{
	"relu":    ops.Relu,
	"leaky":   func(b *ir.Builder, x ir.Value) ir.Value { return ops.LeakyRelu(b, x, 0.2) },
	"tanh":    ops.Tanh,
	"sigmoid": ops.Sigmoid,
	"silu":    ops.Silu,
	"gelu":    ops.Gelu,
}

// net2D is an MLP with its parameters.
type net2D struct {
	layers []nn.Linear
	act    string
	params []*nn.Param
}

// newNet2D declares a net from in to out numbers. Hidden weights begin as He et al. do, so that a net of
// any depth passes on what it gets; biases begin as torch.nn.Linear has them, so that units differ.
func newNet2D(ps *nn.Params, name string, in, out int, m MLP) net2D {
	n := net2D{act: m.Act}
	ps = ps.Sub(name)
	for i := range m.Layers + 1 {
		to := m.Width
		if i == m.Layers {
			to = out
		}
		l := nn.NewLinear(ps, fmt.Sprintf("l%d", i+1), in, to)
		l.W.Init = nn.Kaiming(in)
		if i == m.Layers {
			l.W.Init = nn.Normal(1 / math.Sqrt(float64(in)))
		}
		n.layers, n.params = append(n.layers, l), append(n.params, l.W, l.B)
		in = to
	}
	return n
}

// apply maps x [N in] to [N out].
func (n net2D) apply(s *nn.Scope, x ir.Value) ir.Value {
	for i, l := range n.layers {
		x = l.Apply(s, x)
		if i < len(n.layers)-1 {
			x = activations2D[n.act](s.B, x)
		}
	}
	return x
}

// pair2D is the two nets of a shape.
type pair2D struct {
	G2DShape
	ps   *nn.Params
	g, d net2D
}

func newPair2D(c G2DShape) pair2D {
	p := pair2D{G2DShape: c, ps: nn.NewParams()}
	p.g = newNet2D(p.ps, "g", c.Latent, 2, c.G)
	p.d = newNet2D(p.ps, "d", 2, 1, c.D)
	return p
}

// noise draws n codes, [n Latent].
func (p pair2D) noise(s *nn.Scope, n int) ir.Value {
	if p.Noise == "uniform" {
		return ops.Shift(s.B, ops.Scale(s.B, s.Uniform("z", n, p.Latent), 2), -1)
	}
	return s.Normal("z", n, p.Latent)
}

// penalty is on the gradient of D by real and fake points [N 2]; ir.None where there is none. It is the
// gradient of a gradient: D's loss contains it, and is differentiated once more.
//
//	gp    mean (|grad D(x)| - 1)² at x between a real and a fake point (Gulrajani et al., NeurIPS 2017)
//	r1    mean |grad D(x)|² / 2 at real points (Mescheder, Geiger and Nowozin, ICML 2018)
//	r1r2  the same at real and at fake points
func (p pair2D) penalty(s *nn.Scope, real, fake ir.Value) ir.Value {
	b := s.B
	// slopes are |grad D|² at points, [N].
	slopes := func(x ir.Value) ir.Value {
		g := grad.Of(b, ops.Sum(b, p.d.apply(s, x)), []ir.Value{x})[0]
		return ops.Sum(b, ops.Square(b, g), 1)
	}
	half := func(x ir.Value) ir.Value { return ops.Scale(b, ops.Mean(b, slopes(x)), 0.5) }
	switch p.Penalty {
	case "gp":
		t := s.Uniform("between", p.Batch, 1)
		x := ops.Add(b, fake, ops.Mul(b, t, ops.Sub(b, real, fake)))
		const tiny = 1e-12 // the root of zero has no slope
		length := ops.Sqrt(b, ops.Shift(b, slopes(x), tiny))
		return ops.Mean(b, ops.Square(b, ops.Shift(b, length, -1)))
	case "r1":
		return half(real)
	case "r1r2":
		return ops.Add(b, half(real), half(fake))
	}
	return ir.None
}

// Labels of the programs' inputs and outputs beside parameters and what the optimiser keeps.
const (
	real2D  = "x"      // real points, f32 [Batch 2]
	codes2D = "codes"  // codes of the warped grid, f32 [n Latent]
	fixed2D = "x.fix"  // real points that stay, f32 [Arrows2D 2]
	hyper2D = "hyper." // scalars of the update
	tell2D  = "report."
	slotM2D = "opt.m."
	slotV2D = "opt.v."
	weight  = "weight"
)

// stepD traces one step of the discriminator.
func (p pair2D) stepD(s *nn.Scope) {
	b := s.B
	real := s.Input(real2D, ir.Of(ir.F32, p.Batch, 2))
	fake := p.g.apply(s, p.noise(s, p.Batch))
	yes, no := p.d.apply(s, real), p.d.apply(s, fake)
	loss := losses2D[p.Loss].d(b, yes, no)
	b.Output(tell2D+"loss", loss)
	b.Output(tell2D+"real", ops.Mean(b, p.opinion(b, yes)))
	b.Output(tell2D+"fake", ops.Mean(b, p.opinion(b, no)))
	if extra := p.penalty(s, real, fake); extra != ir.None {
		b.Output(tell2D+"penalty", extra)
		loss = ops.Add(b, loss, ops.Mul(b, extra, s.Input(hyper2D+weight, ir.Of(ir.F32))))
	}
	update2D(s, loss, p.d.params)
}

// stepG traces one step of the generator.
func (p pair2D) stepG(s *nn.Scope) {
	b := s.B
	yes := ir.None
	if p.Loss == "relativistic" {
		yes = p.d.apply(s, s.Input(real2D, ir.Of(ir.F32, p.Batch, 2)))
	}
	no := p.d.apply(s, p.g.apply(s, p.noise(s, p.Batch)))
	loss := losses2D[p.Loss].g(b, yes, no)
	b.Output(tell2D+"loss", loss)
	update2D(s, loss, p.g.params)
}

// Probability reports whether D's output, through a sigmoid, is a probability that a point is real.
func (c G2DShape) Probability() bool { return c.Loss == "classic" || c.Loss == "nonsaturating" }

// opinion is D's output as it is shown: a probability where the loss makes it one.
func (p pair2D) opinion(b *ir.Builder, y ir.Value) ir.Value {
	if p.Probability() {
		return ops.Sigmoid(b, y)
	}
	return y
}

// update2D adds the gradients of a loss and one update of each parameter:
//
//	m = b1 m + (1-b1) g
//	v = b2 v + (1-b2) g²
//	p = p - rate m / (adaptive sqrt(v correct) + rest)
//
// With adaptive 1 and rest 1e-8 this is Adam, with 0 and 1 gradient descent with momentum b1. All factors
// are inputs, so one may become the other between two steps.
func update2D(s *nn.Scope, loss ir.Value, params []*nn.Param) {
	b := s.B
	h := func(name string) ir.Value { return s.Input(hyper2D+name, ir.Of(ir.F32)) }
	values := make([]ir.Value, len(params))
	for i, p := range params {
		values[i] = s.Param(p)
	}
	grads := grad.Of(b, loss, values)
	if b.Err() != nil {
		return
	}
	for i, p := range params {
		m, v := s.Input(slotM2D+p.Name, p.Type()), s.Input(slotV2D+p.Name, p.Type())
		g := grads[i]
		mean := ops.Add(b, ops.Mul(b, m, h("b1")), ops.Mul(b, g, h("rest1")))
		square := ops.Add(b, ops.Mul(b, v, h("b2")), ops.Mul(b, ops.Square(b, g), h("rest2")))
		root := ops.Sqrt(b, ops.Mul(b, square, h("correct")))
		root = ops.Add(b, ops.Mul(b, root, h("adaptive")), h("rest"))
		b.Update("new."+slotM2D+p.Name, m, mean)
		b.Update("new."+slotV2D+p.Name, v, square)
		s.Update(p, ops.Sub(b, values[i], ops.Div(b, ops.Mul(b, mean, h("rate")), root)))
	}
}
