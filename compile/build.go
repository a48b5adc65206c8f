package compile

import (
	"errors"
	"fmt"
	"strings"

	"mllab/compile/expr"
	"mllab/compile/internal/fuse"
	"mllab/compile/schedule"
	"mllab/compile/target"
)

// planned is a piece with its loops decided.
type planned struct {
	piece   *fuse.Piece
	steps   schedule.Schedule
	plan    *schedule.Plan
	kernels []target.Kernel
	scratch []target.Slice
}

// leastRegisters is where the search for a schedule that fits the registers ends.
const leastRegisters = 6

// schedule decides the loops of every piece. A device that rejects a kernel for
// want of registers is given one planned for fewer.
func (u *unit) schedule() error {
	u.kernels = map[string]target.Kernel{}
	names := map[string]int{}
	for _, q := range u.prog.Pieces {
		p, err := u.plan(q)
		if err != nil {
			return fmt.Errorf("%s: %w", q.C.Name, err)
		}
		for _, k := range p.plan.Kernels {
			names[k.Nest.Name]++
			if n := names[k.Nest.Name]; n > 1 {
				k.Nest.Name = fmt.Sprintf("%s_%d", k.Nest.Name, n)
			}
		}
		u.planned = append(u.planned, p)
	}
	return nil
}

func (u *unit) plan(q *fuse.Piece) (planned, error) {
	c := schedule.Collapse(q.C)
	m := u.machine
	for {
		s, chosen := schedule.Schedule(nil), false
		if u.opt.Schedule != nil {
			s, chosen = u.opt.Schedule(c, m)
		}
		if !chosen {
			s = schedule.Default(c, m)
		}
		p, err := u.try(q, c, s)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, target.ErrRejected) || chosen || m.Registers <= leastRegisters {
			return planned{}, err
		}
		m.Registers -= 2
	}
}

func (u *unit) try(q *fuse.Piece, c *expr.Compute, s schedule.Schedule) (planned, error) {
	plan, err := schedule.Apply(c, s, u.machine)
	if err != nil {
		return planned{}, err
	}
	p := planned{piece: q, steps: s, plan: plan}
	for _, k := range plan.Kernels {
		if err := k.Nest.Verify(); err != nil {
			return planned{}, err
		}
		built, err := u.kernel(k)
		if err != nil {
			return planned{}, err
		}
		p.kernels = append(p.kernels, built)
	}
	return p, nil
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
		all := make([]target.Slice, 0, len(p.piece.In)+len(p.piece.Out)+len(p.scratch))
		for _, v := range p.piece.In {
			all = append(all, u.place[v])
		}
		for _, v := range p.piece.Out {
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
				Name: k.Nest.Name, Nest: k.Nest, Schedule: p.steps.String(), Notes: p.piece.Notes,
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
