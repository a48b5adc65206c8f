package schedule

import (
	"fmt"
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// Plan is how a Compute is carried out: kernels to run in order, and the scratch
// memory they hand on to each other.
type Plan struct {
	Kernels []Kernel
	Scratch []int // elements of 4 bytes of each scratch buffer
}

// Kernel is a nest and what its buffers are: Args[b] is the logical buffer of
// Nest.Bufs[b], numbered operands first, then outputs, then scratch.
type Kernel struct {
	Nest *loop.Nest
	Args []int
}

// scratchOf is the logical buffer of scratch buffer i.
func scratchOf(c *expr.Compute, i int) int { return len(c.In) + len(c.Out) + i }

// Apply carries out a schedule on the Compute, collapsed as Collapse does. The
// plan of a Compute without elements has no kernels. An error names the step, or
// says why the whole is illegal for this Compute or machine.
func Apply(c *expr.Compute, s Schedule, m loop.Machine) (*Plan, error) {
	if err := c.Verify(); err != nil {
		return nil, err
	}
	if ir.Elems(c.Axes) == 0 {
		return &Plan{}, nil
	}
	c = Collapse(c)
	d, err := arrange(c, s, m)
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	if d.fast != nil {
		p = d.fast.plan()
		return p, p.verify(s)
	}
	for _, operand := range d.pack {
		p.Scratch = append(p.Scratch, ir.Elems(extents(d.segments(operand))))
		p.Kernels = append(p.Kernels, d.packKernel(operand, len(p.Scratch)-1))
	}
	if d.inParts() {
		p.Kernels = append(p.Kernels, d.firstKernel())
	}
	p.Kernels = append(p.Kernels, d.kernel())
	if d.inParts() && !d.bare() {
		p.Scratch = append(p.Scratch, d.sumElems())
		p.Kernels = append(p.Kernels, d.lastKernel())
	}
	return p, p.verify(s)
}

func (p *Plan) verify(s Schedule) error {
	for _, k := range p.Kernels {
		if err := k.Nest.Verify(); err != nil {
			return fmt.Errorf("schedule %q: %w", s, err)
		}
	}
	return nil
}

func extents(ns []*node) []int {
	e := make([]int, len(ns))
	for i, n := range ns {
		e[i] = n.size
	}
	return e
}

func (d *design) vars() []string {
	v := make([]string, len(d.order))
	for i, n := range d.order {
		v[i] = varName(n)
	}
	return v
}

// kernel makes the nest of the Compute itself.
func (d *design) kernel() Kernel {
	b := &builder{
		design: d, lowering: newLowering(d.c.Name, d.axes, d.vars()),
		bufs: map[int]int{}, tiles: map[string]int{},
	}
	b.buffers()
	outer, run := d.fused(), 1
	if d.inParts() {
		outer, run = d.outer()
	}
	inside := d.order[len(outer):d.firstRed()]
	b.nest.Body = b.fuse(outer, run, func() []loop.Stmt {
		return b.loops(inside, func() []loop.Stmt {
			if d.c.Body == nil {
				return b.stores(nil)
			}
			return b.reduction()
		})
	})
	return Kernel{b.nest, b.args}
}

// builder makes the kernel of a design.
type builder struct {
	*design
	*lowering
	args  []int
	bufs  map[int]int // buffer of a logical number
	tiles map[string]int
}

func (b *builder) buffer(logical int, p loop.Buf) {
	b.bufs[logical] = len(b.args)
	b.args = append(b.args, logical)
	b.nest.Bufs = append(b.nest.Bufs, p)
}

// buffers declares the operands that are read, packed ones as scratch, and the outputs.
func (b *builder) buffers() {
	c := b.c
	used := make([]bool, len(c.In))
	mark := func(skip []int) func(*expr.Expr) {
		return func(e *expr.Expr) {
			if e.Op != expr.Load {
				return
			}
			for _, p := range skip {
				if p == int(e.I) {
					return
				}
			}
			used[e.I] = true
		}
	}
	for _, r := range c.Reductions() {
		expr.Walk(r.Body, mark(b.pack))
	}
	if !b.inParts() {
		for _, o := range c.Outs {
			expr.Walk(o, mark(nil))
		}
	}
	for i, t := range c.In {
		if used[i] {
			b.buffer(i, loop.Buf{Name: fmt.Sprintf("x%d", i), DType: t.DType, Elems: t.Elems()})
		}
	}
	for i, operand := range b.pack {
		n := ir.Elems(extents(b.segments(operand)))
		b.buffer(scratchOf(c, i),
			loop.Buf{Name: fmt.Sprintf("s%d", i), DType: c.In[operand].DType, Elems: n})
	}
	if b.inParts() {
		b.buffer(b.sums(), loop.Buf{Name: "sums", DType: c.Body.Type, Elems: b.sumElems(), Role: loop.Out})
		return
	}
	for i, t := range c.Out {
		b.buffer(len(c.In)+i,
			loop.Buf{Name: fmt.Sprintf("y%d", i), DType: t, Elems: ir.Elems(c.Axes), Role: loop.Out})
	}
}

// lower turns an expression of axes into one of loop variables and buffers.
func (b *builder) lower(e *expr.Expr, acc []*expr.Expr, body bool) *expr.Expr {
	return b.subst(e, func(x *expr.Expr) *expr.Expr {
		switch x.Op {
		case expr.Acc:
			return acc[x.I]
		case expr.Load:
			for i, operand := range b.pack {
				if body && operand == int(x.I) {
					scratch := b.bufs[scratchOf(b.c, i)]
					return expr.Get(scratch, x.Type, b.index(b.segments(operand)))
				}
			}
			return expr.GetIf(x.Pred, b.bufs[int(x.I)], x.Type, x.Args[0])
		}
		return nil
	})
}

// stores writes all outputs at the coordinate where the loops stand.
func (b *builder) stores(acc []*expr.Expr) []loop.Stmt {
	at := b.index(b.design.axes[:len(b.c.Axes)])
	var all []*loop.Store
	for i, o := range b.c.Outs {
		all = append(all, &loop.Store{Buf: b.bufs[len(b.c.In)+i], Index: at, Value: b.lower(o, acc, false)})
	}
	var dims []*node
	if k := len(b.order) - 1; k >= 0 && b.order[k].kind == loop.Vector && b.order[k].space {
		dims = b.order[k:]
	}
	list := readers(b.c)
	return inOrder(list, all, func(k int, d ir.DType) int {
		return b.local(fmt.Sprint("value", list[k]), d, dims)
	}, b.tileIndex(dims))
}

// readers lists the outputs, where there are several, that read an operand of an
// output's size.
func readers(c *expr.Compute) []int {
	var list []int
	if len(c.Outs) < 2 {
		return nil
	}
	for i, o := range c.Outs {
		expr.Walk(o, func(e *expr.Expr) {
			if e.Op == expr.Load && c.In[e.I].Elems() == ir.Elems(c.Axes) && !slices.Contains(list, i) {
				list = append(list, i)
			}
		})
	}
	return list
}

// local declares a tile with a dimension a loop, or finds it declared, as it is
// where the same statements are made again for a tail.
func (b *builder) local(name string, d ir.DType, dims []*node) int {
	if i, ok := b.tiles[name]; ok {
		return i
	}
	l := loop.Local{DType: d, Dims: extents(dims), Memory: name == waiting}
	if len(l.Dims) == 0 {
		l.Dims = []int{1}
	}
	b.nest.Locals = append(b.nest.Locals, l)
	b.tiles[name] = len(b.nest.Locals) - 1
	return b.tiles[name]
}

func (b *builder) tileIndex(dims []*node) []*expr.Expr {
	if len(dims) == 0 {
		return []*expr.Expr{expr.Int(0)}
	}
	index := make([]*expr.Expr, len(dims))
	for i, n := range dims {
		index[i] = b.value(n)
	}
	return index
}
