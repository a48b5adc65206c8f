// Package optim holds update rules for parameters, as graph: a Rule adds nodes
// that compute a parameter's next value from its gradient and its state. All that
// may change from step to step (the learning rate, betas, Adam's bias corrections)
// reaches the graph as scalar inputs that the host computes in float64 from the
// step's number and the knobs: so everything can be turned while a program runs,
// the corrections are exact, and a resumed run has the very numbers of one that was
// not stopped.
//
// The package knows neither memory nor loops. Begin with Rule and Adam.
package optim

import (
	"fmt"
	"math"

	"mllab/compile/ir"
	"mllab/ops"
)

// Rule is a way to update parameters. Implementations are comparable values, whose
// numbers are what the knobs begin at.
type Rule interface {
	// Name is what users call the rule.
	Name() string
	// Slots names the state kept beside each parameter: tensors of its shape,
	// zero at first.
	Slots() []string
	// Knobs are the rule's hyper-parameters beside the learning rate.
	Knobs() []Knob
	// Scalars names the numbers that a step needs.
	Scalars() []string
	// Numbers computes the scalars of a step.
	Numbers(n Now, dst []float32)
	// Update gives the next value of parameter p with gradient g, and of its
	// slots. The scalars are f32 values of no dimension.
	Update(b *ir.Builder, p, g ir.Value, slots, scalars []ir.Value) (next ir.Value, nextSlots []ir.Value)
}

// SGD is gradient descent with momentum, as torch.optim.SGD without dampening:
// v = Momentum v + g + Decay p; p -= lr v.
type SGD struct {
	Momentum float64 // 0: none, and no state
	Decay    float64 // weight decay added to the gradient (L2); 0: none
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

// Knobs are momentum and decay, where the rule has them.
func (r SGD) Knobs() []Knob {
	var list []Knob
	if r.Momentum != 0 {
		list = append(list, Knob{Name: "momentum", What: "how much of the velocity is kept", Value: r.Momentum,
			Max: MaxDecay, Decay: true})
	}
	if r.Decay != 0 {
		list = append(list, Knob{Name: "decay", What: "weight decay", Value: r.Decay, Max: 1, Log: true})
	}
	return list
}

// Scalars are the learning rate and the knobs.
func (r SGD) Scalars() []string {
	names := []string{"lr"}
	for _, k := range r.Knobs() {
		names = append(names, k.Name)
	}
	return names
}

// Numbers gives the learning rate and the knobs.
func (r SGD) Numbers(n Now, dst []float32) {
	dst[0] = float32(n.LR)
	for i, v := range n.Knobs {
		dst[1+i] = float32(v)
	}
}

// Update steps against the velocity.
func (r SGD) Update(b *ir.Builder, p, g ir.Value, slots, scalars []ir.Value) (ir.Value, []ir.Value) {
	if r.Decay != 0 {
		g = ops.Add(b, g, ops.Mul(b, p, scalars[len(scalars)-1]))
	}
	var next []ir.Value
	if r.Momentum != 0 {
		g = ops.Add(b, ops.Mul(b, slots[0], scalars[1]), g)
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
// Where a beta was turned on the way, B^t is the product of what it was in each step.
// With W it is AdamW (Loshchilov and Hutter, ICLR 2019): p is first multiplied by
// 1 - lr Decay.
type Adam struct {
	B1, B2, Eps float64
	W           bool
	Decay       float64
}

// NewAdam is Adam with the usual constants: 0.9, 0.999, 1e-8.
func NewAdam() Adam { return Adam{B1: 0.9, B2: 0.999, Eps: 1e-8} }

// NewAdamW is NewAdam with decoupled weight decay.
func NewAdamW(decay float64) Adam {
	return Adam{B1: 0.9, B2: 0.999, Eps: 1e-8, W: true, Decay: decay}
}

// Name of the rule.
func (r Adam) Name() string {
	if r.W {
		return "adamw"
	}
	return "adam"
}

// Slots are the two moments.
func (Adam) Slots() []string { return []string{"m", "v"} }

// Knobs are the constants.
func (r Adam) Knobs() []Knob {
	list := []Knob{
		{Name: "beta1", What: "decay of the mean gradient", Value: r.B1, Max: MaxDecay, Decay: true},
		{Name: "beta2", What: "decay of the mean square", Value: r.B2, Max: MaxDecay, Decay: true},
		{Name: "eps", What: "added to the root of the mean square", Value: r.Eps, Min: 1e-30, Max: 1, Log: true},
	}
	if r.W {
		list = append(list, Knob{Name: "decay", What: "weight decay", Value: r.Decay, Max: 1, Log: true})
	}
	return list
}

// Scalars are lr/(1-B1^t), 1/(1-B2^t), the constants and, of AdamW, 1 - lr Decay.
// What is left of 1 beside a beta is computed apart: in float32, 1 - 0.999 has lost
// four digits.
func (r Adam) Scalars() []string {
	names := []string{"rate", "correct", "beta1", "rest1", "beta2", "rest2", "eps"}
	if r.W {
		names = append(names, "keep")
	}
	return names
}

// Numbers computes the corrections in float64.
func (r Adam) Numbers(n Now, dst []float32) {
	b1, b2 := n.Knobs[0], n.Knobs[1]
	dst[0] = float32(n.LR / -math.Expm1(n.Logs[0]))
	dst[1] = float32(1 / -math.Expm1(n.Logs[1]))
	dst[2], dst[3] = float32(b1), float32(1-b1)
	dst[4], dst[5] = float32(b2), float32(1-b2)
	dst[6] = float32(n.Knobs[2])
	if r.W {
		dst[7] = float32(1 - n.LR*n.Knobs[3])
	}
}

// Update applies the formulas above.
func (r Adam) Update(b *ir.Builder, p, g ir.Value, slots, scalars []ir.Value) (ir.Value, []ir.Value) {
	rate, correct, eps := scalars[0], scalars[1], scalars[6]
	m := ops.Add(b, ops.Mul(b, slots[0], scalars[2]), ops.Mul(b, g, scalars[3]))
	v := ops.Add(b, ops.Mul(b, slots[1], scalars[4]), ops.Mul(b, ops.Mul(b, g, g), scalars[5]))
	root := ops.Add(b, ops.Sqrt(b, ops.Mul(b, v, correct)), eps)
	if r.W {
		p = ops.Mul(b, p, scalars[7])
	}
	return ops.Sub(b, p, ops.Div(b, ops.Mul(b, m, rate), root)), []ir.Value{m, v}
}

// Clip scales gradients so that their global L2 norm is at most limit, as
// torch.nn.utils.clip_grad_norm_ does, and gives the norm they had. The limit is an
// f32 value of no dimension.
func Clip(b *ir.Builder, grads []ir.Value, limit ir.Value) (clipped []ir.Value, norm ir.Value) {
	norm = Norm(b, grads)
	over := ops.Div(b, limit, ops.Add(b, norm, b.Const(ir.F32, 1e-6)))
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
