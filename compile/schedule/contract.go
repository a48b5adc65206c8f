package schedule

import (
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// callFLOPs is the most one iteration of a parallel loop should compute, about
// 200 us of one core: the granularity of pausing, and of the Go collector's wait.
const callFLOPs = 24e6

// streamed is how many rows are so many that they do not stay in cache between two
// panels, and that packing the panels costs nothing beside them.
const streamed = 2048

// tiling is the plan of a contraction: a register tile of rows x width, the
// vector operand streamed past it.
type tiling struct {
	*form
	vec   int // the vectorised axis, the last coordinate
	width int
	rows  []rowAxis // innermost last; only the first may be longer than its tile
	outer []int     // the other coordinates
	packs []int
	deep  int // iterations of the reduction
}

type rowAxis struct{ axis, n int }

// contraction reports whether the reduction reuses operands: one that varies
// along the last coordinate, one that does not, and a coordinate the first does
// not depend on.
func (f *form) contraction() bool {
	if f.c.Body == nil || len(f.c.More) > 0 || f.c.Comb != expr.Sum || f.other > 0 || len(f.c.Axes) < 2 {
		return false
	}
	vec, scalar := f.operands()
	return len(vec) > 0 && len(scalar) > 0 && len(f.freeAxes(vec)) > 0
}

func (f *form) operands() (vec, scalar []access) {
	for _, a := range f.loads {
		if a.index.Coef(len(f.c.Axes)-1) != 0 {
			vec = append(vec, a)
		} else {
			scalar = append(scalar, a)
		}
	}
	return vec, scalar
}

// freeAxes lists the coordinates that no vector operand depends on, innermost first.
func (f *form) freeAxes(vec []access) []int {
	var free []int
	for axis := len(f.c.Axes) - 2; axis >= 0; axis-- {
		used := false
		for _, a := range vec {
			used = used || a.index.Coef(axis) != 0
		}
		if !used {
			free = append(free, axis)
		}
	}
	return free
}

// rows is the number of coordinates along the given axes.
func (f *form) rows(axes []int) int {
	n := 1
	for _, a := range axes {
		n *= f.c.Axes[a]
	}
	return n
}

// contract gives schedules of a contraction, or none where another form is better.
func (f *form) contract() []Schedule {
	t := &tiling{form: f, vec: len(f.c.Axes) - 1, deep: ir.Elems(f.c.Red)}
	vec, scalar := f.operands()
	free := f.freeAxes(vec)
	rows := f.rows(free)
	for _, a := range vec {
		strided := a.index.Coef(t.vec) != 1
		if strided && (rows < 8 || !t.packable(a)) {
			return nil
		}
		if t.packable(a) && (strided || t.worthPacking(a, rows)) {
			t.packs = append(t.packs, a.operand)
		}
	}
	// With 32 registers a tile has so many rows that most of a line of memory is used at once: copying costs more.
	for _, a := range scalar {
		if t.m.Registers < 32 && t.packable(a) && f.c.Axes[t.vec] >= 64 && t.aliases(a) {
			t.packs = append(t.packs, a.operand)
		}
	}
	t.chooseTile(free, scalar, len(vec))
	return append(t.inParts(scalar), t.schedule())
}

// windows gives a schedule of a reduction whose operands all run along the last
// coordinate, while one of them is the same for all of another coordinate: a
// depthwise convolution, whose weights then stay in registers for a tile of rows.
func (f *form) windows() []Schedule {
	last := len(f.c.Axes) - 1
	if f.other > 0 || last < 1 || f.strided(last) > 0 || f.c.Axes[last] < f.m.Lanes {
		return nil
	}
	for row := last - 1; row >= 0; row-- {
		stay := 0
		for _, a := range f.loads {
			if a.index.Coef(row) == 0 {
				stay++
			}
		}
		if stay > 0 && stay < len(f.loads) {
			t := &tiling{form: f, vec: last, deep: ir.Elems(f.c.Red)}
			t.chooseTile([]int{row}, nil, stay)
			return []Schedule{t.schedule()}
		}
	}
	return nil
}

func (t *tiling) packable(a access) bool {
	_, _, err := packed(t.c, a.operand)
	return err == nil && a.plain
}

// pitch is the distance in bytes of successive steps of the innermost reduction
// loop that the access depends on.
func (t *tiling) pitch(a access) int {
	for k := len(t.c.Axes) + len(t.c.Red) - 1; k >= len(t.c.Axes); k-- {
		if n := a.index.Coef(k); n != 0 {
			return 4 * max(n, -n)
		}
	}
	return 0
}

// aliases: steps a multiple of 2 KB apart fall into few sets of the caches.
func (t *tiling) aliases(a access) bool {
	p := t.pitch(a)
	return p > 0 && p%2048 == 0 && t.deep >= 64
}

// worthPacking: a contiguous vector operand is copied where its lines alias, where
// it is larger than L2 and read often enough, or where two vectors make no more
// than a line: then a panel's lines lie apart, in a part of the sets of L1, which
// does not hold them.
func (t *tiling) worthPacking(a access, rows int) bool {
	l1, l2 := t.m.L1, t.m.L2
	if l1 == 0 {
		l1 = 32 << 10
	}
	if l2 == 0 {
		l2 = 1 << 20
	}
	often := rows >= streamed && t.pitch(a) > 2*line && t.deep >= 64
	thin := 8*t.m.Lanes <= line && t.pitch(a) > line && (2*line*t.deep > l1 || often)
	return t.aliases(a) && rows >= 64 || (thin || 4*t.deep*t.c.Axes[t.vec] > l2) && rows >= 512
}

// chooseTile fills the registers: two vectors and as many rows as fit, other
// numbers of vectors where the extents ask for it.
func (t *tiling) chooseTile(free []int, scalar []access, vecs int) {
	regs, lanes := t.m.Registers, t.m.Lanes
	if regs == 0 {
		regs = 16
	}
	n := (t.c.Axes[t.vec] + lanes - 1) / lanes
	nv := 2
	switch {
	case n == 1:
		nv = 1
	case n == 3 && regs >= 32:
		nv = 3
	case n >= 4 && regs >= 32 && t.rowsAlias(free[0], scalar):
		nv = 4
	}
	spare := 1
	if d := depth(t.c.Body); d > 2 {
		spare += min(d-2, 4)
	}
	limit := max((regs-nv*vecs-spare)/nv, 1)
	limit = min(limit, 16)
	hide, start := rhythm(t.m, nv)
	t.width = min(nv*lanes, t.c.Axes[t.vec])
	for i, a := range free {
		r := balanced(t.c.Axes[a], limit, hide, start)
		if i > 0 && r < 2 {
			break
		}
		t.rows = append([]rowAxis{{a, r}}, t.rows...)
		limit /= r
		if r < t.c.Axes[a] || limit < 2 || i == 1 {
			break
		}
	}
	for a := range t.vec {
		if !t.isRow(a) {
			t.outer = append(t.outer, a)
		}
	}
}

func (t *tiling) isRow(axis int) bool {
	for _, r := range t.rows {
		if r.axis == axis {
			return true
		}
	}
	return false
}

// rowsAlias: rows 4 KB apart evict each other from an 8-way L1, so few of them
// can be read side by side.
func (t *tiling) rowsAlias(axis int, scalar []access) bool {
	for _, a := range scalar {
		n := a.index.Coef(axis)
		if n != 0 && 4*n%4096 == 0 && t.deep >= 64 && !slices.Contains(t.packs, a.operand) {
			return true
		}
	}
	return false
}

// balanced is the number of rows of a tile of nv vectors, at most limit, that
// wastes least: an exact divisor if it is not small, else near limit with a tail
// that is not tiny. A tile takes the time of its rows and of start more, and no less
// than that of hide rows.
func balanced(n, limit int, hide, start float64) int {
	if n <= limit {
		return n
	}
	best, least := limit, 0.0
	for r := limit; r >= 1; r-- {
		tail := n % r
		if r < limit*3/4 && (tail != 0 || r < min(limit, 8)) {
			continue
		}
		cost := float64(n/r) * (max(float64(r), hide) + start)
		if tail > 0 {
			cost += max(float64(tail), hide) + 4
		}
		if least == 0 || cost < least {
			best, least = r, cost
		}
	}
	return best
}

// rhythm says how many rows of nv vectors hide the latency of their sums, and how
// many rows' time a tile takes besides: with 16 registers a tile has few rows, and
// eight sums in flight keep both multipliers busy.
func rhythm(m loop.Machine, nv int) (hide, start float64) {
	if m.Registers < 32 {
		return 8 / float64(nv), 0.5
	}
	return 10 / float64(nv), 0.25
}

// schedule writes the steps. The parallel loops stand outermost, then the panels
// of the vector operand, so that one stays in L1 or L2 while all rows pass.
func (t *tiling) schedule() Schedule {
	c := t.c
	var s Schedule
	panel, vec := s.cut(t.name(t.vec), c.Axes[t.vec], t.width)
	first := t.rows[0]
	var outer, par []string
	for _, a := range t.outer {
		outer = append(outer, t.name(a))
	}
	par, block, rowsFirst := t.parallel(outer, panel)
	var order []string
	row := t.name(first.axis)
	if block > 0 {
		s = append(s, split(row, block))
		order, row = []string{row + ".0"}, row+".1"
	}
	var tiles, unrolled []string
	for i, r := range t.rows {
		name, extent := t.name(r.axis), c.Axes[r.axis]
		if i == 0 && block > 0 {
			name, extent = row, min(block, extent)
		}
		o, in := s.cut(name, extent, r.n)
		tiles, unrolled = join(tiles, o), append(unrolled, in)
	}
	switch {
	case block > 0 && len(par) == 2: // par is panel and block
		order = join(par)
	case block > 0:
		order = join(order, panel)
	case rowsFirst:
		order = join(join(outer, tiles...), panel)
		tiles = nil
	default:
		order = join(outer, panel)
	}
	order = join(order, tiles...)
	k := len(c.Axes) + len(c.Red) - 1
	order = join(order, t.reductionLoops(&s)...)
	before := len(s)
	order, s = t.unrollRed(order, s, k)
	var marks []string
	for _, x := range s[before:] {
		if x.Op == Unroll {
			marks = x.Loops
		}
	}
	if len(marks) > 0 {
		s = s[:len(s)-1]
	}
	order, marks = append(order, unrolled...), append(marks, unrolled...)
	s = append(s, step(Reorder, append(order, vec)...))
	s = append(s, step(Unroll, marks...), step(Vectorize, vec))
	if len(par) > 0 {
		s = append(s, step(Parallel, par...))
	}
	for _, p := range t.packs {
		s = append(s, Step{Op: Pack, N: p})
	}
	return s
}

// reductionLoops lists the loops of the reduction. One is cut where the loops inside
// are too few terms for a sum by itself, and with it too many.
func (t *tiling) reductionLoops(s *Schedule) []string {
	var loops []string
	inside := 1
	for a := len(t.c.Red) - 1; a >= 0; a-- {
		name, n := t.name(len(t.c.Axes)+a), t.c.Red[a]
		if d := divisor(n, longSum/inside); a < len(t.c.Red)-1 && inside < longSum/2 && d > 1 && d < n {
			outer, inner := s.cut(name, n, d)
			loops = append([]string{outer, inner}, loops...)
			inside = longSum
			continue
		}
		loops = append([]string{name}, loops...)
		inside = min(inside*n, longSum)
	}
	return loops
}

// parallel chooses the loops that threads share. block > 0 asks for the rows to
// be split into blocks of that many; rowsFirst for rows outside panels.
func (t *tiling) parallel(outer []string, panel string) (par []string, block int, rowsFirst bool) {
	c, first := t.c, t.rows[0]
	threads := max(t.m.Threads, 1)
	cols, rows := c.Axes[t.vec], c.Axes[first.axis]
	panels := (cols + t.width - 1) / t.width
	tiles := (rows + first.n - 1) / first.n
	all := 1.0 // other rows of the tile
	for _, r := range t.rows[1:] {
		all *= float64(c.Axes[r.axis])
	}
	flops := func(rows, cols int) float64 { return 2 * float64(t.deep) * float64(rows) * float64(cols) * all }
	if len(outer) > 0 {
		n := 1
		for _, a := range t.outer {
			n *= c.Axes[a]
		}
		switch {
		case n >= 4*threads && flops(rows, cols) <= callFLOPs || n >= 16*threads:
			return outer, 0, false
		case panels > 1 && cols%t.width == 0:
			par = join(outer, panel)
			if tiles > 1 && rows%first.n == 0 && flops(rows, t.width) > callFLOPs {
				par = append(par, t.name(first.axis)+".0")
			}
			return par, 0, false
		case tiles > 1 && rows%first.n == 0:
			return join(outer, t.name(first.axis)+".0"), 0, true
		}
		return outer, 0, false
	}
	score := func(n, size, whole int, work float64) float64 {
		b := float64(whole) / float64(threads*((n+threads-1)/threads)*size)
		if work > callFLOPs {
			b *= 0.9
		}
		return b
	}
	best := 0.0
	row := t.name(first.axis)
	if b := t.manyRows(rows, first.n); b > 0 && panels > 1 {
		return []string{row + ".0"}, b, false
	}
	if panels > 1 {
		best, par = score(panels, t.width, cols, flops(rows, t.width)), []string{panel}
	}
	if b := t.fusedBlock(rows, panels, threads, flops); b > 0 && panels > 1 && cols%t.width == 0 {
		n := panels * (rows / b)
		if x := score(n, 1, n, flops(b, t.width)); x > best+0.02 {
			best, par, block = x, []string{panel, row + ".0"}, b
		}
	}
	if tiles < 2 {
		return par, block, false
	}
	for _, chunks := range []int{4, 2, 1} {
		per := max(tiles/(chunks*threads), 1)
		for per > 1 && flops(per*first.n, cols) > callFLOPs {
			per--
		}
		x := score((tiles+per-1)/per, per*first.n, rows, flops(per*first.n, cols))
		if 4*t.deep*cols > 1<<19 && per*first.n < 32 {
			x *= 0.7 // the whole vector operand would pass for few rows
		}
		if x > best+0.02 {
			best, block, rowsFirst, par = x, per*first.n, per == 1, []string{row + ".0"}
			if per == 1 {
				block = 0
			}
		}
	}
	return par, block, rowsFirst
}

// manyRows is the rows of a block that all panels pass while it stays in cache, where
// rows are so many that reading them for each panel costs more than the panels, and
// 0 elsewhere.
func (t *tiling) manyRows(rows, tile int) int {
	if t.m.Registers >= 32 || rows < streamed || t.width < t.m.Lanes {
		return 0
	}
	l2 := t.m.L2
	if l2 == 0 {
		l2 = 512 << 10
	}
	b := min(l2/8/(4*t.deep), rows/(8*max(t.m.Threads, 1)))
	return b / tile * tile
}

// fusedBlock is a divisor of rows that makes blocks of panel x rows of a good size.
func (t *tiling) fusedBlock(rows, panels, threads int, flops func(rows, cols int) float64) int {
	for b := rows / 2; b >= 24; b-- {
		if rows%b == 0 && flops(b, t.width) <= callFLOPs && panels*(rows/b) >= 4*threads {
			return b
		}
	}
	return 0
}
