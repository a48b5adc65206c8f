package interp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
	"mllab/compile/target/interp"
)

// nest is y[i] = x[i + shift] for i < 10, with a tile between when tiled.
func nest(shift int) *loop.Nest {
	x := expr.Get(0, ir.F32, expr.Plus(expr.At(0), expr.Int(shift)))
	return &loop.Nest{
		Name: "shifted", Vars: []string{"i"},
		Bufs: []loop.Buf{
			{Name: "x", DType: ir.F32, Elems: 10}, {Name: "y", DType: ir.F32, Elems: 10, Role: loop.Out},
		},
		Body: []loop.Stmt{&loop.For{N: 10, Body: []loop.Stmt{&loop.Store{Buf: 1, Index: expr.At(0), Value: x}}}},
	}
}

func run(t *testing.T, n *loop.Nest) error {
	t.Helper()
	d, err := interp.Target{}.Open(target.Options{})
	require.NoError(t, err)
	b, err := d.Alloc(256)
	require.NoError(t, err)
	k, err := d.Compile(n)
	require.NoError(t, err)
	assert.Equal(t, n.String(), k.Text())
	args := []target.Slice{{Buffer: b}, {Buffer: b, Offset: 64}}
	s, err := d.Sequence([]target.Launch{{Kernel: k, Args: args}})
	require.NoError(t, err)
	return s.Run(context.Background())
}

func TestOutside(t *testing.T) {
	require.NoError(t, run(t, nest(0)))
	assert.EqualError(t, run(t, nest(1)), "interp: kernel shifted: x[10] is outside its 10 elements")
	assert.EqualError(t, run(t, nest(-1)), "interp: kernel shifted: x[-1] is outside its 10 elements")

	store := nest(0)
	store.Body[0].(*loop.For).Body[0].(*loop.Store).Index = expr.Times(expr.At(0), expr.Int(2))
	assert.EqualError(t, run(t, store), "interp: kernel shifted: y[10] is outside its 10 elements")

	tile := nest(0)
	tile.Locals = []loop.Local{{DType: ir.F32, Dims: []int{4}}}
	f := tile.Body[0].(*loop.For)
	f.Kind = loop.Unroll
	f.Body = []loop.Stmt{&loop.Set{Index: []*expr.Expr{expr.At(0)}, Value: expr.Float(1)}}
	assert.EqualError(t, run(t, tile), "interp: kernel shifted: tile t0: index 4 is outside dimension 0 of [4]")
}

func TestGuardedLoadIsSilent(t *testing.T) {
	n := nest(5)
	s := n.Body[0].(*loop.For).Body[0].(*loop.Store)
	s.Value = expr.GetIf(expr.Bin(expr.Lt, expr.At(0), expr.Int(5)), 0, ir.F32, s.Value.Args[0])
	require.NoError(t, run(t, n))
}

func TestMisuse(t *testing.T) {
	d, err := interp.Target{}.Open(target.Options{})
	require.NoError(t, err)
	bad := nest(0)
	bad.Body[0].(*loop.For).Var = 3
	_, err = d.Compile(bad)
	assert.ErrorContains(t, err, "variable 3")
	k, err := d.Compile(nest(0))
	require.NoError(t, err)
	b, err := d.Alloc(256)
	require.NoError(t, err)
	b.Free()
	_, err = d.Sequence([]target.Launch{{Kernel: k, Args: []target.Slice{{Buffer: b}, {Buffer: b}}}})
	assert.ErrorContains(t, err, "freed")
	assert.Error(t, b.Write(0, []byte{1}))
	require.NoError(t, d.Close())
	_, err = d.Alloc(4)
	assert.ErrorContains(t, err, "closed")
	found, err := target.Find("interp")
	require.NoError(t, err)
	infos, err := found.Probe()
	require.NoError(t, err)
	assert.Len(t, infos, 1)
}
