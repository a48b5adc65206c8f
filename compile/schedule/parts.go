package schedule

import "slices"

const (
	// line is the bytes of memory that one access moves at least.
	line = 64
	// enough products at a step hide the way to L3 for a line and a vector.
	enough = 384
	// partDepth is about how many iterations a part of a reduction takes: enough that
	// reading and writing the tile between parts is little beside it.
	partDepth = 256
	// partFLOPs is the most one iteration of a parallel loop around parts should
	// compute. It is more than callFLOPs, since each brings its operands into the
	// caches anew.
	partFLOPs = 80e6
)

// inParts gives a schedule of a long reduction that reads a line of memory for few
// rows at each step, such as the gradient of weights: one pass over it is more than
// L2 holds. Parts of it are done for many
// rows before the next part, and operands packed where that makes no copies. It
// gives none where the reduction is none of these.
func (t *tiling) inParts(scalar []access) []Schedule {
	c, r := t.c, t.rows[len(t.rows)-1]
	l2 := t.m.L2
	if l2 == 0 {
		l2 = 1 << 20
	}
	if t.m.Registers < 32 {
		return t.inSteps(l2)
	}
	l2 = l2 * min(r.n*t.width, enough) / enough
	if t.deep*(line+4*t.width) <= l2 || t.width < t.m.Lanes || len(t.rows) > 1 || len(c.Red) < 2 {
		return nil
	}
	for _, a := range scalar {
		if a.index.Coef(r.axis) != 1 {
			return nil
		}
	}
	first := c.Red[0]
	rest := t.deep / first
	part := divisor(first, max(partDepth/rest, 1))
	if part == first || rest > 4*partDepth {
		return nil
	}
	if s := t.partSchedule(part); s != nil {
		return []Schedule{s}
	}
	return nil
}

// partSchedule does the given number of iterations of the outermost reduction loop
// at a time, all rows of a parallel iteration inside. It gives none where that
// leaves threads without work, or no rows to share what a part brings.
func (t *tiling) partSchedule(part int) Schedule {
	c, r := t.c, t.rows[0]
	var s Schedule
	var par, order []string
	for _, a := range t.outer {
		par = append(par, t.name(a))
	}
	panel, vec := s.cut(t.name(t.vec), c.Axes[t.vec], t.width)
	rows, row := c.Axes[r.axis], t.name(r.axis)
	count, cols := 1, c.Axes[t.vec]
	for _, a := range t.outer {
		count *= c.Axes[a]
	}
	if panel != "" && cols%t.width == 0 {
		count, cols, par, panel = count*cols/t.width, t.width, append(par, panel), ""
	}
	n := t.rowBlock(rows, r.n, count, 2*float64(t.deep)*float64(cols))
	if count*(rows/n) < 4*t.m.Threads || n < 4*r.n {
		return nil
	}
	if n < rows {
		s = append(s, split(row, n))
		par, row, rows = append(par, row+".0"), row+".1", n
	}
	tiles, unrolled := s.cut(row, rows, r.n)
	space := len(c.Axes)
	k, inside := t.name(space), ""
	if part > 1 {
		k, inside = s.cut(k, c.Red[0], part)
	}
	order = join(par, k, panel, tiles, inside)
	last := space + len(c.Red) - 1
	for a := space + 1; a < last; a++ {
		order = append(order, t.name(a))
	}
	u := c.Extent(last)
	if u > 16 {
		u = unrolling(u)
	}
	ko, ki := s.cut(t.name(last), c.Extent(last), u)
	s = append(s, step(Reorder, join(order, ko, ki, unrolled, vec)...))
	s = append(s, step(Unroll, ki, unrolled), step(Vectorize, vec))
	if len(par) > 0 {
		s = append(s, step(Parallel, par...))
	}
	for _, a := range t.loads {
		if !slices.Contains(t.packs, a.operand) && t.packable(a) && t.once(a) {
			t.packs = append(t.packs, a.operand)
		}
	}
	for _, p := range t.packs {
		s = append(s, Step{Op: Pack, N: p})
	}
	return s
}

// once reports whether packing an operand copies each element once at most.
func (t *tiling) once(a access) bool {
	size := 1
	for _, term := range a.index.Terms {
		size *= t.c.Extent(term.Axis)
	}
	return size <= t.c.In[a.operand].Elems()
}

// rowBlock is how many rows a parallel iteration takes: all, or parts of them
// without a rest until there are enough iterations that are short enough. A row
// costs the given operations.
func (t *tiling) rowBlock(rows, tile, count int, flops float64) int {
	best := rows
	for b := 2; rows/b >= 64; b++ {
		if count*(rows/best) >= 4*t.m.Threads && flops*float64(best) <= partFLOPs {
			break
		}
		if rows%b == 0 && rows/b%tile == 0 {
			best = rows / b
		}
	}
	return best
}
