package schedule_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/schedule"
)

// place is where axis tap of a kernel falls for axis at of its results.
func place(tap, at, stride int) *expr.Expr {
	return expr.Plus(expr.Times(expr.At(at), expr.Int(stride)), expr.At(tap))
}

// weightGradient is out[r s c k] = sum over n p q of x[n p*stride+r q*stride+s c] g[n p q k].
func weightGradient(n, p, c, k, r, stride int) *expr.Compute {
	side := (p-1)*stride + r
	x := expr.Get(0, ir.F32, expr.At(4), place(0, 5, stride), place(1, 6, stride), expr.At(2))
	g := expr.Get(1, ir.F32, expr.At(4), expr.At(5), expr.At(6), expr.At(3))
	return expr.Reduce([]ir.Type{ir.Of(ir.F32, n, side, side, c), ir.Of(ir.F32, n, p, p, k)},
		ir.Of(ir.F32, r, r, c, k), []int{n, p, p}, expr.Sum, expr.Times(x, g))
}

// TestParts: long reductions that caches do not hold are done in parts, with work
// for all threads; others are not.
func TestParts(t *testing.T) {
	for _, x := range []struct {
		sizes [6]int
		want  string
	}{
		{[6]int{32, 16, 64, 128, 4, 2}, "split l 32; split j 128; split j.1 8; " +
			"reorder i l.0 j.0 k j.1.0 r s j.1.1 l.1; unroll s j.1.1; vectorize l.1; parallel i l.0 j.0; pack 1"},
		{[6]int{64, 8, 64, 128, 4, 2}, "split l 32; split j 8; split k 4; " +
			"reorder i l.0 k.0 j.0 k.1 r s j.1 l.1; unroll s j.1; vectorize l.1; parallel i l.0; pack 1"},
		{[6]int{32, 8, 128, 128, 3, 1}, "split l 32; split j 12; split s 4; " +
			"reorder i l.0 j.0 k r s.0 s.1 j.1 l.1; unroll s.1 j.1; vectorize l.1; parallel i l.0 j.0"},
	} {
		s := x.sizes
		c := weightGradient(s[0], s[1], s[2], s[3], s[4], s[5])
		got := schedule.Direct(c, machines[0])
		assert.Equal(t, x.want, got.String(), s)
		_, err := schedule.Apply(c, got, machines[0])
		require.NoError(t, err)
	}
}

// TestSteps: with 16 registers, results that L2 holds are done in steps of the whole
// reduction, of which threads have sums of their own; others by blocks.
func TestSteps(t *testing.T) {
	for _, x := range []struct {
		sizes [6]int
		want  string
	}{
		{[6]int{32, 16, 64, 64, 3, 1}, "split l 16; split j 6; split k 4; split r 4; " +
			"reorder k.0 k.1 r.0 i l.0 j.0 r.1 s j.1 l.1; unroll s j.1; vectorize l.1; parallel k.0; pack 1"},
		{[6]int{32, 8, 256, 128, 3, 1}, "split l 64; split l.1 16; split j 6; split k 16; " +
			"reorder i l.0 k.0 k.1 l.1.0 j.0 r s j.1 l.1.1; unroll s j.1; vectorize l.1.1; parallel i l.0 k.0; pack 1"},
		{[6]int{32, 4, 64, 64, 3, 1}, "split l 16; split j 6; split k 4; " +
			"reorder k.0 i l.0 j.0 k.1 r s j.1 l.1; unroll s j.1; vectorize l.1; parallel k.0; pack 1"},
		{[6]int{8, 16, 3, 64, 3, 1}, "split l 16; split j 5; split r 4; " +
			"reorder k r.0 i l.0 j.0 r.1 s j.1 l.1; unroll s j.1; vectorize l.1; parallel k"},
	} {
		s := x.sizes
		c := weightGradient(s[0], s[1], s[2], s[3], s[4], s[5])
		got := schedule.Direct(c, machines[1])
		assert.Equal(t, x.want, got.String(), s)
		_, err := schedule.Apply(c, got, machines[1])
		require.NoError(t, err)
	}
}

func TestIllegalParts(t *testing.T) {
	for _, c := range []struct{ schedule, want string }{
		{"split k 7; reorder k.0 i j k.1", "leaves a tail"},
		{"split k 10; split k.0 2; reorder i k.0.0 k.0.1 j k.1", "leaves a tail"},
		{"split i 7; split k 10; reorder i.0 k.0 i.1 j k.1", "leaves a tail"},
		{"split k 10; reorder i k.0 j k.1; vectorize k.1", "in parts here"},
		{"split k 50; reorder i k.0 j k.1", "in parts here"},
		{"reorder k i j; parallel k", "belongs to the reduction"},
		{"split k 7; reorder k.0 i j k.1; parallel k.0", "leaves a tail"},
	} {
		assert.Contains(t, text(compute(t, "matmul_nn_100x150x50"), machines[0], c.schedule), c.want)
	}
	assert.Contains(t, text(compute(t, "matmul_nn_100x150x50"), machines[3], "split k 10; reorder i k.0 j k.1"),
		"in parts here")
}
