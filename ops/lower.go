package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

// lowerMap lowers an elementwise operator with broadcasting.
func lowerMap(in []ir.Type, out ir.Type, f func(x []*expr.Expr) *expr.Expr) *expr.Compute {
	x := make([]*expr.Expr, len(in))
	for i, t := range in {
		x[i] = expr.Get(i, t.DType, stretched(t, out.Rank())...)
	}
	return expr.Map(in, out, f(x))
}

// lowerUnary lowers an elementwise operator that is one kind of expression.
func lowerUnary(op expr.Op, in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr { return expr.Un(op, x[0]) })
}

// lowerBinary lowers an elementwise operator that is one kind of expression.
func lowerBinary(op expr.Op, in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr { return expr.Bin(op, x[0], x[1]) })
}

// stretched are the indices by which an operand is read at the coordinates of a
// result of the given rank: 0 along dimensions that broadcasting stretches.
func stretched(t ir.Type, rank int) []*expr.Expr {
	index := make([]*expr.Expr, t.Rank())
	for d, n := range t.Shape {
		index[d] = expr.Int(0)
		if n != 1 {
			index[d] = expr.At(rank - t.Rank() + d)
		}
	}
	return index
}

// axesAt are the axes 0..n-1 as indices.
func axesAt(n int) []*expr.Expr {
	index := make([]*expr.Expr, n)
	for d := range index {
		index[d] = expr.At(d)
	}
	return index
}

// flat is the row-major position of coordinates within a shape.
func flat(index []*expr.Expr, shape []int) *expr.Expr {
	e := expr.Int(0)
	for d, x := range index {
		e = expr.Plus(expr.Times(e, expr.Int(shape[d])), x)
	}
	return e
}

// affine is a*x + c.
func affine(x *expr.Expr, a, c int) *expr.Expr {
	return expr.Plus(expr.Times(x, expr.Int(a)), expr.Int(c))
}

// strided is a*x + c*y: how a window's tap y at output x lies in its input.
func strided(x *expr.Expr, a int, y *expr.Expr, c int) *expr.Expr {
	return expr.Plus(expr.Times(x, expr.Int(a)), expr.Times(y, expr.Int(c)))
}
