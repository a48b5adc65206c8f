package grad_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/ops"
)

// eval runs a graph on arrays filled from a small deterministic pattern, with one
// element moved, and gives an output.
func eval(t *testing.T, g *ir.Graph, in map[string]ops.Array, label string) ops.Array {
	t.Helper()
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	return out[label]
}

func pattern(t ir.Type, phase float64) ops.Array {
	a := ops.NewArray(t)
	for i := range a.Data {
		a.Data[i] = math.Sin(1.7*float64(i)+phase) * 0.8
	}
	return a
}

// loss is a function of two inputs that uses values more than once, broadcasts,
// and mixes reductions, so that every rule of accumulation is met.
func loss(b *ir.Builder) (l ir.Value, wrt []ir.Value) {
	x, w, c := b.Input("x", ir.Of(ir.F32, 3, 4)), b.Input("w", ir.Of(ir.F32, 4, 2)), b.Input("c", ir.Of(ir.F32,
		2))
	h := ops.Tanh(b, ops.Add(b, ops.MatMul(b, x, w), c))
	twice := ops.Mul(b, h, ops.Add(b, h, c))
	return ops.Add(b, ops.Sum(b, twice), ops.Mean(b, ops.Square(b, w))), []ir.Value{x, w, c}
}

func TestOfAgainstCentralDifferences(t *testing.T) {
	b := ir.NewBuilder()
	l, wrt := loss(b)
	names := []string{"x", "w", "c"}
	for i, g := range grad.Of(b, l, wrt) {
		b.Output("d"+names[i], g)
	}
	b.Output("loss", l)
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{}
	for i, v := range wrt {
		in[names[i]] = pattern(g.Type(v), float64(i))
	}
	const h = 1e-5
	for _, name := range names {
		got := eval(t, g, in, "d"+name)
		for k := range in[name].Data {
			old := in[name].Data[k]
			in[name].Data[k] = old + h
			up := eval(t, g, in, "loss").Data[0]
			in[name].Data[k] = old - h
			down := eval(t, g, in, "loss").Data[0]
			in[name].Data[k] = old
			assert.InDelta(t, (up-down)/(2*h), got.Data[k], 1e-8, "d%s[%d]", name, k)
		}
	}
}

func TestOfGradientsOfGradients(t *testing.T) {
	b := ir.NewBuilder()
	x := b.Input("x", ir.Of(ir.F32, 3))
	cube := ops.Sum(b, ops.Mul(b, x, ops.Mul(b, x, x)))
	first := grad.Of(b, cube, []ir.Value{x})[0]
	// The penalty of a gradient's norm, as WGAN-GP has it: d/dx sum (3x²)² = 36 x³.
	second := grad.Of(b, ops.Sum(b, ops.Square(b, first)), []ir.Value{x})[0]
	b.Output("first", first)
	b.Output("second", second)
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{"x": {Type: ir.Of(ir.F32, 3), Data: []float64{-1, 0.5, 2}}}
	assert.InDeltaSlice(t, []float64{3, 0.75, 12}, eval(t, g, in, "first").Data, 1e-12)
	assert.InDeltaSlice(t, []float64{-36, 4.5, 288}, eval(t, g, in, "second").Data, 1e-12)
}

func TestOfStopsAtStopGradient(t *testing.T) {
	b := ir.NewBuilder()
	x := b.Input("x", ir.Of(ir.F32, 2))
	l := ops.Sum(b, ops.Mul(b, x, ops.StopGradient(b, x)))
	b.Output("d", grad.Of(b, l, []ir.Value{x})[0])
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{"x": {Type: ir.Of(ir.F32, 2), Data: []float64{3, -4}}}
	assert.Equal(t, []float64{3, -4}, eval(t, g, in, "d").Data)
}

func TestOfOfAValueWithOneElement(t *testing.T) {
	b := ir.NewBuilder()
	x := b.Input("x", ir.Of(ir.F32, 1, 1))
	b.Output("d", grad.Of(b, ops.Mul(b, x, x), []ir.Value{x})[0])
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{"x": {Type: ir.Of(ir.F32, 1, 1), Data: []float64{3}}}
	assert.Equal(t, []float64{6}, eval(t, g, in, "d").Data)
}

