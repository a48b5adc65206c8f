package gen

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/ops"
)

// changed runs a change of pictures x on given noise.
func changed(t *testing.T, x ops.Array, noise map[string][]float64,
	change func(s *nn.Scope, x ir.Value) ir.Value) ops.Array {
	t.Helper()
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	s.Given = true
	v := b.Input("x", x.Type)
	y := change(s, v)
	b.Output("y", y)
	b.Output("dx", grad.Of(b, ops.Sum(b, ops.Square(b, y)), []ir.Value{v})[0])
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{"x": x}
	for name, values := range noise {
		in[nn.NoiseKind+name] = ops.Array{Type: ir.Of(ir.F32, len(values)), Data: values}
	}
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	return out["y"]
}

// counted are pictures whose pixels are 1, 2, ....
func counted(shape ...int) ops.Array {
	a := ops.NewArray(ir.Of(ir.F32, shape...))
	for i := range a.Data {
		a.Data[i] = float64(i + 1)
	}
	return a
}

func TestTranslate(t *testing.T) {
	x := counted(2, 3, 4, 2)
	// Five places, -2 to 2: 0.5 is none, 0.7 is one, 0.1 is two back.
	y := changed(t, x, map[string][]float64{"a.y": {0.7, 0.5}, "a.x": {0.1, 0.5}},
		func(s *nn.Scope, x ir.Value) ir.Value { return translate(s, "a", x, 2, -1) })
	for i := range 3 {
		for j := range 4 {
			for c := range 2 {
				want := -1.0
				if i-1 >= 0 && j+2 < 4 {
					want = x.At(0, i-1, j+2, c)
				}
				assert.InDelta(t, want, y.At(0, i, j, c), 1e-12, "%d %d %d", i, j, c)
				assert.InDelta(t, x.At(1, i, j, c), y.At(1, i, j, c), 1e-12)
			}
		}
	}
}

func TestCutout(t *testing.T) {
	x := counted(2, 4, 4, 1)
	y := changed(t, x, map[string][]float64{"a.y": {0.5, 0}, "a.x": {0.9, 0}},
		func(s *nn.Scope, x ir.Value) ir.Value { return cutout(s, "a", x, 0.5, -1) })
	// A square of two, whose corner is at row 2-1 and column 3-1, and at -1, -1.
	for i := range 4 {
		for j := range 4 {
			want := x.At(0, i, j, 0)
			if i >= 1 && i < 3 && j >= 2 {
				want = -1
			}
			assert.InDelta(t, want, y.At(0, i, j, 0), 1e-12, "%d %d", i, j)
			want = x.At(1, i, j, 0)
			if i == 0 && j == 0 {
				want = -1
			}
			assert.InDelta(t, want, y.At(1, i, j, 0), 1e-12, "%d %d", i, j)
		}
	}
}

func TestRecolour(t *testing.T) {
	x := ops.Array{Type: ir.Of(ir.F32, 1, 1, 2, 3), Data: []float64{0.1, 0.2, 0.6, -0.3, 0.3, 0}}
	same := changed(t, x, map[string][]float64{"a.brightness": {0.5}, "a.saturation": {0.5}, "a.contrast": {0.5}},
		func(s *nn.Scope, x ir.Value) ir.Value { return recolour(s, "a", x) })
	assert.InDeltaSlice(t, x.Data, same.Data, 1e-12)
	grey := changed(t, x, map[string][]float64{"a.brightness": {0.75}, "a.saturation": {0}, "a.contrast": {1}},
		func(s *nn.Scope, x ir.Value) ir.Value { return recolour(s, "a", x) })
	// Means 0.3 and 0, a quarter brighter, spread by a half around their mean.
	assert.InDeltaSlice(t, []float64{0.625, 0.625, 0.625, 0.175, 0.175, 0.175}, grey.Data, 1e-12)
}
