package schedule

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Collapse gives the Compute in the form that schedules are about: flat indices,
// no axis of extent 1, no reduction over less than two terms, and neighbouring axes merged
// where every expression sees them only as one number (an elementwise chain over
// equal shapes becomes one-dimensional). Outputs keep their memory, so their
// shape is now the merged one. Default, Random and Apply call it themselves;
// collapsing twice changes nothing.
func Collapse(c *expr.Compute) *expr.Compute {
	// A flat index into a scalar is as good as none, which Flat wants.
	bare := c.Rewrite(func(e *expr.Expr) *expr.Expr {
		if e.Op == expr.Load && len(e.Args) == 1 && c.In[e.I].Rank() == 0 {
			return &expr.Expr{Op: expr.Load, Type: e.Type, I: e.I, Pred: e.Pred}
		}
		return nil
	})
	d := *bare.Flat()
	if n := ir.Elems(d.Red); len(d.Red) > 0 && n < 2 {
		var values []*expr.Expr
		for _, r := range d.Reductions() {
			value := r.Comb.Start(r.Body.Type)
			if n == 1 {
				value = expr.Subst(r.Body, append(make([]*expr.Expr, len(d.Axes)), zeros(len(d.Red))...))
			}
			values = append(values, value)
		}
		d = *d.Rewrite(once(func(e *expr.Expr) *expr.Expr {
			if e.Op == expr.Acc {
				return values[e.I]
			}
			return nil
		}))
		d.Red, d.Body, d.More = nil, nil, nil
	}
	e := tidy(&d)
	for axis := 0; axis < len(e.Axes)+len(e.Red); {
		if e.Extent(axis) == 1 {
			e = dropAxis(e, axis)
			continue
		}
		axis++
	}
	for axis := len(e.Axes) + len(e.Red) - 2; axis >= 0; axis-- {
		if axis != len(e.Axes)-1 && mergeable(e, axis) {
			e = merge(e, axis)
		}
	}
	return tidy(e)
}

func zeros(n int) []*expr.Expr {
	z := make([]*expr.Expr, n)
	for i := range z {
		z[i] = expr.Int(0)
	}
	return z
}

func tidy(c *expr.Compute) *expr.Compute {
	r := ranges(func(i int) span { return span{0, c.Extent(i) - 1} })
	return c.Rewrite(r.simplify)
}

// renumber rewrites axes through f and gives new extents.
func renumber(c *expr.Compute, axes, red []int, f func(i int) *expr.Expr) *expr.Compute {
	d := c.Rewrite(once(func(e *expr.Expr) *expr.Expr {
		if e.Op == expr.Axis {
			return f(int(e.I))
		}
		return nil
	}))
	d.Axes, d.Red = axes, red
	return d
}

func without(list []int, i int) []int {
	return append(append([]int{}, list[:i]...), list[i+1:]...)
}

func dropAxis(c *expr.Compute, axis int) *expr.Compute {
	axes, red := c.Axes, c.Red
	if axis < len(axes) {
		axes = without(axes, axis)
	} else {
		red = without(red, axis-len(axes))
	}
	return tidy(renumber(c, axes, red, func(i int) *expr.Expr {
		switch {
		case i == axis:
			return expr.Int(0)
		case i > axis:
			return expr.At(i - 1)
		}
		return nil
	}))
}

// linears visits the largest affine expressions below e, and reports whether all
// satisfy the condition.
func linears(e *expr.Expr, ok func(expr.Linear) bool, seen map[*expr.Expr]bool) bool {
	if e == nil || seen[e] {
		return true
	}
	seen[e] = true
	if e.Type == ir.I32 {
		if l, is := expr.Affine(e); is {
			return ok(l)
		}
	}
	for _, a := range e.Args {
		if !linears(a, ok, seen) {
			return false
		}
	}
	return linears(e.Pred, ok, seen)
}

// mergeable reports whether axis and the next are seen only as axis*extent+next.
func mergeable(c *expr.Compute, axis int) bool {
	n := c.Extent(axis + 1)
	seen := map[*expr.Expr]bool{}
	for _, root := range c.Roots() {
		if !linears(root, func(l expr.Linear) bool { return l.Coef(axis) == n*l.Coef(axis+1) }, seen) {
			return false
		}
	}
	return true
}

func merge(c *expr.Compute, axis int) *expr.Compute {
	n := c.Extent(axis) * c.Extent(axis+1)
	axes, red := c.Axes, c.Red
	if axis < len(axes) {
		axes = without(axes, axis)
		axes[axis] = n
	} else {
		red = without(red, axis-len(axes))
		red[axis-len(axes)] = n
	}
	return tidy(renumber(c, axes, red, func(i int) *expr.Expr {
		switch {
		case i == axis:
			return expr.Int(0)
		case i > axis:
			return expr.At(i - 1)
		}
		return nil
	}))
}
