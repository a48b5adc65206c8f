// Package engine runs graphs on a device: an Engine is an open device with an
// account of its memory, a Tensor is typed memory of that device, and a Program
// is a function over an ir.Builder, traced once, compiled once and run many
// times without allocating. Programs share memory by binding one Tensor under
// the label of an input in each of them: so a training step, an evaluation and
// a sampler all see the same parameters.
//
// The package knows no model, no optimiser and no file; package grad makes
// backward passes, nn layers, optim update rules, train the loop, run the files.
// Begin with Open and Engine.Program.
package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mllab/compile/ir"
	"mllab/compile/target"
)

// Module is a compiled graph; *compile.Module is one.
type Module interface {
	// Slice gives the memory and the type of an input or output.
	Slice(label string) (target.Slice, ir.Type, bool)
	// Run runs once, without allocating.
	Run(ctx context.Context) error
	// Close frees what the module allocated.
	Close()
}

// Compiler turns a graph into a Module for a device. Labels missing in bind get
// memory of the module's own.
type Compiler func(ctx context.Context, name string, g *ir.Graph, dev target.Device,
	bind map[string]target.Slice) (Module, error)

// Engine is an open device. It serialises the device's calls, so all methods of
// an Engine, its Tensors and its Programs may be called from any goroutine.
type Engine struct {
	mu      sync.Mutex
	dev     target.Device
	compile Compiler
	bytes   int64
	closed  bool
}

// New makes an engine of an open device; Close closes the device.
func New(dev target.Device, compile Compiler) *Engine { return &Engine{dev: dev, compile: compile} }

// Device is the open device, for its Info; its other methods are the engine's to call.
func (e *Engine) Device() target.Device { return e.dev }

// Bytes is the device memory held by live Tensors and by modules that report theirs.
func (e *Engine) Bytes() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bytes
}

// Close closes the device. Tensors and Programs of the engine must not be used afterwards.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	return e.dev.Close()
}

// errClosed is given by every call on a closed engine.
var errClosed = errors.New("engine: the device is closed: open another")

// Program traces f and compiles the graph it builds. Errors of building carry
// the line in f. What bind does not name is allocated by the program, zeroed.
func (e *Engine) Program(ctx context.Context, name string, bind map[string]*Tensor,
	f func(b *ir.Builder)) (*Program, error) {
	b := ir.NewBuilder()
	f(b)
	g, err := b.Graph()
	if err != nil {
		return nil, err
	}
	return e.Load(ctx, name, bind, g)
}

// Load compiles a finished graph, as Program does.
func (e *Engine) Load(ctx context.Context, name string, bind map[string]*Tensor, g *ir.Graph) (*Program,
	error) {
	types := labels(g)
	slices, bound := map[string]target.Slice{}, map[string]*Tensor{}
	for label, t := range bind {
		want, ok := types[label]
		if !ok {
			continue
		}
		if t == nil || t.eng != e || t.mem.Buffer == nil {
			return nil, fmt.Errorf("engine: %s: %s is bound to no live tensor of this engine", name, label)
		}
		if !want.Equal(t.typ) {
			return nil, fmt.Errorf("engine: %s: %s has type %s, but its tensor has %s", name, label, want, t.typ)
		}
		slices[label], bound[label] = t.mem, t
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errClosed
	}
	m, err := e.compile(ctx, name, g, e.dev, slices)
	if err != nil {
		return nil, err
	}
	p := &Program{eng: e, name: name, mod: m, graph: g, bound: bound}
	if a, ok := m.(interface{ ArenaBytes() int }); ok {
		p.bytes = int64(a.ArenaBytes())
		e.bytes += p.bytes
	}
	return p, nil
}

// labels are the types of a graph's named inputs and outputs.
func labels(g *ir.Graph) map[string]ir.Type {
	types := map[string]ir.Type{}
	for _, v := range g.Inputs() {
		types[g.Node(v).Op.(ir.Input).Label] = g.Type(v)
	}
	for _, o := range g.Outputs {
		if _, ok := types[o.Label]; !ok {
			types[o.Label] = g.Type(o.Value)
		}
	}
	return types
}
