package gen_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/target"
	"mllab/engine"
	"mllab/engine/optim"
	"mllab/engine/train"
	"mllab/gen"
)

// ramps are examples that are a function of the step.
type ramps struct{}

func (ramps) Fill(step int, x []float32, labels []int32) error {
	for i := range x {
		x[i] = float32((i*7+step*13)%101) / 100
	}
	for i := range labels {
		labels[i] = int32(i % 4)
	}
	return nil
}

// digestEnv asks the test's own binary for digests with so many threads.
const digestEnv = "MLLAB_GEN_TEST_THREADS"

// TestSameBytes: the same seed gives the same parameters and state of the optimiser to the last bit, in this process
// and in another, with one thread and with two that share every kernel.
func TestSameBytes(t *testing.T) {
	if n, err := strconv.Atoi(os.Getenv(digestEnv)); err == nil {
		fmt.Println(digests(t, n))
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	for _, threads := range []int{1, 2} {
		want := digests(t, threads)
		c := exec.Command(self, "-test.run=^TestSameBytes$")
		c.Env = append(os.Environ(), fmt.Sprint(digestEnv, "=", threads), "GOMAXPROCS=3")
		out, err := c.Output()
		require.NoError(t, err)
		assert.Contains(t, string(out), fmt.Sprint(want), "%d threads, in another process", threads)
	}
}

// digests of all tensors after six steps of each kind of net, on every instruction set with an encoder; by one thread
// on the best of them.
func digests(t *testing.T, threads int) []string {
	var all []string
	for _, isa := range []string{"avx512", "avx2"} {
		if threads == 1 && len(all) > 0 {
			continue
		}
		eng, err := engine.Open("cpu", target.Options{ISA: isa, Threads: threads, Share: true})
		if err != nil {
			continue
		}
		for model, width := range map[string]string{"vae": "hidden=64", "dcgan": "width=16", "unet": "width=8"} {
			d := gen.DataInfo{H: 16, W: 16, C: 3, Labels: 4}
			net, _ := build(t, model, d, width)
			o := train.Options{Batch: 8, Steps: 6, H: d.H, W: d.W, C: d.C, Seed: 5, LR: 1e-3, Rule: optim.NewAdam()}
			l, err := train.New(context.Background(), eng, net, ramps{}, o)
			require.NoError(t, err)
			require.NoError(t, l.Run(context.Background()))
			sum := sha256.New()
			tensors := l.State().Tensors()
			for _, name := range slices.Sorted(maps.Keys(tensors)) {
				v, err := tensors[name].Float32()
				require.NoError(t, err)
				_, _ = sum.Write([]byte(name))
				require.NoError(t, binary.Write(sum, binary.LittleEndian, v))
			}
			all = append(all, fmt.Sprintf("%s %s %x", isa, model, sum.Sum(nil)[:8]))
			l.Close()
		}
		require.NoError(t, eng.Close())
	}
	slices.Sort(all)
	return all
}
