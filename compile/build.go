package compile

import (
	"errors"
	"fmt"
	"strings"

	"mllab/compile/expr"
	"mllab/compile/internal/fuse"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
)

// planned is a stack of pieces with its loops decided.
type planned struct {
	title   string        // name and axes
	pieces  []*fuse.Piece // what it carries out, in this order
	lead    int           // the axes that make a row, of several pieces
	in, out []ir.Value
	steps   string   // the schedule, or those of the stages
	notes   []string // what was fused
	plan    *schedule.Plan
	kernels []target.Kernel
	scratch []target.Slice
}

// leastRegisters is where the search for a schedule that fits the registers ends.
const leastRegisters = 6

// schedule decides the loops of every stack. Pieces that cannot share a kernel after
// all have one each.
func (u *unit) schedule() error {
	u.kernels = map[string]target.Kernel{}
	names := map[string]int{}
	for _, t := range u.stacks {
		all, err := u.planStack(t)
		if err != nil {
			return err
		}
		for _, p := range all {
			for _, k := range p.plan.Kernels {
				names[k.Nest.Name]++
				if n := names[k.Nest.Name]; n > 1 {
					k.Nest.Name = fmt.Sprintf("%s_%d", k.Nest.Name, n)
				}
			}
		}
		u.planned = append(u.planned, all...)
	}
	return nil
}

// plan decides the loops of one piece. A device that rejects a kernel for want of
// registers is given one planned for fewer.
func (u *unit) plan(q *fuse.Piece) (planned, error) {
	c := schedule.Collapse(q.C)
	m := u.machine
	for {
		s, chosen := u.steps(c, m)
		p := planned{title: q.C.Name + " " + ir.ShapeString(q.C.Axes), pieces: []*fuse.Piece{q}, in: q.In, out: q.Out, steps: s.String(), notes: q.Notes}
		plan, err := schedule.Apply(c, s, u.machine)
		if err == nil {
			err = u.compile(&p, plan)
		}
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, target.ErrRejected) || chosen || m.Registers <= leastRegisters {
			return planned{}, err
		}
		m.Registers -= 2
	}
}

// steps are the schedule of a Compute, and whether the caller of Compile chose it.
func (u *unit) steps(c *expr.Compute, m loop.Machine) (s schedule.Schedule, chosen bool) {
	if u.opt.Schedule != nil {
		if s, chosen = u.opt.Schedule(c, m); chosen {
			return s, true
		}
	}
	return schedule.Default(c, m), false
}

// compile has the device build the kernels of a plan.
func (u *unit) compile(p *planned, plan *schedule.Plan) error {
	p.plan = plan
	for _, k := range plan.Kernels {
		if err := k.Nest.Verify(); err != nil {
			return err
		}
		built, err := u.kernel(k)
		if err != nil {
			return err
		}
		p.kernels = append(p.kernels, built)
	}
	return nil
}

// kernel builds a nest, or finds the one that was built from the same text.
func (u *unit) kernel(k schedule.Kernel) (target.Kernel, error) {
	text := k.Nest.String()
	text = text[strings.IndexByte(text, '('):]
	if b, ok := u.kernels[text]; ok {
		return b, nil
	}
	b, err := u.dev.Compile(k.Nest)
	if err != nil {
		return nil, err
	}
	u.kernels[text] = b
	return b, nil
}

// build binds addresses and makes the sequence.
func (u *unit) build() error {
	var launches []target.Launch
	for _, p := range u.planned {
		all := make([]target.Slice, 0, len(p.in)+len(p.out)+len(p.scratch))
		for _, v := range p.in {
			all = append(all, u.place[v])
		}
		for _, v := range p.out {
			all = append(all, u.place[v])
		}
		all = append(all, p.scratch...)
		for i, k := range p.plan.Kernels {
			args := make([]target.Slice, len(k.Args))
			for j, a := range k.Args {
				args[j] = all[a]
			}
			launches = append(launches, target.Launch{Kernel: p.kernels[i], Args: args})
			u.infos = append(u.infos, KernelInfo{
				Name: k.Nest.Name, Nest: k.Nest, Schedule: p.steps, Notes: p.notes,
				Work: k.Nest.Work(), kernel: p.kernels[i],
			})
		}
	}
	seq, err := u.dev.Sequence(launches)
	if err != nil {
		return err
	}
	u.seq = seq
	return nil
}

// free gives back what a failed compilation took.
func (u *unit) free() {
	for _, k := range u.kernels {
		k.Close()
	}
	for _, b := range u.owned {
		b.Free()
	}
}
