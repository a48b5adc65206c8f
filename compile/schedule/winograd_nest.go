package schedule

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// filtering makes the kernels of a planar convolution by minimal filtering. A first kernel transforms the weights. The
// main one transforms the data of a block of tiles, multiplies them for each point with the weights of that point, and makes
// results of the sums. Between these stages data and sums wait in scratch memory:
//
//	weights [phase point panel deep width], data [run phase point tile deep], sums [run phase point tile outs]
//
// where data has one phase if all phases read the same.
type filtering struct {
	*blocking
	width int // of a panel of weights
	tile  int // rows of the register tile
}

// The scratch buffers.
const (
	scratchWeights = iota
	scratchData
	scratchSums
	scratchTurned // weights in another order
)

// longPoint is the most terms of a point that are added up one after the other: fewer than longSum, since they are larger
// than a result's own.
const longPoint = longSum / 2

// filter plans the loops for a machine, in blocks of so many tiles at most where that is not 0, or in stages apart.
func (p *planar) filter(m loop.Machine, tiles int, apart bool) *filtering {
	vectors := 2
	if m.Registers >= 32 {
		vectors = 4
	}
	w := &filtering{width: min(vectors*max(m.Lanes, 1), p.outs)}
	sets := area(p.phases) * p.square()
	w.blocking = p.blocking(m, load{
		tile: p.square() * (area(p.dataPhases())*p.deep() + area(p.phases)*p.outs), shared: sets * p.deep() * p.outs, passes: 1,
		flops: 2 * float64(sets*p.deep()*p.outs), parts: sets, runs: 4 * max(m.Threads, 1),
	}, tiles, apart)
	w.tile = w.tileOf(w.tiles(), w.width)
	return w
}

func (w *filtering) panels() int { return (w.outs + w.width - 1) / w.width }

// weightElems, dataElems and sumElems are the sizes of the scratch buffers, the latter two of one run.
func (w *filtering) weightElems() int {
	return area(w.phases) * w.square() * w.panels() * w.deep() * w.width
}
func (w *filtering) dataElems() int { return area(w.dataPhases()) * w.square() * w.tiles() * w.deep() }
func (w *filtering) sumElems() int  { return area(w.phases) * w.square() * w.tiles() * w.outs }

// plan gives the kernels.
func (w *filtering) plan() *Plan {
	p := &Plan{Scratch: []int{w.weightElems(), w.slots() * w.dataElems(), w.slots() * w.sumElems()}}
	weights := w.planar
	if w.wOut != 1 {
		k, turned := w.turn()
		p.Scratch, weights = append(p.Scratch, w.turnedElems()), turned
		p.Kernels = append(p.Kernels, k)
	}
	p.Kernels = append(append(p.Kernels, w.weights(weights)), w.stages()...)
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
	some := divisor(w.deep(), 16) // channels that are done for one panel before the next, so that stores go on where they were
	n.nest.Body = n.loop("d", w.deep()/some, loop.Parallel, func(first *expr.Expr) []loop.Stmt {
		return n.pairs(w.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			return n.chunks("k", w.outs, w.width, func(panel *expr.Expr, size int) []loop.Stmt {
				return n.loop("e", some, loop.Serial, func(e *expr.Expr) []loop.Stmt {
					d := expr.Plus(scaled(some, first), e)
					a, b, c := w.plane(d)
					base := totalOf(expr.Int(p.wAt), scaled(p.wRow, a), scaled(p.wCol, b), scaled(p.wC, c),
						scaled(p.wPhase[0], phase[0]), scaled(p.wPhase[1], phase[1]), panel)
					return n.points(w.m, w.f.filter, size, func(i, j int, v *expr.Expr) *expr.Expr {
						return expr.Get(from, ir.F32, totalOf(base, expr.Int(w.stride*(i*p.wRow+j*p.wCol)), v))
					}, func(i, j int, v, value *expr.Expr) []loop.Stmt {
						return []loop.Stmt{&loop.Store{Buf: to, Index: w.weightAt(number, expr.Int(i*w.f.points()+j), panel, d, v), Value: value}}
					})
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

// plane is the place of the first tap, and the channel, that number d of all channels of all planes stands for.
func (p *planar) plane(d *expr.Expr) (a, b, c *expr.Expr) {
	if p.stride == 1 {
		return expr.Int(0), expr.Int(0), d
	}
	plane := expr.Bin(expr.Div, d, expr.Int(p.ins))
	s := expr.Int(p.stride)
	return expr.Bin(expr.Div, plane, s), expr.Bin(expr.Mod, plane, s), expr.Bin(expr.Mod, d, expr.Int(p.ins))
}
