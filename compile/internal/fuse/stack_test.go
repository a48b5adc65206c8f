package fuse_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/internal/fuse"
	"mllab/compile/ir"
	"mllab/ops"
)

// TestStacks says which pieces become stages of one kernel.
func TestStacks(t *testing.T) {
	f32 := func(b *ir.Builder, name string, shape ...int) ir.Value { return b.Input(name, ir.Of(ir.F32, shape...)) }
	tests := []struct {
		name  string
		build func(b *ir.Builder)
		rows  int
		want  []string
	}{
		{"softmax of rows", func(b *ir.Builder) {
			b.Output("y", ops.Softmax(b, f32(b, "x", 8, 33), 1))
		}, 8, []string{"max-div: 4 stages for each of 8 rows: max, sub-exp, sum, div"}},
		{"too few rows to share", func(b *ir.Builder) {
			b.Output("y", ops.Softmax(b, f32(b, "x", 8, 33), 1))
		}, 9, []string{"max", "sub-exp", "sum", "div"}},
		{"along the first axis no row is whole", func(b *ir.Builder) {
			b.Output("y", ops.Softmax(b, f32(b, "x", 33, 8), 0))
		}, 1, []string{"max", "sub-exp", "sum", "div"}},
		{"a contraction keeps its registers", func(b *ir.Builder) {
			y := ops.MatMul(b, ops.Exp(b, f32(b, "x", 8, 16)), f32(b, "w", 16, 32))
			b.Output("y", ops.Sub(b, y, ops.MaxKeep(b, y, 1)))
		}, 1, []string{"exp", "matmul", "max-sub: 2 stages for each of 8 rows: max, sub"}},
		{"a thin contraction is a stage", func(b *ir.Builder) {
			y := ops.Softmax(b, ops.MatMul(b, f32(b, "q", 8, 5, 16), f32(b, "k", 8, 16, 7)), 2)
			b.Output("y", ops.MatMul(b, y, f32(b, "v", 8, 7, 4)))
		}, 1, []string{"matmul: 6 stages for each of 8 rows: matmul, max, sub-exp, sum, div, matmul"}},
		{"not one whose rows share much", func(b *ir.Builder) {
			y := ops.MatMul(b, ops.Exp(b, f32(b, "x", 8, 16)), f32(b, "w", 16, 3))
			b.Output("y", ops.Sub(b, y, ops.MaxKeep(b, y, 1)))
		}, 1, []string{"exp", "matmul", "max-sub: 2 stages for each of 8 rows: max, sub"}},
		{"a stage cannot come before what stands between", func(b *ir.Builder) {
			e := ops.Exp(b, f32(b, "x", 8, 16))
			s := ops.SumKeep(b, ops.MatMul(b, e, f32(b, "w", 16, 16)), 1)
			b.Output("y", ops.Div(b, e, ops.SumKeep(b, ops.Tanh(b, ops.Sub(b, e, s)), 1)))
		}, 1, []string{"exp", "matmul", "sum-div: 3 stages for each of 8 rows: sum, sum, div"}},
		{"small updates of different shapes", func(b *ir.Builder) {
			for i, shape := range [][]int{{40}, {3, 5}, {9}, {200, 300}} {
				p, g := f32(b, fmt.Sprint("p", i), shape...), f32(b, fmt.Sprint("g", i), append([]int{4}, shape...)...)
				b.Update(fmt.Sprint("next", i), p, ops.Sub(b, p, ops.Sum(b, g, 0)))
			}
		}, 1, []string{"sum-sub: 3 small updates: sum-sub, sum-sub, sum-sub", "sum-sub"}},
		{"an update that something reads is no end", func(b *ir.Builder) {
			x := f32(b, "x", 8)
			m := ops.Sum(b, ops.Sub(b, x, f32(b, "y", 8)))
			b.Update("x.next", x, ops.Mul(b, x, m))
			b.Output("z", ops.Sin(b, f32(b, "w", 3)))
		}, 1, []string{"sum", "mul-sin: 2 small updates: mul, sin"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := program(t, tt.build)
			var got []string
			for _, s := range p.Stacks(tt.rows, nil, func(*fuse.Piece) bool { return false }, func(*fuse.Piece) bool { return true }) {
				got = append(got, s.String())
			}
			require.NotEmpty(t, got)
			assert.Equal(t, tt.want, got, "%s", p)
		})
	}
}
