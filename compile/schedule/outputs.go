package schedule

import (
	"slices"
	"strconv"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// inOrder puts the stores of a Compute's outputs in an order. An output may lie in the memory of an operand of its size that
// another output still reads. So values that read such operands are computed first and wait in registers, all but the
// last of them, and other outputs are stored at the end. The k-th that waits does so in element index of tile(k).
func inOrder(readers []int, stores []*loop.Store, tile func(k int, d ir.DType) int, index []*expr.Expr) []loop.Stmt {
	var first, last []loop.Stmt
	for i, s := range stores {
		switch k := slices.Index(readers, i); {
		case k < 0:
			last = append(last, s)
		case k == len(readers)-1:
			first = append(first, s)
		default:
			t := tile(k, s.Value.Type)
			first = append(first, &loop.Set{Local: t, Index: index, Value: s.Value})
			s.Value = expr.Tile(t, s.Value.Type, index...)
			last = append(last, s)
		}
	}
	return append(first, last...)
}

// outputs writes the stores of a Compute's outputs in lanes.
type outputs struct {
	*nester
	c       *expr.Compute
	readers []int
	wait    []int // tiles of the readers
}

func (n *nester) outputs(c *expr.Compute, lanes int) *outputs {
	o := &outputs{nester: n, c: c, readers: readers(c)}
	for range max(len(o.readers)-1, 0) {
		o.wait = append(o.wait, n.local(lanes))
	}
	return o
}

// stores stores all outputs at a coordinate of which v is the lane, where the reduction has given acc.
func (o *outputs) stores(at []*expr.Expr, v, acc *expr.Expr) []loop.Stmt {
	index := expr.Int(0)
	for a, e := range at {
		index = expr.Plus(scaled(o.c.Axes[a], index), e)
	}
	var all []*loop.Store
	for i, e := range o.c.Outs {
		y := o.typed("y"+strconv.Itoa(i), len(o.c.In)+i, o.c.OutType(i), loop.Out)
		all = append(all, &loop.Store{Buf: y, Index: index, Value: o.value(e, at, acc)})
	}
	return inOrder(o.readers, all, func(k int, d ir.DType) int {
		o.nest.Locals[o.wait[k]].DType = d
		return o.wait[k]
	}, []*expr.Expr{v})
}

// value is an output's value at a coordinate.
func (o *outputs) value(e *expr.Expr, at []*expr.Expr, acc *expr.Expr) *expr.Expr {
	return expr.Memo(once(func(x *expr.Expr) *expr.Expr {
		switch x.Op {
		case expr.Axis:
			return at[x.I]
		case expr.Acc:
			return acc
		case expr.Load:
			b := o.typed("x"+strconv.Itoa(int(x.I)), int(x.I), o.c.In[x.I], loop.In)
			return expr.GetIf(x.Pred, b, x.Type, x.Args[0])
		}
		return nil
	}))(e)
}
