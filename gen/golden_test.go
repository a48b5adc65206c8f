package gen_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
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
func golden(workload string) string {
	return "../../shared/bench/golden/" + strings.ToLower(workload) + ".safetensors"
}

func workload(t *testing.T, name string) gen.Workload {
	t.Helper()
	for _, w := range gen.Workloads() {
		if w.Name == name {
			return w
		}
	}
	require.Fail(t, "no workload "+name)
	return gen.Workload{}
}

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

func TestGolden(t *testing.T) {
	for _, w := range gen.Workloads() {
		t.Run(w.Name, func(t *testing.T) {
			path := golden(w.Name)
			if _, err := os.Stat(path); err != nil {
				t.Skip("no golden file beside the repository:", path)
			}
			eng := openCPU(t)
			g, err := w.Golden(context.Background(), eng, path)
			require.NoError(t, err)
			t.Logf("loss %.3g, gradients %.3g (%s)", g.MaxRelLoss, g.MaxRelGrad, g.Worst)
			if w.Name == "W4" {
				undecided(t, g, eng.Device().Machine().Name)
				return
			}
			assert.True(t, g.Passed(), "%+v", g)
		})
	}
}

// undecided checks of W4 what float32 decides on every machine. One activation of the discriminator's second look at
// the drawn pictures lies closer to zero than float32 rounds: it comes out on the other side of LeakyReLU's kink with
// AVX2 and AVX-512 (before sums were made of sums it did not), and for PyTorch's float32 as well, with the same error
// (docs/benchmarks.md). What comes before it, the losses and the discriminator's gradients, is held to the gate; the
// generator's, behind it, are only looked at.
func undecided(t *testing.T, g gen.Golden, isa string) {
	t.Helper()
	assert.LessOrEqual(t, g.MaxRelLoss, gen.GoldenLoss)
	held := 0
	for name, off := range g.Grads {
		if strings.HasPrefix(name, "d.") {
			held++
			assert.LessOrEqual(t, off, gen.GoldenGrad, name)
		}
	}
	assert.Equal(t, 8, held)
	if !g.Passed() {
		t.Logf("%s: the generator's gradients are off by %.2g, over the gate of %.0e", isa, g.MaxRelGrad, gen.GoldenGrad)
	}
}

// A gate that everything passes is none.
func TestW3GoldenRefuses(t *testing.T) {
	f, err := safetensors.Open(golden("W3"))
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
	ctx, eng, w3 := context.Background(), openCPU(t), workload(t, "W3")
	g, err := w3.Golden(ctx, eng, edit("grad.mu.bias", func(v []float32) { v[3] += 1 }))
	require.NoError(t, err)
	assert.Equal(t, "mu.bias", g.Worst)
	assert.False(t, g.Passed())
	g, err = w3.Golden(ctx, eng, edit("loss.loss", func(v []float32) { v[0] *= 1.001 }))
	require.NoError(t, err)
	assert.InDelta(t, 0.001, g.MaxRelLoss, 1e-5)
	assert.False(t, g.Passed())
	g, err = w3.Golden(ctx, eng, edit("param.d1.weight", func(v []float32) { v[0] = float32(math.NaN()) }))
	require.NoError(t, err)
	assert.False(t, g.Passed())
}

func TestW3Benches(t *testing.T) {
	ctx, eng := context.Background(), openCPU(t)
	for _, c := range workload(t, "W3").Cases {
		b, err := c.Open(ctx, eng)
		require.NoError(t, err)
		t.Run(c.Name, func(t *testing.T) {
			defer b.Close()
			assert.Equal(t, 652824, b.Params)
			require.NoError(t, b.Step(ctx))
			assert.Zero(t, testing.AllocsPerRun(5, func() { require.NoError(t, b.Step(ctx)) }))
		})
	}
}

// A training step of the larger workloads allocates nothing either.
func TestStepsAllocateNothing(t *testing.T) {
	ctx, eng := context.Background(), openCPU(t)
	for _, name := range []string{"W4", "W5"} {
		c := workload(t, name).Cases[0]
		t.Run(c.Name, func(t *testing.T) {
			b, err := c.Open(ctx, eng)
			require.NoError(t, err)
			defer b.Close()
			require.NoError(t, b.Step(ctx))
			assert.Zero(t, testing.AllocsPerRun(2, func() { require.NoError(t, b.Step(ctx)) }))
		})
	}
}
