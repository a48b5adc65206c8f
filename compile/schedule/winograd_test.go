package schedule_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/schedule"
)

// convolution is out[n p q k] = sum over r s c of x[n p*stride+r q*stride+s c] w[r s c k].
func convolution(n, p, c, k, r, stride int) *expr.Compute {
	side := (p-1)*stride + r
	x := expr.Get(0, ir.F32, expr.At(0), place(4, 1, stride), place(5, 2, stride), expr.At(6))
	w := expr.Get(1, ir.F32, expr.At(4), expr.At(5), expr.At(6), expr.At(3))
	return expr.Reduce([]ir.Type{ir.Of(ir.F32, n, side, side, c), ir.Of(ir.F32, r, r, c, k)},
		ir.Of(ir.F32, n, p, p, k), []int{r, r, c}, expr.Sum, expr.Times(x, w))
}

// TestFiltered: minimal filtering is the default where it saves much, and only there.
func TestFiltered(t *testing.T) {
	for _, x := range []struct {
		sizes [6]int // images, rows, inputs, outputs, taps, stride
		want  bool
		why   string
	}{
		{[6]int{32, 16, 64, 64, 3, 1}, true, "as it should be"},
		{[6]int{32, 16, 64, 128, 4, 2}, true, "four planes of two taps"},
		{[6]int{1, 8, 32, 32, 3, 1}, true, "few tiles, small weights"},
		{[6]int{1, 256, 32, 32, 3, 1}, true, "long rows"},
		{[6]int{32, 16, 3, 64, 3, 1}, false, "few channels"},
		{[6]int{32, 7, 64, 64, 3, 1}, false, "an odd number of rows"},
		{[6]int{32, 16, 64, 64, 5, 1}, false, "no filter of five taps"},
		{[6]int{32, 16, 64, 64, 3, 2}, false, "taps that stride does not divide"},
		{[6]int{1, 4, 256, 256, 3, 1}, false, "weights that few tiles use"},
		{[6]int{4, 128, 512, 512, 3, 1}, false, "calls would be long, or scratch memory large"},
	} {
		s := x.sizes
		c := convolution(s[0], s[1], s[2], s[3], s[4], s[5])
		for _, m := range machines[:2] {
			got := schedule.Default(c, m)
			assert.Equal(t, x.want, got.String() == "winograd 2", "%s, %v: %s", m.Name, s, x.why)
			p, err := schedule.Apply(c, got, m)
			require.NoError(t, err)
			scratch := 0
			for _, n := range p.Scratch {
				scratch += n
			}
			assert.Less(t, scratch, 16<<20, "%s, %v", m.Name, s)
		}
	}
	for _, m := range machines[2:] {
		s, err := schedule.Parse("winograd 2")
		require.NoError(t, err)
		if _, err := schedule.Apply(convolution(2, 4, 8, 8, 3, 1), s, m); m.Lanes <= 1 && m.Name != "threads" {
			assert.ErrorContains(t, err, "threads and vectors", m.Name)
		}
	}
}
