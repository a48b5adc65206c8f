package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// The noise schedule of Ho et al. (2020): beta rises linearly over 1000 steps.
const (
	diffusionSteps = 1000
	betaFirst      = 1e-4
	betaLast       = 0.02
)

// keeps gives the share of a picture's variance that is left after step t, f32 [N]
// whole numbers: the product of 1-beta of all steps up to t, 1 for t below 0. It is
// summed as logarithms.
func keeps(b *ir.Builder, t ir.Value) ir.Value {
	if b.Err() != nil {
		return ir.None
	}
	n := b.Type(t).Elems()
	i := ops.Iota(b, ir.F32, 1, 1, diffusionSteps)
	beta := ops.Shift(b, ops.Scale(b, i, (betaLast-betaFirst)/(diffusionSteps-1)), betaFirst)
	past := ops.LessEqual(b, i, ops.Reshape(b, t, n, 1))
	logs := ops.Select(b, past, ops.Log1p(b, ops.Neg(b, beta)), b.Const(ir.F32, 0))
	return ops.Exp(b, ops.Sum(b, logs, 1))
}

// lost is the share of the variance that is noise.
func lost(b *ir.Builder, kept ir.Value) ir.Value { return ops.Shift(b, ops.Neg(b, kept), 1) }

// ddim is a view drawn by denoising diffusion implicit models without fresh noise
// (Song, Meng and Ermon, ICLR 2021, equation 12 with sigma = 0): from time t to s,
//
//	x0 = clamp((x - sqrt(1-a_t) e) / sqrt(a_t), -1, 1)
//	x  = sqrt(a_s) x0 + sqrt(1-a_s) e
func (m *unet) ddim(rounds int, what string) View {
	return View{
		Name: "samples", What: what, Rounds: rounds,
		Trace: func(s *nn.Scope, n int, _ ir.Value) ir.Value {
			first := s.Normal("x", n, m.fit.h, m.fit.w, m.fit.d.C)
			x := carry(s, "x", first, func(x ir.Value) ir.Value { return m.denoise(s, x, n, rounds) })
			return m.fit.leave(s, x)
		},
	}
}

// denoise is one step of ddim.
func (m *unet) denoise(s *nn.Scope, x ir.Value, n, rounds int) ir.Value {
	b := s.B
	stride := float64(diffusionSteps / rounds)
	left := ops.Sub(b, b.Const(ir.F32, float64(rounds-1)), round(s))
	t := ops.Scale(b, left, stride)
	e := m.noise(s, x, ops.BroadcastTo(b, t, n), m.drawn(s, n))
	return walk(b, x, e, t, ops.Shift(b, t, -stride))
}

// walk takes pictures with estimated noise e from time t to time s, both f32 [1].
func walk(b *ir.Builder, x, e, t, s ir.Value) ir.Value {
	share := func(t ir.Value) (kept, gone ir.Value) {
		a := ops.Reshape(b, keeps(b, t), 1, 1, 1, 1)
		return ops.Sqrt(b, a), ops.Sqrt(b, lost(b, a))
	}
	kept, gone := share(t)
	keptNext, goneNext := share(s)
	x0 := ops.Clamp(b, ops.Div(b, ops.Sub(b, x, ops.Mul(b, gone, e)), kept), -1, 1)
	return ops.Add(b, ops.Mul(b, keptNext, x0), ops.Mul(b, goneNext, e))
}
