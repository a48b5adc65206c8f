// Package compile turns a graph into kernels of a device and a sequence that
// runs them. The work is an ordered list of passes (passes.go); every stage has
// a text form that a Module keeps. It knows no concrete target. Begin with Compile.
package compile

import (
	"context"
	"fmt"
	"runtime/debug"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
)

// Options of Compile; the zero value is ready.
type Options struct {
	// Name of the module in texts and traces.
	Name string
	// Bind gives device memory to inputs and outputs by label. What is missing
	// the module allocates, zeroed, and frees when it is closed. Outputs that
	// update an input live in the input's memory.
	Bind map[string]target.Slice
	// Schedule chooses the schedule of a kernel, or of a stage of one, in place of
	// schedule.Default; false leaves it to the default. This is the tuner's hook:
	// expr.Compute.Key names what is scheduled, schedule.Parse reads a schedule.
	Schedule func(*expr.Compute, loop.Machine) (schedule.Schedule, bool)
	// Apart gives every span of the arena memory of its own, so that a device with guard
	// pages notices what a kernel reads or writes beside it. For tests.
	Apart bool
}

// Stage is the text of the program after a pass.
type Stage struct{ Name, Text string }

// Bug is a defect of the compiler: a panic inside a pass. Bad graphs give
// ordinary errors.
type Bug struct {
	Pass  string
	Graph string
	Cause any
	Stack string
}

// Error names the pass and the cause; the graph and the stack are in the fields.
func (b *Bug) Error() string { return fmt.Sprintf("compile: bug in pass %s: %v", b.Pass, b.Cause) }

// Compile makes a module that runs the graph on the device.
func Compile(ctx context.Context, g *ir.Graph, dev target.Device, o Options) (m *Module, err error) {
	u := &unit{ctx: ctx, graph: g, dev: dev, machine: dev.Machine(), opt: o}
	defer func() {
		if r := recover(); r != nil {
			err = &Bug{Pass: u.pass, Graph: g.String(), Cause: r, Stack: string(debug.Stack())}
		}
		if err != nil {
			u.free()
			m = nil
		}
	}()
	if err := g.Verify(); err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	u.stages = append(u.stages, Stage{"graph", g.String()})
	if err := u.run(); err != nil {
		return nil, err
	}
	m = u.module()
	if u.arena >= largeArena {
		debug.FreeOSMemory()
	}
	return m, nil
}

// largeArena is the bytes of an arena beside which the garbage of compiling counts: it goes back to the system before a first
// run touches the arena, since the peak would be both.
const largeArena = 32 << 20
