package schedule

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/loop"
)

// packed finds the one load of an operand that Body has, which must be affine
// and without a predicate, so that its elements can be laid out by loop.
func packed(c *expr.Compute, operand int) (*expr.Expr, expr.Linear, error) {
	var load *expr.Expr
	var err error
	expr.Walk(c.Body, func(e *expr.Expr) {
		if e.Op != expr.Load || int(e.I) != operand {
			return
		}
		if load != nil && !expr.Same(load, e) {
			err = fmt.Errorf("operand %d is read at two places", operand)
		}
		load = e
	})
	switch {
	case err != nil:
		return nil, expr.Linear{}, err
	case load == nil:
		return nil, expr.Linear{}, fmt.Errorf("operand %d is not read by the reduction", operand)
	case load.Pred != nil:
		return nil, expr.Linear{}, fmt.Errorf("operand %d is read under a condition", operand)
	}
	l, ok := expr.Affine(load.Args[0])
	if !ok || len(l.Terms) == 0 {
		err = fmt.Errorf("operand %d is read at %s, want an affine index", operand, load.Args[0])
		return nil, expr.Linear{}, err
	}
	return load, l, nil
}

// segments are the dimensions of a packed operand: the loops that its load
// depends on, in the order they run in, where neighbours that make up a whole
// axis count as that axis. Others take their full extent also where a tail reads less, so that
// a vector as wide as the loop may be read there: it stays inside the buffer.
func (d *design) segments(operand int) []*node {
	_, l, _ := packed(d.c, operand)
	var dims []*node
	for _, n := range d.order {
		if l.Coef(n.axis) != 0 {
			dims = append(dims, n)
		}
	}
	for i := 0; i < len(dims); i++ {
		root := d.axes[dims[i].axis]
		count, inOrder := 0, true
		root.leaves(func(x *node) {
			inOrder = inOrder && i+count < len(dims) && dims[i+count] == x
			count++
		})
		if inOrder {
			dims = append(append(append([]*node{}, dims[:i]...), root), dims[i+count:]...)
		}
	}
	return dims
}

// packKernel copies an operand into the order of its segments. The loops are
// those of the segments; the innermost is a vector. Where memory is contiguous
// along another axis than the innermost, as in a transposed operand, that axis is
// unrolled by as many as there are lanes, so that a target may transpose a square
// in registers.
func (d *design) packKernel(operand, scratch int) Kernel {
	load, l, _ := packed(d.c, operand)
	dims := d.segments(operand)
	p := &design{c: d.c, m: d.m, axes: append([]*node{}, d.axes...)}
	twin := map[string]*node{}
	for _, n := range dims {
		if n.parent == nil {
			r := *n
			r.outer, r.inner, r.kind, r.chosen = nil, nil, loop.Serial, false
			p.axes[n.axis], twin[n.name] = &r, &r
			p.order = append(p.order, &r)
			continue
		}
		if twin[AxisName(len(d.c.Axes), n.axis)] == nil {
			var list []*node
			root := d.axes[n.axis].clone(nil, &list)
			p.axes[n.axis], twin[root.name] = root, root
			for _, x := range list {
				twin[x.name] = x
			}
		}
		p.order = append(p.order, twin[n.name])
	}
	target := make([]*node, len(dims))
	for i, n := range dims {
		target[i] = twin[n.name]
	}
	p.packLoops(l)
	for i, n := range p.order {
		n.id = i
	}
	low := newLowering(fmt.Sprintf("%s_pack%d", d.c.Name, operand), p.axes, p.vars())
	size := 1
	for _, n := range dims {
		size *= n.size
	}
	t := d.c.In[operand]
	low.nest.Bufs = []loop.Buf{
		{Name: fmt.Sprintf("x%d", operand), DType: t.DType, Elems: t.Elems()},
		{Name: fmt.Sprintf("s%d", scratch), DType: t.DType, Elems: size, Role: loop.Out},
	}
	low.nest.Body = low.loops(p.order, func() []loop.Stmt {
		index := low.subst(load.Args[0], nil)
		value := expr.Get(0, t.DType, sumOf(index).expr())
		return []loop.Stmt{&loop.Store{Buf: 1, Index: low.index(target), Value: value}}
	})
	return Kernel{low.nest, []int{operand, scratchOf(d.c, scratch)}}
}

// packLoops chooses the kinds of the copy's loops.
func (d *design) packLoops(l expr.Linear) {
	lanes := max(d.m.Lanes, 1)
	last := len(d.order) - 1
	if lanes > 1 && d.m.Kind != loop.GPU {
		along := -1 // the innermost loop of the axis that memory is contiguous in
		for i, n := range d.order {
			if l.Coef(n.axis) == 1 {
				along = i
			}
		}
		v := d.order[last]
		if along >= 0 && d.order[along].axis != v.axis {
			d.unrollSquare(along, last, lanes)
		} else {
			d.vectorLast(4 * lanes)
		}
	}
	if first := d.order[0]; first.kind == loop.Serial {
		if d.m.Kind == loop.GPU {
			first.kind = loop.Block
		} else {
			first.kind = loop.Parallel
		}
	}
}

// vectorLast vectorises the innermost loop, at most width wide.
func (d *design) vectorLast(width int) {
	last := len(d.order) - 1
	if d.order[last].size > width {
		d.cut(last, width)
		last++
	}
	d.order[last].kind = loop.Vector
}

// unrollSquare makes the last two loops an unrolled one along memory and a vector.
func (d *design) unrollSquare(along, last, lanes int) {
	u, v := d.order[along], d.order[last]
	rest := append(append([]*node{}, d.order[:along]...), d.order[along+1:last]...)
	inner := []*node{u, v}
	for i, n := range inner {
		if n.size > lanes {
			n.split(lanes)
			rest = append(rest, n.outer)
			inner[i] = n.inner
		}
	}
	inner[0].kind, inner[1].kind = loop.Unroll, loop.Vector
	d.order = append(rest, inner...)
}

func (d *design) cut(at, f int) {
	n := d.order[at]
	n.split(f)
	d.order = append(d.order[:at], append([]*node{n.outer, n.inner}, d.order[at+1:]...)...)
}
