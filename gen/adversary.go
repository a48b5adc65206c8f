package gen

import (
	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

// The games that a generator G and a discriminator D can play.
const (
	classicLoss      = "classic"        // Goodfellow et al., NeurIPS 2014: the minimax game
	nonSaturating    = "non-saturating" // likewise, with the generator's loss that they used
	leastSquaresLoss = "least-squares"  // Mao et al., ICCV 2017
	hingeLoss        = "hinge"          // Lim and Ye, 2017; Miyato et al., ICLR 2018
	wassersteinLoss  = "wgan-gp"        // Gulrajani et al., NeurIPS 2017
	relativisticLoss = "relativistic"   // Jolicoeur-Martineau, ICLR 2019; Huang et al., NeurIPS 2024
)

// mostPenalty bounds the weight of a penalty.
const mostPenalty = 1e6

// lossSetting chooses the game.
func lossSetting(standard string) Setting {
	return Setting{
		Key: "loss", Default: standard, What: "game that generator and discriminator play",
		Choices: []string{
			classicLoss, nonSaturating, leastSquaresLoss, hingeLoss, wassersteinLoss, relativisticLoss,
		},
	}
}

// penaltySettings weigh what keeps a discriminator smooth.
func penaltySettings(weight string) []Setting {
	return []Setting{
		{
			Key: "slope", Default: weight, check: floatBetween(0, mostPenalty),
			What: "weight of the discriminator's squared slope at pictures real and drawn (R1, R2), 0 for none",
		},
		{
			Key: "lambda", Default: "10", check: floatBetween(0, mostPenalty),
			What: "loss=wgan-gp: weight of the gradient penalty",
		},
		{
			Key: "slope_by", Default: "difference", Choices: []string{"difference", "exact"},
			What: "how the slope is felt: by a difference of noisy pictures, or exact, by a gradient of the gradient",
		},
	}
}

// game is a loss of either side, by the scores of real pictures and drawn ones, and
// the penalty on the discriminator's slope.
type game struct {
	loss          string
	slope, lambda float64
	exact         bool
}

func newGame(s Settings) game {
	return game{s.Text("loss"), s.Float("slope"), s.Float("lambda"), s.Text("slope_by") == "exact"}
}

// judged is the discriminator's loss for scores [N] of real pictures and drawn ones,
// y and n: the mean of
//
//	classic, non-saturating  -log D(x) - log(1 - D(G(z))),  D = sigmoid(score)
//	least-squares            ((y-1)² + n²) / 2
//	hinge                    max(0, 1-y) + max(0, 1+n)
//	wgan-gp                  n - y
//	relativistic             log(1 + exp(n-y))
func (g game) judged(b *ir.Builder, y, n ir.Value) ir.Value {
	switch g.loss {
	case leastSquaresLoss:
		off := ops.Add(b, ops.Square(b, ops.Shift(b, y, -1)), ops.Square(b, n))
		return ops.Mean(b, ops.Scale(b, off, 0.5))
	case hingeLoss:
		return ops.Mean(b, ops.Add(b, ops.Relu(b, ops.Shift(b, ops.Neg(b, y), 1)), ops.Relu(b, ops.Shift(b, n, 1))))
	case wassersteinLoss:
		return ops.Mean(b, ops.Sub(b, n, y))
	case relativisticLoss:
		return ops.Mean(b, ops.Softplus(b, ops.Sub(b, n, y)))
	}
	return ops.Add(b, cross(b, y, 1), cross(b, n, 0))
}

// drawn is the generator's loss: the mean of
//
//	classic         log(1 - D(G(z)))
//	non-saturating  -log D(G(z))
//	least-squares   (n-1)² / 2
//	hinge, wgan-gp  -n
//	relativistic    log(1 + exp(y-n))
func (g game) drawn(b *ir.Builder, y, n ir.Value) ir.Value {
	switch g.loss {
	case classicLoss:
		return ops.Neg(b, cross(b, n, 0))
	case leastSquaresLoss:
		return ops.Mean(b, ops.Scale(b, ops.Square(b, ops.Shift(b, n, -1)), 0.5))
	case hingeLoss, wassersteinLoss:
		return ops.Neg(b, ops.Mean(b, n))
	case relativisticLoss:
		return ops.Mean(b, ops.Softplus(b, ops.Sub(b, y, n)))
	}
	return cross(b, n, 1)
}

// relative says that the generator's loss depends on the scores of real pictures.
func (g game) relative() bool { return g.loss == relativisticLoss }

// certain is how sure the discriminator is that a picture with score y [N] is real,
// or, in a game of differences, realer than the one with score n.
func (g game) certain(b *ir.Builder, y, n ir.Value) ir.Value {
	switch g.loss {
	case classicLoss, nonSaturating:
		return ops.Sigmoid(b, y)
	case leastSquaresLoss:
		return ops.Clamp(b, y, 0, 1)
	}
	return ops.Sigmoid(b, ops.Sub(b, y, n))
}

// cross is the mean cross-entropy of logits whose targets are all 0 or all 1.
func cross(b *ir.Builder, logits ir.Value, target float64) ir.Value {
	return ops.Mean(b, ops.BCEWithLogits(b, logits, b.Const(ir.F32, target)))
}

// differenceStep is the standard deviation of the noise by which a slope is felt, in
// pictures in [-1,1].
const differenceStep = 0.01

// slopes is half the mean squared length of the discriminator's gradient by
// each of the pictures x [N H W C], whose scores [N] it gave: R1 on real pictures
// (Mescheder, Geiger and Nowozin, ICML 2018) and R2 on drawn ones. Without a gradient
// of the gradient it is taken from the difference that noise e makes,
//
//	E ((D(x + h e) - D(x)) / h)² = |grad D(x)|² + O(h²)
//
// ir.None says that there is none to add.
func (g game) slopes(s *nn.Scope, x, scores ir.Value, judge func(x ir.Value) ir.Value) ir.Value {
	b := s.B
	if g.slope == 0 || g.loss == wassersteinLoss || b.Err() != nil {
		return ir.None
	}
	if g.exact {
		by := grad.Of(b, ops.Sum(b, scores), []ir.Value{x})[0]
		return ops.Scale(b, ops.Mean(b, ops.Sum(b, ops.Square(b, by), 1, 2, 3)), 0.5)
	}
	noise := ops.Scale(b, s.Normal("slope", b.Type(x).Shape...), differenceStep)
	rise := ops.Sub(b, judge(ops.Add(b, x, noise)), scores)
	return ops.Scale(b, ops.Mean(b, ops.Square(b, rise)), 0.5/(differenceStep*differenceStep))
}

// between is the penalty (|grad D| - 1)² at random places between real and
// drawn pictures [N H W C]; ir.None in other games than wgan-gp.
func (g game) between(s *nn.Scope, real, fake ir.Value, judge func(x ir.Value) ir.Value) ir.Value {
	b := s.B
	if g.loss != wassersteinLoss || b.Err() != nil {
		return ir.None
	}
	n := b.Type(real).Shape[0]
	at := ops.Reshape(b, s.Uniform("between", n), n, 1, 1, 1)
	x := ops.Add(b, fake, ops.Mul(b, at, ops.Sub(b, real, fake)))
	by := grad.Of(b, ops.Sum(b, judge(x)), []ir.Value{x})[0]
	// The small number keeps the root's own slope finite.
	length := ops.Sqrt(b, ops.Shift(b, ops.Sum(b, ops.Square(b, by), 1, 2, 3), 1e-12))
	return ops.Mean(b, ops.Square(b, ops.Shift(b, length, -1)))
}

// weighed is the sum of penalties, each with its weight, which a knob of the training
// changes; ir.None if there are none. Slopes are those of real pictures and of drawn ones.
func (g game) weighed(s *train.Step, between ir.Value, slopes ...ir.Value) ir.Value {
	b, sum := s.B, ir.None
	add := func(v ir.Value, name, what string, weight float64) {
		if v == ir.None {
			return
		}
		v = ops.Mul(b, v, s.Scalar(name, what, weight, 0, mostPenalty))
		if sum != ir.None {
			v = ops.Add(b, sum, v)
		}
		sum = v
	}
	for _, v := range slopes {
		add(v, "slope", "weight of the discriminator's slope", g.slope)
	}
	add(between, "lambda", "weight of the gradient penalty", g.lambda)
	return sum
}

// penalised adds a penalty, if there is one, to a loss.
func penalised(b *ir.Builder, loss, penalty ir.Value) ir.Value {
	if penalty == ir.None {
		return loss
	}
	return ops.Add(b, loss, penalty)
}
