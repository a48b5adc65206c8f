package schedule

const (
	// stepDepth is about how many iterations of a reduction make a step: few enough that
	// all they read stays in cache while all results pass, enough that adding to the sums is
	// little beside it.
	stepDepth = 64
	// leastDepth is the shortest reduction that steps pay for.
	leastDepth = 512
)

// inSteps gives a schedule of a long reduction with small register tiles, which read
// a line of memory for few products: steps of it are done for a block of results
// whose sums stay in L2, before the next step. Threads share blocks of results, and
// where there are few, the reduction. It gives none where the rows of operands are
// not contiguous, or the reduction is short or has no steps of a good size.
func (t *tiling) inSteps(l2 int) []Schedule {
	r := t.rows[0]
	if t.deep < leastDepth || t.width < t.m.Lanes || len(t.rows) > 1 || t.c.Axes[r.axis] < t.m.Lanes {
		return nil
	}
	_, scalar := t.operands()
	for _, a := range scalar {
		if a.index.Coef(r.axis) != 1 {
			return nil
		}
	}
	at, part := t.stepOf()
	if part == 0 {
		return nil
	}
	b, ok := t.block(l2, at, part)
	if !ok {
		return nil
	}
	return []Schedule{t.stepSchedule(b, at, part)}
}

// stepOf finds the loop of the reduction and the part of it that make a step with the
// loops inside; 0 where none is near the depth of a step.
func (t *tiling) stepOf() (at, part int) {
	red := t.c.Red
	inside := 1
	for at = len(red) - 1; at > 0 && inside*red[at] <= stepDepth; at-- {
		inside *= red[at]
	}
	off := 0.0
	for d := 1; d <= red[at] && d*inside <= 2*stepDepth; d++ {
		x := float64(d*inside) / stepDepth
		if red[at]%d == 0 && x >= 0.5 && (part == 0 || max(x, 1/x) < off) {
			part, off = d, max(x, 1/x)
		}
	}
	if part*inside == t.deep {
		return 0, 0
	}
	return at, part
}

// block is what a thread does of the results: how many of the outer axes are parallel,
// columns of the vector axis, and copies of the sums that share the reduction.
type block struct{ outer, cols, copies int }

// block finds the largest block of results whose sums fill no more than five eighths
// of L2, with work for all threads.
func (t *tiling) block(l2, at, part int) (block, bool) {
	c := t.c
	cols, rows := c.Axes[t.vec], c.Axes[t.rows[0].axis]
	inside := 1
	for _, a := range t.outer {
		inside *= c.Axes[a]
	}
	b := block{0, cols, 1}
	count := 1
	for 4*inside*rows*b.cols > l2*5/8 {
		switch {
		case b.outer < len(t.outer):
			n := c.Axes[t.outer[b.outer]]
			b.outer++
			inside /= n
			count *= n
		case b.cols%(2*t.width) == 0:
			b.cols /= 2
			count *= 2
		default:
			return b, false
		}
	}
	if t.m.Threads < 2 || count >= 2*t.m.Threads {
		return b, true
	}
	first := c.Red[0]
	if at == 0 {
		first /= part
	}
	for n := 2; n <= first; n++ {
		if first%n == 0 && n*count >= 2*t.m.Threads {
			b.copies = n
			return b, n*count <= 16*t.m.Threads
		}
	}
	return b, false
}

// stepSchedule writes the steps: what is parallel, the loops over steps, the other
// outer axes, panels of columns, rows, and the step itself around the tile.
func (t *tiling) stepSchedule(b block, at, part int) Schedule {
	c, r := t.c, t.rows[0]
	var s Schedule
	var par, order []string
	for i, a := range t.outer {
		if i < b.outer {
			par = append(par, t.name(a))
		} else {
			order = append(order, t.name(a))
		}
	}
	cols, name := c.Axes[t.vec], t.name(t.vec)
	group, name := s.cut(name, cols, b.cols)
	par = join(par, group)
	panel, vec := s.cut(name, b.cols, t.width)
	tiles, row := s.cut(t.name(r.axis), c.Axes[r.axis], r.n)
	order = join(order, panel, tiles)

	space := len(c.Axes)
	var steps, inside []string
	for a, n := range c.Red {
		name, inner := t.name(space+a), ""
		switch {
		case a > at || a == at && part == n:
			inside = append(inside, name)
			continue
		case a == at && part > 1:
			name, inner = s.cut(name, n, part)
			n /= part
		}
		inside = join(inside, inner)
		switch {
		case a > 0 || b.copies == 1:
			steps = append(steps, name)
		case b.copies == n:
			par = append(par, name)
		default:
			copies, rest := s.cut(name, n, n/b.copies)
			par, steps = append(par, copies), append(steps, rest)
		}
	}
	last, n := inside[len(inside)-1], c.Red[len(c.Red)-1]
	if at == len(c.Red)-1 {
		n = part
	}
	u := n
	if u > 16 {
		u = unrolling(u)
	}
	ko, ki := s.cut(last, n, u)
	order = join(join(join(par, steps...), order...), inside[:len(inside)-1]...)
	s = append(s, step(Reorder, join(order, ko, ki, row, vec)...))
	s = append(s, step(Unroll, ki, row), step(Vectorize, vec))
	if len(par) > 0 {
		s = append(s, step(Parallel, par...))
	}
	for _, p := range t.packs {
		s = append(s, Step{Op: Pack, N: p})
	}
	return s
}
