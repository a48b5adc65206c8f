package vec

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

func matmul(m, n, k, mr, nr, ku int) *loop.Nest {
	const io, jo, ko, kk, i, j = 0, 1, 2, 3, 4, 5
	row := expr.Plus(expr.Times(expr.At(io), expr.Int(mr)), expr.At(i))
	col := expr.Plus(expr.Times(expr.At(jo), expr.Int(nr)), expr.At(j))
	red := expr.Plus(expr.Times(expr.At(ko), expr.Int(ku)), expr.At(kk))
	at := func(r, c *expr.Expr, w int) *expr.Expr { return expr.Plus(expr.Times(r, expr.Int(w)), c) }
	tile := []*expr.Expr{expr.At(i), expr.At(j)}
	rows := func(s ...loop.Stmt) *loop.For {
		return &loop.For{Var: i, N: mr, Kind: loop.Unroll, Body: []loop.Stmt{
			&loop.For{Var: j, N: nr, Kind: loop.Vector, Body: s}}}
	}
	product := expr.Bin(expr.Mul, expr.Get(0, ir.F32, at(row, red, k)), expr.Get(1, ir.F32, at(red, col, n)))
	return &loop.Nest{
		Name: "matmul",
		Bufs: []loop.Buf{{Name: "a", Elems: m * k}, {Name: "b", Elems: k * n},
			{Name: "c", Elems: m * n, Role: loop.Out}},
		Locals: []loop.Local{{Dims: []int{mr, nr}}},
		Vars:   []string{"io", "jo", "ko", "k", "i", "j"},
		Body: []loop.Stmt{&loop.For{Var: jo, N: n / nr, Kind: loop.Parallel, Body: []loop.Stmt{
			&loop.For{Var: io, N: m / mr, Body: []loop.Stmt{
				rows(&loop.Set{Index: tile, Value: expr.Float(0)}),
				&loop.For{Var: ko, N: k / ku, Body: []loop.Stmt{
					&loop.For{Var: kk, N: ku, Kind: loop.Unroll, Body: []loop.Stmt{
						rows(&loop.Accum{Index: tile, Value: product})}}}},
				rows(&loop.Store{Buf: 2, Index: at(row, col, n), Value: expr.Tile(0, ir.F32, tile...)}),
			}}}}},
	}
}

func TestMatmulSharesLoads(t *testing.T) {
	p, err := Build(matmul(8, 64, 8, 4, 32, 2), Features{Lanes: 16})
	require.NoError(t, err)
	assert.Equal(t, 8, p.Vars)
	count := map[Op]int{}
	p.Blocks(func(b *Block) {
		for _, x := range b.Ins {
			count[x.Op]++
		}
	})
	assert.Equal(t, 4, count[Load], "two vectors of B for each of two k")
	assert.Equal(t, 8, count[LoadOne], "four elements of A for each k")
	assert.Equal(t, 16, count[FMA])
	assert.Equal(t, 8, count[Store])
	assert.Len(t, p.Streams, 3)
}

func TestOutOfBounds(t *testing.T) {
	n := matmul(8, 64, 8, 4, 32, 2)
	n.Bufs[1].Elems--
	_, err := Build(n, Features{Lanes: 16})
	require.ErrorContains(t, err, "access to elements 80 to 511 of b, which has 511")
}
