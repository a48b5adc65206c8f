package schedule

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// gradient is the gradient of a planar convolution's weights, where operand w of the planar is the gradient g of its results:
// with the matrices of a filtering, the data of a tile are transformed as ever, g by the transpose of last, and the sum over all tiles of
// their products by the transpose of filter.
type gradient struct {
	*planar
	gAt, gImage, gRow, gCol int
	last                    bool // the last axis is a channel of g, the one before (a part of) it of x; else the other way
	merged                  bool // column of the taps and channel of x are one axis
}

// gradientOf reads a Compute as such a gradient, or says why it is none.
func gradientOf(c *expr.Compute, out int) (*gradient, error) {
	none := fmt.Errorf("no gradient of weights for winograd")
	k, reds := len(c.Axes)-1, len(c.Red)
	f, err := factors(c)
	if err != nil || k < 2 || k > 3 || reds < 2 || reds > 3 {
		return nil, none
	}
	p := &planar{c: c, images: 1, phases: [2]int{1, 1}, image: -1}
	var x, g expr.Linear
	for _, f := range f {
		if f.index.Coef(0) != 0 {
			p.x, x = f.operand, f.index
			continue
		}
		p.w, g = f.operand, f.index
	}
	if len(x.Terms) == 0 || len(g.Terms) == 0 {
		return nil, none
	}
	w := &gradient{planar: p, gAt: g.Const, last: g.Coef(k) == 1 && x.Coef(k) == 0}
	p.xAt, p.xRow = x.Const, x.Coef(0)
	taps, channel := c.Axes[0], k-1 // of x
	switch {
	case w.last && k == 2:
		w.merged = true
		p.ins, p.outs = c.Axes[1]/taps, c.Axes[k]
		p.xCol = p.ins * x.Coef(1)
		if c.Axes[1]%taps != 0 {
			return nil, none
		}
	case w.last:
		p.ins, p.outs, p.xCol = c.Axes[2], c.Axes[k], x.Coef(1)
	case k == 3 && g.Coef(2) == 1 && x.Coef(2) == 0:
		p.ins, p.outs, p.xCol, channel = c.Axes[k], c.Axes[2], x.Coef(1), k
	default:
		return nil, none
	}
	if x.Coef(channel) != 1 || g.Coef(1) != 0 || g.Coef(channel) != 0 || !w.merged && c.Axes[1] != taps || p.xRow <= 0 || p.xCol <= 0 {
		return nil, none
	}
	row, col := k+reds-1, k+reds
	p.rows, p.cols, w.gRow, w.gCol = c.Red[reds-2], c.Red[reds-1], g.Coef(row), g.Coef(col)
	if reds == 3 {
		p.images, p.xImage, w.gImage = c.Red[0], x.Coef(k+1), g.Coef(k+1)
	}
	down, across := x.Coef(row), x.Coef(col)
	if down <= 0 || across <= 0 || down%p.xRow != 0 || across%p.xCol != 0 || down/p.xRow != across/p.xCol {
		return nil, none
	}
	p.stride = down / p.xRow
	if taps%p.stride != 0 || p.rows%out != 0 || p.cols%out != 0 {
		return nil, none
	}
	if p.f = filterOf(out, taps/p.stride); p.f == nil {
		return nil, none
	}
	return w, nil
}

// worth reports whether it is clearly faster than the gradient by itself.
func (w *gradient) worth(m loop.Machine) bool {
	lanes := max(m.Lanes, 1)
	if w.ins%lanes != 0 || w.outs%lanes != 0 {
		return false
	}
	n, outs, deep := float64(w.square()), float64(w.outs/lanes), float64(w.deep())
	tiles := float64(w.images * w.tileRows() * w.tileCols())
	direct := float64(w.f.out*w.f.out*w.taps()*w.taps()*w.ins) * outs
	sums := deep * outs * (1./16 + 4*float64(max(m.Threads, 1))/tiles) // added to in memory, and made results of
	return 1.25*n*(deep*outs+5*deep/float64(lanes)+5*outs+sums) < direct
}

// The scratch buffers of a gradient: sums [run point plane row vec], and for each run of blocks both operands' points, in panels
// of channels [point plane panel tile channel].
const (
	scratchTotals = iota
	scratchX
	scratchG
)

// panels is how an operand's points lie: those of rows in as many as a vector has lanes, those of vectors in two such.
type panels struct {
	*blocking
	channels, planes, width int
}

func (p *panels) elems() int {
	return p.square() * p.planes * ((p.channels + p.width - 1) / p.width) * p.width * p.tiles()
}

// at is the index of a tile's channel v in the panel that begins with a channel.
func (p *panels) at(slot, point, plane, from, tile, v *expr.Expr) *expr.Expr {
	n := p.elems() / p.square()
	return totalOf(scaled(p.elems(), slot), scaled(n, point), scaled(n/p.planes, plane), scaled(p.tiles(), from), scaled(p.width, tile), v)
}

// gradientPlan is a gradient with its blocks.
type gradientPlan struct {
	*blocking
	w         *gradient
	x, g      *panels
	rows, vec *panels // both of these, in one order or the other
}

