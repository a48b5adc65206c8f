package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/ops"
)

// Of values that are equally close to zero each is turned by itself, and none that is decided.
func TestLeakyTurnsOneByOne(t *testing.T) {
	for _, slope := range []float64{0, 0.2} {
		b := ir.NewBuilder()
		s := nn.NewScope(b)
		s.Kinks = &nn.Kinks{Near: 1e-6}
		typ := ir.Of(ir.F32, 6)
		x := b.Input("x", typ)
		y := nn.Leaky(s, x, slope)
		b.Output("y", y)
		b.Output("dx", grad.Of(b, ops.Sum(b, y), []ir.Value{x})[0])
		g, err := b.Graph()
		require.NoError(t, err)
		assert.Equal(t, 1, s.Kinks.Uses)
		out, err := ops.Eval(g, map[string]ops.Array{
			"x":             {Type: typ, Data: []float64{1, 1e-7, 1e-7, -1e-7, -1e-7, 1e-5}},
			nn.KinkIn + "0": {Type: typ, Data: []float64{1, 1, 0, 1, 0, 1}},
		})
		require.NoError(t, err)
		assert.Equal(t, []float64{0, 1, 1, 1, 1, 0}, out[nn.KinkOut+"0"].Data)
		assert.InDeltaSlice(t, []float64{1, slope, 1, 1, slope, 1}, out["dx"].Data, 1e-7)
		assert.InDeltaSlice(t, []float64{1, 1e-7, 1e-7, slope * -1e-7, slope * -1e-7, 1e-5}, out["y"].Data, 1e-12, "values stay")
	}
}

// With nothing turned, Leaky is what it is without kinks.
func TestLeakyWithKinksUnturned(t *testing.T) {
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	typ := ir.Of(ir.F32, 4)
	x := b.Input("x", typ)
	b.Output("plain", nn.Leaky(s, x, 0.2))
	s.Kinks = &nn.Kinks{Near: 1e-6}
	b.Output("kinks", nn.Leaky(s, x, 0.2))
	g, err := b.Graph()
	require.NoError(t, err)
	out, err := ops.Eval(g, map[string]ops.Array{
		"x": {Type: typ, Data: []float64{2, -1, 0, 1e-9}}, nn.KinkIn + "0": ops.NewArray(typ),
	})
	require.NoError(t, err)
	assert.Equal(t, out["plain"].Data, out["kinks"].Data)
}
