// Package optim holds update rules for parameters, as graph: a Rule adds nodes
// that compute a parameter's next value from its gradient and its state. What
// changes from step to step (the learning rate, Adam's bias corrections) reaches
// the graph as scalar inputs that the host computes in float64 from the step's
// number: so the rate can be changed while a program runs, the corrections are
// exact, and a resumed run has the very numbers of one that was not stopped.
//
// The package knows neither memory nor loops. Begin with Rule and Adam.
package optim

import (
	"fmt"
	"math"

	"mllab/compile/ir"
	"mllab/ops"
)

// Rule is a way to update parameters. Implementations are comparable values.
type Rule interface {
	// Name is what users call the rule.
	Name() string
	// Slots names the state kept beside each parameter: tensors of its shape,
	// zero at first.
	Slots() []string
	// Scalars names the numbers that a step needs.
	Scalars() []string
	// Numbers computes the scalars of step t = 1, 2, ... at a learning rate.
	Numbers(t int, lr float64, dst []float32)
	// Update gives the next value of parameter p with gradient g, and of its
	// slots. The scalars are f32 values of no dimension.
	Update(b *ir.Builder, p, g ir.Value, slots, scalars []ir.Value) (next ir.Value, nextSlots []ir.Value)
}

// SGD is gradient descent with momentum, as torch.optim.SGD without dampening:
// v = Momentum v + g + Decay p; p -= lr v.
type SGD struct {
	Momentum float64 // 0: none, and no state
	Decay    float64 // weight decay added to the gradient (L2)
}

// Name of the rule.
func (SGD) Name() string { return "sgd" }

// Slots is the velocity, if there is momentum.
func (r SGD) Slots() []string {
	if r.Momentum == 0 {
		return nil
	}
	return []string{"v"}
}

// Scalars is the learning rate.
func (SGD) Scalars() []string { return []string{"lr"} }

// Numbers gives the learning rate.
func (SGD) Numbers(_ int, lr float64, dst []float32) { dst[0] = float32(lr) }

// Update steps against the velocity.
func (r SGD) Update(b *ir.Builder, p, g ir.Value, slots, scalars []ir.Value) (ir.Value, []ir.Value) {
	if r.Decay != 0 {
		g = ops.Add(b, g, ops.Mul(b, p, b.Const(ir.F32, r.Decay)))
	}
	var next []ir.Value
	if r.Momentum != 0 {
		g = ops.Add(b, ops.Mul(b, slots[0], b.Const(ir.F32, r.Momentum)), g)
		next = []ir.Value{g}
	}
	return ops.Sub(b, p, ops.Mul(b, g, scalars[0])), next
}

// Adam is the method of Kingma and Ba ("Adam: a method for stochastic
// optimization", ICLR 2015) with eps outside the root of the corrected moment:
//
//	m = B1 m + (1-B1) g
//	v = B2 v + (1-B2) g²
//	p -= lr (m / (1-B1^t)) / (sqrt(v / (1-B2^t)) + Eps)
//
// With Decay it is AdamW (Loshchilov and Hutter, ICLR 2019): p is first
// multiplied by 1 - lr Decay.
type Adam struct{ B1, B2, Eps, Decay float64 }

// NewAdam is Adam with the usual constants: 0.9, 0.999, 1e-8.
func NewAdam() Adam { return Adam{B1: 0.9, B2: 0.999, Eps: 1e-8} }

// NewAdamW is NewAdam with decoupled weight decay.
func NewAdamW(decay float64) Adam { return Adam{B1: 0.9, B2: 0.999, Eps: 1e-8, Decay: decay} }

// Name of the rule.
func (r Adam) Name() string {
	if r.Decay != 0 {
		return "adamw"
	}
	return "adam"
}

// Slots are the two moments.
func (Adam) Slots() []string { return []string{"m", "v"} }

// Scalars are lr/(1-B1^t), 1/(1-B2^t) and, with decay, 1 - lr Decay.
func (r Adam) Scalars() []string {
	if r.Decay != 0 {
		return []string{"rate", "correct", "keep"}
	}
	return []string{"rate", "correct"}
}

// Numbers computes the corrections in float64.
func (r Adam) Numbers(t int, lr float64, dst []float32) {
	dst[0] = float32(lr / -math.Expm1(float64(t)*math.Log(r.B1)))
	dst[1] = float32(1 / -math.Expm1(float64(t)*math.Log(r.B2)))
	if r.Decay != 0 {
		dst[2] = float32(1 - lr*r.Decay)
	}
}

// Update applies the formulas above.
func (r Adam) Update(b *ir.Builder, p, g ir.Value, slots, scalars []ir.Value) (ir.Value, []ir.Value) {
	c := func(v float64) ir.Value { return b.Const(ir.F32, v) }
	m := ops.Add(b, ops.Mul(b, slots[0], c(r.B1)), ops.Mul(b, g, c(1-r.B1)))
	v := ops.Add(b, ops.Mul(b, slots[1], c(r.B2)), ops.Mul(b, ops.Mul(b, g, g), c(1-r.B2)))
	root := ops.Add(b, ops.Sqrt(b, ops.Mul(b, v, scalars[1])), c(r.Eps))
	if r.Decay != 0 {
		p = ops.Mul(b, p, scalars[2])
	}
	return ops.Sub(b, p, ops.Div(b, ops.Mul(b, m, scalars[0]), root)), []ir.Value{m, v}
}

// Clip scales gradients so that their global L2 norm is at most limit, as
// torch.nn.utils.clip_grad_norm_ does, and gives the norm they had.
func Clip(b *ir.Builder, grads []ir.Value, limit float64) (clipped []ir.Value, norm ir.Value) {
	norm = Norm(b, grads)
	over := ops.Div(b, b.Const(ir.F32, limit), ops.Add(b, norm, b.Const(ir.F32, 1e-6)))
	scale := ops.Minimum(b, over, b.Const(ir.F32, 1))
	for _, g := range grads {
		clipped = append(clipped, ops.Mul(b, g, scale))
	}
	return clipped, norm
}

// Norm is the L2 norm of all gradients taken together.
func Norm(b *ir.Builder, grads []ir.Value) ir.Value {
	if len(grads) == 0 {
		return b.Fail(fmt.Errorf("norm: want at least one gradient"))
	}
	total := ir.None
	for _, g := range grads {
		square := ops.Sum(b, ops.Mul(b, g, g))
		if total == ir.None {
			total = square
			continue
		}
		total = ops.Add(b, total, square)
	}
	return ops.Sqrt(b, total)
}

// EMA moves an average towards a parameter: ema + (1-decay) (p - ema), where
// rest is the scalar 1-decay of the step, as EMARest gives it.
func EMA(b *ir.Builder, ema, p, rest ir.Value) ir.Value {
	return ops.Add(b, ema, ops.Mul(b, ops.Sub(b, p, ema), rest))
}

// EMARest is 1-decay at step t = 1, 2, ...: the decay grows as (1+t)/(10+t) up to
// the given one, so that the average forgets the initial values soon.
func EMARest(t int, decay float64) float32 {
	return float32(1 - min(decay, float64(1+t)/float64(10+t)))
}