// blunt is an operator without a gradient.
type blunt struct{}

func (blunt) Name() string                        { return "blunt" }
func (blunt) Infer(in []ir.Type) (ir.Type, error) { return in[0], nil }

func TestOfErrors(t *testing.T) {
	tests := []struct {
		name  string
		build func(b *ir.Builder)
		want  []string
	}{
		{"not scalar", func(b *ir.Builder) {
			x := b.Input("x", ir.Of(ir.F32, 3))
			grad.Of(b, x, []ir.Value{x})
		}, []string{".go:", "the loss is f32 of shape [3]", "want one f32 value"}},
		{"integer loss", func(b *ir.Builder) {
			x := b.Input("x", ir.Of(ir.I32))
			grad.Of(b, x, []ir.Value{x})
		}, []string{"the loss is i32 of shape []", "want one f32 value"}},
		{"independent", func(b *ir.Builder) {
			x, y := b.Input("x", ir.Of(ir.F32, 3)), b.Input("param.y", ir.Of(ir.F32, 3))
			grad.Of(b, ops.Sum(b, x), []ir.Value{x, y})
		}, []string{"does not depend on param.y", "(sum at ", "leave it out"}},
		{"no gradient", func(b *ir.Builder) {
			x := b.Input("param.x", ir.Of(ir.F32, 3))
			grad.Of(b, ops.Sum(b, b.Apply(blunt{}, x)), []ir.Value{x})
		}, []string{".go:", "blunt has no gradient", "depends on param.x through it"}},
		{"only stopped ways", func(b *ir.Builder) {
			x := b.Input("param.x", ir.Of(ir.F32, 3))
			grad.Of(b, ops.Sum(b, ops.StopGradient(b, x)), []ir.Value{x})
		}, []string{"no gradient of the loss", "reaches param.x", "leave it out"}},
		{"by an integer", func(b *ir.Builder) {
			x := b.Input("step", ir.Of(ir.I32))
			grad.Of(b, ops.Cast(b, x, ir.F32), []ir.Value{x})
		}, []string{"step is i32", "only f32 values"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := ir.NewBuilder()
			tt.build(b)
			require.Error(t, b.Err())
			for _, w := range tt.want {
				assert.ErrorContains(t, b.Err(), w)
			}
		})
	}
}

func TestOfIsDeterministic(t *testing.T) {
	text := func() string {
		b := ir.NewBuilder()
		l, wrt := loss(b)
		for i, g := range grad.Of(b, l, wrt) {
			b.Output(string(rune('a'+i)), g)
		}
		g, err := b.Graph()
		require.NoError(t, err)
		return g.String()
	}
	want := text()
	for range 5 {
		require.Equal(t, want, text())
	}
}

// A gradient that arrives at a value is the gradient of its product with it.
func TestFrom(t *testing.T) {
	b := ir.NewBuilder()
	x, w := b.Input("x", ir.Of(ir.F32, 3, 4)), b.Input("w", ir.Of(ir.F32, 4, 2))
	seed := b.Input("seed", ir.Of(ir.F32, 3, 2))
	y := ops.Tanh(b, ops.MatMul(b, x, w))
	wrt := []ir.Value{x, w}
	for i, g := range grad.From(b, y, seed, wrt) {
		b.Output([]string{"from.x", "from.w"}[i], g)
	}
	for i, g := range grad.Of(b, ops.Sum(b, ops.Mul(b, y, seed)), wrt) {
		b.Output([]string{"of.x", "of.w"}[i], g)
	}
	g, err := b.Graph()
	require.NoError(t, err)
	out, err := ops.Eval(g, map[string]ops.Array{
		"x": pattern(b.Type(x), 0), "w": pattern(b.Type(w), 1), "seed": pattern(b.Type(seed), 2),
	})
	require.NoError(t, err)
	assert.InDeltaSlice(t, out["of.x"].Data, out["from.x"].Data, 1e-12)
	assert.InDeltaSlice(t, out["of.w"].Data, out["from.w"].Data, 1e-12)

	grad.From(b, y, x, wrt)
	assert.ErrorContains(t, b.Err(), "the gradient that arrives is [3 4], what it arrives at [3 2]: want one f32 type")
}
