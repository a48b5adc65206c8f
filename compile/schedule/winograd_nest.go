package schedule

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// filtering makes the kernels of a planar convolution by minimal filtering. A first kernel transforms the weights. The
// main one works on blocks of whole rows of tiles: for each block it transforms the data, multiplies them for each point
// with the weights of that point, and makes results of the sums. Between these stages data and sums wait in scratch memory
// that belongs to a run of blocks, which one thread does, so that it stays in that thread's cache:
//
//	weights [phase point panel deep width], data [run phase point tile deep], sums [run phase point tile outs]
//
// where data has one phase if all phases read the same.
type filtering struct {
	*planar
	m          loop.Machine
	lanes      int
	width      int // of a panel of weights
	tile       int // rows of the register tile
	many, band int // a block is so many images by so many rows of tiles
	blocks     int
	run        int // blocks that one thread does
}

// The scratch buffers.
const (
	scratchWeights = iota
	scratchData
	scratchSums
	scratchTurned // weights in another order
)

// maxTiles bounds a block, since more tiles do not make the weights' share of its time less.
const maxTiles = 64

// longPoint is the most terms of a point that are added up one after the other: fewer than longSum, since they are larger
// than a result's own.
const longPoint = longSum / 2

// shortPoint is a number of terms to add up by themselves, a divisor of n in whole fours where there is one.
func shortPoint(n int) int {
	for d := longPoint; d >= longPoint/2; d -= 4 {
		if n%d == 0 {
			return d
		}
	}
	return longPoint
}

// filter plans the loops for a machine.
func (p *planar) filter(m loop.Machine) *filtering {
	w := &filtering{planar: p, m: m, lanes: max(m.Lanes, 1)}
	w.width = min(2*w.lanes, p.outs)
	w.block()
	w.blocks = p.images * p.tileRows() / (w.many * w.band)
	w.run = w.blocks / divisor(w.blocks, 4*max(m.Threads, 1))
	regs, nv := m.Registers, (w.width+w.lanes-1)/w.lanes
	if regs == 0 {
		regs = 16
	}
	hide, start := (&tiling{form: &form{m: m}}).rhythm(nv)
	w.tile = balanced(w.tiles(), min(max((regs-nv-1)/nv, 1), 16), hide, start)
	return w
}

// tiles is how many a block has.
func (w *filtering) tiles() int { return w.many * w.band * w.tileCols() }

func (p *planar) square() int { return p.f.points() * p.f.points() }

func (w *filtering) panels() int { return (w.outs + w.width - 1) / w.width }

// weightElems, dataElems and sumElems are the sizes of the scratch buffers, the latter two of one run.
func (w *filtering) weightElems() int {
	return area(w.phases) * w.square() * w.panels() * w.deep() * w.width
}
func (w *filtering) dataElems() int { return area(w.dataPhases()) * w.square() * w.tiles() * w.deep() }
func (w *filtering) sumElems() int  { return area(w.phases) * w.square() * w.tiles() * w.outs }

// scratch is the logical buffer of a scratch buffer.
func (p *planar) scratch(i int) int { return len(p.c.In) + len(p.c.Out) + i }

// block chooses how many rows of tiles make a block: what leaves half of the second cache to the weights, and gives every
// thread some blocks.
func (w *filtering) block() {
	l2 := w.m.L2
	if l2 == 0 {
		l2 = 1 << 20
	}
	w.many, w.band = 1, 1
	try := func(many, band int) bool {
		tiles := many * band * w.tileCols()
		bytes := 4 * w.square() * tiles * (area(w.dataPhases())*w.deep() + area(w.phases)*w.outs)
		flops := 2 * float64(area(w.phases)*w.square()*w.deep()*w.outs) * float64(tiles)
		enough := w.images*w.tileRows()/(many*band) >= 4*max(w.m.Threads, 1)
		if tiles > maxTiles || flops > callFLOPs || !enough || bytes > l2/2 && tiles > 16 {
			return false
		}
		w.many, w.band = many, band
		return true
	}
	for band := 2; band <= w.tileRows(); band++ {
		if w.tileRows()%band == 0 {
			try(1, band)
		}
	}
	for many := 2; w.band == w.tileRows() && many <= w.images; many++ {
		if w.images%many == 0 {
			try(many, w.band)
		}
	}
}

// plan gives the kernels.
func (w *filtering) plan() *Plan {
	slots := w.blocks / w.run
	p := &Plan{Scratch: []int{w.weightElems(), slots * w.dataElems(), slots * w.sumElems()}}
	weights := w.planar
	if w.wOut != 1 {
		k, turned := w.turn()
		p.Scratch, weights = append(p.Scratch, w.turnedElems()), turned
		p.Kernels = append(p.Kernels, k)
	}
	p.Kernels = append(p.Kernels, w.weights(weights), w.main())
	return p
}

