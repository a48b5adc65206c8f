package ops

import (
	"fmt"

	"mllab/compile/ir"
)

// Eval computes a graph in float64 with the references of its operators: the
// oracle for tests of all layers. Inputs and results go by their labels.
func Eval(g *ir.Graph, in map[string]Array) (map[string]Array, error) {
	values := make([]Array, len(g.Nodes))
	for i := range g.Nodes {
		v, err := evalNode(&g.Nodes[i], values, in)
		if err != nil {
			return nil, fmt.Errorf("node %d: %w", i, err)
		}
		values[i] = v
	}
	out := make(map[string]Array, len(g.Outputs))
	for _, o := range g.Outputs {
		out[o.Label] = values[o.Value]
	}
	return out, nil
}

func evalNode(n *ir.Node, values []Array, in map[string]Array) (Array, error) {
	switch op := n.Op.(type) {
	case ir.Input:
		a, ok := in[op.Label]
		if !ok {
			return Array{}, fmt.Errorf("input %s: no value given", op.Label)
		}
		if !a.Type.Equal(n.Type) {
			return Array{}, fmt.Errorf("input %s: got %s, want %s", op.Label, a.Type, n.Type)
		}
		if err := a.check(); err != nil {
			return Array{}, fmt.Errorf("input %s: %w", op.Label, err)
		}
		return a, nil
	case ir.Const:
		return Array{n.Type, []float64{op.V}}, nil
	}
	op, ok := n.Op.(interface {
		Ref(in []Array, out ir.Type) Array
	})
	if !ok {
		return Array{}, fmt.Errorf("%s: it has no reference", n.Op.Name())
	}
	args := make([]Array, len(n.In))
	for i, v := range n.In {
		args[i] = values[v]
	}
	return op.Ref(args, n.Type), nil
}
