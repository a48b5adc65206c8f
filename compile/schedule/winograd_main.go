package schedule

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// mainNest writes the kernel that follows the transformation of the weights.
type mainNest struct {
	*blockNest
	w             *filtering
	u, data, sums int // buffers
}

// main is the kernel of the blocks.
func (w *filtering) main() Kernel {
	n := &mainNest{w: w, blockNest: &blockNest{blocking: w.blocking, nester: newNester(w.c.Name)}}
	x := source{
		buf: n.typed("x", w.x, w.c.In[w.x], loop.In), at: w.xAt, image: w.xImage, row: w.xRow, col: w.xCol, channels: w.ins,
		step: w.f.out * w.stride, planes: w.stride, phases: w.dataPhases(), phase: w.xPhase,
	}
	n.u = n.buf("u", w.scratch(scratchWeights), w.weightElems(), loop.In)
	n.data = n.buf("data", w.scratch(scratchData), w.slots()*w.dataElems(), loop.Out)
	n.sums = n.buf("sums", w.scratch(scratchSums), w.slots()*w.sumElems(), loop.Out)
	return n.over(func() []loop.Stmt {
		out := n.transform(x, w.f.data, w.lanes, n.data, func(phase, point, tile, plane, from, v *expr.Expr) *expr.Expr {
			return n.dataAt(phase, point, tile, totalOf(scaled(w.ins, plane), from, v))
		})
		return append(append(out, n.multiply()...), n.results()...)
	})
}

// dataAt and sumAt are indices in the scratch buffers.
func (n *mainNest) dataAt(phase, point, tile, d *expr.Expr) *expr.Expr {
	return n.at(n.w.dataElems(), n.deep(), phase, point, tile, d)
}

func (n *mainNest) sumAt(phase, point, tile, k *expr.Expr) *expr.Expr {
	return n.at(n.w.sumElems(), n.outs, phase, point, tile, k)
}

func (n *mainNest) at(run, elems int, phase, point, tile, i *expr.Expr) *expr.Expr {
	size := n.tiles() * elems
	return totalOf(scaled(run, n.slot), scaled(n.square()*size, phase), scaled(size, point), scaled(elems, tile), i)
}

// multiply makes the sums of a block: for each point of each phase a product of matrices.
func (n *mainNest) multiply() []loop.Stmt {
	acc, wait := n.local(n.w.tile, n.w.width), -1
	if n.deep() > longPoint {
		wait = n.local(n.w.tile, n.w.width)
		n.nest.Locals[wait].Memory = true
	}
	return n.nester.phases(n.planar.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
		data := expr.Int(0)
		if area(n.dataPhases()) > 1 {
			data = number
		}
		return n.loop("p", n.square(), loop.Serial, func(point *expr.Expr) []loop.Stmt {
			return n.chunks("k", n.outs, n.w.width, func(panel *expr.Expr, width int) []loop.Stmt {
				return n.chunks("t", n.tiles(), n.w.tile, func(tile *expr.Expr, rows int) []loop.Stmt {
					t := tileNest{n.nester, rows, width}
					out, result := t.sum(acc, wait, n.deep(), shortPoint(n.deep()), func(d, r, v *expr.Expr) *expr.Expr {
						x := expr.Get(n.data, ir.F32, n.dataAt(data, point, expr.Plus(tile, r), d))
						return expr.Times(x, expr.Get(n.u, ir.F32, n.w.weightAt(number, point, panel, d, v)))
					})
					return append(out, t.each(func(r, v *expr.Expr) loop.Stmt {
						to := n.sumAt(number, point, expr.Plus(tile, r), expr.Plus(panel, v))
						return &loop.Store{Buf: n.sums, Index: to, Value: expr.Tile(result, ir.F32, r, v)}
					})...)
				})
			})
		})
	})
}

// results makes the outputs of a block.
func (n *mainNest) results() []loop.Stmt {
	o := n.outputs(n.c, n.lanes)
	return n.tileLoops(func(image, row, col, tile *expr.Expr) []loop.Stmt {
		return n.nester.phases(n.planar.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			return n.chunks("k", n.outs, n.lanes, func(from *expr.Expr, size int) []loop.Stmt {
				return n.points(n.m, n.f.last, size, func(i, j int, v *expr.Expr) *expr.Expr {
					return expr.Get(n.sums, ir.F32, n.sumAt(number, expr.Int(i*n.f.points()+j), tile, expr.Plus(from, v)))
				}, func(i, j int, v, value *expr.Expr) []loop.Stmt {
					row, col := expr.Plus(scaled(n.f.out, row), expr.Int(i)), expr.Plus(scaled(n.f.out, col), expr.Int(j))
					return o.stores(n.coordinate(image, row, col, phase, expr.Plus(from, v)), v, value)
				})
			})
		})
	})
}

// coordinate is that of the Compute.
func (p *planar) coordinate(image, row, col *expr.Expr, phase [2]*expr.Expr, k *expr.Expr) (at []*expr.Expr) {
	if p.image >= 0 {
		at = append(at, image)
	}
	if p.phased() {
		return append(at, row, phase[0], col, phase[1], k)
	}
	return append(at, row, col, k)
}
