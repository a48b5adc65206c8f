package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

// TestLongSums: sums of 2,048 products are made of shorter ones, so that their rounding errors are a quarter of
// those of one after the other, which are 13 times 2^-24 of the results.
func TestLongSums(t *testing.T) {
	const n, k = 48, 2048
	r := rand.New(rand.NewPCG(5, 6))
	a, b := make([]float32, n*k), make([]float32, k*n)
	for _, x := range [][]float32{a, b} {
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
	}
	for _, isa := range encoded(t) {
		got := multiplied(t, isa, n, k, a, b)
		off, size := 0.0, 0.0
		for i := range n {
			for j := range n {
				want := 0.0
				for l := range k {
					want += float64(a[i*k+l]) * float64(b[l*n+j])
				}
				d := float64(got[i*n+j]) - want
				off, size = off+d*d, size+want*want
			}
		}
		assert.Less(t, math.Sqrt(off/size)*(1<<24), 5.0, isa)
	}
}

// multiplied is the n x n product of a (n x k) and b (k x n), by the default schedule.
func multiplied(t *testing.T, isa string, n, k int, a, b []float32) []float32 {
	d := open(t, target.Options{ISA: isa, Threads: 1})
	c := targettest.Contraction(n, n, k, false, false)
	plan, err := schedule.Apply(c, schedule.Default(c, d.Machine()), d.Machine())
	require.NoError(t, err)
	var bufs []target.Buffer
	for _, size := range append([]int{n * k, k * n, n * n}, plan.Scratch...) {
		m, err := d.Alloc(4 * size)
		require.NoError(t, err)
		t.Cleanup(m.Free)
		bufs = append(bufs, m)
	}
	copy(bufs[0].(target.Host).Float32(), a)
	copy(bufs[1].(target.Host).Float32(), b)
	var ls []target.Launch
	for _, kn := range plan.Kernels {
		built, err := d.Compile(kn.Nest)
		require.NoError(t, err)
		t.Cleanup(built.Close)
		l := target.Launch{Kernel: built}
		for _, arg := range kn.Args {
			l.Args = append(l.Args, target.Slice{Buffer: bufs[arg]})
		}
		ls = append(ls, l)
	}
	seq, err := d.Sequence(ls)
	require.NoError(t, err)
	t.Cleanup(seq.Close)
	require.NoError(t, seq.Run(context.Background()))
	return append([]float32{}, bufs[2].(target.Host).Float32()...)
}
