package schedule

import (
	"strconv"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// mainNest writes the kernel that follows the transformation of the weights.
type mainNest struct {
	*filtering
	*nester
	x, u, data, sums int // buffers
	block, slot      *expr.Expr
}

// main is the kernel of the blocks.
func (w *filtering) main() Kernel {
	n := &mainNest{filtering: w, nester: newNester(w.c.Name)}
	slots := w.blocks / w.run
	n.x = n.typed("x", w.x, w.c.In[w.x], loop.In)
	n.u = n.buf("u", w.scratch(scratchWeights), w.weightElems(), loop.In)
	n.data = n.buf("data", w.scratch(scratchData), slots*w.dataElems(), loop.Out)
	n.sums = n.buf("sums", w.scratch(scratchSums), slots*w.sumElems(), loop.Out)
	n.nest.Body = n.loop("b", w.blocks, loop.Parallel, func(b *expr.Expr) []loop.Stmt {
		n.block, n.slot = b, expr.Bin(expr.Div, b, expr.Int(w.run))
		return append(append(n.transform(), n.multiply()...), n.results()...)
	})
	if f := n.nest.Top(); f != nil && w.run > 1 {
		f.Run = w.run
	}
	return n.kernel()
}

// tileLoops runs over the tiles of a block: the image, row and column of tiles, and the number of the tile in the block.
func (n *mainNest) tileLoops(body func(image, row, col, tile *expr.Expr) []loop.Stmt) []loop.Stmt {
	bands := n.tileRows() / n.band // of an image
	first, from := n.block, expr.Int(0)
	if bands > 1 {
		first, from = expr.Bin(expr.Div, n.block, expr.Int(bands)), expr.Bin(expr.Mod, n.block, expr.Int(bands))
	}
	return n.loop("n", n.many, loop.Serial, func(i *expr.Expr) []loop.Stmt {
		return n.loop("r", n.band, loop.Serial, func(r *expr.Expr) []loop.Stmt {
			return n.loop("q", n.tileCols(), loop.Serial, func(q *expr.Expr) []loop.Stmt {
				image, row := expr.Plus(scaled(n.many, first), i), expr.Plus(scaled(n.band, from), r)
				return body(image, row, q, totalOf(scaled(n.band*n.tileCols(), i), scaled(n.tileCols(), r), q))
			})
		})
	})
}

// dataAt and sumAt are indices in the scratch buffers.
func (n *mainNest) dataAt(phase, point, tile, d *expr.Expr) *expr.Expr {
	return n.at(n.dataElems(), n.deep(), phase, point, tile, d)
}

func (n *mainNest) sumAt(phase, point, tile, k *expr.Expr) *expr.Expr {
	return n.at(n.sumElems(), n.outs, phase, point, tile, k)
}

func (n *mainNest) at(run, elems int, phase, point, tile, i *expr.Expr) *expr.Expr {
	size := n.tiles() * elems
	return totalOf(scaled(run, n.slot), scaled(n.square()*size, phase), scaled(size, point), scaled(elems, tile), i)
}

// transform makes the data of a block.
func (n *mainNest) transform() []loop.Stmt {
	return n.tileLoops(func(image, row, col, tile *expr.Expr) []loop.Stmt {
		step := n.f.out * n.stride
		base := totalOf(expr.Int(n.xAt), scaled(n.xImage, image), scaled(step*n.xRow, row), scaled(step*n.xCol, col))
		return n.phases(n.dataPhases(), func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			base := totalOf(base, scaled(n.xPhase[0], phase[0]), scaled(n.xPhase[1], phase[1]))
			return n.phases([2]int{n.stride, n.stride}, func(plane [2]*expr.Expr, which *expr.Expr) []loop.Stmt {
				base := totalOf(base, scaled(n.xRow, plane[0]), scaled(n.xCol, plane[1]))
				return n.chunks("c", n.ins, n.lanes, func(c *expr.Expr, size int) []loop.Stmt {
					return n.points(n.f.data, n.nester, size, func(i, j int, v *expr.Expr) *expr.Expr {
						return expr.Get(n.x, ir.F32, totalOf(base, expr.Int(n.stride*(i*n.xRow+j*n.xCol)), c, v))
					}, func(i, j int, v, value *expr.Expr) []loop.Stmt {
						to := n.dataAt(number, expr.Int(i*n.f.points()+j), tile, totalOf(scaled(n.ins, which), c, v))
						return []loop.Stmt{&loop.Store{Buf: n.data, Index: to, Value: value}}
					})
				})
			})
		})
	})
}

