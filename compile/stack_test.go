package compile_test

import (
	"context"
	"errors"
	"fmt"
	rand1 "math/rand"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/engine/grad"
	"mllab/ops"
)

// TestStacks checks kernels of several stages against operators one by one, with
// gradients, for rows that fill vectors, that leave tails and that are shorter, and
// that there is but one kernel where one is meant.
func TestStacks(t *testing.T) {
	devs := open(t, "interp", "cpu")
	tg, err := target.Find("cpu")
	require.NoError(t, err)
	for _, isa := range []string{"go", "avx2"} {
		dev, err := tg.Open(target.Options{Threads: 2, ISA: isa, Guard: true, Share: true})
		if err == nil {
			t.Cleanup(func() { dev.Close() })
			devs = append(devs, dev)
		}
	}
	norm := func(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
		y := ops.Sub(b, x, ops.MeanKeep(b, x, axes...))
		return ops.Mul(b, y, ops.Rsqrt(b, ops.Shift(b, ops.MeanKeep(b, ops.Square(b, y), axes...), 1e-3)))
	}
	tests := []struct {
		name    string
		shape   []int
		kernels int // on the CPU, forward
		build   func(b *ir.Builder, x ir.Value) ir.Value
	}{
		{"softmax", []int{40, 33}, 1, func(b *ir.Builder, x ir.Value) ir.Value { return ops.Softmax(b, x, 1) }},
		{"softmax of heads", []int{3, 4, 7, 64}, 1, func(b *ir.Builder, x ir.Value) ir.Value {
			return ops.Softmax(b, x, 3)
		}},
		{"log softmax", []int{64, 10}, 1, func(b *ir.Builder, x ir.Value) ir.Value {
			return ops.LogSoftmax(b, x, 1)
		}},
		{"layer norm", []int{16, 5, 24}, 1, func(b *ir.Builder, x ir.Value) ir.Value { return norm(b, x, 2) }},
		{"instance norm and halo", []int{16, 5, 6, 9}, 1, func(b *ir.Builder, x ir.Value) ir.Value {
			around := []int{0, 1, 1, 0}
			return ops.Pad(b, ops.Silu(b, norm(b, x, 1, 2)), around, around, 0)
		}},
	}
	for _, tt := range tests {
		b := ir.NewBuilder()
		x := b.Input("x", ir.Of(ir.F32, tt.shape...))
		b.Output("y", tt.build(b, x))
		g, err := b.Graph()
		require.NoError(t, err)
		m, err := compile.Compile(context.Background(), g, devs[1], compile.Options{})
		require.NoError(t, err)
		assert.Len(t, m.Kernels(), tt.kernels, tt.name)
		m.Close()

		b = ir.NewBuilder()
		x = b.Input("x", ir.Of(ir.F32, tt.shape...))
		y := tt.build(b, x)
		w := b.Input("w", b.Type(y))
		b.Output("y", y)
		b.Output("dx", grad.Of(b, ops.Sum(b, ops.Mul(b, y, w)), []ir.Value{x})[0])
		g, err = b.Graph()
		require.NoError(t, err)
		in := randomInputs(g, 5)
		want, err := ops.Eval(g, in)
		require.NoError(t, err)
		for _, dev := range devs {
			got, err := execute(dev, g, in, 2)
			require.NoError(t, err, tt.name)
			for label, w := range want {
				err := ops.Diff(got[label], w, 4000, ops.Eps32)
				require.NoError(t, err, "%s on %s, %s", tt.name, fmt.Sprint(dev.Info()), label)
			}
		}
	}
}

// TestStacksAtRandom draws the schedule of every stage, and compares with operators one
// by one. Draws that want a kernel of their own, or more registers than there are, are
// legal too.
func TestStacksAtRandom(t *testing.T) {
	t.Run("norm and softmax", func(t *testing.T) {
		b := ir.NewBuilder()
		x := b.Input("x", ir.Of(ir.F32, 12, 5, 19))
		y := ops.Sub(b, x, ops.MeanKeep(b, x, 2))
		y = ops.Mul(b, y, ops.Rsqrt(b, ops.Shift(b, ops.MeanKeep(b, ops.Square(b, y), 2), 0.1)))
		b.Output("y", ops.Softmax(b, y, 2))
		b.Output("z", ops.Sum(b, ops.Square(b, y), 1))
		stackAtRandom(t, b)
	})
	t.Run("halo and convolution", func(t *testing.T) { stackAtRandom(t, thin(12, 13, 9, 7, 3)) })
	t.Run("attention", func(t *testing.T) {
		b := ir.NewBuilder()
		q, k := b.Input("q", ir.Of(ir.F32, 12, 9, 21)), b.Input("k", ir.Of(ir.F32, 12, 5, 21))
		y := ops.Softmax(b, ops.MatMulT(b, q, k, false, true), 2)
		b.Output("y", ops.MatMul(b, y, b.Input("v", ir.Of(ir.F32, 12, 5, 6))))
		stackAtRandom(t, b)
	})
}

