package schedule

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// tileNest writes the loops of a register tile of rows by width.
type tileNest struct {
	*nester
	rows, width int
}

// each has a statement for each element of the tile.
func (t *tileNest) each(body func(r, v *expr.Expr) loop.Stmt) []loop.Stmt {
	return t.loop("r", t.rows, loop.Unroll, func(r *expr.Expr) []loop.Stmt {
		return t.vector(t.width, func(v *expr.Expr) []loop.Stmt { return []loop.Stmt{body(r, v)} })
	})
}

// tileSums are the locals of a sum: of terms one after the other, and, unless it is -1, of such sums, which wait there.
type tileSums struct{ acc, wait int }

// sum adds up count terms, as sums of some terms where sums wait. It gives the local with the result.
func (t *tileNest) sum(in tileSums, count, some int, term func(d, r, v *expr.Expr) *expr.Expr) (out []loop.Stmt, result int) {
	acc, wait := in.acc, in.wait
	if wait < 0 {
		return append(t.zero(acc), t.terms(acc, expr.Int(0), count, term)...), acc
	}
	out = append(t.zero(wait), t.chunks("s", count, some, func(from *expr.Expr, size int) []loop.Stmt {
		part := append(t.zero(acc), t.terms(acc, from, size, term)...)
		return append(part, t.each(func(r, v *expr.Expr) loop.Stmt {
			return t.add(wait, r, v, expr.Tile(acc, ir.F32, r, v))
		})...)
	})...)
	return out, wait
}

func (t *tileNest) add(local int, r, v, value *expr.Expr) loop.Stmt {
	return &loop.Accum{Local: local, Index: []*expr.Expr{r, v}, Comb: expr.Sum, Value: value}
}

func (t *tileNest) zero(local int) []loop.Stmt {
	return t.each(func(r, v *expr.Expr) loop.Stmt {
		return &loop.Set{Local: local, Index: []*expr.Expr{r, v}, Value: expr.Float(0)}
	})
}

// terms adds up terms from one on, some of them unrolled.
func (t *tileNest) terms(acc int, from *expr.Expr, count int, term func(d, r, v *expr.Expr) *expr.Expr) []loop.Stmt {
	return t.chunks("d", count, unrolling(count), func(some *expr.Expr, size int) []loop.Stmt {
		return t.loop("e", size, loop.Unroll, func(e *expr.Expr) []loop.Stmt {
			return t.each(func(r, v *expr.Expr) loop.Stmt { return t.add(acc, r, v, term(totalOf(from, some, e), r, v)) })
		})
	})
}
