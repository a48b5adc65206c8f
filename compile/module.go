package compile

import (
	"context"

	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
)

// Module is a compiled graph: kernels, memory, and the sequence that runs them.
// It is used from one goroutine at a time.
type Module struct {
	name   string
	stages []Stage
	infos  []KernelInfo
	slots  map[string]slot
	seq    target.Sequence
	build  map[string]target.Kernel
	owned  []target.Buffer
	arena  int
	work   loop.Work
}

type slot struct {
	at target.Slice
	t  ir.Type
}

// KernelInfo describes one launch of a run.
type KernelInfo struct {
	Name     string
	Nest     *loop.Nest
	Schedule string   // in the text form of package schedule
	Notes    []string // what was fused
	Work     loop.Work
	kernel   target.Kernel
}

// Text is the kernel's code as a person can read it.
func (k KernelInfo) Text() string { return k.kernel.Text() }

func (u *unit) module() *Module {
	m := &Module{
		name: u.opt.Name, stages: u.stages, infos: u.infos, seq: u.seq, build: u.kernels,
		owned: u.owned, arena: u.arena, slots: map[string]slot{},
	}
	for label, v := range u.inputs {
		m.slots[label] = slot{u.place[v], u.prog.Types[v]}
	}
	for _, o := range u.graph.Outputs {
		at := u.place[u.prog.Root[o.Value]]
		if o.Into != ir.None {
			at = u.place[o.Into]
		}
		m.slots[o.Label] = slot{at, u.graph.Type(o.Value)}
	}
	for _, k := range m.infos {
		m.work = m.work.Add(k.Work)
	}
	return m
}

// Name of the module.
func (m *Module) Name() string { return m.name }

// Slice gives the memory and the type of an input or output by label.
func (m *Module) Slice(label string) (target.Slice, ir.Type, bool) {
	s, ok := m.slots[label]
	return s.at, s.t, ok
}

// Run carries out the module once. It does not allocate. Outputs that update an
// input have done so when it returns.
func (m *Module) Run(ctx context.Context) error { return m.seq.Run(ctx) }

// Work is what one run costs, summed over the kernels.
func (m *Module) Work() loop.Work { return m.work }

// ArenaBytes is the memory for values that live only within a run.
func (m *Module) ArenaBytes() int { return m.arena }

// Stages are the texts of the program after each pass.
func (m *Module) Stages() []Stage { return m.stages }

// Kernels describes the launches in the order they run.
func (m *Module) Kernels() []KernelInfo { return m.infos }

// Profile switches per-kernel timing on or off.
func (m *Module) Profile(on bool) { m.seq.Profile(on) }

// Times are the timings of Kernels, in the same order; nil where the device has none.
func (m *Module) Times() []target.Timing { return m.seq.Times() }

// Close frees kernels and memory that the module owns; memory bound by the
// caller stays.
func (m *Module) Close() {
	if m.seq == nil {
		return
	}
	m.seq.Close()
	m.seq = nil
	for _, k := range m.build {
		k.Close()
	}
	for _, b := range m.owned {
		b.Free()
	}
}
