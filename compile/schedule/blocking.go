package schedule

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// blocking cuts the tiles of a planar convolution in blocks of whole rows of tiles. A run of blocks is done by one thread,
// and has scratch memory of its own, which stays in that thread's cache.
type blocking struct {
	*planar
	m          loop.Machine
	lanes      int
	many, band int // a block is so many images by so many rows of tiles
	blocks     int
	run        int // blocks that one thread does
}

// maxTiles bounds a block, since more tiles do not make the share of reading weights or sums less.
const maxTiles = 64

// blocking plans blocks, and about as many runs of them as are asked for.
func (p *planar) blocking(m loop.Machine, runs int) *blocking {
	w := &blocking{planar: p, m: m, lanes: max(m.Lanes, 1)}
	w.block()
	w.blocks = p.images * p.tileRows() / (w.many * w.band)
	w.run = w.blocks / divisor(w.blocks, runs)
	return w
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
	hide, start := (&tiling{form: &form{m: w.m}}).rhythm(nv)
	return balanced(rows, min(max((regs-nv-1)/nv, 1), 16), hide, start)
}

// block chooses how many rows of tiles make a block: what leaves half of the second cache to the weights, and gives every
// thread some blocks.
func (w *blocking) block() {
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

// blockNest writes the loops inside a block.
type blockNest struct {
	*blocking
	*nester
	block, slot *expr.Expr
}

// over runs body for all blocks, in parallel.
func (n *blockNest) over(body func() []loop.Stmt) Kernel {
	n.nest.Body = n.loop("b", n.blocks, loop.Parallel, func(b *expr.Expr) []loop.Stmt {
		n.block, n.slot = b, expr.Bin(expr.Div, b, expr.Int(n.run))
		return body()
	})
	if f := n.nest.Top(); f != nil && n.run > 1 {
		f.Run = n.run
	}
	return n.kernel()
}

// tileLoops runs over the tiles of a block: the image, row and column of tiles, and the number of the tile in the block.
func (n *blockNest) tileLoops(body func(image, row, col, tile *expr.Expr) []loop.Stmt) []loop.Stmt {
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
		return n.nester.phases(s.phases, func(phase [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			base := totalOf(base, scaled(s.phase[0], phase[0]), scaled(s.phase[1], phase[1]))
			return n.nester.phases([2]int{s.planes, s.planes}, func(plane [2]*expr.Expr, which *expr.Expr) []loop.Stmt {
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