// multiply makes the sums of a block: for each point of each phase a product of matrices.
func (n *mainNest) multiply() []loop.Stmt {
	acc, wait := n.local(n.tile, n.width), -1
	if n.deep() > longPoint {
		wait = n.local(n.tile, n.width)
		n.nest.Locals[wait].Memory = true
	}
	return n.nester.phases(n.filtering.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
		data := expr.Int(0)
		if area(n.dataPhases()) > 1 {
			data = number
		}
		return n.loop("p", n.square(), loop.Serial, func(point *expr.Expr) []loop.Stmt {
			return n.chunks("k", n.outs, n.width, func(panel *expr.Expr, width int) []loop.Stmt {
				return n.chunks("t", n.tiles(), n.tile, func(tile *expr.Expr, rows int) []loop.Stmt {
					t := tileNest{n.nester, rows, width}
					out, result := t.sum(acc, wait, n.deep(), shortPoint(n.deep()), func(d, r, v *expr.Expr) *expr.Expr {
						x := expr.Get(n.data, ir.F32, n.dataAt(data, point, expr.Plus(tile, r), d))
						return expr.Times(x, expr.Get(n.u, ir.F32, n.weightAt(number, point, panel, d, v)))
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

// results makes the outputs of a block. What reads an operand that an output may lie in is stored first.
func (n *mainNest) results() []loop.Stmt {
	order := readers(n.c)
	for i := range n.c.Outs {
		if len(order) == 0 || i != order[0] {
			order = append(order, i)
		}
	}
	return n.tileLoops(func(image, row, col, tile *expr.Expr) []loop.Stmt {
		return n.nester.phases(n.filtering.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			return n.chunks("k", n.outs, n.lanes, func(from *expr.Expr, size int) []loop.Stmt {
				return n.points(n.f.last, n.nester, size, func(i, j int, v *expr.Expr) *expr.Expr {
					return expr.Get(n.sums, ir.F32, n.sumAt(number, expr.Int(i*n.f.points()+j), tile, expr.Plus(from, v)))
				}, func(i, j int, v, value *expr.Expr) (list []loop.Stmt) {
					at := n.coordinate(image, expr.Plus(scaled(n.f.out, row), expr.Int(i)), expr.Plus(scaled(n.f.out, col), expr.Int(j)),
						phase, expr.Plus(from, v))
					index := expr.Int(0)
					for a, e := range at {
						index = expr.Plus(scaled(n.c.Axes[a], index), e)
					}
					for _, o := range order {
						y := n.typed("y"+strconv.Itoa(o), len(n.c.In)+o, n.c.OutType(o), loop.Out)
						list = append(list, &loop.Store{Buf: y, Index: index, Value: n.output(n.c.Outs[o], at, value)})
					}
					return list
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

// output is an output's value at a coordinate, where the reduction has given acc.
func (n *mainNest) output(e *expr.Expr, at []*expr.Expr, acc *expr.Expr) *expr.Expr {
	return expr.Memo(once(func(x *expr.Expr) *expr.Expr {
		switch x.Op {
		case expr.Axis:
			return at[x.I]
		case expr.Acc:
			return acc
		case expr.Load:
			b := n.typed("x"+strconv.Itoa(int(x.I)), int(x.I), n.c.In[x.I], loop.In)
			return expr.GetIf(x.Pred, b, x.Type, x.Args[0])
		}
		return nil
	}))(e)
}
