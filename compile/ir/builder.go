package ir

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Builder makes a Graph node by node. Its first error sticks: later calls do
// nothing and give None, and Graph reports the error with the user's line.
type Builder struct {
	g   Graph
	err error
}

// NewBuilder makes an empty builder; so does the zero value.
func NewBuilder() *Builder { return &Builder{} }

// Input adds a value that comes from outside under a unique label.
func (b *Builder) Input(label string, t Type) Value {
	if b.err != nil {
		return None
	}
	if err := t.check(); err != nil {
		return b.fail(fmt.Errorf("input %s: %w", label, err))
	}
	return b.add(Node{Op: Input{label}, Type: t, Site: site()})
}

// Const adds a scalar constant.
func (b *Builder) Const(d DType, v float64) Value { return b.Apply(Const{d, v}) }

// Apply adds a node.
func (b *Builder) Apply(op Op, in ...Value) Value {
	if b.err != nil {
		return None
	}
	types := make([]Type, len(in))
	for i, v := range in {
		if v < 0 || int(v) >= len(b.g.Nodes) {
			return b.fail(fmt.Errorf("%s: operand %d is no value of this graph", op.Name(), i))
		}
		types[i] = b.g.Nodes[v].Type
	}
	t, err := op.Infer(types)
	if err != nil {
		return b.fail(err)
	}
	if err := t.check(); err != nil {
		return b.fail(fmt.Errorf("%s: result: %w", op.Name(), err))
	}
	return b.add(Node{Op: op, In: append([]Value(nil), in...), Type: t, Site: site()})
}

// Output names a result.
func (b *Builder) Output(label string, v Value) {
	if b.err == nil {
		b.g.Outputs = append(b.g.Outputs, Output{label, v, None})
	}
}

// Update names a result that is written back into an input at the end of a run.
func (b *Builder) Update(label string, input, v Value) {
	if b.err == nil {
		b.g.Outputs = append(b.g.Outputs, Output{label, v, input})
	}
}

// Type of a value; the zero Type after an error.
func (b *Builder) Type(v Value) Type {
	if v < 0 || int(v) >= len(b.g.Nodes) {
		return Type{}
	}
	return b.g.Nodes[v].Type
}

// Node of a value, for backward passes that walk what was built so far.
// It must not be changed; the zero Node after an error.
func (b *Builder) Node(v Value) Node {
	if v < 0 || int(v) >= len(b.g.Nodes) {
		return Node{}
	}
	return b.g.Nodes[v]
}

// Len is the number of nodes so far.
func (b *Builder) Len() int { return len(b.g.Nodes) }

// Fail records an error of a caller, such as a layer that got a wrong shape,
// with the user's line; the first one sticks.
func (b *Builder) Fail(err error) Value {
	if b.err != nil {
		return None
	}
	return b.fail(err)
}

// Err is the first error.
func (b *Builder) Err() error { return b.err }

// Graph gives the finished graph. The builder must not be used afterwards.
func (b *Builder) Graph() (*Graph, error) {
	if b.err != nil {
		return nil, b.err
	}
	if len(b.g.Outputs) == 0 {
		return nil, errors.New("graph: it has no output, so nothing would be computed")
	}
	if err := b.g.Verify(); err != nil {
		return nil, err
	}
	return &b.g, nil
}

func (b *Builder) add(n Node) Value {
	b.g.Nodes = append(b.g.Nodes, n)
	return Value(len(b.g.Nodes) - 1)
}

func (b *Builder) fail(err error) Value {
	if s := site(); s != "" {
		err = fmt.Errorf("%s: %w", s, err)
	}
	b.err = err
	return None
}

// inside are the packages whose frames are not the user's line.
var inside = []string{"mllab/compile/ir.", "mllab/compile/internal/", "mllab/ops.", "mllab/engine/nn", "mllab/engine/grad", "mllab/engine/optim",
	"mllab/engine/train."}

// site is the nearest caller outside the layers that build graphs for others.
func site() string {
	var pcs [16]uintptr
	n := runtime.Callers(3, pcs[:])
	frames := runtime.CallersFrames(pcs[:n])
	for {
		f, more := frames.Next()
		own := false
		for _, p := range inside {
			own = own || strings.HasPrefix(f.Function, p)
		}
		if !own && f.File != "" {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}
