package engine

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"mllab/compile/ir"
)

// Program is a compiled graph with its memory.
type Program struct {
	eng   *Engine
	name  string
	mod   Module
	graph *ir.Graph
	bound map[string]*Tensor
	bytes int64
}

// Name is what the program was called when it was traced.
func (p *Program) Name() string { return p.name }

// Graph is what was traced. It must not be changed.
func (p *Program) Graph() *ir.Graph { return p.graph }

// Module is the compiled graph, for screens and measurements.
func (p *Program) Module() Module { return p.mod }

// Run runs the program once, on what its inputs hold. It does not allocate.
func (p *Program) Run(ctx context.Context) error {
	p.eng.mu.Lock()
	defer p.eng.mu.Unlock()
	if p.eng.closed {
		return errClosed
	}
	if p.mod == nil {
		return fmt.Errorf("engine: %s: the program is closed", p.name)
	}
	return p.mod.Run(ctx)
}

// Tensor gives the memory of an input or output. An output that updates an
// input has that input's memory.
func (p *Program) Tensor(label string) (*Tensor, error) {
	if t, ok := p.bound[label]; ok {
		return t, nil
	}
	if p.mod == nil {
		return nil, fmt.Errorf("engine: %s: the program is closed", p.name)
	}
	s, t, ok := p.mod.Slice(label)
	if !ok {
		return nil, fmt.Errorf("engine: %s has no input or output %q, it has %s", p.name, label, p.labelText())
	}
	return &Tensor{eng: p.eng, typ: t, mem: s}, nil
}

// Labels lists the inputs and outputs, sorted.
func (p *Program) Labels() []string {
	var names []string
	for l := range labels(p.graph) {
		names = append(names, l)
	}
	sort.Strings(names)
	return names
}

func (p *Program) labelText() string {
	const most = 12
	names := p.Labels()
	if len(names) > most {
		names = append(names[:most:most], "...")
	}
	return strings.Join(names, ", ")
}

// Close frees what the program allocated; bound tensors stay.
func (p *Program) Close() {
	p.eng.mu.Lock()
	defer p.eng.mu.Unlock()
	if p.mod == nil {
		return
	}
	if !p.eng.closed {
		p.mod.Close()
		p.eng.bytes -= p.bytes
	}
	p.mod = nil
}

// Takes reports whether the program has an input of a label.
func (p *Program) Takes(label string) bool {
	for _, v := range p.graph.Inputs() {
		if p.graph.Node(v).Op.(ir.Input).Label == label {
			return true
		}
	}
	return false
}
