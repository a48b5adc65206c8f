package compile_test

import (
	"context"
	"errors"
	"fmt"
	rand1 "math/rand"
	"math/rand/v2"
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
		dev, err := tg.Open(target.Options{Threads: 2, ISA: isa, Guard: true})
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
	b := ir.NewBuilder()
	x := b.Input("x", ir.Of(ir.F32, 12, 5, 19))
	y := ops.Sub(b, x, ops.MeanKeep(b, x, 2))
	y = ops.Mul(b, y, ops.Rsqrt(b, ops.Shift(b, ops.MeanKeep(b, ops.Square(b, y), 2), 0.1)))
	b.Output("y", ops.Softmax(b, y, 2))
	b.Output("z", ops.Sum(b, ops.Square(b, y), 1))
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
