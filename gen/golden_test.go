package gen_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
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
			t.Logf("loss %.3g, gradients %.3g (%s), %d activations turned", g.MaxRelLoss, g.MaxRelGrad, g.Worst, g.Turned)
			assert.LessOrEqual(t, g.Turned, 2, "of the undecided ones")
			assert.True(t, g.Passed(), "%+v", g)
		})
	}
}

// edited is a copy of a golden file with one tensor changed.
func edited(t *testing.T, workload, name string, change func(v []float32)) string {
	t.Helper()
	f, err := safetensors.Open(golden(workload))
	if err != nil {
		t.Skip("no golden file beside the repository:", err)
	}
	defer f.Close()
	tensor, err := f.Tensor(name)
	require.NoError(t, err)
	change(tensor.F32)
	return withTensors(t, f, map[string][]float32{name: tensor.F32})
}

// withTensors is a copy of a golden file with some tensors' values replaced.
func withTensors(t *testing.T, f *safetensors.File, values map[string][]float32) string {
	t.Helper()
	var all []safetensors.Tensor
	for _, n := range f.Names() {
		tensor, err := f.Tensor(n)
		require.NoError(t, err)
		if v, ok := values[n]; ok {
			require.Len(t, v, len(tensor.F32), n)
			tensor.F32 = v
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

// A gate that everything passes is none.
func TestW3GoldenRefuses(t *testing.T) {
	edit := func(name string, change func(v []float32)) string { return edited(t, "W3", name, change) }
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

// Turning what float32 does not decide hides no other error.
func TestW4GoldenRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("many steps of a DCGAN")
	}
	path := edited(t, "W4", "grad.G.3.weight", func(v []float32) {
		most := slices.Max(v)
		for i := range v {
			if v[i] == most {
				v[i] *= 0.99
			}
		}
	})
	g, err := workload(t, "W4").Golden(context.Background(), openCPU(t), path)
	require.NoError(t, err)
	assert.False(t, g.Passed(), "%+v", g)
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

// A training step of the larger workloads allocates nothing either, by one thread or two, nor does the sampling.
func TestStepsAllocateNothing(t *testing.T) {
	ctx := context.Background()
	for threads, cases := range [][]string{1: {"dcgan_train_b64", "unet_train_b32"},
		2: {"dcgan_train_b64", "unet_train_b32", "generator_infer_b64", "ddim50_b16"}} {
		for _, w := range []string{"W4", "W5"} {
			for _, c := range workload(t, w).Cases {
				if !slices.Contains(cases, c.Name) {
					continue
				}
				t.Run(fmt.Sprint(c.Name, " ", threads), func(t *testing.T) {
					eng, err := engine.Open("cpu", target.Options{Threads: threads})
					if errors.Is(err, target.ErrUnavailable) {
						t.Skip(err)
					}
					require.NoError(t, err)
					defer eng.Close()
					b, err := c.Open(ctx, eng)
					require.NoError(t, err)
					defer b.Close()
					assert.Zero(t, testing.AllocsPerRun(1, func() { require.NoError(t, b.Step(ctx)) })) // and once before
				})
			}
		}
	}
}
