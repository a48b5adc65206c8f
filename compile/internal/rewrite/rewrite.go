// Package rewrite holds the passes from graph to graph: composite operators are
// expanded into primitive ones, equal nodes become one, and what no output needs
// goes. Each pass gives a new graph. It knows no loops and no target.
package rewrite

import (
	"encoding/binary"
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Lowerer is an operator that is one Compute.
type Lowerer interface {
	Lower(in []ir.Type, out ir.Type) *expr.Compute
}

// Expander is an operator that is written with others.
type Expander interface {
	Expand(b *ir.Builder, in []ir.Value) ir.Value
}

// Viewer is an operator whose result may have the elements of its operand in the
// same row-major order, so that it needs no kernel and no memory.
type Viewer interface{ Alias() bool }

// maxDepth bounds how deep composites may nest.
const maxDepth = 16

// Expand rewrites composite operators until every node is a leaf, a view or a
// primitive operator.
func Expand(g *ir.Graph) (*ir.Graph, error) {
	for range maxDepth {
		next, changed, err := expandOnce(g)
		if err != nil || !changed {
			return next, err
		}
		g = next
	}
	return nil, fmt.Errorf("expand: operators are still composite after %d rounds", maxDepth)
}

func expandOnce(g *ir.Graph) (*ir.Graph, bool, error) {
	changed := false
	out, err := rebuild(g, func(b *ir.Builder, n *ir.Node, in []ir.Value) (ir.Value, error) {
		if primitive(n.Op) {
			return b.Apply(n.Op, in...), nil
		}
		x, ok := n.Op.(Expander)
		if !ok {
			return ir.None, fmt.Errorf("%s: %s neither lowers nor expands", n.Site, n.Op.Name())
		}
		changed = true
		v := x.Expand(b, in)
		if b.Err() == nil && !b.Type(v).Equal(n.Type) {
			return ir.None, fmt.Errorf("%s: %s expands to %s, want %s", n.Site, n.Op.Name(), b.Type(v), n.Type)
		}
		return v, nil
	})
	return out, changed, err
}

func primitive(op ir.Op) bool {
	switch op.(type) {
	case ir.Const, Lowerer:
		return true
	}
	return IsView(op)
}

// IsView reports whether an operator's result is its first operand's memory.
func IsView(op ir.Op) bool {
	v, ok := op.(Viewer)
	return ok && v.Alias()
}

// rebuild makes a new graph by handing each node but the inputs to emit.
func rebuild(g *ir.Graph, emit func(*ir.Builder, *ir.Node, []ir.Value) (ir.Value, error)) (*ir.Graph, error) {
	b := ir.NewBuilder()
	to := make([]ir.Value, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if in, ok := n.Op.(ir.Input); ok {
			to[i] = b.Input(in.Label, n.Type)
			continue
		}
		in := make([]ir.Value, len(n.In))
		for k, v := range n.In {
			in[k] = to[v]
		}
		v, err := emit(b, n, in)
		if err != nil {
			return nil, err
		}
		to[i] = v
		if b.Err() != nil {
			return nil, fmt.Errorf("%s: %w", n.Op.Name(), b.Err())
		}
	}
	for _, o := range g.Outputs {
		if o.Into == ir.None {
			b.Output(o.Label, to[o.Value])
			continue
		}
		b.Update(o.Label, to[o.Into], to[o.Value])
	}
	return b.Graph()
}

// CSE makes nodes with one operator and the same operands one node.
func CSE(g *ir.Graph) (*ir.Graph, error) {
	type key struct {
		op ir.Op
		in string
	}
	seen := map[key]ir.Value{}
	return rebuild(g, func(b *ir.Builder, n *ir.Node, in []ir.Value) (ir.Value, error) {
		buf := make([]byte, 0, 4*len(in))
		for _, v := range in {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(v))
		}
		k := key{n.Op, string(buf)}
		if v, ok := seen[k]; ok {
			return v, nil
		}
		v := b.Apply(n.Op, in...)
		seen[k] = v
		return v, nil
	})
}

// DCE removes the nodes that no output needs. Inputs stay: the caller binds
// memory to them by label.
func DCE(g *ir.Graph) (*ir.Graph, error) {
	live := make([]bool, len(g.Nodes))
	for _, o := range g.Outputs {
		live[o.Value] = true
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if live[i] {
			for _, v := range g.Nodes[i].In {
				live[v] = true
			}
		}
	}
	at := 0
	b := ir.NewBuilder()
	to := make([]ir.Value, len(g.Nodes))
	for ; at < len(g.Nodes); at++ {
		n := &g.Nodes[at]
		in, isInput := n.Op.(ir.Input)
		switch {
		case isInput:
			to[at] = b.Input(in.Label, n.Type)
		case live[at]:
			args := make([]ir.Value, len(n.In))
			for k, v := range n.In {
				args[k] = to[v]
			}
			to[at] = b.Apply(n.Op, args...)
		}
	}
	for _, o := range g.Outputs {
		if o.Into == ir.None {
			b.Output(o.Label, to[o.Value])
			continue
		}
		b.Update(o.Label, to[o.Into], to[o.Value])
	}
	return b.Graph()
}
