package gen_test

import (
	"context"
	"flag"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/safetensors"
	"mllab/gen"
)

var long = flag.Bool("long", false, "take steps of a DCGAN with many undecided activations")

// worst is the largest difference of two sets of gradients as the gate measures it.
func worst(got, want map[string][]float32) float64 {
	off := 0.0
	for name, w := range want {
		most, norm := 0.0, 0.0
		for i, x := range w {
			most = max(most, math.Abs(float64(got[name][i])-float64(x)))
			norm = max(norm, math.Abs(float64(x)))
		}
		off = max(off, most/norm)
	}
	return off
}

// Gradients of a step with an undecided activation on the other side pass with just that one turned. Those of a step with a
// decided one on the wrong side, within 20 times the bound, are refused.
func TestW4GoldenTurns(t *testing.T) {
	if !*long {
		t.Skip("many steps of a DCGAN, with -long")
	}
	ctx, eng, w4 := context.Background(), openCPU(t), workload(t, "W4")
	f, err := safetensors.Open(golden("W4"))
	if err != nil {
		t.Skip("no golden file beside the repository:", err)
	}
	defer f.Close()
	wide, err := w4.OpenKinked(ctx, eng, f, 20*gen.NearKink)
	require.NoError(t, err)
	defer wide.Close()
	narrow, err := w4.OpenKinked(ctx, eng, f, gen.NearKink)
	require.NoError(t, err)
	defer narrow.Close()
	undecided, err := narrow.Undecided(ctx)
	require.NoError(t, err)
	within, err := wide.Undecided(ctx)
	require.NoError(t, err)
	t.Logf("%d undecided, %d within 20 times the bound", len(undecided), len(within))
	require.Greater(t, len(within), len(undecided))
	plain, err := wide.Gradients(ctx)
	require.NoError(t, err)

	// matters finds the first of some values that moves a gradient beyond the gate, and the step's gradients with it turned.
	matters := func(of []gen.Kink) map[string][]float32 {
		for _, k := range of {
			grads, err := wide.Gradients(ctx, k)
			require.NoError(t, err)
			if worst(plain, grads) > 2*gen.GoldenGrad {
				t.Logf("activation %v moves a gradient by %.2g", k, worst(plain, grads))
				return grads
			}
		}
		require.Fail(t, "no activation moves a gradient beyond the gate")
		return nil
	}
	gate := func(grads map[string][]float32) gen.Golden {
		g, err := w4.Golden(ctx, eng, withTensors(t, f, grads))
		require.NoError(t, err)
		return g
	}

	g := gate(plain)
	assert.True(t, g.Passed(), "%+v", g)
	assert.Zero(t, g.Turned)
	g = gate(matters(undecided))
	assert.True(t, g.Passed(), "%+v", g)
	assert.Equal(t, 1, g.Turned)
	assert.Less(t, g.MaxRelGrad, 1e-5)
	g = gate(matters(slices.DeleteFunc(within, func(k gen.Kink) bool { return slices.Contains(undecided, k) })))
	assert.False(t, g.Passed(), "%+v", g)
}
