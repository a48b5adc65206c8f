package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

func TestInit(t *testing.T) {
	tests := []struct {
		name      string
		init      nn.Init
		mean, std float64
		lo, hi    float64
	}{
		{"zeros", nn.Zeros, 0, 0, 0, 0},
		{"ones", nn.Ones, 1, 0, 1, 1},
		{"uniform", nn.Uniform(2), 0, 2 / math.Sqrt(3), -2, 2},
		{"fan in", nn.FanIn(100), 0, 0.1 / math.Sqrt(3), -0.1, 0.1},
		{"normal", nn.Normal(0.02), 0, 0.02, -0.12, 0.12},
		{"kaiming", nn.Kaiming(50), 0, 0.2, -1.2, 1.2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ps := nn.NewParams()
			v := ps.Add("w", tt.init, 100, 200).Values(7)
			require.Len(t, v, 20000)
			sum, square := 0.0, 0.0
			for _, x := range v {
				sum += float64(x)
				square += float64(x) * float64(x)
				require.GreaterOrEqual(t, float64(x), tt.lo-1e-9)
				require.LessOrEqual(t, float64(x), tt.hi+1e-9)
			}
			mean := sum / float64(len(v))
			assert.InDelta(t, tt.mean, mean, 0.03*tt.std+1e-9)
			assert.InDelta(t, tt.std, math.Sqrt(square/float64(len(v))-mean*mean), 0.02*tt.std+1e-9)
		})
	}
}

// The first values of a stream are pinned: a run must begin with the same numbers
// on every machine and in every version.
func TestInitIsPinned(t *testing.T) {
	ps := nn.NewParams()
	u := ps.Add("u", nn.Uniform(1), 3).Values(1)
	n := ps.Add("n", nn.Normal(1), 3).Values(1)
	assert.Equal(t, []uint32{0xbe140059, 0x3ddcccef, 0xbf7dc84d}, bits(u))
	assert.Equal(t, []uint32{0xbea59c05, 0xbe7ecc7f, 0xbeaf6022}, bits(n))
}

func bits(v []float32) []uint32 {
	out := make([]uint32, len(v))
	for i, x := range v {
		out[i] = math.Float32bits(x)
	}
	return out
}

func TestInitDependsOnSeedAndName(t *testing.T) {
	ps := nn.NewParams()
	a, b := ps.Add("a", nn.Normal(1), 64), ps.Add("b", nn.Normal(1), 64)
	assert.Equal(t, a.Values(1), a.Values(1))
	assert.NotEqual(t, a.Values(1), a.Values(2))
	assert.NotEqual(t, a.Values(1), b.Values(1))
}

func TestParams(t *testing.T) {
	ps := nn.NewParams()
	l := nn.NewLinear(ps.Sub("enc"), "e1", 3, 5)
	ps.Buffer("mean", nn.Zeros, 5)
	require.NoError(t, ps.Err())
	assert.Equal(t, "enc.e1.weight", l.W.Name)
	assert.Equal(t, []int{3, 5}, l.W.Shape)
	assert.Len(t, ps.All(), 3)
	assert.Len(t, ps.Trainable(), 2)
	assert.Equal(t, 20, ps.Count())
	ps.Sub("enc").Add("e1.bias", nn.Zeros, 1)
	assert.EqualError(t, ps.Err(), `nn: two parameters are named "enc.e1.bias"`)
	empty := nn.NewParams()
	empty.Add("w", nn.Zeros, 3, 0)
	assert.ErrorContains(t, empty.Err(), "w: shape [3 0] has an empty dimension")
}

func TestScopeUpdatesAndLabels(t *testing.T) {
	ps := nn.NewParams()
	p, q := ps.Add("p", nn.Zeros, 2), ps.Buffer("q", nn.Zeros, 2)
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	s.Update(p, ops.Scale(b, s.Param(p), 3))
	s.Update(q, ops.Add(b, s.Param(p), s.Param(q)))
	b.Output("y", s.Param(p))
	s.Finish()
	g, err := b.Graph()
	require.NoError(t, err)
	typ := ir.Of(ir.F32, 2)
	out, err := ops.Eval(g, map[string]ops.Array{
		"param.p": {Type: typ, Data: []float64{1, 2}}, "param.q": {Type: typ, Data: []float64{10, 20}},
	})
	require.NoError(t, err)
	assert.Equal(t, []float64{3, 6}, out["y"].Data, "later reads see the update")
	assert.Equal(t, []float64{13, 26}, out["new.param.q"].Data)

	ema := nn.NewScope(ir.NewBuilder())
	ema.Kind = nn.EMAKind
	assert.Equal(t, "ema.p", ema.Label(p))
	assert.Equal(t, "param.q", ema.Label(q), "buffers have no average")
}

