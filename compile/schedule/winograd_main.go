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
	slots, square := w.blocks/w.run, w.square()*w.tiles()
	n.x = n.typed("x", w.x, w.c.In[w.x], loop.In)
	n.u = n.buf("u", w.scratch(scratchWeights), w.weightElems(), loop.In)
	n.data = n.buf("data", w.scratch(scratchData), slots*square*w.deep(), loop.Out)
	n.sums = n.buf("sums", w.scratch(scratchSums), slots*square*w.outs, loop.Out)
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

// at is an index in one of the scratch buffers that have a number of elements for each tile.
func (n *mainNest) at(point, tile *expr.Expr, elems int, i *expr.Expr) *expr.Expr {
	size := n.tiles() * elems
	return totalOf(scaled(n.square()*size, n.slot), scaled(size, point), scaled(elems, tile), i)
}

// transform makes the data of a block.
func (n *mainNest) transform() []loop.Stmt {
	return n.tileLoops(func(image, row, col, tile *expr.Expr) []loop.Stmt {
		step := n.f.out * n.stride
		base := totalOf(expr.Int(n.xAt), scaled(n.xImage, image), scaled(step*n.xRow, row), scaled(step*n.xCol, col))
		return n.loop("a", n.stride, loop.Serial, func(a *expr.Expr) []loop.Stmt {
			return n.loop("b", n.stride, loop.Serial, func(b *expr.Expr) []loop.Stmt {
				base := totalOf(base, scaled(n.xRow, a), scaled(n.xCol, b))
				channel := totalOf(scaled(n.stride*n.ins, a), scaled(n.ins, b))
				return n.chunks("c", n.ins, n.lanes, func(c *expr.Expr, size int) []loop.Stmt {
					return n.points(n.f.data, n.nester, size, func(i, j int, v *expr.Expr) *expr.Expr {
						return expr.Get(n.x, ir.F32, totalOf(base, expr.Int(n.stride*(i*n.xRow+j*n.xCol)), c, v))
					}, func(i, j int, v, value *expr.Expr) []loop.Stmt {
						to := n.at(expr.Int(i*n.f.points()+j), tile, n.deep(), totalOf(channel, c, v))
						return []loop.Stmt{&loop.Store{Buf: n.data, Index: to, Value: value}}
					})
				})
			})
		})
	})
}

// multiply makes the sums of a block: for each point a product of matrices.
func (n *mainNest) multiply() []loop.Stmt {
	acc := n.local(n.tile, n.width)
	wait := -1
	if n.deep() > longSum {
		wait = n.local(n.tile, n.width)
		n.nest.Locals[wait].Memory = true
	}
	return n.loop("p", n.square(), loop.Serial, func(point *expr.Expr) []loop.Stmt {
		return n.chunks("k", n.outs, n.width, func(panel *expr.Expr, width int) []loop.Stmt {
			return n.chunks("t", n.tiles(), n.tile, func(tile *expr.Expr, rows int) []loop.Stmt {
				each := func(body func(r, v *expr.Expr) loop.Stmt) []loop.Stmt {
					return n.loop("r", rows, loop.Unroll, func(r *expr.Expr) []loop.Stmt {
						return n.vector(width, func(v *expr.Expr) []loop.Stmt { return []loop.Stmt{body(r, v)} })
					})
				}
				set := func(local int) []loop.Stmt {
					return each(func(r, v *expr.Expr) loop.Stmt {
						return &loop.Set{Local: local, Index: []*expr.Expr{r, v}, Value: expr.Float(0)}
					})
				}
				add := func(from *expr.Expr, count int) []loop.Stmt {
					u := unrolling(count)
					one := func(d *expr.Expr) []loop.Stmt {
						return each(func(r, v *expr.Expr) loop.Stmt {
							x := expr.Get(n.data, ir.F32, n.at(point, expr.Plus(tile, r), n.deep(), d))
							at := totalOf(scaled(n.panels()*n.deep()*n.width, point), scaled(n.deep(), panel), scaled(n.width, d), v)
							return &loop.Accum{
								Local: acc, Index: []*expr.Expr{r, v}, Comb: expr.Sum, Value: expr.Times(x, expr.Get(n.u, ir.F32, at)),
							}
						})
					}
					return n.chunks("d", count, u, func(some *expr.Expr, size int) []loop.Stmt {
						return n.loop("e", size, loop.Unroll, func(e *expr.Expr) []loop.Stmt { return one(totalOf(from, some, e)) })
					})
				}
				out := set(acc)
				result := acc
				if wait >= 0 {
					result = wait
					out = append(set(wait), n.chunks("s", n.deep(), shortSum(n.deep()), func(from *expr.Expr, size int) []loop.Stmt {
						return append(append(set(acc), add(from, size)...), each(func(r, v *expr.Expr) loop.Stmt {
							return &loop.Accum{Local: wait, Index: []*expr.Expr{r, v}, Comb: expr.Sum, Value: expr.Tile(acc, ir.F32, r, v)}
						})...)
					})...)
				} else {
					out = append(out, add(expr.Int(0), n.deep())...)
				}
				return append(out, each(func(r, v *expr.Expr) loop.Stmt {
					to := n.at(point, expr.Plus(tile, r), n.outs, expr.Plus(panel, v))
					return &loop.Store{Buf: n.sums, Index: to, Value: expr.Tile(result, ir.F32, r, v)}
				})...)
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
	k := len(n.c.Axes) - 1
	return n.tileLoops(func(image, row, col, tile *expr.Expr) []loop.Stmt {
		return n.chunks("k", n.outs, n.lanes, func(from *expr.Expr, size int) []loop.Stmt {
			return n.points(n.f.last, n.nester, size, func(i, j int, v *expr.Expr) *expr.Expr {
				return expr.Get(n.sums, ir.F32, n.at(expr.Int(i*n.f.points()+j), tile, n.outs, expr.Plus(from, v)))
			}, func(i, j int, v, value *expr.Expr) (list []loop.Stmt) {
				at := []*expr.Expr{
					image, expr.Plus(scaled(n.f.out, row), expr.Int(i)), expr.Plus(scaled(n.f.out, col), expr.Int(j)), expr.Plus(from, v),
				}[3-k:]
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
