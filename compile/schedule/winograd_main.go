package schedule

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// mainNest writes the stages that follow the transformation of the weights.
type mainNest struct {
	*blockNest
	w *filtering
}

// stages are the kernel of the blocks, or one for each stage where these are apart.
func (w *filtering) stages() []Kernel {
	nest := func(name string) *mainNest {
		return &mainNest{w: w, blockNest: &blockNest{blocking: w.blocking, nester: newNester(w.c.Name + name)}}
	}
	if w.apart {
		data, sums, results := nest("_data"), nest("_sums"), nest("")
		return []Kernel{data.over(data.data), sums.over(sums.sums), results.over(results.results)}
	}
	n := nest("")
	return []Kernel{n.over(func() []loop.Stmt { return append(append(n.data(), n.sums()...), n.results()...) })}
}

func (n *mainNest) dataBuf(r loop.Role) int {
	return n.buf("data", n.scratch(scratchData), n.slots()*n.w.dataElems(), n.role(r))
}

func (n *mainNest) sumBuf(r loop.Role) int {
	return n.buf("sums", n.scratch(scratchSums), n.slots()*n.w.sumElems(), n.role(r))
}

// role of scratch memory between stages: where they are one kernel, what a stage reads another of it writes.
func (n *blockNest) role(r loop.Role) loop.Role {
	if n.apart {
		return r
	}
	return loop.Out
}

// data transforms the data.
func (n *mainNest) data() []loop.Stmt {
	w, x := n.w, n.typed("x", n.x, n.c.In[n.x], loop.In)
	from := source{
		buf: x, at: w.xAt, image: w.xImage, row: w.xRow, col: w.xCol, channels: w.ins, step: w.f.out * w.stride, planes: w.stride,
		phases: w.dataPhases(), phase: w.xPhase,
	}
	return n.transform(from, w.f.data, w.lanes, n.dataBuf(loop.Out), func(phase, point, tile, plane, from, v *expr.Expr) *expr.Expr {
		return n.dataAt(phase, point, tile, totalOf(scaled(w.ins, plane), from, v))
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

// sums multiplies: for each point of each phase a product of matrices.
func (n *mainNest) sums() []loop.Stmt {
	acc := tileSums{n.local(n.w.tile, n.w.width), -1}
	if n.deep() > longPoint {
		acc.wait = n.local(n.w.tile, n.w.width)
		n.nest.Locals[acc.wait].Memory = true
	}
	if n.apart { // blocks inside, so that the weights of a point stay in cache
		sets := area(n.planar.phases) * n.square()
		return n.loop("p", sets*n.blocks, loop.Parallel, func(p *expr.Expr) []loop.Stmt {
			n.slot = expr.Bin(expr.Mod, p, expr.Int(n.blocks))
			set := expr.Bin(expr.Div, p, expr.Int(n.blocks))
			square := expr.Int(n.square())
			return n.product(acc, expr.Bin(expr.Div, set, square), expr.Bin(expr.Mod, set, square))
		})
	}
	return n.pairs(n.planar.phases, func(_ [2]*expr.Expr, phase *expr.Expr) []loop.Stmt {
		return n.loop("p", n.square(), loop.Serial, func(point *expr.Expr) []loop.Stmt {
			return n.product(acc, phase, point)
		})
	})
}

// product makes the sums of a point for the tiles of a block.
func (n *mainNest) product(acc tileSums, phase, point *expr.Expr) []loop.Stmt {
	data, from := n.dataBuf(loop.In), expr.Int(0)
	if area(n.dataPhases()) > 1 {
		from = phase
	}
	u, sums := n.buf("u", n.scratch(scratchWeights), n.w.weightElems(), loop.In), n.sumBuf(loop.Out)
	return n.chunks("k", n.outs, n.w.width, func(panel *expr.Expr, width int) []loop.Stmt {
		return n.chunks("t", n.tiles(), n.w.tile, func(tile *expr.Expr, rows int) []loop.Stmt {
			t := tileNest{n.nester, rows, width}
			out, result := t.sum(acc, n.deep(), shortSum(n.deep(), longPoint), func(d, r, v *expr.Expr) *expr.Expr {
				x := expr.Get(data, ir.F32, n.dataAt(from, point, expr.Plus(tile, r), d))
				return expr.Times(x, expr.Get(u, ir.F32, n.w.weightAt(phase, point, panel, d, v)))
			})
			return append(out, t.each(func(r, v *expr.Expr) loop.Stmt {
				to := n.sumAt(phase, point, expr.Plus(tile, r), expr.Plus(panel, v))
				return &loop.Store{Buf: sums, Index: to, Value: expr.Tile(result, ir.F32, r, v)}
			})...)
		})
	})
}

// results makes the outputs of a block.
func (n *mainNest) results() []loop.Stmt {
	sums, o := n.sumBuf(loop.In), n.outputs(n.c, n.lanes)
	return n.tileLoops(func(image, row, col, tile *expr.Expr) []loop.Stmt {
		return n.pairs(n.planar.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			return n.chunks("k", n.outs, n.lanes, func(from *expr.Expr, size int) []loop.Stmt {
				return n.points(n.m, n.f.last, size, func(i, j int, v *expr.Expr) *expr.Expr {
					return expr.Get(sums, ir.F32, n.sumAt(number, expr.Int(i*n.f.points()+j), tile, expr.Plus(from, v)))
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
