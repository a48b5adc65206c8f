package schedule

// dots gives schedules of a contraction with few columns, such as a convolution
// to three colours, and of a product of few rows with a transposed matrix: lanes
// along the reduction, a tile of rows x columns of partial dot products. It gives
// none where another form is better, or where the operand that varies along the
// rows is not contiguous in the reduction.
func (f *form) dots() []Schedule {
	c, lanes := f.c, f.m.Lanes
	last, k := len(c.Axes)-1, len(c.Axes)+len(c.Red)-1
	cols, deep := c.Axes[last], c.Extent(k)
	vec, scalar := f.operands()
	free := f.freeAxes(vec)
	row, wide := free[0], cols
	if cols*2 > lanes || cols > 6 {
		if f.c.Axes[row] >= 8 || f.strided(k) > 0 || f.strided(last) == 0 {
			return nil
		}
		wide = 4
		if (f.m.Registers-4)/(wide+1) < 4 && f.rows(free) >= 64 {
			return nil // the columns would pass for two rows at a time: packed ones serve more
		}
	}
	if deep < 2*lanes {
		return nil
	}
	for _, a := range scalar {
		if n := a.index.Coef(k); n != 0 && n != 1 {
			return nil
		}
	}
	var packs []int
	for _, a := range vec {
		if n := a.index.Coef(k); n == 0 || n == 1 {
			continue
		}
		if _, _, err := packed(c, a.operand); err != nil {
			return nil
		}
		packs = append(packs, a.operand)
	}
	limit := max((f.m.Registers-4)/(wide+1), 1)
	n := balanced(c.Axes[row], min(limit, 6), 2.5, 0.25)

	var s Schedule
	co, ci := s.cut(f.name(last), cols, wide)
	ro, ri := s.cut(f.name(row), c.Axes[row], n)
	par := s.outerParallel(f, row, 1)
	order := join(f.outerOrder(par, row), co, ro)
	if par == nil {
		order = join(nil, co, ro)
		order = append(order, f.outerOrder(nil, row)...)
		par = order[:min(1, len(order))]
		if co == "" && ro == "" {
			par = nil
		}
	}
	for a := row + 1; a < last; a++ {
		order = append(order, f.name(a))
	}
	for a := len(c.Axes); a < k; a++ {
		order = append(order, f.name(a))
	}
	ko, ki := s.cut(f.name(k), deep, lanes)
	order = join(order, ko, ri, ci, ki)
	s = append(s, step(Reorder, order...), step(Unroll, ri, ci), step(Vectorize, ki))
	if len(par) > 0 {
		s = append(s, step(Parallel, par...))
	}
	for _, p := range packs {
		s = append(s, Step{Op: Pack, N: p})
	}
	return []Schedule{s}
}
