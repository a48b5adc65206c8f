package schedule

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// nester writes a nest loop by loop, where a kernel is more than a Compute in some order.
type nester struct {
	nest *loop.Nest
	args []int       // the logical buffer of each buffer
	at   map[int]int // and back
}

func newNester(name string) *nester {
	return &nester{nest: &loop.Nest{Name: name}, at: map[int]int{}}
}

// buf declares a buffer of float32 or finds it declared.
func (n *nester) buf(name string, logical, elems int, r loop.Role) int {
	return n.typed(name, logical, ir.Of(ir.F32, elems), r)
}

func (n *nester) typed(name string, logical int, t ir.Type, r loop.Role) int {
	if i, ok := n.at[logical]; ok {
		return i
	}
	n.nest.Bufs = append(n.nest.Bufs, loop.Buf{Name: name, DType: t.DType, Elems: t.Elems(), Role: r})
	n.args = append(n.args, logical)
	n.at[logical] = len(n.args) - 1
	return n.at[logical]
}

func (n *nester) local(dims ...int) int {
	n.nest.Locals = append(n.nest.Locals, loop.Local{DType: ir.F32, Dims: dims})
	return len(n.nest.Locals) - 1
}

func (n *nester) kernel() Kernel { return Kernel{n.nest, n.args} }

func (n *nester) variable(name string) int {
	n.nest.Vars = append(n.nest.Vars, fmt.Sprintf("%s%d", name, len(n.nest.Vars)))
	return len(n.nest.Vars) - 1
}

// loop runs body count times, with no loop where that is once.
func (n *nester) loop(name string, count int, kind loop.Kind, body func(at *expr.Expr) []loop.Stmt) []loop.Stmt {
	if count == 1 && kind != loop.Vector {
		return body(expr.Int(0))
	}
	id := n.variable(name)
	return []loop.Stmt{&loop.For{Var: id, N: count, Kind: kind, Body: body(expr.At(id))}}
}

// chunks cuts count in chunks of size, of which the last may be smaller: body is given where a chunk begins, and its size.
func (n *nester) chunks(name string, count, size int, body func(from *expr.Expr, size int) []loop.Stmt) []loop.Stmt {
	if count <= size {
		return body(expr.Int(0), count)
	}
	id := n.variable(name)
	from := scaled(size, expr.At(id))
	f := &loop.For{Var: id, N: (count + size - 1) / size, Body: body(from, size)}
	if rest := count % size; rest > 0 {
		f.Last = body(from, rest)
	}
	return []loop.Stmt{f}
}

// vector runs body for count neighbours in lanes.
func (n *nester) vector(count int, body func(at *expr.Expr) []loop.Stmt) []loop.Stmt {
	return n.loop("v", count, loop.Vector, body)
}

// scaled is k*e.
func scaled(k int, e *expr.Expr) *expr.Expr { return expr.Times(e, expr.Int(k)) }

// totalOf is the sum of indices.
func totalOf(all ...*expr.Expr) *expr.Expr {
	sum := expr.Int(0)
	for _, e := range all {
		sum = expr.Plus(sum, e)
	}
	return sum
}

// pairs runs over pairs of numbers, of rows and of columns, and numbers them.
func (n *nester) pairs(count [2]int, body func(pair [2]*expr.Expr, number *expr.Expr) []loop.Stmt) []loop.Stmt {
	return n.loop("f", count[0], loop.Serial, func(a *expr.Expr) []loop.Stmt {
		return n.loop("g", count[1], loop.Serial, func(b *expr.Expr) []loop.Stmt {
			return body([2]*expr.Expr{a, b}, totalOf(scaled(count[1], a), b))
		})
	})
}

// points does a transformation along both axes for count lanes: coef has a row for each result. Where registers are few,
// each row of results has a loop of its own.
func (n *nester) points(m loop.Machine, coef [][]float64, count int, value func(i, j int, v *expr.Expr) *expr.Expr,
	store func(i, j int, v, value *expr.Expr) []loop.Stmt) (all []loop.Stmt) {
	width := len(coef[0])
	half := n.local(width, count) // a row of the plane, transformed along the other axis
	row := func(i int, v *expr.Expr) (list []loop.Stmt) {
		for j := range width {
			sum := combine(coef[i], func(k int) *expr.Expr { return value(k, j, v) })
			list = append(list, &loop.Set{Local: half, Index: []*expr.Expr{expr.Int(j), v}, Value: sum})
		}
		for j := range coef {
			sum := combine(coef[j], func(k int) *expr.Expr { return expr.Tile(half, ir.F32, expr.Int(k), v) })
			list = append(list, store(i, j, v, sum)...)
		}
		return list
	}
	if m.Registers >= 32 {
		return n.vector(count, func(v *expr.Expr) (list []loop.Stmt) {
			for i := range coef {
				list = append(list, row(i, v)...)
			}
			return list
		})
	}
	for i := range coef {
		body := n.vector(count, func(v *expr.Expr) []loop.Stmt { return row(i, v) })
		all = append(all, &loop.For{Var: n.variable("i"), N: 1, Body: body})
	}
	return all
}
