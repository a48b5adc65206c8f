package ops

import (
	"sort"

	"mllab/compile/ir"
)

// Operator is what every operator of this package can do. Beside it each has
//
//	Lower(in []ir.Type, out ir.Type) *expr.Compute          primitive operators
//	Expand(b *ir.Builder, in []ir.Value) ir.Value           composite operators
//
// and, if it has a gradient, with g the gradient of the result,
//
//	VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value
//
// Those whose result is their operand's memory, unchanged, have Alias() bool.
type Operator interface {
	ir.Op
	// Ref computes the result naively in float64; out is what Infer gave.
	Ref(in []Array, out ir.Type) Array
	// Samples are inputs to test the operator with, in all its attributes.
	Samples() []Sample
}

// Entry is a registered operator. Op has zero attributes, which may be invalid
// ones; the operators of Samples have valid attributes.
type Entry struct {
	Name string
	Op   Operator
}

var registry = map[string]Operator{}

func register(o Operator) bool {
	registry[o.Name()] = o
	return true
}

// All lists the operators by name.
func All() []Entry {
	es := make([]Entry, 0, len(registry))
	for n, o := range registry {
		es = append(es, Entry{n, o})
	}
	sort.Slice(es, func(i, j int) bool { return es[i].Name < es[j].Name })
	return es
}
