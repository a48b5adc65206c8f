package compile

import (
	"context"
	"fmt"
	"strings"

	"mllab/compile/internal/fuse"
	"mllab/compile/internal/rewrite"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
	"mllab/profiler/trace"
)

// unit is the program on its way through the passes.
type unit struct {
	ctx     context.Context
	graph   *ir.Graph
	dev     target.Device
	machine loop.Machine
	opt     Options
	pass    string

	prog    *fuse.Program
	stacks  []*fuse.Stack             // one a future kernel, in order
	planned []planned                 // one a stack, in order
	place   map[ir.Value]target.Slice // where each value is
	kernels map[string]target.Kernel  // by text of the nest without its name
	owned   []target.Buffer           // freed with the module
	inputs  map[string]ir.Value       // by label
	after   map[*fuse.Piece]pieceSet  // order beyond data: readers before an update in place
	inPlace map[ir.Value]ir.Value     // value -> input whose memory it takes
	took    map[ir.Value]ir.Value     // value -> dead value whose place in the arena it takes
	seq     target.Sequence
	infos   []KernelInfo
	arena   int
	stages  []Stage
}

type pieceSet = map[*fuse.Piece]bool

// pass is one step of the compiler.
type pass struct {
	name string
	run  func(*unit) error
	text func(*unit) string
}

// passes in the order they run. order.go's constraints are checked by a test.
var passes = []pass{
	{"expand", onGraph(rewrite.Expand), graphText},
	{"cse", onGraph(rewrite.CSE), graphText},
	{"dce", onGraph(rewrite.DCE), graphText},
	{"lower", (*unit).lower, progText},
	{"split", func(u *unit) error { u.prog.Split(); return u.prog.Verify() }, progText},
	{"fuse", func(u *unit) error { return u.prog.Fuse() }, progText},
	{"update", (*unit).update, progText},
	{"stack", (*unit).stack, stackText},
	{"schedule", (*unit).schedule, scheduleText},
	{"memory", (*unit).memory, memoryText},
	{"build", (*unit).build, nil},
}

// constraint says that pass a runs before pass b, and why.
type constraint struct{ a, b, because string }

var order = []constraint{
	{"expand", "cse", "composites expand to equal parts"},
	{"cse", "dce", "a merged node leaves operands that nothing reads"},
	{"expand", "lower", "only primitive operators have a Compute"},
	{"dce", "lower", "a dead node would get a kernel"},
	{"split", "fuse", "an epilogue belongs to the last stage of a reduction"},
	{"lower", "split", "reductions are seen in Computes"},
	{"fuse", "update", "only a finished kernel shows whether it may write in place"},
	{"update", "stack", "copies that updates need are kernels as well, and what overwrites an input stands alone"},
	{"stack", "schedule", "a stage's loops stand inside those over rows"},
	{"schedule", "memory", "packed operands need scratch memory"},
	{"memory", "build", "a sequence binds addresses"},
}

func (u *unit) run() error {
	for _, p := range passes {
		u.pass = p.name
		err := trace.Do(u.ctx, "compile", p.name, func() error { return p.run(u) })
		if err != nil {
			return fmt.Errorf("compile: %s: %w", p.name, err)
		}
		if p.text != nil {
			u.stages = append(u.stages, Stage{p.name, p.text(u)})
		}
	}
	return nil
}

func onGraph(f func(*ir.Graph) (*ir.Graph, error)) func(*unit) error {
	return func(u *unit) error {
		g, err := f(u.graph)
		if err == nil {
			u.graph = g
		}
		return err
	}
}

func (u *unit) lower() error {
	p, err := fuse.Lower(u.graph)
	if err != nil {
		return err
	}
	u.prog = p
	u.inputs = map[string]ir.Value{}
	for _, v := range u.graph.Inputs() {
		u.inputs[u.graph.Node(v).Op.(ir.Input).Label] = v
	}
	return p.Verify()
}

func graphText(u *unit) string { return u.graph.String() }
func progText(u *unit) string  { return u.prog.String() }

func scheduleText(u *unit) string {
	var b strings.Builder
	for _, p := range u.planned {
		fmt.Fprintf(&b, "# %s\n# %s\n", p.title, p.steps)
		for _, k := range p.plan.Kernels {
			b.WriteString(k.Nest.String())
		}
	}
	return b.String()
}

func memoryText(u *unit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "arena %d bytes\n", u.arena)
	for _, p := range u.planned {
		for _, v := range p.out {
			where := fmt.Sprintf("at %d", u.place[v].Offset)
			for _, m := range []map[ir.Value]ir.Value{u.inPlace, u.took} {
				if x, ok := m[v]; ok {
					where = fmt.Sprintf("in place of %%%d", x)
				}
			}
			fmt.Fprintf(&b, "%%%d %s %s\n", v, u.prog.Types[v], where)
		}
	}
	return b.String()
}
