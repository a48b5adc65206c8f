// Package ir holds the words for graphs: what a program computes, and nothing
// about how. A Graph is a list of nodes in topological order; each node applies
// one Op to earlier nodes and gives one Value. A Graph is immutable once built:
// a pass makes a new one. Begin with Builder.
//
// The package knows no operator but its two leaves, Input and Const; operators
// live in package ops, and reach other layers through methods those layers ask for.
package ir

import (
	"fmt"
	"math"
	"strings"
)

// Op is what a node applies. It is a comparable value whose fields are its
// attributes, so that common subexpressions are found with ==. Each layer asks
// for the further methods it needs (Lower, Expand, VJP, Ref) beside its callers.
type Op interface {
	// Name is the operator's one name at all layers, in lower case.
	Name() string
	// Infer gives the type of the result, or an error that says what was
	// got and what was wanted.
	Infer(in []Type) (Type, error)
}

// Value names the result of a node of one graph: the node's position.
type Value int32

// None is no value: an absent gradient, or the result of a call after an error.
const None Value = -1

// Node is one application of an operator.
type Node struct {
	Op   Op
	In   []Value
	Type Type
	// Site is the user's line, file:line, for error messages and screens.
	Site string
}

// Input is the leaf for a value given from outside: data, a parameter, a state.
type Input struct{ Label string }

// Name of the operator.
func (Input) Name() string { return "input" }

// Infer refuses: the type of an input is given to Builder.Input.
func (i Input) Infer([]Type) (Type, error) {
	return Type{}, fmt.Errorf("input %s: its type is given, not inferred", i.Label)
}

// Const is the leaf for a scalar constant.
type Const struct {
	DType DType
	V     float64
}

// Name of the operator.
func (Const) Name() string { return "const" }

// Infer gives a scalar of the constant's element type.
func (c Const) Infer(in []Type) (Type, error) {
	if len(in) != 0 {
		return Type{}, fmt.Errorf("const: want no operands, got %d", len(in))
	}
	if c.DType != F32 && c.V != math.Trunc(c.V) {
		return Type{}, fmt.Errorf("const: %v is not an integer, want a %s", c.V, c.DType)
	}
	return Of(c.DType), nil
}

// Output is a result of a graph. When Into is an input's value, the result is
// written back into that input's buffer at the end of a run: a parameter or a state.
type Output struct {
	Label string
	Value Value
	Into  Value
}

// Graph is a program without order of loops, memory or target.
type Graph struct {
	Nodes   []Node
	Outputs []Output
}

// Node of a value.
func (g *Graph) Node(v Value) *Node { return &g.Nodes[v] }

// Type of a value.
func (g *Graph) Type(v Value) Type { return g.Nodes[v].Type }

// Types of several values.
func (g *Graph) Types(vs []Value) []Type {
	ts := make([]Type, len(vs))
	for i, v := range vs {
		ts[i] = g.Nodes[v].Type
	}
	return ts
}

// Inputs lists the values of all Input nodes, in order.
func (g *Graph) Inputs() []Value {
	var in []Value
	for i := range g.Nodes {
		if _, ok := g.Nodes[i].Op.(Input); ok {
			in = append(in, Value(i))
		}
	}
	return in
}

// Verify checks the invariants that passes rely on: operands come before their
// users, every type is what Infer says, labels of inputs and of outputs are
// unique, and an output goes into an input of its own type, one at most each.
func (g *Graph) Verify() error {
	labels := map[string]bool{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		for _, v := range n.In {
			if v < 0 || int(v) >= i {
				return fmt.Errorf("node %d (%s): operand %d does not come before it", i, n.Op.Name(), v)
			}
		}
		if in, ok := n.Op.(Input); ok {
			if labels[in.Label] {
				return fmt.Errorf("node %d: second input named %q", i, in.Label)
			}
			labels[in.Label] = true
			continue
		}
		t, err := n.Op.Infer(g.Types(n.In))
		if err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
		if !t.Equal(n.Type) {
			return fmt.Errorf("node %d (%s): has type %s, infers %s", i, n.Op.Name(), n.Type, t)
		}
	}
	return g.verifyOutputs()
}

func (g *Graph) verifyOutputs() error {
	outs, into := map[string]bool{}, map[Value]bool{}
	for _, o := range g.Outputs {
		if o.Value < 0 || int(o.Value) >= len(g.Nodes) {
			return fmt.Errorf("output %s: value %d is not in the graph", o.Label, o.Value)
		}
		if outs[o.Label] {
			return fmt.Errorf("second output named %q", o.Label)
		}
		outs[o.Label] = true
		if o.Into == None {
			continue
		}
		if _, ok := g.Nodes[o.Into].Op.(Input); !ok || into[o.Into] {
			return fmt.Errorf("output %s: value %d is no input, or is updated twice", o.Label, o.Into)
		}
		into[o.Into] = true
		if !g.Type(o.Into).Equal(g.Type(o.Value)) {
			return fmt.Errorf("output %s: type %s does not fit input of type %s",
				o.Label, g.Type(o.Value), g.Type(o.Into))
		}
	}
	return nil
}

// String prints one node a line: %7 = matmul %3 %5 [128 400].
func (g *Graph) String() string {
	var b strings.Builder
	for i := range g.Nodes {
		n := &g.Nodes[i]
		fmt.Fprintf(&b, "%%%d = %s", i, OpString(n.Op))
		for _, v := range n.In {
			fmt.Fprintf(&b, " %%%d", v)
		}
		fmt.Fprintf(&b, " %s\n", n.Type)
	}
	for _, o := range g.Outputs {
		fmt.Fprintf(&b, "output %s = %%%d", o.Label, o.Value)
		if o.Into != None {
			fmt.Fprintf(&b, " into %%%d", o.Into)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// OpString prints an operator with its attributes: conv2d{Stride:2 Pad:1}.
func OpString(op Op) string {
	switch o := op.(type) {
	case Input:
		return fmt.Sprintf("input %q", o.Label)
	case Const:
		return fmt.Sprintf("const %v", o.V)
	}
	s := fmt.Sprintf("%+v", op)
	if s == "{}" {
		return op.Name()
	}
	return op.Name() + s
}
