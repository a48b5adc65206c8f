package gen

import (
	"math"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// Process is how pictures are mixed with noise: at time t in [0,1] of a picture x and noise e there is
//
//	x_t = alpha(t) x + sigma(t) e
//
// with alpha falling from 1 to 0 and sigma rising from 0 to 1.
type Process string

// The processes.
const (
	// Flow mixes along straight lines: alpha = 1-t, sigma = t (Liu et al., "Flow straight and fast", ICLR 2023;
	// Lipman et al., "Flow matching", ICLR 2023).
	Flow Process = "flow"
	// DDPM keeps the variance: alpha = cos(pi t/2), sigma = sin(pi t/2) (Ho et al., 2020, with the cosine schedule of
	// Nichol and Dhariwal, 2021).
	DDPM Process = "ddpm"
)

// Mix gives alpha and sigma at a time.
func (p Process) Mix(t float64) (alpha, sigma float64) {
	if p == DDPM {
		sin, cos := math.Sincos(math.Pi / 2 * t)
		return max(0, cos), sin
	}
	return 1 - t, t
}

// Slope gives the derivatives of alpha and sigma by the time.
func (p Process) Slope(t float64) (alpha, sigma float64) {
	if p == DDPM {
		sin, cos := math.Sincos(math.Pi / 2 * t)
		return -math.Pi / 2 * sin, math.Pi / 2 * cos
	}
	return -1, 1
}

// mix is Mix of t, f32 [N], as [N 1 1 1].
func (p Process) mix(b *ir.Builder, t ir.Value) (alpha, sigma ir.Value) {
	if b.Err() != nil {
		return ir.None, ir.None
	}
	t = ops.Reshape(b, t, b.Type(t).Elems(), 1, 1, 1)
	if p == DDPM {
		a := ops.Scale(b, t, math.Pi/2)
		return ops.Cos(b, a), ops.Sin(b, a)
	}
	return ops.Shift(b, ops.Neg(b, t), 1), t
}

// draw gives random times for training, [n]: uniform for DDPM; for Flow logit-normal about level (Esser et al.,
// "Scaling rectified flow transformers", ICML 2024), but for a fifth of them, which are uniform: else the net would
// never see the nearly pure noise that all painting begins with, and choose a background there against the text (13%
// of pictures).
func (p Process) draw(s *nn.Scope, n int, level float64) ir.Value {
	b, u := s.B, s.Uniform("t", n)
	if p == DDPM {
		return ops.Clamp(b, u, leastTime, 1-leastTime)
	}
	even := ops.Less(b, u, b.Const(ir.F32, evenShare))
	dwelt := ops.Sigmoid(b, ops.Shift(b, s.Normal("level", n), level))
	return ops.Clamp(b, ops.Select(b, even, ops.Scale(b, u, 1/evenShare), dwelt), leastTime, 1-leastTime)
}

// evenShare of the times of a Flow are uniform.
const evenShare = 0.2

// leastTime keeps what is divided by alpha or sigma bounded.
const leastTime = 1e-3

// Prediction is what a net is trained to tell of a noisy picture.
type Prediction string

// The predictions. Each gives both the picture and the noise, since their mixture is known.
const (
	PredictV   Prediction = "v"   // the direction: e-x of Flow, alpha e - sigma x of DDPM (Salimans and Ho, ICLR 2022)
	PredictEps Prediction = "eps" // the noise
	PredictX   Prediction = "x"   // the picture
)

// target is what the net should say of x and e, [N H W C], at a mixture.
func (q Prediction) target(b *ir.Builder, p Process, x, e, alpha, sigma ir.Value) ir.Value {
	switch {
	case q == PredictEps:
		return e
	case q == PredictX:
		return x
	case p == Flow:
		return ops.Sub(b, e, x)
	}
	return ops.Sub(b, ops.Mul(b, alpha, e), ops.Mul(b, sigma, x))
}

// clean gives the picture [N H W C] that what the net said of the mixture xt means.
func (q Prediction) clean(b *ir.Builder, p Process, xt, said, alpha, sigma ir.Value) ir.Value {
	switch {
	case q == PredictX:
		return said
	case q == PredictEps:
		least := b.Const(ir.F32, leastTime)
		return ops.Div(b, ops.Sub(b, xt, ops.Mul(b, sigma, said)), ops.Maximum(b, alpha, least))
	case p == Flow:
		return ops.Sub(b, xt, ops.Mul(b, sigma, said))
	}
	return ops.Sub(b, ops.Mul(b, alpha, xt), ops.Mul(b, sigma, said))
}