func (w *gradient) filter(m loop.Machine, tiles int, apart bool) *gradientPlan {
	b := w.blocking(m, load{
		tile: w.square() * (w.deep() + w.outs), shared: w.square() * w.deep() * w.outs, passes: 2,
		flops: 2 * float64(w.square()*w.deep()*w.outs), parts: w.square(), runs: max(m.Threads, 1),
	}, tiles, apart)
	p := &gradientPlan{blocking: b, w: w}
	p.x = &panels{blocking: b, channels: w.ins, planes: w.stride * w.stride}
	p.g = &panels{blocking: b, channels: w.outs, planes: 1}
	p.rows, p.vec = p.x, p.g
	if !w.last {
		p.rows, p.vec = p.g, p.x
	}
	p.rows.width, p.vec.width = min(b.lanes, p.rows.channels), min(2*b.lanes, p.vec.channels)
	return p
}

// totalElems is the size of the sums of one run; where stages are apart, there is one copy.
func (p *gradientPlan) totalElems() int { return p.square() * p.deep() * p.outs }

func (p *gradientPlan) copies() int {
	if p.apart {
		return 1
	}
	return p.slots()
}

func (p *gradientPlan) plan() *Plan {
	n := p.slots()
	return &Plan{
		Scratch: []int{p.copies() * p.totalElems(), n * p.x.elems(), n * p.g.elems()},
		Kernels: append(p.stages(), p.end()),
	}
}

// totalAt is an index of the sums.
func (p *gradientPlan) totalAt(copy, point, plane, row, v *expr.Expr) *expr.Expr {
	n := p.rows.channels * p.vec.channels
	return totalOf(scaled(p.totalElems(), copy), scaled(p.x.planes*n, point), scaled(n, plane), scaled(p.vec.channels, row), v)
}

// gradientNest writes the stages before the end.
type gradientNest struct {
	*blockNest
	p *gradientPlan
}

// stages are the kernel of the blocks, which transforms both operands of a block and adds the products of its tiles to the
// sums of the run, or one for each stage where these are apart.
func (p *gradientPlan) stages() []Kernel {
	nest := func(name string) *gradientNest {
		return &gradientNest{p: p, blockNest: &blockNest{blocking: p.blocking, nester: newNester(p.c.Name + name)}}
	}
	if p.apart {
		x, g, sums := nest("_x"), nest("_g"), nest("")
		return []Kernel{x.over(x.ofX), g.over(g.ofG), sums.over(sums.sums)}
	}
	n := nest("")
	return []Kernel{n.over(func() []loop.Stmt { return append(append(n.ofX(), n.ofG()...), n.sums()...) })}
}

// points is the buffer of an operand's points.
func (n *gradientNest) pointsOf(p *panels, r loop.Role) int {
	if p == n.p.x {
		return n.buf("xpoints", n.scratch(scratchX), n.slots()*p.elems(), n.role(r))
	}
	return n.buf("gpoints", n.scratch(scratchG), n.slots()*p.elems(), n.role(r))
}

func (n *gradientNest) ofX() []loop.Stmt {
	return n.into(n.p.x, n.f.data, source{
		buf: n.typed("x", n.x, n.c.In[n.x], loop.In), at: n.xAt, image: n.xImage, row: n.xRow, col: n.xCol, channels: n.ins,
		step: n.f.out * n.stride, planes: n.stride, phases: [2]int{1, 1},
	})
}

func (n *gradientNest) ofG() []loop.Stmt {
	g := n.p.w
	return n.into(n.p.g, transposed(n.f.last), source{
		buf: n.typed("g", n.w, n.c.In[n.w], loop.In), at: g.gAt, image: g.gImage, row: g.gRow, col: g.gCol, channels: n.outs,
		step: n.f.out, planes: 1, phases: [2]int{1, 1},
	})
}

func (n *gradientNest) into(to *panels, coef [][]float64, from source) []loop.Stmt {
	buf := n.pointsOf(to, loop.Out)
	return n.transform(from, coef, to.width, buf, func(_, point, tile, plane, from, v *expr.Expr) *expr.Expr {
		return to.at(n.slot, point, plane, from, tile, v)
	})
}