func TestScopeErrors(t *testing.T) {
	ps := nn.NewParams()
	p := ps.Add("p", nn.Zeros, 2)
	s := nn.NewScope(ir.NewBuilder())
	s.Update(p, s.B.Const(ir.F32, 1))
	assert.ErrorContains(t, s.B.Err(), "update of p: got [], want [2]")
	s = nn.NewScope(ir.NewBuilder())
	s.Input("x", ir.Of(ir.F32, 2))
	s.Input("x", ir.Of(ir.F32, 3))
	assert.ErrorContains(t, s.B.Err(), "input x: is [2] already, now wanted as [3]")
}

func TestScopeNoise(t *testing.T) {
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	x, y := s.Normal("a", 1000), s.Normal("b", 1000)
	b.Output("x", x)
	b.Output("y", y)
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{nn.RandomIn: {Type: ir.Of(ir.I32, 4), Data: []float64{1, 2, 3, 0}}}
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	assert.NotEqual(t, out["x"].Data, out["y"].Data, "each call draws anew")

	given := nn.NewScope(ir.NewBuilder())
	given.Given = true
	v := given.Normal("eps", 3, 2)
	assert.Equal(t, ir.Input{Label: "noise.eps"}, given.B.Node(v).Op)
}

func TestNorms(t *testing.T) {
	b := ir.NewBuilder()
	s, ps := nn.NewScope(b), nn.NewParams()
	x := b.Input("x", ir.Of(ir.F32, 2, 3, 2, 4))
	b.Output("layer", nn.NewLayerNorm(ps, "ln", 4).Apply(s, x))
	b.Output("group", nn.NewGroupNorm(ps, "gn", 2, 4).Apply(s, x))
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{"x": ops.NewArray(ir.Of(ir.F32, 2, 3, 2, 4))}
	for i := range in["x"].Data {
		in["x"].Data[i] = 3 + 2*math.Sin(float64(7*i))
	}
	for _, p := range ps.All() {
		a := ops.NewArray(p.Type())
		for i, v := range p.Values(0) {
			a.Data[i] = float64(v)
		}
		in["param."+p.Name] = a
	}
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	moments := func(values []float64) (mean, variance float64) {
		for _, v := range values {
			mean += v / float64(len(values))
		}
		for _, v := range values {
			variance += (v - mean) * (v - mean) / float64(len(values))
		}
		return mean, variance
	}
	mean, variance := moments(out["layer"].Data[8:12])
	assert.InDelta(t, 0, mean, 1e-9)
	assert.InDelta(t, 1, variance, 1e-3)
	var group []float64 // the second group of the second example
	for i := range 6 {
		group = append(group, out["group"].At(1, i/2, i%2, 2), out["group"].At(1, i/2, i%2, 3))
	}
	mean, variance = moments(group)
	assert.InDelta(t, 0, mean, 1e-9)
	assert.InDelta(t, 1, variance, 1e-3)

	bad := nn.NewScope(ir.NewBuilder())
	nn.NewGroupNorm(nn.NewParams(), "gn", 3, 4).Apply(bad, bad.B.Input("x", ir.Of(ir.F32, 2, 3, 2, 4)))
	assert.ErrorContains(t, bad.B.Err(), "C a multiple of 3 groups")
}

func TestLayerShapes(t *testing.T) {
	b := ir.NewBuilder()
	s, ps := nn.NewScope(b), nn.NewParams()
	x := b.Input("x", ir.Of(ir.F32, 2, 7, 5, 3))
	down := ops.Conv{Stride: 2, Pad: 1}
	y := nn.NewConv2d(ps, "c", 3, 3, 8, down).Apply(s, x)
	assert.Equal(t, []int{2, 4, 3, 8}, b.Type(y).Shape)
	y = nn.NewConvTranspose2d(ps, "t", 4, 8, 6, down).Apply(s, y)
	assert.Equal(t, []int{2, 8, 6, 6}, b.Type(y).Shape)
	e := nn.NewEmbedding(ps, "e", 10, 4).Apply(s, b.Input("i", ir.Of(ir.I32, 2, 5)))
	assert.Equal(t, []int{2, 5, 4}, b.Type(e).Shape)
	l := nn.NewLinearNoBias(ps, "l", 4, 2)
	assert.Nil(t, l.B)
	assert.Equal(t, []int{3, 2}, b.Type(l.Apply(s, b.Input("v", ir.Of(ir.F32, 3, 4)))).Shape)
	require.NoError(t, b.Err())
	require.NoError(t, ps.Err())
}