// stackAtRandom compares the program with draws of schedules for every stage.
func stackAtRandom(t *testing.T, b *ir.Builder) {
	g, err := b.Graph()
	require.NoError(t, err)
	in := randomInputs(g, 8)
	want, err := ops.Eval(g, in)
	require.NoError(t, err)
	stacked := 0
	for _, dev := range open(t, "interp", "cpu") {
		for seed := range int64(40) {
			r := rand1.New(rand1.NewSource(seed))
			draw := func(c *expr.Compute, m loop.Machine) (s schedule.Schedule, _ bool) {
				for range 20 { // mostly one that may be a stage's: without scratch memory
					s = schedule.Random(r, c, m)
					p, err := schedule.Apply(c, s.Alone(), m)
					if err == nil && len(p.Kernels) == 1 && r.Intn(20) > 0 {
						break
					}
				}
				return s, true
			}
			m, got, err := executeWith(dev, g, in, 2, compile.Options{Schedule: draw})
			if errors.Is(err, target.ErrRejected) {
				continue
			}
			require.NoError(t, err, "seed %d", seed)
			for _, k := range m {
				if strings.Contains(strings.Join(k.Notes, "; "), "stages for each") {
					stacked++
				}
			}
			for label, w := range want {
				err := ops.Diff(got[label], w, 4000, ops.Eps32)
				require.NoError(t, err, "seed %d on %s, %s", seed, dev.Info().Target, label)
			}
		}
	}
	assert.Greater(t, stacked, 20)
}

// thin is a convolution with so few outputs that it makes few products of what it reads,
// each image of which is surrounded with zeros first.
func thin(images, rows, cols, ins, outs int) *ir.Builder {
	b := ir.NewBuilder()
	x, w := b.Input("x", ir.Of(ir.F32, images, rows, cols, ins)), b.Input("w", ir.Of(ir.F32, 3, 3, ins, outs))
	b.Output("y", ops.Tanh(b, ops.Conv2D(b, x, w, ops.Conv{Pad: 1})))
	return b
}

// TestThinContractionsAreStages checks that what only stages read has the memory of as
// many blocks as threads may work on at a time, and what it gives.
func TestThinContractionsAreStages(t *testing.T) {
	g, err := thin(32, 37, 35, 16, 3).Graph()
	require.NoError(t, err)
	in := randomInputs(g, 3)
	want, err := ops.Eval(g, in)
	require.NoError(t, err)
	tg, err := target.Find("cpu")
	require.NoError(t, err)
	for _, isa := range []string{"", "avx2", "go"} {
		for _, threads := range []int{1, 2, 3} {
			dev, err := tg.Open(target.Options{Threads: threads, ISA: isa, Guard: true, Share: true})
			if err != nil {
				continue // instructions that the machine has not
			}
			ks, got, err := executeWith(dev, g, in, 2, compile.Options{})
			require.NoError(t, err)
			k := ks[len(ks)-1]
			assert.Contains(t, strings.Join(k.Notes, "; "), "2 stages for each of 32 rows")
			assert.LessOrEqual(t, len(ks), 2, "weights may be packed")
			if l2 := dev.Machine().L2; l2 <= 4<<20 {
				slots := map[int]int{1: 1, 2: 8, 3: 8}[threads]
				assert.Equal(t, 32/slots, k.Nest.Top().Run)
				assert.True(t, slices.ContainsFunc(k.Nest.Bufs, func(b loop.Buf) bool { return b.Elems == slots*39*37*16 }))
			}
			require.NoError(t, ops.Diff(got["y"], want["y"], 9*16, ops.Eps32), "%s, %d threads", isa, threads)
			require.NoError(t, dev.Close())
		}
	}
}

// randomInputs draws the inputs of a graph from -1 to 1.
func randomInputs(g *ir.Graph, seed uint64) map[string]ops.Array {
	r := rand.New(rand.NewPCG(seed, 6))
	in := map[string]ops.Array{}
	for _, v := range g.Inputs() {
		a := ops.NewArray(g.Type(v))
		for i := range a.Data {
			a.Data[i] = float64(float32(r.Float64()*2 - 1))
		}
		in[g.Node(v).Op.(ir.Input).Label] = a
	}
	return in
}

// TestRandomStacks checks that the random graphs have stacks in them.
func TestRandomStacks(t *testing.T) {
	dev := open(t, "cpu")[0]
	stages := 0
	for seed := range uint64(12) {
		g, err := randomImages(seed)
		require.NoError(t, err)
		m, err := compile.Compile(context.Background(), g, dev, compile.Options{})
		require.NoError(t, err)
		for _, s := range m.Stages() {
			stages += strings.Count(s.Text, " stages for each of ")
		}
		m.Close()
	}
	assert.Greater(t, stages, 10)
}
