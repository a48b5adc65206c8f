package amd64

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/internal/vec"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// dense is y[i] = relu(sum over k of x[k]*w[k, i] + bias[i]) for a row of n outputs: a contraction with its
// epilogue, and a tail where n is no multiple of the lanes.
func dense(n, k int) *loop.Nest {
	i, r := expr.At(1), expr.At(0)
	tile := []*expr.Expr{i}
	across := func(s loop.Stmt) loop.Stmt {
		return &loop.For{Var: 1, N: n, Kind: loop.Vector, Body: []loop.Stmt{s}}
	}
	product := expr.Bin(expr.Mul, expr.Get(0, ir.F32, r),
		expr.Get(1, ir.F32, expr.Plus(expr.Times(r, expr.Int(n)), i)))
	sum := expr.Bin(expr.Add, expr.Tile(0, ir.F32, tile...), expr.Get(2, ir.F32, i))
	return &loop.Nest{Name: "dense", Vars: []string{"k", "i"}, Locals: []loop.Local{{Dims: []int{n}}},
		Bufs: []loop.Buf{{Name: "x", Elems: k}, {Name: "w", Elems: k * n}, {Name: "bias", Elems: n},
			{Name: "y", Elems: n, Role: loop.Out}},
		Body: []loop.Stmt{
			across(&loop.Set{Index: tile, Value: expr.Float(0)}),
			&loop.For{Var: 0, N: k, Body: []loop.Stmt{across(&loop.Accum{Index: tile, Value: product})}},
			across(&loop.Store{Buf: 3, Index: i, Value: expr.Bin(expr.Max, sum, expr.Float(0))}),
		}}
}

// turn copies a block of columns to rows.
func turn() *loop.Nest {
	i, k := expr.At(0), expr.At(1)
	s := &loop.Store{Buf: 1, Index: expr.Plus(expr.Times(k, expr.Int(8)), i),
		Value: expr.Get(0, ir.F32, expr.Plus(expr.Times(i, expr.Int(100)), k))}
	v := &loop.For{Var: 0, N: 8, Kind: loop.Vector, Body: []loop.Stmt{s}}
	return &loop.Nest{Name: "turn", Vars: []string{"i", "k"},
		Bufs: []loop.Buf{{Name: "x", Elems: 800}, {Name: "y", Elems: 64, Role: loop.Out}},
		Body: []loop.Stmt{&loop.For{Var: 1, N: 8, Kind: loop.Unroll, Body: []loop.Stmt{v}}}}
}

// TestGolden compares listings; they are the same on every machine.
func TestGolden(t *testing.T) {
	for name, n := range map[string]*loop.Nest{"dense": dense(37, 10), "turn": turn()} {
		for _, isa := range []ISA{AVX512, AVX2} {
			t.Run(name+"/"+isa.Name, func(t *testing.T) {
				p, err := vec.Build(n, isa.Features())
				require.NoError(t, err)
				c, err := Compile(p, isa, true)
				require.NoError(t, err)
				quiet, err := Compile(p, isa, false)
				require.NoError(t, err)
				assert.Equal(t, c.Bytes, quiet.Bytes, "the listing changes nothing")
				got := n.String() + "\n" + p.String() + "\n" + c.Text()
				path := filepath.Join("testdata", name+"_"+isa.Name+".txt")
				if *update {
					require.NoError(t, os.MkdirAll("testdata", 0o755))
					require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, string(want), got)
			})
		}
	}
}

// TestRejected: variables alone may be too many, or the values beside them.
func TestRejected(t *testing.T) {
	for n, want := range map[int]string{
		14 * 8: "", 15 * 8: "", 16 * 8: "needs 17 vector registers, has 16",
		16*8 + 1: "needs 18 vector registers, has 16",
	} {
		p, err := vec.Build(dense(n, 4), AVX2.Features())
		require.NoError(t, err)
		_, err = Compile(p, AVX2, false)
		if want == "" {
			require.NoError(t, err, n)
			continue
		}
		require.ErrorIs(t, err, vec.ErrRejected, n)
		assert.ErrorContains(t, err, want)
	}
}

func BenchmarkCompile(b *testing.B) {
	n := dense(256, 100)
	b.ReportAllocs()
	for b.Loop() {
		p, err := vec.Build(n, AVX512.Features())
		require.NoError(b, err)
		_, err = Compile(p, AVX512, false)
		require.NoError(b, err)
	}
}
