package schedule

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

const (
	// longSum is the most terms that are added up one after the other. Longer sums are
	// made of sums: rounding errors grow with the square root of the terms in a row.
	longSum = 128
	// waiting names the tile of a sum of sums.
	waiting = "sums"
)

// bare reports whether the results of the reduction are the only output, and that
// output lies in no operand's memory, so that sums may wait there.
func (d *design) bare() bool {
	for _, t := range d.c.In {
		if t.Elems() == ir.Elems(d.c.Axes) {
			return false
		}
	}
	return len(d.c.Outs) == 1 && d.c.Outs[0].Op == expr.Acc && len(d.copies()) == 0
}

// sums is the logical buffer in which a reduction in parts adds up.
func (d *design) sums() int {
	if d.bare() {
		return len(d.c.In)
	}
	return scratchOf(d.c, len(d.pack))
}

// sumElems is the size of the buffer of sums: the coordinates, once a copy.
func (d *design) sumElems() int { return ir.Elems(extents(d.copies())) * ir.Elems(d.c.Axes) }

// firstKernel sets the sums of a reduction in parts to the value to begin from.
func (d *design) firstKernel() Kernel {
	c := &expr.Compute{
		Name: d.c.Name + "_start", Out: []ir.DType{d.c.Body.Type}, Axes: []int{d.sumElems()},
		Outs: []*expr.Expr{d.c.Comb.Start(d.c.Body.Type)},
	}
	k := simple(c, d.m)
	k.Args[0] = d.sums()
	return k
}

// lastKernel makes the outputs from the sums of a reduction in parts, all copies of
// them combined.
func (d *design) lastKernel() Kernel {
	in, size := len(d.c.In), ir.Elems(d.c.Axes)
	n := d.sumElems() / size
	at := expr.Times(expr.At(len(d.c.Axes)), expr.Int(size))
	if n == 1 {
		at = expr.Int(0)
	}
	inside := size
	for a, extent := range d.c.Axes {
		inside /= extent
		at = expr.Plus(at, expr.Times(expr.At(a), expr.Int(inside)))
	}
	c := *d.c
	sum := expr.Get(in, c.Body.Type, at)
	if n > 1 {
		c.Red, c.Body = []int{n}, sum
	} else {
		c = *c.Rewrite(func(e *expr.Expr) *expr.Expr {
			if e.Op == expr.Acc {
				return sum
			}
			return nil
		})
		c.Red, c.Body = nil, nil
	}
	c.Name += "_end"
	c.In = append(append([]ir.Type{}, c.In...), ir.Of(d.c.Body.Type, n*size))
	k := simple(&c, d.m)
	for i, a := range k.Args {
		switch {
		case a == in:
			k.Args[i] = d.sums()
		case a > in:
			k.Args[i]--
		}
	}
	return k
}

// simple is the kernel of an elementwise Compute by its default schedule.
func simple(c *expr.Compute, m loop.Machine) Kernel {
	c = Collapse(c)
	d, err := arrange(c, Default(c, m), m)
	if err != nil {
		panic(err) // Default's schedules are legal
	}
	return d.kernel()
}

// reduction makes the statements inside the outer loops: the tile is set, the
// reduction's loops accumulate into it, the outputs are written from it. A
// vectorised reduction keeps one partial result a lane and combines them at last.
// Where the loops are part of the reduction only, their results go to the sums in
// scratch memory instead.
func (b *builder) reduction() []loop.Stmt {
	c := b.c
	inner := b.order[b.firstRed():]
	tile := b.tile()
	vec := inner[len(inner)-1]
	var out []loop.Stmt
	var acc []int
	switch cut := b.subtotals(inner); {
	case vec.kind == loop.Vector && !vec.space:
		acc, out = b.across(inner, vec)
	case cut > 0:
		acc, out = b.sumOfSums(inner, cut)
	default:
		acc, out = b.accumulate(tile, inner)
	}
	result := func() (all []*expr.Expr) {
		for i, r := range c.Reductions() {
			all = append(all, expr.Tile(acc[i], r.Body.Type, b.tileIndex(tile)...))
		}
		return all
	}
	if !b.inParts() {
		return append(out, b.loops(tile, func() []loop.Stmt { return b.stores(result()) })...)
	}
	sums := b.bufs[b.sums()]
	return append(out, b.loops(tile, func() []loop.Stmt {
		copies := b.index(b.copies())
		at := expr.Plus(expr.Times(copies, expr.Int(ir.Elems(c.Axes))), b.index(b.design.axes[:len(c.Axes)]))
		at = sumOf(at).expr()
		value := expr.Bin(c.Comb.Op(), expr.Get(sums, c.Body.Type, at), result()[0])
		return []loop.Stmt{&loop.Store{Buf: sums, Index: at, Value: value}}
	})...)
}

