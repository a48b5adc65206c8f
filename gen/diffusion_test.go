package gen

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/ops"
)

// The noise schedule against the product of its definition, and a step of the sampler
// on pictures whose noise is known: it must give the same pictures with the noise of
// the earlier time, none at all before time 0.
func TestDiffusion(t *testing.T) {
	product := func(to int) float64 {
		a := 1.0
		for i := range to + 1 {
			a *= 1 - (1e-4 + (0.02-1e-4)*float64(i)/999)
		}
		return a
	}
	b := ir.NewBuilder()
	one, shape := ir.Of(ir.F32, 1), ir.Of(ir.F32, 1, 2, 2, 1)
	b.Output("keeps", keeps(b, b.Input("times", ir.Of(ir.F32, 5))))
	b.Output("x", walk(b, b.Input("noisy", shape), b.Input("e", shape), b.Input("t", one), b.Input("s", one)))
	g, err := b.Graph()
	require.NoError(t, err)
	array := func(kind ir.Type, v ...float64) ops.Array { return ops.Array{Type: kind, Data: v} }
	times := []float64{-20, 0, 1, 500, 999}
	clean, e := []float64{-1, 0.5, 0, 0.9}, []float64{0.3, -2, 1, 0}
	for _, to := range []float64{480, -20} {
		from := to + 20
		mix := func(at float64) []float64 {
			a, v := product(int(at)), make([]float64, 4)
			for i := range v {
				v[i] = math.Sqrt(a)*clean[i] + math.Sqrt(1-a)*e[i]
			}
			return v
		}
		out, err := ops.Eval(g, map[string]ops.Array{
			"times": array(ir.Of(ir.F32, 5), times...), "noisy": array(shape, mix(from)...), "e": array(shape, e...),
			"t": array(one, from), "s": array(one, to),
		})
		require.NoError(t, err)
		for i, at := range times {
			assert.InDelta(t, product(int(at)), out["keeps"].Data[i], 1e-9)
		}
		assert.InDeltaSlice(t, mix(to), out["x"].Data, 1e-9)
	}
}
