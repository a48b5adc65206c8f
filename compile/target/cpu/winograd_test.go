package cpu

import (
	"fmt"
	"math"
	seeded "math/rand"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

// planar draws a convolution that minimal filtering can do, to 2 channels and more: by 3 taps, or 4 with a stride of 2, or
// the phases of a transposed one by 4 taps and a stride of 2; with weights in any order; with bias, activation and a
// residual behind it, or a second output.
func planar(r *rand.Rand) *expr.Compute {
	n, h, w, c, k := 1+r.IntN(3), 2*(1+r.IntN(4)), 2*(1+r.IntN(5)), 1+r.IntN(70), 2+r.IntN(69)
	if r.IntN(6) == 0 { // more tiles in a row than a block of several has
		n, h, w, c, k = 1, 2, 2*(65+r.IntN(80)), 1+c%9, 2+k%9
	}
	kind := r.IntN(4)
	taps, stride, phases := 3, 1, 1
	switch kind {
	case 1:
		taps, stride = 4, 2
	case 2, 3:
		taps, phases = 2, 2
	}
	wide := func(n int) int { return (n-1)*stride + taps + kind/3 } // of x
	x := ir.Of(ir.F32, n, wide(h), wide(w), c)
	axes := []int{n, h, w, k}
	if phases > 1 {
		axes = []int{n, h, 2, w, 2, k}
	}
	a := len(axes)
	tap, channel := []*expr.Expr{at(a), at(a + 1)}, at(a+2)
	place := []*expr.Expr{at(1), at(2)}
	phase := []*expr.Expr{expr.Int(0), expr.Int(0)}
	if phases > 1 {
		place, phase = []*expr.Expr{at(1), at(3)}, []*expr.Expr{at(2), at(4)}
	}
	flip := phases > 1 || r.IntN(2) == 0
	index := func(i int) (of, from *expr.Expr) { // tap of the weights, place in x
		of, from = tap[i], lin(place[i], stride, tap[i])
		if flip {
			of = expr.Minus(expr.Int((taps-1)*phases), expr.Times(of, expr.Int(phases)))
		}
		if kind == 3 { // odd
			return expr.Plus(expr.Minus(of, phase[i]), expr.Int(1)), expr.Plus(from, phase[i])
		}
		return expr.Plus(of, phase[i]), from
	}
	rowTap, row := index(0)
	colTap, col := index(1)
	weights, weight := ir.Of(ir.F32, taps*phases, taps*phases, c, k), []*expr.Expr{rowTap, colTap, channel, at(a - 1)}
	if kind != 2 && r.IntN(2) == 0 { // of kind 2, a phase and the outputs would be one axis
		weights, weight = ir.Of(ir.F32, taps*phases, taps*phases, k, c), []*expr.Expr{rowTap, colTap, at(a - 1), channel}
	}
	out := ir.Of(ir.F32, axes...)
	in := []ir.Type{x, weights, ir.Of(ir.F32, k), out}
	body := expr.Times(expr.Get(0, ir.F32, at(0), row, col, channel), expr.Get(1, ir.F32, weight...))
	d := expr.Reduce(in, out, []int{taps, taps, c}, expr.Sum, body)
	d.Name = "conv"
	sum := d.Outs[0]
	if r.IntN(3) > 0 {
		var all []*expr.Expr
		for i := range axes {
			all = append(all, at(i))
		}
		y := expr.Plus(expr.Bin(expr.Max, expr.Plus(sum, expr.Get(2, ir.F32, at(a-1))), expr.Float(0)), expr.Get(3, ir.F32, all...))
		d.Outs[0] = y
		if r.IntN(2) == 0 {
			d.Out, d.Outs = append(d.Out, ir.F32), append(d.Outs, expr.Times(sum, expr.Float(2)))
		}
	}
	return d
}

var winograds = []string{"winograd 2", "winograd 2 apart", "winograd 2 5", "winograd 2 16"}

// TestWinograd compares minimal filtering with the definition, by one thread and several, with nothing readable around
// the buffers.
func TestWinograd(t *testing.T) {
	rounds := 12
	if *targettest.Long {
		rounds = 60
	}
	r := rand.New(rand.NewPCG(9, 10))
	for round := range rounds {
		c := planar(r)
		in := (&targettest.Case{C: c}).Inputs(seeded.New(seeded.NewSource(int64(round))))
		want, err := c.Run(in)
		require.NoError(t, err)
		checkConvolution(t, c, winograds[round%len(winograds)], in, want, 1+round%3)
	}
}

// checkConvolution wants the rounding of a sum in a row, whose rms is 0.4 of the root of half its terms in units of 2^-24
// of the results' rms, beside that of three transformations along two axes: six roundings of 0.4 each, of values that are
// up to twice as large as what becomes of them. No element may be further off than 16 times that.
func checkConvolution(t *testing.T, c *expr.Compute, text string, in, want [][]float64, threads int) {
	t.Helper()
	s, err := schedule.Parse(text)
	require.NoError(t, err)
	units := 2*0.4*math.Sqrt(6) + 1.2*0.4*math.Sqrt(float64(ir.Elems(c.Red))/2)
	for _, isa := range isas() {
		d := open(t, target.Options{ISA: isa, Threads: threads, Guard: true})
		m := d.Machine()
		if m.Kind != loop.CPU {
			continue
		}
		plan, err := schedule.Apply(c, s, m)
		require.NoError(t, err, targettest.Describe(c, nil, m))
		out, err := targettest.Run(d, c, plan, in)
		require.NoError(t, err, targettest.Describe(c, s, m))
		for o, got := range out {
			size, off := 0.0, 0.0
			for i, v := range got {
				size, off = size+want[o][i]*want[o][i], off+(v-want[o][i])*(v-want[o][i])
			}
			size = math.Sqrt(size / float64(len(got)))
			require.LessOrEqual(t, math.Sqrt(off/float64(len(got))), 0x1p-24*size*units, "%s: output %d\n%s", isa, o, targettest.Describe(c, s, m))
			for i, v := range got {
				if !(math.Abs(v-want[o][i]) <= 16*0x1p-24*size*units) {
					require.Fail(t, fmt.Sprintf("%s: output %d[%d] is %v, want %v\n%s", isa, o, i, v, want[o][i], targettest.Describe(c, s, m)))
				}
			}
		}
	}
}

// planarGradient draws the gradient of such a convolution's weights, half of it taken off the weights, with a second output.
func planarGradient(r *rand.Rand) *expr.Compute {
	n, h, w, c, k := 1+r.IntN(3), 2*(1+r.IntN(4)), 2*(1+r.IntN(5)), 2+r.IntN(69), 2+r.IntN(69)
	if r.IntN(6) == 0 {
		n, h, w, c, k = 1, 2, 2*(65+r.IntN(80)), 2+c%9, 2+k%9
	}
	taps, stride := 3, 1
	if r.IntN(2) == 0 {
		taps, stride = 4, 2
	}
	d := weightGradient(n, h, w, c, k, taps, stride, r.IntN(2) == 0)
	d.In = append(d.In, d.In[2])
	sum := d.Outs[0]
	if r.IntN(3) > 0 { // as an optimiser does: several outputs read operands of their size
		d.Out = []ir.DType{ir.F32, ir.F32, ir.F32}
		d.Outs = []*expr.Expr{
			expr.Minus(weight(2), expr.Times(sum, expr.Float(0.5))), expr.Plus(expr.Times(weight(3), expr.Float(0.5)), sum), sum,
		}
	}
	return d
}

// TestWinogradGradient compares gradients by minimal filtering with the definition.
func TestWinogradGradient(t *testing.T) {
	rounds := 8
	if *targettest.Long {
		rounds = 40
	}
	r := rand.New(rand.NewPCG(11, 12))
	for round := range rounds {
		c := planarGradient(r)
		in := (&targettest.Case{C: c}).Inputs(seeded.New(seeded.NewSource(int64(round))))
		want, err := c.Run(in)
		require.NoError(t, err)
		checkConvolution(t, c, winograds[round%len(winograds)], in, want, 1+round%3)
	}
}
