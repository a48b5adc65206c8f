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

// Two batches in one program, then evaluation with the running statistics, against
// the definition in plain Go.
func TestBatchNorm(t *testing.T) {
	kind := ir.Of(ir.F32, 3, 2, 4, 2)
	ps := nn.NewParams()
	l := nn.NewBatchNorm2d(ps, "bn", 2)
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	s.Training = true
	b.Output("first", l.Apply(s, b.Input("x", kind)))
	b.Output("second", l.Apply(s, b.Input("y", kind)))
	s.Training = false
	b.Output("after", l.Apply(s, b.Input("x2", kind)))
	s.Finish()
	g, err := b.Graph()
	require.NoError(t, err)

	in := map[string]ops.Array{"x": pattern(kind, 40, 1), "y": pattern(kind, -3, 2)}
	in["x2"] = in["x"]
	weight, bias := []float64{1.5, -0.5}, []float64{0.25, 2}
	runMean, runVar := []float64{0.5, -1}, []float64{2, 0.3}
	for name, v := range map[string][]float64{
		"weight": weight, "bias": bias, "running_mean": runMean, "running_var": runVar,
	} {
		in["param.bn."+name] = ops.Array{Type: ir.Of(ir.F32, 2), Data: append([]float64(nil), v...)}
	}
	out, err := ops.Eval(g, in)
	require.NoError(t, err)

	const eps = 1e-5
	batch := func(x ops.Array, got ops.Array) {
		for c := range 2 {
			n := float64(len(x.Data) / 2)
			mean, variance := 0.0, 0.0
			for i := c; i < len(x.Data); i += 2 {
				mean += x.Data[i] / n
			}
			for i := c; i < len(x.Data); i += 2 {
				variance += (x.Data[i] - mean) * (x.Data[i] - mean) / n
			}
			for i := c; i < len(x.Data); i += 2 {
				want := (x.Data[i]-mean)/math.Sqrt(variance+eps)*weight[c] + bias[c]
				require.InDelta(t, want, got.Data[i], 1e-9)
			}
			runMean[c] += 0.1 * (mean - runMean[c])
			runVar[c] += 0.1 * (variance*n/(n-1) - runVar[c])
		}
	}
	batch(in["x"], out["first"])
	batch(in["y"], out["second"])
	assert.InDeltaSlice(t, runMean, out["new.param.bn.running_mean"].Data, 1e-9)
	assert.InDeltaSlice(t, runVar, out["new.param.bn.running_var"].Data, 1e-9)
	for i, x := range in["x"].Data {
		c := i % 2
		want := (x-runMean[c])/math.Sqrt(runVar[c]+eps)*weight[c] + bias[c]
		require.InDelta(t, want, out["after"].Data[i], 1e-9)
	}
}

func pattern(t ir.Type, centre, step float64) ops.Array {
	a := ops.NewArray(t)
	for i := range a.Data {
		a.Data[i] = centre + math.Sin(step*float64(i*i))
	}
	return a
}

func TestBatchNormErrors(t *testing.T) {
	apply := func(shape ...int) error {
		s := nn.NewScope(ir.NewBuilder())
		s.Training = true
		nn.NewBatchNorm2d(nn.NewParams(), "bn", 4).Apply(s, s.B.Input("x", ir.Of(ir.F32, shape...)))
		return s.B.Err()
	}
	assert.ErrorContains(t, apply(2, 4), "want [N H W 4]")
	assert.ErrorContains(t, apply(2, 2, 2, 3), "want [N H W 4]")
	assert.ErrorContains(t, apply(1, 1, 1, 4), "one value a channel has no variance")
	assert.NoError(t, apply(2, 1, 1, 4))
}

func TestAttention(t *testing.T) {
	const n, length, heads, depth = 2, 3, 2, 4
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	b.Output("y", nn.Attention(s, b.Input("qkv", ir.Of(ir.F32, n, length, 3*heads*depth)), heads))
	g, err := b.Graph()
	require.NoError(t, err)
	x := pattern(ir.Of(ir.F32, n, length, 3*heads*depth), 0, 1)
	out, err := ops.Eval(g, map[string]ops.Array{"qkv": x})
	require.NoError(t, err)
	part := func(i, p, which, h, d int) float64 { return x.At(i, p, (which*heads+h)*depth+d) }
	for i := range n {
		for h := range heads {
			for p := range length {
				var weight [length]float64
				sum := 0.0
				for q := range length {
					dot := 0.0
					for d := range depth {
						dot += part(i, p, 0, h, d) * part(i, q, 1, h, d)
					}
					weight[q] = math.Exp(dot / math.Sqrt(depth))
					sum += weight[q]
				}
				for d := range depth {
					want := 0.0
					for q := range length {
						want += weight[q] / sum * part(i, q, 2, h, d)
					}
					require.InDelta(t, want, out["y"].At(i, p, h*depth+d), 1e-9)
				}
			}
		}
	}
	bad := nn.NewScope(ir.NewBuilder())
	nn.Attention(bad, bad.B.Input("qkv", ir.Of(ir.F32, 1, 2, 12)), 3)
	assert.ErrorContains(t, bad.B.Err(), "D a multiple of 3 heads")
}

func TestSinusoids(t *testing.T) {
	b := ir.NewBuilder()
	b.Output("y", nn.Sinusoids(nn.NewScope(b), b.Input("t", ir.Of(ir.F32, 2)), 4))
	g, err := b.Graph()
	require.NoError(t, err)
	out, err := ops.Eval(g, map[string]ops.Array{"t": {Type: ir.Of(ir.F32, 2), Data: []float64{3, 999}}})
	require.NoError(t, err)
	for n, at := range []float64{3, 999} {
		for i := range 4 {
			angle := at * math.Pow(10000, -float64(i)/4)
			assert.InDelta(t, math.Sin(angle), out["y"].At(n, i), 1e-9)
			assert.InDelta(t, math.Cos(angle), out["y"].At(n, i+4), 1e-9)
		}
	}
}
