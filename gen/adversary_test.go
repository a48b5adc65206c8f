package gen

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/ops"
)

// The losses, word for word as their papers define them.
func TestGames(t *testing.T) {
	y, n := []float64{1.5, -0.3, 0.2, 4}, []float64{-2, 0.7, 0.1, 0.5}
	d := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	log := math.Log
	tests := []struct {
		loss          string
		judged, drawn func(y, n float64) float64
	}{
		{classicLoss, func(y, n float64) float64 { return -log(d(y)) - log(1-d(n)) },
			func(y, n float64) float64 { return log(1 - d(n)) }},
		{nonSaturating, func(y, n float64) float64 { return -log(d(y)) - log(1-d(n)) },
			func(y, n float64) float64 { return -log(d(n)) }},
		{leastSquaresLoss, func(y, n float64) float64 { return ((y-1)*(y-1) + n*n) / 2 },
			func(y, n float64) float64 { return (n - 1) * (n - 1) / 2 }},
		{hingeLoss, func(y, n float64) float64 { return max(0, 1-y) + max(0, 1+n) },
			func(y, n float64) float64 { return -n }},
		{wassersteinLoss, func(y, n float64) float64 { return n - y }, func(y, n float64) float64 { return -n }},
		{relativisticLoss, func(y, n float64) float64 { return -log(d(y - n)) },
			func(y, n float64) float64 { return -log(d(n - y)) }},
	}
	require.Len(t, lossSetting("").Choices, len(tests))
	for _, tt := range tests {
		t.Run(tt.loss, func(t *testing.T) {
			b := ir.NewBuilder()
			vy, vn := b.Input("y", ir.Of(ir.F32, 4)), b.Input("n", ir.Of(ir.F32, 4))
			g := game{loss: tt.loss}
			b.Output("judged", g.judged(b, vy, vn))
			b.Output("drawn", g.drawn(b, vy, vn))
			graph, err := b.Graph()
			require.NoError(t, err)
			out, err := ops.Eval(graph, map[string]ops.Array{
				"y": {Type: ir.Of(ir.F32, 4), Data: y}, "n": {Type: ir.Of(ir.F32, 4), Data: n},
			})
			require.NoError(t, err)
			judged, drawn := 0.0, 0.0
			for i := range y {
				judged, drawn = judged+tt.judged(y[i], n[i])/4, drawn+tt.drawn(y[i], n[i])/4
			}
			assert.InDelta(t, judged, out["judged"].Data[0], 1e-12)
			assert.InDelta(t, drawn, out["drawn"].Data[0], 1e-12)
		})
	}
}

// bowl is a discriminator whose slope is known: the score of a picture is the sum of
// its squares times w, so the slope is 2 w x.
func bowl(s *nn.Scope, w ir.Value) func(x ir.Value) ir.Value {
	return func(x ir.Value) ir.Value {
		return ops.Mul(s.B, w, ops.Sum(s.B, ops.Square(s.B, x), 1, 2, 3))
	}
}

// The penalties of a slope that is known, and their gradient by a weight.
func TestPenalties(t *testing.T) {
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	s.Given = true
	x, w := b.Input("x", ir.Of(ir.F32, 2, 2, 2, 1)), b.Input("w", ir.Of(ir.F32))
	y := b.Input("y", ir.Of(ir.F32, 2, 2, 2, 1))
	judge := bowl(s, w)
	exact := game{loss: relativisticLoss, slope: 1, exact: true}.slopes(s, x, judge(x), judge)
	felt := game{loss: relativisticLoss, slope: 1}.slopes(s, x, judge(x), judge)
	between := game{loss: wassersteinLoss, lambda: 1}.between(s, x, y, judge)
	for name, v := range map[string]ir.Value{"exact": exact, "felt": felt, "between": between} {
		b.Output(name, v)
		b.Output("d"+name, grad.Of(b, v, []ir.Value{w})[0])
	}
	graph, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{
		"x":             {Type: ir.Of(ir.F32, 2, 2, 2, 1), Data: []float64{0.1, -0.2, 0.3, 0.5, 1, 0.4, -0.7, 0.2}},
		"y":             {Type: ir.Of(ir.F32, 2, 2, 2, 1), Data: []float64{0.6, 0.2, -0.3, 0.1, 0.3, 0.9, 0.7, -0.2}},
		"w":             {Type: ir.Of(ir.F32), Data: []float64{0.8}},
		"noise.slope":   {Type: ir.Of(ir.F32, 2, 2, 2, 1), Data: []float64{1, 0, 0, 0, 0, 0, -1, 0}},
		"noise.between": {Type: ir.Of(ir.F32, 2), Data: []float64{0.25, 0.75}},
	}
	out, err := ops.Eval(graph, in)
	require.NoError(t, err)
	// |2 w x|² is 4 w² times 0.39 and 1.69.
	assert.InDelta(t, 0.5*4*0.64*(0.39+1.69)/2, out["exact"].Data[0], 1e-9)
	assert.InDelta(t, 2*0.5*4*0.8*(0.39+1.69)/2, out["dexact"].Data[0], 1e-9)
	// The noise sees one pixel of each picture, and adds w h²: ((2 w x e h + w h²) / h)².
	one, two := 0.8*(2*0.1+differenceStep), 0.8*(2*0.7+differenceStep)
	assert.InDelta(t, 0.5*(one*one+two*two)/2, out["felt"].Data[0], 1e-9)
	assert.InDelta(t, 2/0.8*out["felt"].Data[0], out["dfelt"].Data[0], 1e-9)
	want, slope := 0.0, 0.0
	for i, at := range in["noise.between"].Data {
		square := 0.0
		for k := range 4 {
			v := at*in["x"].Data[4*i+k] + (1-at)*in["y"].Data[4*i+k]
			square += v * v
		}
		length := 2 * 0.8 * math.Sqrt(square)
		want += (length - 1) * (length - 1) / 2
		slope += 2 * (length - 1) * length / 0.8 / 2
	}
	assert.InDelta(t, want, out["between"].Data[0], 1e-6)
	assert.InDelta(t, slope, out["dbetween"].Data[0], 1e-6)
}

// Felt by noise or exact, the slope is the same on average.
func TestSlopesAgree(t *testing.T) {
	d := DataInfo{H: 32, W: 32, C: 1}
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	set, err := registry["gan"].Parse([]string{"width=1"})
	require.NoError(t, err)
	m := newGAN(set, d)
	x := b.Input("x", ir.Of(ir.F32, 64, 32, 32, 1))
	judge := func(x ir.Value) ir.Value { return m.judge(s, x) }
	m.game.exact = true
	b.Output("exact", m.game.slopes(s, x, judge(x), judge))
	m.game.exact = false
	b.Output("felt", m.game.slopes(s, x, judge(x), judge))
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{nn.RandomIn: {Type: ir.Of(ir.I32, 4), Data: []float64{1, 2, 3, 0}}}
	in["x"] = ops.NewArray(g.Type(x))
	for i := range in["x"].Data {
		in["x"].Data[i] = math.Sin(float64(i) * 0.37)
	}
	for _, p := range m.dps {
		a := ops.NewArray(p.Type())
		for i, v := range p.Values(4) {
			a.Data[i] = float64(v)
		}
		in["param."+p.Name] = a
	}
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	exact, felt := out["exact"].Data[0], out["felt"].Data[0]
	assert.Positive(t, exact)
	// The mean of 64 squares of a Gaussian is off by sqrt(2/64) of itself in two cases of three.
	assert.InDelta(t, 1, felt/exact, 3*math.Sqrt(2.0/64))
}
