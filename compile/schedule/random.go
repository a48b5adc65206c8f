package schedule

import (
	"math/rand"
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// Random draws a schedule that is legal for Apply with the same Compute and
// machine: splits into tiles of odd and even sizes, any order, any kinds, packed
// operands, reductions in parts, minimal filtering where it can be. It is for tests and for searches; most draws are slow.
func Random(r *rand.Rand, c *expr.Compute, m loop.Machine) Schedule {
	if c.Verify() != nil || ir.Elems(c.Axes) == 0 {
		return nil
	}
	c = Collapse(c)
	for range 50 {
		s := draw(r, c, m)
		if r.Intn(8) == 0 {
			s = Schedule{{Op: Winograd, N: 2, To: blockSizes[r.Intn(len(blockSizes))]}}
		}
		if _, err := arrange(c, s, m); err == nil {
			return s
		}
	}
	return nil
}

// lottery holds the loops of a draw by the part of the order they belong to.
type lottery struct {
	r                  *rand.Rand
	s                  Schedule
	outer, red, inside []string
}

func draw(r *rand.Rand, c *expr.Compute, m loop.Machine) Schedule {
	l := &lottery{r: r}
	for a := range c.Axes {
		l.space(AxisName(len(c.Axes), a), c.Axes[a], c.Body != nil)
	}
	for a := range c.Red {
		l.reduction(AxisName(len(c.Axes), len(c.Axes)+a), c.Red[a])
	}
	l.r.Shuffle(len(l.inside), func(i, j int) { l.inside[i], l.inside[j] = l.inside[j], l.inside[i] })
	l.shuffle(l.outer)
	l.shuffle(l.red)
	for len(l.red) > 1 && len(l.outer) > 0 && r.Intn(4) == 0 { // the reduction in parts
		at := r.Intn(len(l.outer))
		l.outer = slices.Insert(l.outer, at, l.red[0])
		l.red = l.red[1:]
	}
	order := append(append(append([]string{}, l.outer...), l.red...), l.inside...)
	if len(order) == 0 {
		return nil
	}
	l.s = append(l.s, step(Reorder, order...))
	l.kinds(c, m, order)
	if c.Body != nil {
		for operand := range c.In {
			if _, _, err := packed(c, operand); err == nil && r.Intn(3) == 0 {
				l.s = append(l.s, Step{Op: Pack, N: operand})
			}
		}
	}
	return l.s
}

// size draws an inner extent.
func (l *lottery) size() int {
	return []int{1, 2, 3, 4, 5, 7, 8, 13, 16, 20, 32, 33, 64}[l.r.Intn(13)]
}

// space draws how a coordinate is split, and whether its inner loop belongs to
// the register tile of a reduction.
func (l *lottery) space(name string, extent int, tile bool) {
	if l.r.Intn(3) == 0 {
		if tile && extent <= 8 && l.r.Intn(2) == 0 {
			l.inside = append(l.inside, name)
			return
		}
		l.outer = append(l.outer, name)
		return
	}
	l.s = append(l.s, split(name, l.size()))
	o, i := name+".0", name+".1"
	if l.r.Intn(3) == 0 {
		l.s = append(l.s, split(o, l.size()))
		l.outer = append(l.outer, o+".0")
		o += ".1"
	}
	l.outer = append(l.outer, o)
	if l.r.Intn(4) == 0 {
		l.s = append(l.s, split(i, l.size()))
		l.outer = append(l.outer, i+".0")
		i += ".1"
	}
	if tile && l.r.Intn(4) > 0 || !tile && l.r.Intn(2) == 0 {
		l.inside = append(l.inside, i)
		return
	}
	l.outer = append(l.outer, i)
}

func (l *lottery) reduction(name string, extent int) {
	if extent < 2 || l.r.Intn(3) == 0 {
		l.red = append(l.red, name)
		return
	}
	l.s = append(l.s, split(name, l.size()))
	l.red = append(l.red, name+".0")
	switch l.r.Intn(3) {
	case 0:
		l.inside = append(l.inside, name+".1")
	default:
		l.red = append(l.red, name+".1")
	}
}

// shuffle orders loops at random, but keeps the loops of one axis in their order,
// which is that of their names.
func (l *lottery) shuffle(names []string) {
	l.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i := range names {
		for j := i; j > 0; j-- {
			if names[j][0] == names[j-1][0] && names[j] < names[j-1] {
				names[j], names[j-1] = names[j-1], names[j]
			}
		}
	}
	// Loops of one axis that are not neighbours: put them in order where they stand.
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			if names[j][0] == names[i][0] && names[j] < names[i] {
				names[i], names[j] = names[j], names[i]
			}
		}
	}
}

// kinds marks a suffix of the order unrolled, its last loop a vector, and a
// prefix parallel or bound.
func (l *lottery) kinds(c *expr.Compute, m loop.Machine, order []string) {
	inside := len(l.inside)
	if c.Body == nil && inside == 0 && l.r.Intn(2) == 0 {
		inside = 1
	}
	if inside > 0 {
		suffix := order[len(order)-inside:]
		last := suffix[len(suffix)-1]
		if l.r.Intn(4) > 0 && m.Kind != loop.GPU {
			suffix = suffix[:len(suffix)-1]
			l.s = append(l.s, step(Vectorize, last))
		}
		if len(suffix) > 0 {
			l.s = append(l.s, step(Unroll, suffix...))
		}
	}
	room := len(l.outer)
	if c.Body == nil && inside > len(l.inside) {
		room = min(room, len(order)-inside)
	}
	switch n := min(room, l.r.Intn(4)); {
	case n == 0:
	case m.Kind == loop.GPU:
		b := l.r.Intn(n + 1)
		for i, name := range order[:n] {
			if i < b {
				l.s = append(l.s, bind(name, "block."+"xyz"[i:i+1]))
			} else {
				l.s = append(l.s, bind(name, "thread."+"xyz"[i-b:i-b+1]))
			}
		}
	default:
		l.s = append(l.s, step(Parallel, order[:n]...))
	}
}
