package schedule

// narrow gives a schedule of a contraction with few columns whose rows are
// contiguous, such as the gradient of weights to three colours: lanes along the
// rows, all columns unrolled, so that the result is stored with gaps. It gives none
// where the rows are few or apart.
func (f *form) narrow() []Schedule {
	c, lanes := f.c, f.m.Lanes
	last, k := len(c.Axes)-1, len(c.Axes)+len(c.Red)-1
	cols := c.Axes[last]
	vec, scalar := f.operands()
	row := f.freeAxes(vec)[0]
	if cols*2 > lanes || cols > 8 || c.Axes[row] < lanes {
		return nil
	}
	for _, a := range scalar {
		if n := a.index.Coef(row); n != 0 && n != 1 {
			return nil
		}
	}
	var s Schedule
	whole := (c.Axes[row] + lanes - 1) / lanes
	limit := min((f.m.Registers-2)/(cols+1), max(16/cols, 1)) // the tile, and a vector of rows
	ro, ri := s.cut(f.name(row), c.Axes[row], lanes*divisor(whole, max(limit, 1)))
	var par []string
	for a := range last {
		if a != row {
			par = append(par, f.name(a))
		}
	}
	order := join(par, ro)
	if ro != "" && c.Axes[row]%lanes == 0 {
		par = order
	}
	for a := len(c.Axes); a < k; a++ {
		order = append(order, f.name(a))
	}
	ko, ki := s.cut(f.name(k), c.Extent(k), unrolling(c.Extent(k)))
	order = join(order, ko, ki, f.name(last), ri)
	s = append(s, step(Reorder, order...), step(Unroll, ki, f.name(last)), step(Vectorize, ri))
	if len(par) > 0 {
		s = append(s, step(Parallel, par...))
	}
	return []Schedule{s}
}
