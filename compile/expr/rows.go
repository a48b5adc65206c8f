package expr

import "mllab/compile/ir"

// Rows is a Compute cut along its first axes: what it does for Block neighbouring
// rows, where a row is one coordinate of those axes. It says nothing of which rows.
type Rows struct {
	C       *Compute
	Count   int    // rows in all
	Aligned []bool // operands of which a row reads its own part alone; it reads all of the others
}

// lead gives the number of axes that the first k axes longer than 1 take, and whether
// there are so many.
func lead(shape []int, k int) (int, bool) {
	for i, n := range shape {
		if k == 0 {
			return i, true
		}
		if n != 1 {
			k--
		}
	}
	return len(shape), k == 0
}

// squeezed is a shape without its axes of extent 1.
func squeezed(shape []int) []int {
	var s []int
	for _, n := range shape {
		if n != 1 {
			s = append(s, n)
		}
	}
	return s
}

// AlignedRows says for each operand whether a row of the first k axes longer than 1
// reads the same row of it, in every load. ok is false where a row reads anything
// else that depends on which row it is.
func (c *Compute) AlignedRows(k int) (aligned []bool, ok bool) {
	n, ok := lead(c.Axes, k)
	if !ok {
		return nil, false
	}
	rows := squeezed(c.Axes[:n])
	seen := make([]int, len(c.In)) // 1: aligned, 2: independent of the row
	allowed := map[*Expr]bool{}    // loads that were found in order
	for _, root := range c.Roots() {
		Walk(root, func(e *Expr) {
			if e.Op != Load {
				return
			}
			kind := 2
			if rowLoad(c.In[e.I].Shape, e.Args, rows, c.Axes) {
				kind, allowed[e] = 1, true
			}
			ok = ok && seen[e.I]&^kind == 0
			seen[e.I] |= kind
		})
	}
	free := map[*Expr]bool{}
	for _, root := range c.Roots() {
		ok = ok && rowless(root, n, k, c, allowed, free)
	}
	aligned = make([]bool, len(c.In))
	for i, s := range seen {
		aligned[i] = s == 1
	}
	return aligned, ok
}

// rowLoad reports whether the first indices of a load are those of the row.
func rowLoad(shape []int, args []*Expr, rows, axes []int) bool {
	if len(args) != len(shape) {
		return false
	}
	at := 0
	for d, n := range shape {
		if at == len(rows) {
			return true
		}
		if n == 1 {
			continue
		}
		if n != rows[at] || args[d].Op != Axis || int(args[d].I) >= len(axes) {
			return false
		}
		before := len(squeezed(axes[:args[d].I]))
		if axes[args[d].I] != n || before != at {
			return false
		}
		at++
	}
	return at == len(rows)
}

// rowless reports whether nothing below e but the first indices of aligned loads
// reads one of the first n axes.
func rowless(e *Expr, n, k int, c *Compute, aligned, seen map[*Expr]bool) bool {
	if e == nil || seen[e] {
		return true
	}
	seen[e] = true
	if e.Op == Axis {
		return int(e.I) >= n
	}
	args := e.Args
	if aligned[e] {
		skip, _ := lead(c.In[e.I].Shape, k)
		args = args[skip:]
	}
	for _, a := range args {
		if !rowless(a, n, k, c, aligned, seen) {
			return false
		}
	}
	return rowless(e.Pred, n, k, c, aligned, seen)
}

// RowsOf cuts c along the first k axes longer than 1, into blocks of so many rows.
// It reports false where AlignedRows does.
func (c *Compute) RowsOf(k, block int) (Rows, bool) {
	aligned, ok := c.AlignedRows(k)
	if !ok {
		return Rows{}, false
	}
	n, _ := lead(c.Axes, k)
	r := Rows{Count: ir.Elems(c.Axes[:n]), Aligned: aligned}
	each := make([]int, len(c.In)) // elements of a row
	d := *c
	d.In = append([]ir.Type(nil), c.In...)
	for i, t := range c.In {
		if aligned[i] {
			each[i] = t.Elems() / r.Count
			d.In[i].Shape = []int{block * each[i]}
		}
	}
	d.Axes = append([]int{block}, c.Axes[n:]...)
	// First the loads give up the row's indices, then axes are renumbered.
	inner := Memo(func(e *Expr) *Expr {
		if e.Op != Load || !aligned[e.I] {
			return nil
		}
		shape := c.In[e.I].Shape
		skip, _ := lead(shape, k)
		flat := Int(0)
		for d := skip; d < len(shape); d++ {
			flat = Plus(Times(flat, Int(shape[d])), e.Args[d])
		}
		return &Expr{Op: Load, Type: e.Type, I: e.I, Args: []*Expr{flat}, Pred: e.Pred}
	})
	outer := Memo(func(e *Expr) *Expr {
		switch {
		case e.Op == Axis:
			return At(int(e.I) - n + 1)
		case e.Op == Load && aligned[e.I]:
			at := Plus(Times(At(0), Int(each[e.I])), e.Args[0])
			return &Expr{Op: Load, Type: e.Type, I: e.I, Args: []*Expr{at}, Pred: e.Pred}
		}
		return nil
	})
	if c.Body != nil {
		d.Body = outer(inner(c.Body))
	}
	d.More = make([]Reduction, len(c.More))
	for i, m := range c.More {
		d.More[i] = Reduction{m.Comb, outer(inner(m.Body))}
	}
	d.Outs = make([]*Expr, len(c.Outs))
	for i, o := range c.Outs {
		d.Outs[i] = outer(inner(o))
	}
	r.C = &d
	return r, true
}
