package schedule

import (
	"fmt"
	"strconv"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// fast is a minimal filtering algorithm F(out, taps) on a line (Winograd, "Arithmetic complexity of computations",
// SIAM 1980; Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016): the out results of a
// filter g of taps values over out+taps-1 data d are
//
//	y = last ((filter g) * (data d))
//
// with as many products as data. On a plane it is done along both axes.
type fast struct {
	out, taps          int
	data, filter, last [][]float64 // [points data], [points taps], [out points]
}

// points is the number of products of out results.
func (f *fast) points() int { return f.out + f.taps - 1 }

// filters are the algorithms in use: their constants are 1 and 1/2, so that they round hardly more than sums in a row do.
var filters = []*fast{
	{
		out: 2, taps: 3,
		data:   [][]float64{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
		filter: [][]float64{{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}},
		last:   [][]float64{{1, 1, 1, 0}, {0, 1, -1, -1}},
	},
	{
		out: 2, taps: 2,
		data:   [][]float64{{1, -1, 0}, {0, 1, 0}, {0, -1, 1}},
		filter: [][]float64{{1, 0}, {1, 1}, {0, 1}},
		last:   [][]float64{{1, 1, 0}, {0, 1, 1}},
	},
}

func filterOf(out, taps int) *fast {
	for _, f := range filters {
		if f.out == out && f.taps == taps {
			return f
		}
	}
	return nil
}

// combine is the sum of the values times the coefficients, not all of which are 0.
func combine(coef []float64, value func(i int) *expr.Expr) *expr.Expr {
	first := -1 // begin with one that is added, if there is one
	for i, k := range coef {
		if k != 0 && (first < 0 || k > coef[first]) {
			first = i
		}
	}
	sum := expr.Times(expr.Float(coef[first]), value(first))
	for i, k := range coef {
		switch {
		case i == first || k == 0:
		case k == -1:
			sum = expr.Minus(sum, value(i))
		default:
			sum = expr.Plus(sum, expr.Times(expr.Float(k), value(i)))
		}
	}
	return sum
}

// planar is a convolution on a plane, as a collapsed Compute shows it: operand x at
//
//	image*xImage + stride*(row*xRow + col*xCol) + (tap row)*xRow + (tap col)*xCol + channel
//
// and operand w at tap row, tap col, channel and output by its own distances. Results may lie in several phases, as those of a
// transposed convolution do: each phase of rows and of columns has taps of its own, and may read x further on.
type planar struct {
	c              *expr.Compute
	f              *fast
	x, w           int // operands
	image          int // axis of the Compute, -1 where there is one image
	images         int
	rows, cols     int // of results of a phase
	phases         [2]int
	ins, outs      int
	stride         int // of the taps: each plane of every stride-th tap is a convolution by itself
	xAt, wAt       int
	xImage         int
	xRow, xCol     int // of neighbouring rows and columns of x
	wRow, wCol, wC int
	wOut           int
	xPhase, wPhase [2]int // of a phase of rows, of columns
}

// factor is an operand of a product and where it is read.
type factor struct {
	operand int
	index   expr.Linear
}

// factors are those of the products that a Compute adds up, both plain operands, or why there are none.
func factors(c *expr.Compute) (f [2]factor, err error) {
	if c.Body == nil || len(c.More) > 0 || c.Comb != expr.Sum || c.Body.Op != expr.Mul || c.Body.Type != ir.F32 {
		return f, fmt.Errorf("it is no sum of products")
	}
	for i, e := range c.Body.Args {
		if e.Op != expr.Load || e.Pred != nil || len(e.Args) != 1 {
			return f, fmt.Errorf("factor %d is no plain operand", i)
		}
		l, ok := expr.Affine(e.Args[0])
		if !ok {
			return f, fmt.Errorf("factor %d is read at no affine index", i)
		}
		f[i] = factor{int(e.I), l}
	}
	return f, nil
}

// planarOf reads a Compute as a convolution that F(out, taps) can do, or says why it is none.
func planarOf(c *expr.Compute, out int) (*planar, error) {
	fail := func(format string, args ...any) (*planar, error) {
		return nil, fmt.Errorf("no convolution for winograd: "+format, args...)
	}
	f, err := factors(c)
	if err != nil {
		return fail("%w", err)
	}
	k := len(c.Axes) - 1
	p := &planar{c: c, images: 1, phases: [2]int{1, 1}}
	row, col := k-2, k-1
	if k == 4 || k == 5 {
		row, col = k-4, k-2
		p.phases = [2]int{c.Axes[k-3], c.Axes[k-1]}
	}
	if k < 2 || row > 1 {
		return fail("%d coordinates, want image, row, column and channel", len(c.Axes))
	}
	p.image, p.rows, p.cols, p.outs = row-1, c.Axes[row], c.Axes[col], c.Axes[k]
	if p.image >= 0 {
		p.images = c.Axes[p.image]
	}
	var x, w expr.Linear
	for _, f := range f {
		if f.index.Coef(k) != 0 {
			p.w, w = f.operand, f.index
			continue
		}
		p.x, x = f.operand, f.index
	}
	if len(x.Terms) == 0 || len(w.Terms) == 0 || w.Coef(row) != 0 || w.Coef(col) != 0 || p.image >= 0 && w.Coef(p.image) != 0 {
		return fail("no operand is the weights")
	}
	p.xAt, p.wAt, p.wOut = x.Const, w.Const, w.Coef(k)
	if p.image >= 0 {
		p.xImage = x.Coef(p.image)
	}
	if p.phased() {
		p.xPhase, p.wPhase = [2]int{x.Coef(row + 1), x.Coef(col + 1)}, [2]int{w.Coef(row + 1), w.Coef(col + 1)}
	}
	return p, p.reduction(x, w, x.Coef(row), x.Coef(col), out)
}

func (p *planar) phased() bool { return len(p.c.Axes) > 4 }

// dataPhases is how many phases of rows and columns have data of their own.
func (p *planar) dataPhases() [2]int {
	n := p.phases
	for i, d := range p.xPhase {
		if d == 0 {
			n[i] = 1
		}
	}
	return n
}

// reduction finds its axes: tap row, tap column, channel, of which the last two may be one.
func (p *planar) reduction(x, w expr.Linear, row, col, out int) error {
	k := len(p.c.Axes) - 1
	red := func(i int) (extent, ofX, ofW int) {
		return p.c.Red[i], x.Coef(k + 1 + i), w.Coef(k + 1 + i)
	}
	none := fmt.Errorf("no convolution for winograd: taps are not those of rows, columns and channels")
	if row <= 0 || col <= 0 || len(p.c.Red) < 2 || len(p.c.Red) > 3 {
		return none
	}
	r, xRow, wRow := red(0)
	s, xCol, wCol := red(1)
	c, xC, wC := 0, 0, 0
	if len(p.c.Red) == 3 {
		c, xC, wC = red(2)
	} else { // column and channel are one axis: all that lies in a row of x
		xC, wC = xCol, wCol
		c = col / max(row/max(xRow, 1), 1)
		if c < 1 || s%c != 0 {
			return none
		}
		s, xCol, wCol = s/c, c*xC, c*wC
	}
	if xC != 1 || xRow <= 0 || xCol <= 0 || row%xRow != 0 || col%xCol != 0 || row/xRow != col/xCol || r != s {
		return none
	}
	p.stride = row / xRow
	if r%p.stride != 0 {
		return none
	}
	p.f = filterOf(out, r/p.stride)
	switch {
	case p.f == nil:
		return fmt.Errorf("no filter of %d results and %d taps", out, r/p.stride)
	case p.rows%out != 0 || p.cols%out != 0:
		return fmt.Errorf("%d by %d results, want multiples of %d", p.rows, p.cols, out)
	}
	p.ins, p.xRow, p.xCol, p.wRow, p.wCol, p.wC = c, xRow, xCol, wRow, wCol, wC
	return nil
}

// tileRows and tileCols are the numbers of tiles of results.
func (p *planar) tileRows() int { return p.rows / p.f.out }
func (p *planar) tileCols() int { return p.cols / p.f.out }

// taps is how many taps the weights have along an axis.
func (p *planar) taps() int { return p.f.taps * p.stride }

// deep is how many products are added up for a point: the channels of all planes of taps.
func (p *planar) deep() int { return p.stride * p.stride * p.ins }

// scratch is the logical buffer of a scratch buffer.
func (p *planar) scratch(i int) int { return scratchOf(p.c, i) }

func (p *planar) square() int { return p.f.points() * p.f.points() }

func area(n [2]int) int { return n[0] * n[1] }

// worth reports whether it is clearly faster than the convolution by itself, by the vector instructions of a tile and the
// weights' share of them.
func (p *planar) worth(m loop.Machine) bool {
	lanes := max(m.Lanes, 1)
	if p.ins%lanes != 0 || p.outs%lanes != 0 {
		return false
	}
	n, taps := p.square(), p.taps()
	outs, deep, tiles := float64(p.outs/lanes), float64(p.deep()), float64(p.images*p.tileRows()*p.tileCols())
	data := float64(area(p.dataPhases())) / float64(area(p.phases))
	direct := float64(p.f.out*p.f.out*taps*taps*p.ins) * outs
	return 1.25*float64(n)*(deep*outs+5*data*deep/float64(lanes)+5*outs+5*deep*outs/tiles) < direct
}

// filtered is a convolution, or the gradient of one's weights, by minimal filtering, where that is clearly faster.
func (f *form) filtered() Schedule {
	ok := false
	if p, err := planarOf(f.c, 2); err == nil {
		ok = p.worth(f.m) && p.filter(f.m, 0, false).fits
	} else if g, err := gradientOf(f.c, 2); err == nil {
		ok = g.worth(f.m) && g.filter(f.m, 0, false).fits
	}
	if !ok {
		return nil
	}
	return Schedule{{Op: Winograd, N: 2}}
}

// filter carries out a step: minimal filtering in place of the loops.
func (d *design) filter(out int, blocks string) error {
	if d.m.Kind != loop.CPU {
		return fmt.Errorf("want a machine with threads and vectors")
	}
	tiles := 0
	if n, err := strconv.Atoi(blocks); err == nil && n > 0 {
		tiles = n
	} else if blocks != "" && blocks != apart {
		return fmt.Errorf("blocks of %q tiles: want a number, or %s", blocks, apart)
	}
	p, err := planarOf(d.c, out)
	if err == nil {
		d.fast = p.filter(d.m, tiles, blocks == apart)
		return nil
	}
	if g, other := gradientOf(d.c, out); other == nil {
		d.fast = g.filter(d.m, tiles, blocks == apart)
		return nil
	}
	return err
}
