package amd64

import (
	"fmt"

	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// set is a set of variables.
type set map[int]bool

func (s set) with(t set) set {
	r := make(set, len(s)+len(t))
	for v := range s {
		r[v] = true
	}
	for v := range t {
		r[v] = true
	}
	return r
}

// liveness is which variables hold values that count, around a block.
type liveness struct{ in, out, busy set }

// before gives the variables that are live before body when out are live after it, and notes it per block.
func (g *gen) before(body []vec.Node, out set) set {
	for i := len(body) - 1; i >= 0; i-- {
		switch n := body[i].(type) {
		case *vec.Block:
			out = g.beforeBlock(n, out)
		case *vec.Loop:
			after := out
			if n.Last != nil {
				after = g.before(n.Last, out)
			}
			in := g.before(n.Body, after)
			in = g.before(n.Body, after.with(in)) // around the loop
			out = after.with(in)
			if n.Last == nil && n.N > 0 {
				out = in // the body runs at least once
			}
		}
	}
	return out
}

func (g *gen) beforeBlock(b *vec.Block, out set) set {
	in := out.with(nil)
	busy := out.with(nil)
	for _, o := range b.Out {
		delete(in, o.Var)
		busy[o.Var] = true
	}
	for i := range b.Ins {
		if x := &b.Ins[i]; x.Op == vec.VarIn {
			in[int(x.Var)] = true
		}
	}
	old := g.live[b]
	g.live[b] = liveness{in: in.with(old.in), out: out.with(old.out), busy: busy.with(in).with(old.busy)}
	return in
}

// assignVariables gives each variable a vector register that no other variable uses while both are live.
func (g *gen) assignVariables() error {
	g.live = map[*vec.Block]liveness{}
	g.before(g.p.Body, set{})
	conflicts := make([]set, g.p.Vars)
	for v := range conflicts {
		conflicts[v] = set{}
	}
	most := 0
	for _, l := range g.live {
		most = max(most, len(l.busy))
		for v := range l.busy {
			for u := range l.busy {
				conflicts[v][u] = true
			}
		}
	}
	if most >= g.isa.Registers {
		return g.tooMany(most + 1)
	}
	g.varReg = make([]x86.Vec, g.p.Vars)
	for v := range g.varReg {
		var used [64]bool
		for u := range conflicts[v] {
			if u < v {
				used[g.varReg[u]] = true
			}
		}
		r := 0
		for used[r] {
			r++
		}
		if r >= g.isa.Registers-1 {
			return g.tooMany(r + 2)
		}
		g.varReg[v] = x86.Vec(r)
	}
	return nil
}

func (g *gen) tooMany(need int) error {
	return fmt.Errorf("needs %d vector registers, has %d: %w", need, g.isa.Registers, vec.ErrRejected)
}