// turn copies weights whose outputs lie apart to [phases phases taps taps ins outs], and gives the convolution with these.
func (w *filtering) turn() (Kernel, *planar) {
	axes := []int{w.phases[0], w.phases[1], w.taps(), w.taps(), w.ins, w.outs}
	from := []int{w.wPhase[0], w.wPhase[1], w.wRow, w.wCol, w.wC, w.wOut}
	index, t := expr.Int(w.wAt), *w.planar
	to := []*int{&t.wPhase[0], &t.wPhase[1], &t.wRow, &t.wCol, &t.wC, &t.wOut}
	size := 1
	for i := len(axes) - 1; i >= 0; i-- {
		index, *to[i] = totalOf(index, scaled(from[i], expr.At(i))), size
		size *= axes[i]
	}
	t.w, t.wAt = w.scratch(scratchTurned), 0
	k := simple(&expr.Compute{
		Name: w.c.Name + "_turn", In: []ir.Type{w.c.In[w.w]}, Out: []ir.DType{ir.F32}, Axes: axes,
		Outs: []*expr.Expr{expr.Get(0, ir.F32, index)},
	}, w.m)
	for i, a := range k.Args {
		k.Args[i] = []int{w.w, t.w}[a]
	}
	return k, &t
}

func (w *filtering) turnedElems() int { return area(w.phases) * w.taps() * w.taps() * w.ins * w.outs }

// weights is the kernel that transforms the weights of p, for each channel of each plane of taps.
func (w *filtering) weights(p *planar) Kernel {
	n := newNester(w.c.Name + "_weights")
	size := w.turnedElems()
	if p.w < len(w.c.In) {
		size = w.c.In[p.w].Elems()
	}
	from, to := n.buf("w", p.w, size, loop.In), n.buf("u", w.scratch(scratchWeights), w.weightElems(), loop.Out)
	n.nest.Body = n.loop("d", w.deep(), loop.Parallel, func(d *expr.Expr) []loop.Stmt {
		a, b, c := w.plane(d)
		base := totalOf(expr.Int(p.wAt), scaled(p.wRow, a), scaled(p.wCol, b), scaled(p.wC, c))
		return n.phases(w.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			base := totalOf(base, scaled(p.wPhase[0], phase[0]), scaled(p.wPhase[1], phase[1]))
			return n.chunks("k", w.outs, w.width, func(panel *expr.Expr, size int) []loop.Stmt {
				return w.points(w.f.filter, n, size, func(i, j int, v *expr.Expr) *expr.Expr {
					return expr.Get(from, ir.F32, totalOf(base, expr.Int(w.stride*(i*p.wRow+j*p.wCol)), panel, v))
				}, func(i, j int, v, value *expr.Expr) []loop.Stmt {
					return []loop.Stmt{&loop.Store{Buf: to, Index: w.weightAt(number, expr.Int(i*w.f.points()+j), panel, d, v), Value: value}}
				})
			})
		})
	})
	return n.kernel()
}

// weightAt is an index of the transformed weights, in the panel that begins with an output.
func (w *filtering) weightAt(phase, point, panel, d, v *expr.Expr) *expr.Expr {
	size := w.panels() * w.deep() * w.width
	return totalOf(scaled(w.square()*size, phase), scaled(size, point), scaled(w.deep(), panel), scaled(w.width, d), v)
}

// phases runs over the phases of rows and of columns, and gives the number of each pair.
func (n *nester) phases(count [2]int, body func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt) []loop.Stmt {
	return n.loop("f", count[0], loop.Serial, func(a *expr.Expr) []loop.Stmt {
		return n.loop("g", count[1], loop.Serial, func(b *expr.Expr) []loop.Stmt {
			return body([2]*expr.Expr{a, b}, totalOf(scaled(count[1], a), b))
		})
	})
}

// plane is the place of the first tap, and the channel, that number d of all channels of all planes stands for.
func (p *planar) plane(d *expr.Expr) (a, b, c *expr.Expr) {
	if p.stride == 1 {
		return expr.Int(0), expr.Int(0), d
	}
	plane := expr.Bin(expr.Div, d, expr.Int(p.ins))
	s := expr.Int(p.stride)
	return expr.Bin(expr.Div, plane, s), expr.Bin(expr.Mod, plane, s), expr.Bin(expr.Mod, d, expr.Int(p.ins))
}

// points does a transformation along both axes for count lanes: coef has a row for each result. Where registers are few,
// each row of results has a loop of its own.
func (w *filtering) points(coef [][]float64, n *nester, count int, value func(i, j int, v *expr.Expr) *expr.Expr,
	store func(i, j int, v, value *expr.Expr) []loop.Stmt) (all []loop.Stmt) {
	row := func(i int, v *expr.Expr) (list []loop.Stmt) {
		part := make([]*expr.Expr, len(coef[0]))
		for j := range part {
			part[j] = combine(coef[i], func(k int) *expr.Expr { return value(k, j, v) })
		}
		for j := range coef {
			list = append(list, store(i, j, v, combine(coef[j], func(k int) *expr.Expr { return part[k] }))...)
		}
		return list
	}
	if w.m.Registers >= 32 {
		return n.vector(count, func(v *expr.Expr) (list []loop.Stmt) {
			for i := range coef {
				list = append(list, row(i, v)...)
			}
			return list
		})
	}
	for i := range coef {
		body := n.vector(count, func(v *expr.Expr) []loop.Stmt { return row(i, v) })
		all = append(all, &loop.For{Var: n.variable("i"), N: 1, Body: body})
	}
	return all
}
