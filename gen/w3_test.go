package gen_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/target"
	_ "mllab/compile/target/cpu"
	"mllab/engine"
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
