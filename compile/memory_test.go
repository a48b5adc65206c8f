package compile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/ops"
)

// TestArena: values that are not needed at the same time share memory, and an operator on elements that has a kernel
// of its own works in the place of what it reads for the last time.
func TestArena(t *testing.T) {
	const n = 64
	matrix := ir.Of(ir.F32, n, n)
	const bytes = 4 * n * n
	product := func(b *ir.Builder, x ir.Value, i int) ir.Value {
		return ops.MatMul(b, x, b.Input(fmt.Sprint("w", i), matrix))
	}
	chain := func(b *ir.Builder, x ir.Value) ir.Value {
		for i := range 9 {
			x = product(b, x, i)
		}
		return x
	}
	finer := func(b *ir.Builder, x ir.Value) ir.Value { // which no product has as an epilogue
		return ops.Reshape(b, ops.Tanh(b, ops.Reshape(b, product(b, x, 0), n, 8, n/8)), n, n)
	}
	tests := []struct {
		name    string
		build   func(b *ir.Builder, x ir.Value) ir.Value
		arena   int
		inPlace bool
	}{
		{"a chain takes two places", chain, 2 * bytes, false},
		{"what is read again keeps its place", func(b *ir.Builder, x ir.Value) ir.Value {
			first := product(b, x, 10)
			return ops.MatMul(b, chain(b, first), first)
		}, 3 * bytes, false},
		{"elements in place", func(b *ir.Builder, x ir.Value) ir.Value {
			return product(b, finer(b, x), 1)
		}, bytes, true},
		{"not over what is read later", func(b *ir.Builder, x ir.Value) ir.Value {
			y := product(b, x, 0)
			z := ops.Reshape(b, ops.Tanh(b, ops.Reshape(b, y, n, 8, n/8)), n, n)
			return ops.MatMul(b, z, y)
		}, 2 * bytes, false},
	}
	dev := open(t, "cpu")[0]
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := ir.NewBuilder()
			b.Output("y", tt.build(b, b.Input("x", matrix)))
			g, err := b.Graph()
			require.NoError(t, err)
			plain := func(*expr.Compute, loop.Machine) (schedule.Schedule, bool) { return nil, true } // no scratch memory
			m, err := compile.Compile(context.Background(), g, dev, compile.Options{Schedule: plain})
			require.NoError(t, err)
			defer m.Close()
			assert.Equal(t, tt.arena, m.ArenaBytes())
			for _, s := range m.Stages() {
				if s.Name == "memory" {
					assert.Equal(t, tt.inPlace, strings.Contains(s.Text, "in place of"), s.Text)
				}
			}
			in := randomInputs(g, 1)
			want, err := ops.Eval(g, in)
			require.NoError(t, err)
			got, err := execute(dev, g, in, 2)
			require.NoError(t, err)
			require.NoError(t, ops.Diff(got["y"], want["y"], 4000, ops.Eps32))
		})
	}
}