// sums adds up products: for each point of each plane of taps a product of matrices.
func (n *gradientNest) sums() []loop.Stmt {
	p := n.p
	rows := p.tileOf(p.rows.width, p.vec.width)
	acc := tileSums{n.local(rows, p.vec.width), -1}
	if p.tiles() > longSum {
		acc.wait = n.local(rows, p.vec.width)
		n.nest.Locals[acc.wait].Memory = true
	}
	if !n.apart {
		later := expr.Bin(expr.Ne, expr.Bin(expr.Mod, n.block, expr.Int(n.run)), expr.Int(0)) // than the first block of the run
		return n.loop("p", p.square(), loop.Serial, func(point *expr.Expr) []loop.Stmt {
			return n.loop("f", p.x.planes, loop.Serial, func(plane *expr.Expr) []loop.Stmt {
				return n.product(acc, rows, n.slot, point, plane, expr.Int(0), p.rows.channels, later)
			})
		})
	}
	parts := 1 // of the rows, so that no call is long
	for n := p.rows.channels / p.rows.width; parts < n && (n%parts != 0 || p.flopsOfPoint()/float64(parts) > callFLOPs); {
		parts++
	}
	if p.rows.channels%(parts*p.rows.width) != 0 {
		parts = 1
	}
	return n.loop("p", p.square()*p.x.planes*parts, loop.Parallel, func(all *expr.Expr) []loop.Stmt {
		part, set := expr.Bin(expr.Mod, all, expr.Int(parts)), expr.Bin(expr.Div, all, expr.Int(parts))
		point, plane := expr.Bin(expr.Div, set, expr.Int(p.x.planes)), expr.Bin(expr.Mod, set, expr.Int(p.x.planes))
		return n.loop("s", n.blocks, loop.Serial, func(block *expr.Expr) []loop.Stmt {
			n.slot = block
			some := p.rows.channels / parts
			return n.product(acc, rows, expr.Int(0), point, plane, scaled(some, part), some, expr.Bin(expr.Ne, block, expr.Int(0)))
		})
	})
}

// flopsOfPoint are those of a point of a plane for all tiles.
func (p *gradientPlan) flopsOfPoint() float64 {
	return 2 * float64(p.blocks*p.tiles()*p.rows.channels*p.vec.channels)
}

// product adds the tiles' products of some rows to sums; later tells where these have been begun.
func (n *gradientNest) product(acc tileSums, rows int, copy, point, plane, first *expr.Expr, some int, later *expr.Expr) []loop.Stmt {
	p := n.p
	a, b := n.pointsOf(p.rows, loop.In), n.pointsOf(p.vec, loop.In)
	sums := n.buf("sums", n.scratch(scratchTotals), p.copies()*p.totalElems(), loop.Out)
	of := func(q *panels) *expr.Expr { // the plane that an operand has where x has a plane
		if q.planes == 1 {
			return expr.Int(0)
		}
		return plane
	}
	return n.chunks("k", p.vec.channels, p.vec.width, func(vec *expr.Expr, width int) []loop.Stmt {
		return n.chunks("c", some, p.rows.width, func(panel *expr.Expr, size int) []loop.Stmt {
			panel = expr.Plus(first, panel)
			return n.chunks("t", size, rows, func(from *expr.Expr, size int) []loop.Stmt {
				t := tileNest{n.nester, size, width}
				out, result := t.sum(acc, p.tiles(), shortSum(p.tiles(), longSum), func(tile, r, v *expr.Expr) *expr.Expr {
					x := expr.Get(a, ir.F32, p.rows.at(n.slot, point, of(p.rows), panel, tile, expr.Plus(from, r)))
					return expr.Times(x, expr.Get(b, ir.F32, p.vec.at(n.slot, point, of(p.vec), vec, tile, v)))
				})
				return append(out, t.each(func(r, v *expr.Expr) loop.Stmt {
					at := p.totalAt(copy, point, plane, totalOf(panel, from, r), expr.Plus(vec, v))
					value := expr.Plus(expr.GetIf(later, sums, ir.F32, at), expr.Tile(result, ir.F32, r, v))
					return &loop.Store{Buf: sums, Index: at, Value: value}
				})...)
			})
		})
	})
}

// end is the kernel that makes the outputs of the sums of all runs.
func (p *gradientPlan) end() Kernel {
	n := newNester(p.c.Name + "_end")
	sums := n.buf("sums", p.scratch(scratchTotals), p.copies()*p.totalElems(), loop.In)
	o := n.outputs(p.c, p.lanes)
	n.nest.Body = n.loop("r", p.rows.channels, loop.Parallel, func(row *expr.Expr) []loop.Stmt {
		return n.pairs([2]int{p.stride, p.stride}, func(plane [2]*expr.Expr, number *expr.Expr) []loop.Stmt {
			return n.chunks("k", p.vec.channels, p.lanes, func(from *expr.Expr, size int) []loop.Stmt {
				return n.points(p.m, transposed(p.f.filter), size, func(i, j int, v *expr.Expr) *expr.Expr {
					var sum *expr.Expr
					for slot := range p.copies() {
						e := expr.Get(sums, ir.F32, p.totalAt(expr.Int(slot), expr.Int(i*p.f.points()+j), number, row, expr.Plus(from, v)))
						if sum == nil {
							sum = e
							continue
						}
						sum = expr.Plus(sum, e)
					}
					return sum
				}, func(i, j int, v, value *expr.Expr) []loop.Stmt {
					r, s := expr.Plus(expr.Int(i*p.stride), plane[0]), expr.Plus(expr.Int(j*p.stride), plane[1])
					at := []*expr.Expr{r, s, row, expr.Plus(from, v)}
					if p.w.merged {
						at = []*expr.Expr{r, expr.Plus(scaled(p.ins, s), row), expr.Plus(from, v)}
					}
					return o.stores(at, v, value)
				})
			})
		})
	})
	return n.kernel()
}

func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for i := range t {
		t[i] = make([]float64, len(m))
		for j := range m {
			t[i][j] = m[j][i]
		}
	}
	return t
}
