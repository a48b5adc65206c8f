// Package train runs the steps of a training: it traces a model's step once with
// its optimiser, keeps parameters and optimiser state on the device, feeds batches
// that a goroutine prepares ahead, and can be paused, stepped, changed and saved
// at any moment from any goroutine. It prints nothing and knows no model, no data
// set and no screen.
//
// All that a step does is a pure function of the state, the seed and the step's
// number, so a restored run goes on bit for bit as one that was not stopped.
//
// Begin with Model, New and Loop.Run.
package train

import (
	"fmt"

	"mllab/compile/ir"
	"mllab/engine/nn"
)

// Model is what a Loop trains.
type Model interface {
	// Params declares all that the model keeps.
	Params() *nn.Params
	// Step traces one training step on a batch: a loss, or several, given to
	// Step.Minimize, and what Step.Report shows. It may be called more than once
	// and must build the same graph each time.
	Step(s *Step, batch Batch)
}

// Data gives batches.
type Data interface {
	// Fill writes the batch of a step, 0 the first, into x, batch*H*W*C float32 in
	// [0,1], and the labels (-1: none) into labels, batch int32. It depends on its
	// arguments alone. It is called from a goroutine of the loop, one call at a time.
	Fill(step int, x []float32, labels []int32) error
}

// Reader is Data whose examples have a text each.
type Reader interface {
	// Tokens writes the texts of a step's examples as numbers of words, each of len(tokens)/batch. It depends on
	// its arguments alone, and is called as Fill is.
	Tokens(step int, tokens []int32) error
}

// Batch is a batch of examples in a graph, all of one shape.
type Batch struct {
	N, H, W, C int
	scope      *nn.Scope
}

// NewBatch declares a batch in a scope.
func NewBatch(s *nn.Scope, n, h, w, c int) Batch { return Batch{n, h, w, c, s} }

// The labels of a batch's inputs.
const (
	InputX      = "x"
	InputLabels = "labels"
	InputTokens = "tokens"
)

// X is the examples, f32 [N H W C] in [0,1].
func (b Batch) X() ir.Value { return b.scope.Input(InputX, ir.Of(ir.F32, b.N, b.H, b.W, b.C)) }

// Labels are the examples' labels, i32 [N], -1 where there is none.
func (b Batch) Labels() ir.Value { return b.scope.Input(InputLabels, ir.Of(ir.I32, b.N)) }

// Tokens are the examples' texts as numbers of words, i32 [N length].
func (b Batch) Tokens(length int) ir.Value {
	return b.scope.Input(InputTokens, ir.Of(ir.I32, b.N, length))
}

// Values is the number of values in one example.
func (b Batch) Values() int { return b.H * b.W * b.C }

// Named is a number with its name.
type Named struct {
	Name  string
	Value float64
}

// DivergedError says that a loss is no number any more. The parameters are then
// lost; the last checkpoint is not.
type DivergedError struct {
	Step int // steps done, the bad one included
	Loss float64
	LR   float64
}

// Error names the step and the way on.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("step %d: the loss is %v at learning rate %.3g: "+
		"lower --lr, or limit gradients with --set clip=1",
		e.Step, e.Loss, e.LR)
}
