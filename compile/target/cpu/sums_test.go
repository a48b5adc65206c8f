package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

// carryOut runs a Compute by its default schedule.
func carryOut(t *testing.T, d target.Device, c *expr.Compute, in [][]float64) [][]float64 {
	t.Helper()
	s := schedule.Default(c, d.Machine())
	plan, err := schedule.Apply(c, s, d.Machine())
	require.NoError(t, err)
	out, err := targettest.Run(d, c, plan, in)
	require.NoError(t, err, s)
	return out
}

// random gives n values that float32 holds.
func random(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(r.NormFloat64()))
	}
	return x
}

// TestLongSums: sums of 2,048 products are made of shorter ones, so that their rounding errors are a quarter
// of those of one after the other, which are 13 times 2^-24 of the results.
func TestLongSums(t *testing.T) {
	const n, k = 48, 2048
	r := rand.New(rand.NewPCG(5, 6))
	c := targettest.Contraction(n, n, k, false, false)
	in := [][]float64{random(r, n*k), random(r, k*n)}
	for _, isa := range isas() {
		got := carryOut(t, open(t, target.Options{ISA: isa, Threads: 1}), c, in)[0]
		off, size := 0.0, 0.0
		for i := range n * n {
			want := 0.0
			for l := range k {
				want += in[0][i/n*k+l] * in[1][l*n+i%n]
			}
			off, size = off+(got[i]-want)*(got[i]-want), size+want*want
		}
		assert.Less(t, math.Sqrt(off/size)*(1<<24), 5.0, isa)
	}
}

// weightGradient is the gradient of a convolution's weights [r r c k], or [r r k c] where turned, over n pictures of h x w
// places; the third operand is of the weights' shape.
func weightGradient(n, h, w, c, k, r, stride int, turned bool) *expr.Compute {
	place := func(tap, p int) *expr.Expr { return lin(at(p), stride, at(tap)) }
	weights, ofX, ofG := ir.Of(ir.F32, r, r, c, k), at(2), at(3)
	if turned {
		weights, ofX, ofG = ir.Of(ir.F32, r, r, k, c), at(3), at(2)
	}
	x := expr.Get(0, ir.F32, at(4), place(0, 5), place(1, 6), ofX)
	g := expr.Get(1, ir.F32, at(4), at(5), at(6), ofG)
	in := []ir.Type{ir.Of(ir.F32, n, (h-1)*stride+r, (w-1)*stride+r, c), ir.Of(ir.F32, n, h, w, k), weights}
	d := expr.Reduce(in, weights, []int{n, h, w}, expr.Sum, expr.Times(x, g))
	d.Name = "grad"
	return d
}

// weight is operand i, of the weights' shape, at the coordinate of a weight.
func weight(i int) *expr.Expr { return expr.Get(i, ir.F32, at(0), at(1), at(2), at(3)) }

// updated is that gradient, half of it taken off the weights: the two outputs are the new weights and the gradient.
func updated(n, h, c, k, r, stride int) *expr.Compute {
	d := weightGradient(n, h, h, c, k, r, stride, false)
	sum := d.Outs[0]
	d.Out = []ir.DType{ir.F32, ir.F32}
	d.Outs = []*expr.Expr{expr.Bin(expr.Sub, weight(2), expr.Times(sum, expr.Float(0.5))), sum}
	return d
}

// TestSteps compares weight gradients of random sizes, long enough to be done in steps, with float64; by one
// thread and several, with nothing readable around the buffers.
func TestSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for round := range 5 {
		h := 1 + r.IntN(12)
		n := 600/(h*h) + 1 + r.IntN(5)
		size := []int{n, h, 24 + r.IntN(20), 8 + r.IntN(33), 1 + r.IntN(2), 1 + r.IntN(3)}
		c := updated(size[0], size[1], size[2], size[3], size[4], size[5])
		var in [][]float64
		for _, x := range c.In {
			in = append(in, random(r, x.Elems()))
		}
		want, err := c.Run(in)
		require.NoError(t, err)
		abs, rel := targettest.Tolerance(n * h * h)
		for _, isa := range isas() {
			d := open(t, target.Options{ISA: isa, Threads: 1 + round%3, Guard: true})
			for o, got := range carryOut(t, d, c, in) {
				for i, v := range got {
					if math.Abs(v-want[o][i]) > abs+rel*math.Abs(want[o][i]) {
						require.Fail(t, fmt.Sprintf("%s %v: output %d[%d] is %v, want %v", isa, size, o, i, v, want[o][i]))
					}
				}
			}
		}
	}
}
