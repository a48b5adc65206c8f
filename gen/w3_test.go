package gen_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/target"
	_ "mllab/compile/target/cpu"
	"mllab/engine"
	"mllab/engine/safetensors"
	"mllab/gen"
)

// golden is where the numbers of another engine lie, beside the repository.
const golden = "../../shared/bench/golden/w3.safetensors"

func openCPU(t *testing.T) *engine.Engine {
	t.Helper()
	eng, err := engine.Open("cpu", target.Options{})
	if errors.Is(err, target.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, eng.Close()) })
	return eng
}

func TestW3Golden(t *testing.T) {
	if _, err := os.Stat(golden); err != nil {
		t.Skip("no golden file beside the repository:", golden)
	}
	g, err := gen.W3Golden(context.Background(), openCPU(t), golden)
	require.NoError(t, err)
	t.Logf("loss %.3g, gradients %.3g (%s)", g.MaxRelLoss, g.MaxRelGrad, g.Worst)
	assert.True(t, g.Passed(), "%+v", g)
}

// A gate that everything passes is none.
func TestW3GoldenRefuses(t *testing.T) {
	f, err := safetensors.Open(golden)
	if err != nil {
		t.Skip("no golden file beside the repository:", err)
	}
	defer f.Close()
	edit := func(name string, change func(v []float32)) string {
		var all []safetensors.Tensor
		for _, n := range f.Names() {
			tensor, err := f.Tensor(n)
			require.NoError(t, err)
			if n == name {
				change(tensor.F32)
			}
			all = append(all, tensor)
		}
		path := filepath.Join(t.TempDir(), "edited.safetensors")
		file, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, safetensors.Write(file, all, nil))
		require.NoError(t, file.Close())
		return path
	}
	ctx, eng := context.Background(), openCPU(t)
	g, err := gen.W3Golden(ctx, eng, edit("grad.mu.bias", func(v []float32) { v[3] += 1 }))
	require.NoError(t, err)
	assert.Equal(t, "mu.bias", g.Worst)
	assert.False(t, g.Passed())
	g, err = gen.W3Golden(ctx, eng, edit("loss.loss", func(v []float32) { v[0] *= 1.001 }))
	require.NoError(t, err)
	assert.InDelta(t, 0.001, g.MaxRelLoss, 1e-5)
	assert.False(t, g.Passed())
	g, err = gen.W3Golden(ctx, eng, edit("param.d1.weight", func(v []float32) { v[0] = float32(math.NaN()) }))
	require.NoError(t, err)
	assert.False(t, g.Passed())
}

func TestW3Benches(t *testing.T) {
	ctx, eng := context.Background(), openCPU(t)
	for _, open := range []func(context.Context, *engine.Engine) (*gen.Bench, error){gen.W3Train, gen.W3Sample} {
		b, err := open(ctx, eng)
		require.NoError(t, err)
		t.Run(b.Case, func(t *testing.T) {
			defer b.Close()
			assert.Equal(t, 652824, b.Params)
			require.NoError(t, b.Step(ctx))
			assert.Zero(t, testing.AllocsPerRun(5, func() { require.NoError(t, b.Step(ctx)) }))
		})
	}
}
