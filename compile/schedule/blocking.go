package schedule

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// blocking cuts the tiles of a planar convolution in blocks of whole rows of tiles. A run of blocks is done by one thread,
// and has scratch memory of its own, which stays in that thread's cache. Where all stages of a block at once would read too
// many weights, or add to too many sums, for its few tiles, the stages are apart: each is a kernel of its own for all blocks,
// with scratch memory for all of them.
type blocking struct {
	*planar
	m          loop.Machine
	lanes      int
	apart      bool
	many, band int // a block is so many images by so many rows of tiles
	blocks     int
	run        int  // blocks that one thread does
	fits       bool // no call is long and no scratch memory large
}

// load is what a block has to do with memory, in elements, and to compute.
type load struct {
	tile   int     // scratch memory of a tile
	shared int     // weights or sums that every block reads or adds to
	passes int     // how often it does
	flops  float64 // of a tile
	parts  int     // in which its products can be shared out
	runs   int     // about as many runs are wanted
}

const (
	// maxTiles bounds a block of more than one row, since more tiles hardly make the share of reading weights or sums less.
	maxTiles = 64
	// maxApart is how many elements of scratch memory stages that are apart may have: what the last cache may hold.
	maxApart = 4 << 20
)

// apart is the word of a schedule for stages that are.
const apart = "apart"

// blocking plans blocks for the least traffic beyond the second cache, unless most tiles, over 0, or stages apart are asked for.
func (p *planar) blocking(m loop.Machine, l load, most int, apart bool) *blocking {
	w := &blocking{planar: p, m: m, lanes: max(m.Lanes, 1), many: 1, band: 1}
	l2 := m.L2 / 4
	if l2 == 0 {
		l2 = 1 << 18
	}
	least, limit := math.Inf(1), max(maxTiles, p.tileCols())
	if most > 0 {
		limit = most
	}
	w.each(func(many, band int) {
		tiles := many * band * p.tileCols()
		enough := p.images*p.tileRows()/(many*band) >= 4*max(m.Threads, 1)
		if tiles > limit || l.flops*float64(tiles) > callFLOPs || !enough {
			return
		}
		cost := 0.0
		if most > 0 {
			least, w.many, w.band = 0, many, band
			return
		}
		if l.tile*tiles+l.shared > l2 {
			cost += float64(l.passes*l.shared) / float64(tiles)
		}
		if l.tile*tiles > l2/2 {
			cost += float64(2 * l.tile)
		}
		if cost <= least {
			least, w.many, w.band = cost, many, band
		}
	})
	total := p.images * p.tileRows() * p.tileCols() * l.tile
	if apart || most == 0 && total <= maxApart && least > 1.2*float64(2*l.tile) {
		w.apart = true
		w.each(func(many, band int) {
			tiles := many * band * p.tileCols()
			if tiles <= max(maxTiles, p.tileCols()) && l.flops/float64(l.parts)*float64(tiles) <= callFLOPs {
				w.many, w.band = many, band
			}
		})
	}
	w.fits = w.apart && total <= maxApart || !math.IsInf(least, 1)
	w.blocks, w.run = p.images*p.tileRows()/(w.many*w.band), 1
	if !w.apart {
		w.run = w.blocks / divisor(w.blocks, l.runs)
	}
	return w
}

// each tries all sizes of a block, small ones first.
func (p *planar) each(try func(many, band int)) {
	for band := 1; band <= p.tileRows(); band++ {
		if p.tileRows()%band == 0 {
			try(1, band)
		}
	}
	for many := 2; many <= p.images; many++ {
		if p.images%many == 0 {
			try(many, p.tileRows())
		}
	}
}

// tiles is how many a block has.
func (w *blocking) tiles() int { return w.many * w.band * w.tileCols() }

func (w *blocking) slots() int { return w.blocks / w.run }

