package schedule

import (
	"math/rand"
	"slices"

	"mllab/compile/expr"
	"mllab/compile/loop"
)

// Neighbour draws a schedule that differs from s in one decision, and is as legal for Apply: a tile of another size,
// two loops in each other's place, an operand packed or not, more or fewer parallel loops, or minimal filtering instead. Where 50 draws give
// none, it is s. A search goes from Default by such steps.
func Neighbour(r *rand.Rand, c *expr.Compute, m loop.Machine, s Schedule) Schedule {
	if c.Verify() != nil {
		return s
	}
	c = Collapse(c)
	if len(s.of(Winograd)) > 0 {
		if r.Intn(4) == 0 {
			return Direct(c, m)
		}
		return Schedule{{Op: Winograd, N: 2, To: blockSizes[r.Intn(len(blockSizes))]}}
	}
	for range 50 {
		n := slices.Clone(s)
		changed := false
		switch r.Intn(7) {
		case 0, 1:
			changed = n.resize(r, m.Lanes)
		case 2, 3:
			changed = n.swap(r)
		case 4:
			changed = n.repack(r, c)
		case 5:
			changed = n.reshare(r)
		case 6:
			n, changed = Schedule{{Op: Winograd, N: 2}}, true
		}
		if !changed || n.String() == s.String() {
			continue
		}
		if _, err := arrange(c, n, m); err == nil {
			return n
		}
	}
	return s
}

var blockSizes = []string{"", "8", "16", "32", "64", "128", apart}

// of lists the places of the steps with a verb.
func (s Schedule) of(op Op) (at []int) {
	for i, t := range s {
		if t.Op == op {
			at = append(at, i)
		}
	}
	return at
}

// resize changes the tile of one split.
func (s *Schedule) resize(r *rand.Rand, lanes int) bool {
	at := s.of(Split)
	if len(at) == 0 {
		return false
	}
	t := &(*s)[at[r.Intn(len(at))]]
	sizes := []int{t.N - 1, t.N + 1, t.N - 2, t.N + 2, t.N / 2, t.N * 2, t.N - lanes, t.N + lanes, t.N * 3 / 2}
	t.N = sizes[r.Intn(len(sizes))]
	return t.N > 0
}

// swap exchanges two loops that stand side by side.
func (s *Schedule) swap(r *rand.Rand) bool {
	at := s.of(Reorder)
	if len(at) == 0 {
		return false
	}
	t := &(*s)[at[len(at)-1]]
	if len(t.Loops) < 2 {
		return false
	}
	t.Loops = slices.Clone(t.Loops)
	i := r.Intn(len(t.Loops) - 1)
	t.Loops[i], t.Loops[i+1] = t.Loops[i+1], t.Loops[i]
	return true
}

// repack packs an operand, or leaves that.
func (s *Schedule) repack(r *rand.Rand, c *expr.Compute) bool {
	if c.Body == nil || len(c.In) == 0 {
		return false
	}
	operand := r.Intn(len(c.In))
	n := len(*s)
	*s = slices.DeleteFunc(*s, func(t Step) bool { return t.Op == Pack && t.N == operand })
	if len(*s) == n {
		*s = append(*s, Step{Op: Pack, N: operand})
	}
	return true
}

// reshare makes another number of the outermost loops the parallel one.
func (s *Schedule) reshare(r *rand.Rand) bool {
	order, shared := s.of(Reorder), s.of(Parallel)
	if len(order) == 0 {
		return false
	}
	loops := (*s)[order[len(order)-1]].Loops
	n := 1 + r.Intn(min(3, len(loops)))
	t := step(Parallel, loops[:n]...)
	if len(shared) > 0 {
		(*s)[shared[0]] = t
	} else {
		*s = append(*s, t)
	}
	return true
}
