package schedule

import (
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// chunk is how many elements one iteration of a parallel loop should take, so
// that handing it out costs little beside it.
const chunk = 4096

// Default chooses a schedule from the shape of the Compute alone: register tiles
// and packing for contractions, lanes along contiguous memory for the others,
// blocks and threads on a GPU. The result is legal for Apply with the same
// Compute and machine; should an unusual one exceed the registers, it falls back
// to simpler forms, at last to plain loops.
func Default(c *expr.Compute, m loop.Machine) Schedule {
	if c.Verify() != nil || ir.Elems(c.Axes) == 0 {
		return nil
	}
	c = Collapse(c)
	if m.Kind == loop.CPU && m.Lanes > 1 {
		if f := (&form{c: c, m: m}).filtered(); f != nil {
			return f
		}
	}
	return Direct(c, m)
}

// Direct is the default schedule that computes as the Compute says: without minimal filtering, which a search may compare
// with it.
func Direct(c *expr.Compute, m loop.Machine) Schedule {
	if c.Verify() != nil || ir.Elems(c.Axes) == 0 {
		return nil
	}
	c = Collapse(c)
	for _, s := range proposals(c, m) {
		s = slices.DeleteFunc(s, func(t Step) bool { return t.Op == Reorder && len(t.Loops) < 2 })
		if _, err := arrange(c, s, m); err == nil {
			return s
		}
	}
	return nil
}

// proposals lists schedules, best first.
func proposals(c *expr.Compute, m loop.Machine) []Schedule {
	f := look(c, m)
	switch {
	case m.Kind == loop.GPU:
		return []Schedule{f.gpu(2), f.gpu(1)}
	case m.Kind == loop.Scalar:
		return nil
	case m.Lanes <= 1:
		return []Schedule{f.plain()}
	case c.Body == nil:
		return []Schedule{f.elementwise(), f.mapped(1)}
	case f.contraction():
		return slices.Concat(f.narrow(), f.dots(), f.contract(), []Schedule{f.reduced(2), f.reduced(1)})
	}
	return append(f.windows(), f.reduced(4), f.reduced(2), f.reduced(1))
}

// form is what Default sees in a collapsed Compute.
type form struct {
	c     *expr.Compute
	m     loop.Machine
	loads []access // affine loads of Body, or of Outs where there is no reduction
	other int      // loads that are not affine
	nodes int      // expressions but those of indices: a measure of the work an element
	body  int      // those of them in the reduction
}

type access struct {
	operand int
	index   expr.Linear
	plain   bool // no predicate
}

func look(c *expr.Compute, m loop.Machine) *form {
	f := &form{c: c, m: m}
	sums := len(c.Reductions())
	for i, root := range c.Roots() {
		f.visit(root, c.Body == nil || i < sums, map[*expr.Expr]bool{})
		if i < sums {
			f.body = f.nodes
		}
	}
	return f
}

// visit counts expressions, those of indices left out, and collects loads.
func (f *form) visit(e *expr.Expr, main bool, seen map[*expr.Expr]bool) {
	if e == nil || seen[e] {
		return
	}
	seen[e] = true
	f.nodes++
	f.visit(e.Pred, main, seen)
	if e.Op != expr.Load {
		for _, a := range e.Args {
			f.visit(a, main, seen)
		}
		return
	}
	if !main {
		return
	}
	if l, ok := expr.Affine(e.Args[0]); ok {
		f.loads = append(f.loads, access{int(e.I), l, e.Pred == nil})
		return
	}
	f.other++
}

func (f *form) name(axis int) string { return AxisName(len(f.c.Axes), axis) }

// strided counts the loads that neighbours along an axis find neither at one
// place nor at neighbouring ones.
func (f *form) strided(axis int) int {
	n := f.other
	for _, a := range f.loads {
		if k := a.index.Coef(axis); k != 0 && k != 1 {
			n++
		}
	}
	return n
}

// width is the extent of a vector loop: up to n registers, fewer for long
// expressions, and no more than the axis has.
func (f *form) width(axis, n int) int {
	if f.nodes > 24 || len(readers(f.c)) > 1 {
		n = 1
	}
	return min(n*f.m.Lanes, f.c.Extent(axis))
}

// cutAxis splits axis by n unless it is no longer than that; it gives the outer
// loop ("" without one) and the inner.
func (s *Schedule) cut(name string, extent, n int) (outer, inner string) {
	if extent <= n {
		return "", name
	}
	*s = append(*s, split(name, n))
	return name + ".0", name + ".1"
}

// plain is for threads without vectors: the outer coordinates are shared.
func (f *form) plain() Schedule {
	var s Schedule
	par := s.outerParallel(f, len(f.c.Axes), 1)
	if len(par) == 0 {
		return nil
	}
	return append(s, step(Reorder, f.outerOrder(par, len(f.c.Axes))...), step(Parallel, par...))
}

// elementwise is a map: along the last axis, or in square tiles where an operand
// is transposed.
func (f *form) elementwise() Schedule {
	c := f.c
	last := len(c.Axes) - 1
	if last > 0 && f.strided(last) > 0 {
		for _, a := range f.loads {
			for u := range last {
				if k := a.index.Coef(last); k != 0 && k != 1 && a.index.Coef(u) == 1 {
					return f.transposed(u)
				}
			}
		}
	}
	return f.mapped(4)
}

// transposed handles squares of lanes x lanes, the axis along which the operand is
// contiguous unrolled, the last axis a vector.
func (f *form) transposed(u int) Schedule {
	c, lanes := f.c, f.m.Lanes
	last := len(c.Axes) - 1
	var s Schedule
	uo, ui := s.cut(f.name(u), c.Axes[u], lanes)
	vo, vi := s.cut(f.name(last), c.Axes[last], lanes)
	var outer []string
	for a := range last {
		if a != u {
			outer = append(outer, f.name(a))
		}
	}
	outer = join(outer, uo, vo)
	s = append(s, step(Reorder, join(outer, ui, vi)...), step(Unroll, ui), step(Vectorize, vi))
	if len(outer) > 0 {
		s = append(s, step(Parallel, outer[0]))
	}
	return s
}

func join(a []string, b ...string) []string {
	out := append([]string{}, a...)
	for _, x := range b {
		if x != "" {
			out = append(out, x)
		}
	}
	return out
}

// mapped runs along the last axis in vectors of n registers.
func (f *form) mapped(n int) Schedule {
	c := f.c
	if len(c.Axes) == 0 {
		return nil
	}
	var s Schedule
	last := len(c.Axes) - 1
	work := 1
	if f.nodes > 24 {
		work = 4
	}
	inner := f.name(last)
	outer, vec := "", inner
	w := f.width(last, n)
	par := s.outerParallel(f, last, work)
	if par != nil {
		outer, vec = s.cut(inner, c.Axes[last], w)
	} else {
		// All the work is in the last axis: its chunks are the parallel loop.
		size := chunkOf(c.Axes[last], ir.Elems(c.Axes[:last])*work, f.m.Threads, w)
		p, rest := s.cut(inner, c.Axes[last], size)
		outer, vec = s.cut(rest, min(size, c.Axes[last]), w)
		if p != "" {
			par = []string{p}
		}
	}
	order := join(par)
	for a := range last {
		if name := f.name(a); !slices.Contains(par, name) {
			if slices.Contains(par, name+".0") {
				name += ".1"
			}
			order = append(order, name)
		}
	}
	order = join(order, outer, vec)
	s = append(s, step(Reorder, order...), step(Vectorize, vec))
	if len(par) > 0 {
		s = append(s, step(Parallel, par...))
	}
	return s
}

// chunkOf cuts n iterations of the given work each into chunks that are a
// multiple of w: of about 4096 elements, or less while threads lack chunks. What
// is too small to share stays whole.
func chunkOf(n, work, threads, w int) int {
	if n*work < 2*chunk {
		return n
	}
	size := max(chunk/work, 1)
	for size > 1024/work && size > w && n/size < 4*threads {
		size /= 2
	}
	return (size + w - 1) / w * w
}

// outerParallel chooses parallel loops among the axes before the given one, which
// with the reduction is the work inside. It gives nil where these axes are too
// short to be worth it.
func (s *Schedule) outerParallel(f *form, before, work int) []string {
	axes := f.c.Axes[:before]
	inside := work * ir.Elems(f.c.Red) * ir.Elems(f.c.Axes[before:])
	outer := ir.Elems(axes)
	if outer < 2 || outer*inside < 2*chunk {
		return nil
	}
	if before < len(f.c.Axes) && outer < 4*f.m.Threads && inside > 4*chunk {
		return nil
	}
	var par []string
	count := 1
	for a, n := range axes {
		rest := ir.Elems(axes[a+1:]) * inside // work of one iteration, if this axis is the last taken
		size := max(chunk/rest, 1)
		for size > 1 && count*n/size < 4*f.m.Threads {
			size /= 2
		}
		if len(par) > 0 {
			size = divisor(n, size)
		}
		if size > 1 {
			*s = append(*s, split(f.name(a), size))
			return append(par, f.name(a)+".0")
		}
		par = append(par, f.name(a))
		count *= n
		if rest <= 2*chunk || count >= 8*f.m.Threads {
			return par
		}
	}
	return par
}

// divisor is the largest divisor of n that is at most limit.
func divisor(n, limit int) int {
	for d := min(n, limit); d > 1; d-- {
		if n%d == 0 {
			return d
		}
	}
	return 1
}

// reduced is a reduction that is no contraction: lanes along the last coordinate
// where memory is contiguous there, else along the reduction.
func (f *form) reduced(n int) Schedule {
	c := f.c
	space := len(c.Axes)
	k := space + len(c.Red) - 1
	last := space - 1
	along := k
	if last >= 0 {
		a, b, n := f.strided(last), f.strided(k), c.Axes[last]
		if a < b || a == b && n > c.Extent(k) || a == 0 && n >= f.m.Lanes {
			along = last
		}
	}
	var s Schedule
	var order, vec []string
	var par []string
	w := f.width(along, n)
	if along == last {
		par = s.outerParallel(f, last, 1)
		if par == nil && last == 0 && c.Axes[0]*ir.Elems(c.Red) >= 8*chunk {
			share := (c.Axes[0] + f.m.Threads - 1) / max(f.m.Threads, 1) // of a thread, in whole vectors
			w = min(w, (share+f.m.Lanes-1)/f.m.Lanes*f.m.Lanes)
		}
		o, v := s.cut(f.name(last), c.Axes[last], w)
		if par == nil && o != "" {
			par = []string{o}
		}
		order, vec = f.outerOrder(par, last), []string{v}
		if !slices.Contains(par, o) {
			order = join(order, o)
		}
		for a := space; a <= k; a++ {
			order = append(order, f.name(a))
		}
		order, s = f.unrollRed(order, s, k)
	} else {
		par = s.outerParallel(f, space, 1)
		o, v := s.cut(f.name(k), c.Extent(k), w)
		order = f.outerOrder(par, space)
		for a := space; a < k; a++ {
			order = append(order, f.name(a))
		}
		order, vec = join(order, o), []string{v}
	}
	s = append(s, step(Reorder, append(order, vec...)...), step(Vectorize, vec[0]))
	if len(par) > 0 {
		s = append(s, step(Parallel, par...))
	}
	return s
}

// outerOrder lists parallel loops, then what is left of the axes before an axis.
func (f *form) outerOrder(par []string, before int) []string {
	order := join(par)
	for a := range before {
		name := f.name(a)
		if slices.Contains(par, name) {
			continue
		}
		if slices.Contains(par, name+".0") {
			name += ".1"
		}
		order = append(order, name)
	}
	return order
}

// unrollRed unrolls the innermost reduction loop, the last of order, and cuts a long
// one where sums are to be made of shorter sums.
func (f *form) unrollRed(order []string, s Schedule, k int) ([]string, Schedule) {
	name, n := f.name(k), f.c.Extent(k)
	if f.body > 24 {
		return order, s
	}
	order = order[:len(order)-1]
	if f.contraction() && n > longSum {
		var outer string
		outer, name = s.cut(name, n, shortSum(n, longSum))
		order, n = join(order, outer), min(n, shortSum(n, longSum))
	}
	u := unrolling(n)
	if u < 2 {
		return join(order, name), s
	}
	o, i := s.cut(name, n, u)
	return join(order, o, i), append(s, step(Unroll, i))
}

// shortSum is a number of terms to add up by themselves, at most long: a divisor of n in
// whole fours where there is one that is not short.
func shortSum(n, long int) int {
	for d := long; d >= long/2; d-- {
		if n%d == 0 && d%4 == 0 {
			return d
		}
	}
	return long
}

// unrolling is how many steps of a reduction of n to unroll: all of a short one,
// else a divisor near four, else four with a tail.
func unrolling(n int) int {
	switch {
	case n <= 6:
		return n
	case n%4 == 0:
		return 4
	case n%5 == 0:
		return 5
	case n%3 == 0:
		return 3
	}
	return 4
}
