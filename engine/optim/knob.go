package optim

import (
	"fmt"
	"math"
)

// Knob is a number that may be turned while a program runs: it reaches the graph as a
// scalar input, so nothing is compiled anew.
type Knob struct {
	Name     string // "beta1"
	What     string // one line
	Value    float64
	Min, Max float64
	// Log says that it is turned by factors; Decay, that its distance from 1 is: 0.9,
	// 0.95, 0.98, 0.99.
	Log, Decay bool
}

// Check reports a value that the knob cannot have.
func (k Knob) Check(v float64) error {
	if !(v >= k.Min && v <= k.Max) {
		return fmt.Errorf("%s %v: want a number from %v to %v", k.Name, v, k.Min, k.Max)
	}
	return nil
}

// MaxDecay is the largest decay of a running mean.
const MaxDecay = 0.99999

// Now is the moment that a step's numbers are for.
type Now struct {
	LR    float64   // of the step
	Knobs []float64 // values, in the order of Rule.Knobs
	// Logs are, for each knob, the sum of the logarithms that its values had in the steps
	// since the rule's state was zero, this one included: t log v where it was never
	// turned. A running mean's weights add up to 1 - exp of it.
	Logs []float64
}

// NowAt is the moment of step t = 1, 2, ... of knobs that were never turned.
func NowAt(t int, lr float64, knobs []Knob) Now {
	n := Now{LR: lr}
	for _, k := range knobs {
		n.Knobs = append(n.Knobs, k.Value)
		n.Logs = append(n.Logs, float64(t)*math.Log(k.Value))
	}
	return n
}
