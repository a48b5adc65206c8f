// Package oracle gives an engine that computes graphs by the float64 references of
// their operators (ops.Eval), one element at a time, on memory of the host. It is
// for tests of what stands on engine: it shares nothing with the compiler and its
// targets, and is never made fast. Begin with New.
package oracle

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
	"mllab/engine"
	"mllab/ops"
)

// New opens an engine. Values are rounded to float32 at a program's outputs alone.
func New() *engine.Engine { return engine.New(device{}, compile) }

type device struct{}

func (device) Info() target.Info {
	return target.Info{Target: "oracle", Name: "references in float64", Threads: 1}
}
func (device) Machine() loop.Machine { return loop.Machine{Name: "oracle", Lanes: 1, Threads: 1} }

func (device) Alloc(bytes int) (target.Buffer, error) {
	if bytes < 1 {
		return nil, fmt.Errorf("oracle: %d bytes of memory: want at least 1", bytes)
	}
	return &buffer{make([]byte, bytes)}, nil
}

// errNests is why kernels cannot be had here.
var errNests = errors.New("oracle: it runs graphs, not kernels")

func (device) Compile(*loop.Nest) (target.Kernel, error)         { return nil, errNests }
func (device) Sequence([]target.Launch) (target.Sequence, error) { return nil, errNests }
func (device) Close() error                                      { return nil }

type buffer struct{ data []byte }

func (b *buffer) Bytes() int { return len(b.data) }
func (b *buffer) Free()      { b.data = nil }

func (b *buffer) Write(offset int, src []byte) error {
	if offset < 0 || offset+len(src) > len(b.data) {
		return fmt.Errorf("oracle: write of %d bytes at %d, in memory of %d", len(src), offset, len(b.data))
	}
	copy(b.data[offset:], src)
	return nil
}

func (b *buffer) Read(offset int, dst []byte) error {
	if offset < 0 || offset+len(dst) > len(b.data) {
		return fmt.Errorf("oracle: read of %d bytes at %d, in memory of %d", len(dst), offset, len(b.data))
	}
	copy(dst, b.data[offset:])
	return nil
}

type slot struct {
	at target.Slice
	t  ir.Type
}

type module struct {
	graph *ir.Graph
	slots map[string]slot
}

func compile(_ context.Context, _ string, g *ir.Graph, dev target.Device,
	bind map[string]target.Slice) (engine.Module, error) {
	m := &module{graph: g, slots: map[string]slot{}}
	place := func(label string, t ir.Type) error {
		at, ok := bind[label]
		if !ok {
			buf, err := dev.Alloc(t.Elems() * t.DType.Size())
			if err != nil {
				return err
			}
			at = target.Slice{Buffer: buf}
		}
		m.slots[label] = slot{at, t}
		return nil
	}
	for _, v := range g.Inputs() {
		if err := place(g.Node(v).Op.(ir.Input).Label, g.Type(v)); err != nil {
			return nil, err
		}
	}
	for _, o := range g.Outputs {
		if o.Into != ir.None {
			m.slots[o.Label] = m.slots[g.Node(o.Into).Op.(ir.Input).Label]
			continue
		}
		if err := place(o.Label, g.Type(o.Value)); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *module) Slice(label string) (target.Slice, ir.Type, bool) {
	s, ok := m.slots[label]
	return s.at, s.t, ok
}

func (m *module) Close() {}

func (m *module) Run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	in := map[string]ops.Array{}
	for _, v := range m.graph.Inputs() {
		label := m.graph.Node(v).Op.(ir.Input).Label
		a, err := m.slots[label].read()
		if err != nil {
			return err
		}
		in[label] = a
	}
	out, err := ops.Eval(m.graph, in)
	if err != nil {
		return err
	}
	for label, a := range out {
		if err := m.slots[label].write(a); err != nil {
			return err
		}
	}
	return nil
}

func (s slot) read() (ops.Array, error) {
	raw := make([]byte, s.t.Elems()*s.t.DType.Size())
	if err := s.at.Buffer.Read(s.at.Offset, raw); err != nil {
		return ops.Array{}, err
	}
	a := ops.NewArray(s.t)
	for i := range a.Data {
		bits := binary.NativeEndian.Uint32(raw[4*i:])
		if s.t.DType == ir.F32 {
			a.Data[i] = float64(math.Float32frombits(bits))
			continue
		}
		a.Data[i] = float64(int32(bits))
	}
	return a, nil
}

func (s slot) write(a ops.Array) error {
	raw := make([]byte, len(a.Data)*s.t.DType.Size())
	for i, v := range a.Data {
		bits := uint32(int32(v))
		if s.t.DType == ir.F32 {
			bits = math.Float32bits(float32(v))
		}
		binary.NativeEndian.PutUint32(raw[4*i:], bits)
	}
	return s.at.Buffer.Write(s.at.Offset, raw)
}
