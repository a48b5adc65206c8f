package lab

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/target"
	_ "mllab/compile/target/cpu"
	_ "mllab/compile/target/interp"
)

// The names and operations that results of other engines are compared by.
func TestCases(t *testing.T) {
	want := map[string]float64{
		"matmul256": 0.03355, "matmul512_nt": 0.26844, "matmul1024_tn": 2.14748,
		"a_64_64_16_k3/fwd": 0.60398, "a_64_64_16_k3/fwdbwd": 1.81194,
		"b_3_64_32_k3/fwd": 0.11325, "b_3_64_32_k3/fwdbwd": 0.33974,
		"c_depthwise_64_16_k3/fwd": 0.00944, "c_depthwise_64_16_k3/fwdbwd": 0.02831,
		"d_strided_64_128_32_k4s2/fwd": 2.14748, "d_strided_64_128_32_k4s2/fwdbwd": 6.44245,
		"e_transposed_128_64_16_k4s2/fwd": 2.14748, "e_transposed_128_64_16_k4s2/fwdbwd": 6.44245,
		"vae_train_b128": 0.41984, "vae_sample_b128": 0.08233,
		"dcgan_train_b64": 24.6373, "generator_infer_b64": 2.3006, "unet_train_b32": 43.4907, "ddim50_b16": 362.9,
	}
	got := map[string]float64{}
	for _, w := range workloads() {
		for _, c := range w.cases {
			got[c.name] = c.gflop
			assert.Positive(t, c.steps, c.name)
		}
	}
	for name, gflop := range want {
		assert.InDelta(t, gflop, got[name], 1e-5*max(1, gflop), name)
	}
	assert.Equal(t, []string{"W1", "W2", "W3", "W4", "W5"}, Workloads())
}

func session(t *testing.T) *Session {
	t.Helper()
	s, err := Open(Options{Root: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestProfile(t *testing.T) {
	p, err := session(t).Profile(context.Background(), BenchOptions{Workloads: []string{"W3"}, Steps: 2, Threads: 1})
	if errors.Is(err, target.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	assert.Equal(t, "vae_train_b128", p.Case)
	require.NotEmpty(t, p.Kernels)
	share, ms := 0.0, p.Kernels[0].MS
	for _, k := range p.Kernels {
		assert.NotEmpty(t, k.Name)
		assert.Positive(t, k.Count, k.Name)
		assert.LessOrEqual(t, k.MS, ms, "the dearest first")
		share, ms = share+k.Share, k.MS
	}
	assert.InDelta(t, 1, share, 1e-9)
}

func TestBenchRefuses(t *testing.T) {
	ctx, s := context.Background(), session(t)
	var usage *UsageError
	for want, o := range map[string]BenchOptions{
		"want one workload of W1, W2":         {},
		`workload "W9": unknown, want one of`: {Workloads: []string{"W9"}},
		`case "none": want one of a_64_64`:    {Workloads: []string{"W2"}, Cases: []string{"none"}},
		"steps -1: want 1 to":                 {Workloads: []string{"W2"}, Steps: -1},
	} {
		_, err := s.Profile(ctx, o)
		assert.ErrorContains(t, err, want)
		assert.ErrorAs(t, err, &usage)
	}
	_, err := s.Golden(ctx, BenchOptions{}, "w1", "none")
	assert.ErrorContains(t, err, `golden gate of workload "w1": want one of W3, W4, W5`)
	_, err = s.Golden(ctx, BenchOptions{}, "w4", t.TempDir()+"/none")
	assert.ErrorAs(t, err, &usage)
}

// A result that is no number is one that JSON can say.
func TestGoldenJSON(t *testing.T) {
	raw, err := json.Marshal(GoldenResult{Workload: "W3", MaxRelLoss: math.Inf(1), MaxRelGrad: 0.5})
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(raw, &got))
	assert.Nil(t, got["max_rel_loss"])
	assert.Equal(t, 0.5, got["max_rel_grad"])
	assert.Equal(t, "W3", got["workload"])
}

// A file says itself which workload it is of.
func TestGoldenOf(t *testing.T) {
	const file = "../../../shared/bench/golden/w4.safetensors"
	if _, err := os.Stat(file); err != nil {
		t.Skip("no golden file beside the repository:", file)
	}
	s := session(t)
	got, err := s.GoldenOf([]string{"w2", "w4", "W5"}, file)
	require.NoError(t, err)
	assert.Equal(t, "W4", got)
	var usage *UsageError
	_, err = s.GoldenOf([]string{"W3", "W5"}, file)
	assert.ErrorContains(t, err, "is of none of W3, W5")
	assert.ErrorAs(t, err, &usage)
	_, err = s.Golden(context.Background(), BenchOptions{}, "W3", file)
	assert.ErrorContains(t, err, "is of W4, not of W3")
}
