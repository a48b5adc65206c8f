package amd64

import (
	"fmt"
	"math/bits"
	"slices"

	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// set is a set of variables, a bit each. Sets of one program have one length, but nil is empty too.
type set []uint64

func (g *gen) newSet() set { return make(set, (g.p.Vars+63)/64) }

func (s set) has(v int) bool { return s[v/64]>>(v%64)&1 != 0 }

func (s set) add(v int) { s[v/64] |= 1 << (v % 64) }

func (s set) drop(v int) { s[v/64] &^= 1 << (v % 64) }

func (s set) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// with is the union, a new set.
func (s set) with(t set) set {
	r := slices.Clone(s)
	for i, w := range t {
		r[i] |= w
	}
	return r
}

// each calls f for the members in order.
func (s set) each(f func(v int)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			f(64*i + bits.TrailingZeros64(w))
		}
	}
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
		in.drop(o.Var)
		busy.add(o.Var)
	}
	for i := range b.Ins {
		if x := &b.Ins[i]; x.Op == vec.VarIn {
			in.add(int(x.Var))
		}
	}
	old := g.live[b]
	g.live[b] = liveness{in: in.with(old.in), out: out.with(old.out), busy: busy.with(in).with(old.busy)}
	return in
}

// assignVariables gives each variable a vector register that no other variable uses while both are live.
func (g *gen) assignVariables() error {
	g.live = map[*vec.Block]liveness{}
	g.before(g.p.Body, g.newSet())
	conflicts := make([]set, g.p.Vars)
	for v := range conflicts {
		conflicts[v] = g.newSet()
	}
	most := 0
	for _, l := range g.live {
		most = max(most, l.busy.len())
		l.busy.each(func(v int) {
			for i, w := range l.busy {
				conflicts[v][i] |= w
			}
		})
	}
	if most >= g.isa.Registers {
		return g.tooMany(most + 1)
	}
	g.varReg = make([]x86.Vec, g.p.Vars)
	for v := range g.varReg {
		var used [64]bool
		conflicts[v].each(func(u int) {
			if u < v {
				used[g.varReg[u]] = true
			}
		})
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