// fill sets tiles, one a reduction, to the values to begin from.
func (b *builder) fill(acc []int, dims []*node) []loop.Stmt {
	return b.loops(dims, func() (list []loop.Stmt) {
		for i, r := range b.c.Reductions() {
			start := r.Comb.Start(r.Body.Type)
			list = append(list, &loop.Set{Local: acc[i], Index: b.tileIndex(dims), Value: start})
		}
		return list
	})
}

// add combines tiles into others.
func (b *builder) add(to, from []int, toDims, dims []*node) []loop.Stmt {
	return b.loops(dims, func() (list []loop.Stmt) {
		for i, r := range b.c.Reductions() {
			v := expr.Tile(from[i], r.Body.Type, b.tileIndex(dims)...)
			list = append(list, &loop.Accum{Local: to[i], Index: b.tileIndex(toDims), Comb: r.Comb, Value: v})
		}
		return list
	})
}

// locals declares a tile for each reduction.
func (b *builder) locals(name string, dims []*node) (acc []int) {
	for i, r := range b.c.Reductions() {
		label := name
		if i > 0 {
			label = fmt.Sprint(name, i)
		}
		acc = append(acc, b.local(label, r.Body.Type, dims))
	}
	return acc
}

// accumulate sets tiles and runs the loops that accumulate into them.
func (b *builder) accumulate(dims, loops []*node) (acc []int, out []loop.Stmt) {
	acc = b.locals("partial", dims)
	return acc, append(b.fill(acc, dims), b.loops(loops, func() (list []loop.Stmt) {
		for i, r := range b.c.Reductions() {
			list = append(list, &loop.Accum{
				Local: acc[i], Index: b.tileIndex(dims), Comb: r.Comb, Value: b.lower(r.Body, nil, true),
			})
		}
		return list
	})...)
}

// across reduces in lanes.
func (b *builder) across(inner []*node, vec *node) (total []int, out []loop.Stmt) {
	tile := b.tile()
	partial := append(append([]*node{}, tile...), vec)
	acc, out := b.accumulate(partial, inner)
	total = b.locals("total", tile)
	out = append(out, b.fill(total, tile)...)
	return total, append(out, b.add(total, acc, tile, partial)...)
}

// sumOfSums runs the loops from cut on as a sum by itself in each iteration of those
// before, and adds it to the sums that wait in memory.
func (b *builder) sumOfSums(inner []*node, cut int) (total []int, out []loop.Stmt) {
	tile := b.tile()
	total = b.locals(waiting, tile)
	out = b.fill(total, tile)
	return total, append(out, b.loops(inner[:cut], func() []loop.Stmt {
		acc, some := b.accumulate(tile, inner[cut:])
		return append(some, b.add(total, acc, tile, tile)...)
	})...)
}

// subtotals is the place in the reduction's loops where sums begin that are short
// enough to be made one after the other, or 0 where all the loops are.
func (b *builder) subtotals(inner []*node) int {
	last := inner[len(inner)-1]
	if b.m.Kind != loop.CPU || len(b.c.More) > 0 || b.c.Comb != expr.Sum || b.c.Body.Type != ir.F32 || len(b.tile()) < 2 ||
		last.kind != loop.Vector {
		return 0
	}
	terms := 1
	for i := len(inner) - 1; i >= 0; i-- {
		n := inner[i]
		if n.space {
			continue
		}
		if terms*n.size > longSum && terms >= longSum/8 && n.kind == loop.Serial {
			return i + 1
		}
		terms *= n.size
	}
	return 0
}