// tileOf is how many of some rows fit the registers, with vectors of a width.
func (w *blocking) tileOf(rows, width int) int {
	regs, nv := w.m.Registers, (width+w.lanes-1)/w.lanes
	if regs == 0 {
		regs = 16
	}
	hide, start := rhythm(w.m, nv)
	return balanced(rows, min(max((regs-nv-1)/nv, 1), 16), hide, start)
}

// blockNest writes the loops inside a block.
type blockNest struct {
	*blocking
	*nester
	block, slot *expr.Expr
}

// over runs body for all blocks, in parallel; where stages are apart, body has to bring the parallel loop.
func (n *blockNest) over(body func() []loop.Stmt) Kernel {
	if n.apart {
		n.nest.Body = body()
		return n.kernel()
	}
	n.nest.Body = n.loop("b", n.blocks, loop.Parallel, func(b *expr.Expr) []loop.Stmt {
		n.block, n.slot = b, expr.Bin(expr.Div, b, expr.Int(n.run))
		return body()
	})
	if f := n.nest.Top(); f != nil && n.run > 1 {
		f.Run = n.run
	}
	return n.kernel()
}

// tileLoops runs over the tiles of a block: the image, row and column of tiles, and the number of the tile in the block. Where
// stages are apart, it runs over those of all blocks, rows in parallel.
func (n *blockNest) tileLoops(body func(image, row, col, tile *expr.Expr) []loop.Stmt) []loop.Stmt {
	if n.apart {
		return n.loop("r", n.images*n.tileRows(), loop.Parallel, func(r *expr.Expr) []loop.Stmt {
			size := expr.Int(n.many * n.band)
			n.slot = expr.Bin(expr.Div, r, size)
			return n.loop("q", n.tileCols(), loop.Serial, func(q *expr.Expr) []loop.Stmt {
				image, row := expr.Bin(expr.Div, r, expr.Int(n.tileRows())), expr.Bin(expr.Mod, r, expr.Int(n.tileRows()))
				return body(image, row, q, expr.Plus(scaled(n.tileCols(), expr.Bin(expr.Mod, r, size)), q))
			})
		})
	}
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

// source is an operand [image row col channel] in tiles.
type source struct {
	buf             int
	at              int // its first element
	image, row, col int // distances of neighbours
	channels        int
	step            int // rows and columns from tile to tile
	planes          int // of rows and columns: every so manyth of them belongs to one
	phases, phase   [2]int
}

// transform stores what coef makes of each tile of an operand, in chunks of channels. It asks for the index of a point in the
// buffer, of channel v in the chunk from a channel on of a plane.
func (n *blockNest) transform(s source, coef [][]float64, chunk, to int,
	index func(phase, point, tile, plane, from, v *expr.Expr) *expr.Expr) []loop.Stmt {
	return n.tileLoops(func(image, row, col, tile *expr.Expr) []loop.Stmt {
		base := totalOf(expr.Int(s.at), scaled(s.image, image), scaled(s.step*s.row, row), scaled(s.step*s.col, col))
		return n.pairs(s.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			base := totalOf(base, scaled(s.phase[0], phase[0]), scaled(s.phase[1], phase[1]))
			return n.pairs([2]int{s.planes, s.planes}, func(plane [2]*expr.Expr, which *expr.Expr) []loop.Stmt {
				base := totalOf(base, scaled(s.row, plane[0]), scaled(s.col, plane[1]))
				return n.chunks("c", s.channels, chunk, func(c *expr.Expr, size int) []loop.Stmt {
					return n.points(n.m, coef, size, func(i, j int, v *expr.Expr) *expr.Expr {
						return expr.Get(s.buf, ir.F32, totalOf(base, expr.Int(s.planes*(i*s.row+j*s.col)), c, v))
					}, func(i, j int, v, value *expr.Expr) []loop.Stmt {
						at := index(number, expr.Int(i*len(coef)+j), tile, which, c, v)
						return []loop.Stmt{&loop.Store{Buf: to, Index: at, Value: value}}
					})
				})
			})
		})
	})
}
