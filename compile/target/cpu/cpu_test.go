package cpu

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
)

// encoded are the instruction sets of this machine that have an encoder.
func encoded(t testing.TB) []string {
	var out []string
	for _, e := range encoders() {
		out = append(out, e.name())
	}
	if len(out) == 0 {
		t.Skip("no encoder for this processor")
	}
	return out
}

func TestProduct(t *testing.T) {
	for _, isa := range isas() {
		t.Run(isa, func(t *testing.T) {
			d := open(t, target.Options{ISA: isa, Threads: 2, Guard: true})
			for _, c := range []struct{ m, n, k, mr, nr, ku int }{
				{4, 32, 4, 3, 32, 2}, {8, 64, 8, 4, 16, 4}, {5, 20, 7, 4, 16, 2}, {1, 1, 1, 4, 16, 2},
				{13, 37, 11, 3, 32, 4}, {33, 65, 70, 6, 16, 4},
			} {
				for _, ta := range []bool{false, true} {
					t.Run(fmt.Sprint(c, ta), func(t *testing.T) {
						check(t, d, product(c.m, c.n, c.k, c.mr, c.nr, c.ku, ta), 1, 1e-5)
					})
				}
			}
		})
	}
}

// TestOddSizes runs matrix products of every size around the lanes against guard pages.
func TestOddSizes(t *testing.T) {
	for _, isa := range isas() {
		d := open(t, target.Options{ISA: isa, Threads: 1, Guard: true})
		r := rand.New(rand.NewPCG(1, 2))
		for n := 1; n <= 70; n++ {
			check(t, d, product(1+r.IntN(9), n, 1+r.IntN(12), 4, 16, 4, n%2 == 0), uint64(n), 1e-5)
			check(t, d, pointwise(n, 1+r.IntN(48), gelu), uint64(n), 1e-5)
		}
	}
}

// strided copies columns to rows: lane l reads element l*width, k is unrolled.
func strided(n, width, columns int) *loop.Nest {
	i, k := expr.At(0), expr.At(1)
	return &loop.Nest{Name: "turn", Bufs: []loop.Buf{{Name: "x", Elems: n * width},
		{Name: "y", Elems: n * columns, Role: loop.Out}}, Vars: []string{"i", "k"},
		Body: nested([]loop.Stmt{&loop.Store{Buf: 1, Index: lin(k, n, i), Value: get(0, lin(i, width, k))}},
			loop.For{Var: 1, N: columns, Kind: loop.Unroll}, loop.For{Var: 0, N: n, Kind: loop.Vector})}
}

// TestTranspositions checks strided copies, which become transpositions in registers.
func TestTranspositions(t *testing.T) {
	for _, isa := range isas() {
		d := open(t, target.Options{ISA: isa, Threads: 1, Guard: true})
		for n := 1; n <= 40; n += 3 {
			for columns := 1; columns <= 19; columns++ {
				check(t, d, strided(n, columns, columns), 1, 0)
				check(t, d, strided(n, columns+5, columns), 2, 0)
			}
		}
	}
}

// TestTooManyRegisters: a tile that does not fit is rejected, so that a tuner can go on to another.
func TestTooManyRegisters(t *testing.T) {
	for _, isa := range encoded(t) {
		d := open(t, target.Options{ISA: isa, Threads: 1})
		m := d.Machine()
		fits := product(64, 64, 8, m.Registers/2-3, 2*m.Lanes, 1, false)
		k, err := d.Compile(fits)
		require.NoError(t, err)
		k.Close()
		_, err = d.Compile(product(64, 64, 8, m.Registers/2, 2*m.Lanes, 1, false))
		require.ErrorIs(t, err, target.ErrRejected)
		assert.Regexp(t, `kernel product: needs \d+ vector registers, has `+fmt.Sprint(m.Registers), err)
	}
}

// TestManyMasks keeps more truths alive than there are mask registers.
func TestManyMasks(t *testing.T) {
	value := func(x *expr.Expr) *expr.Expr {
		var less []*expr.Expr
		for i := range 14 {
			less = append(less, expr.Bin(expr.Lt, x, expr.Float(float64(i)/4-1.6)))
		}
		sum := expr.Float(0)
		for i := range less {
			both := expr.Bin(expr.Xor, less[i], less[len(less)-1-i])
			sum = expr.Bin(expr.Add, expr.If(both, expr.Float(float64(i)), sum), expr.To(ir.F32, less[i]))
		}
		return sum
	}
	for _, isa := range isas() {
		check(t, open(t, target.Options{ISA: isa, Threads: 1, Guard: true}), pointwise(100, 48, value), 1, 0)
	}
}

// TestInvariants: what the rows of a nest share is computed once a row, from loads, masks and functions.
func TestInvariants(t *testing.T) {
	const m, n = 9, 50
	r, i := expr.At(0), lin(expr.At(1), 32, expr.At(2))
	scale := expr.Un(expr.Rsqrt, expr.Bin(expr.Add, expr.Un(expr.Abs, get(1, r)), expr.Float(1e-3)))
	odd := expr.Bin(expr.Eq, expr.Bin(expr.Mod, expr.Get(2, ir.I32, r), expr.Int(2)), expr.Int(1))
	v := expr.If(odd, expr.Bin(expr.Mul, get(0, lin(r, n, i)), scale), expr.GetIf(odd, 1, ir.F32, r))
	nest := &loop.Nest{Name: "invariants", Vars: []string{"r", "io", "i"}, Bufs: []loop.Buf{{Name: "x", Elems: m * n},
		{Name: "s", Elems: m}, {Name: "odd", DType: ir.I32, Elems: m}, {Name: "y", Elems: m * n, Role: loop.Out}}}
	cols := split(1, n, 32, loop.Serial, func(w int) []loop.Stmt {
		return nested([]loop.Stmt{&loop.Store{Buf: 3, Index: lin(r, n, i), Value: v}},
			loop.For{Var: 2, N: w, Kind: loop.Vector})
	})
	nest.Body = []loop.Stmt{&loop.For{Var: 0, N: m, Kind: loop.Parallel, Body: []loop.Stmt{cols}}}
	for _, isa := range isas() {
		check(t, open(t, target.Options{ISA: isa, Threads: 2, Guard: true}), nest, 3, 1e-6)
	}
}

// lookup is y[i] = x[index[i]].
func lookup(n, table int) *loop.Nest {
	i := expr.At(0)
	return &loop.Nest{Name: "lookup", Vars: []string{"i"}, Bufs: []loop.Buf{{Name: "x", Elems: table},
		{Name: "index", DType: ir.I32, Elems: n}, {Name: "y", Elems: n, Role: loop.Out}},
		Body: nested([]loop.Stmt{&loop.Store{Buf: 2, Index: i, Value: get(0, expr.Get(1, ir.I32, i))}},
			loop.For{Var: 0, N: n, Kind: loop.Vector})}
}

// TestFault: an index outside of all memory is an error that names the kernel, and the device goes on.
func TestFault(t *testing.T) {
	for _, isa := range isas() {
		for _, threads := range []int{1, 2} {
			d := open(t, target.Options{ISA: isa, Threads: threads, Guard: true})
			n := lookup(20, 50)
			check(t, d, n, 1, 0)
			data := fill(n, 1)
			data[1][7] = 1 << 30
			p := prepare(t, d, n, data)
			err := p.seq.Run(context.Background())
			require.ErrorContains(t, err, "kernel lookup: fault in generated code")
			var re runtime.Error
			require.True(t, errors.As(err, &re))
			check(t, d, n, 2, 0)
		}
	}
}

// TestFaultInWorker: the same where the range is shared out to threads.
func TestFaultInWorker(t *testing.T) {
	for _, isa := range isas() {
		d := open(t, target.Options{ISA: isa, Threads: 3, Guard: true})
		const rows, width = 4000, 64
		n := &loop.Nest{Name: "rows", Vars: []string{"r", "i"}, Bufs: []loop.Buf{{Name: "x", Elems: 100},
			{Name: "index", DType: ir.I32, Elems: rows}, {Name: "y", Elems: rows * width, Role: loop.Out}}}
		row := expr.Get(1, ir.I32, expr.At(0))
		v := expr.Un(expr.Exp, get(0, row))
		n.Body = nested([]loop.Stmt{&loop.Store{Buf: 2, Index: lin(expr.At(0), width, expr.At(1)), Value: v}},
			loop.For{Var: 0, N: rows, Kind: loop.Parallel}, loop.For{Var: 1, N: width, Kind: loop.Vector})
		data := fill(n, 1)
		p := prepare(t, d, n, data)
		for range 4 { // the first runs are measured on one thread
			require.NoError(t, p.seq.Run(context.Background()))
		}
		data[1][rows-1] = 1 << 30
		require.NoError(t, p.bufs[1].Write(0, toBytes(ir.I32, data[1])))
		for range 3 {
			require.ErrorContains(t, p.seq.Run(context.Background()), "kernel rows: fault")
		}
		data[1][rows-1] = 0
		require.NoError(t, p.bufs[1].Write(0, toBytes(ir.I32, data[1])))
		require.NoError(t, p.seq.Run(context.Background()))
	}
}

// TestNoAllocations: a prepared sequence runs without touching the heap.
func TestNoAllocations(t *testing.T) {
	for _, isa := range isas() {
		for _, threads := range []int{1, 3} {
			d := open(t, target.Options{ISA: isa, Threads: threads})
			n := product(64, 64, 64, 4, 16, 4, false)
			p := prepare(t, d, n, fill(n, 1))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			p.seq.Profile(true)
			run := func() { require.NoError(t, p.seq.Run(ctx)) }
			assert.Zero(t, testing.AllocsPerRun(50, run), "%s, %d threads", isa, threads)
			times := p.seq.Times()
			require.Len(t, times, 1)
			assert.Equal(t, int64(51), times[0].Count)
			assert.Positive(t, times[0].Total)
		}
	}
}

// TestThreads runs many small jobs on more threads than processors.
func TestThreads(t *testing.T) {
	for _, isa := range isas() {
		for _, threads := range []int{2, 5} {
			d := open(t, target.Options{ISA: isa, Threads: threads})
			for n := 1; n < 12; n += 5 {
				nest := product(8, 16*n, 5, 4, 16, 4, false)
				data := fill(nest, 1)
				p := prepare(t, d, nest, data)
				p.kernel.(*kernel).cost.Store(1 << 40) // long enough to be shared
				p.kernel.(*kernel).runs = measuredRuns
				for range 20 {
					require.NoError(t, p.seq.Run(context.Background()))
				}
				walk(nest, data)
				assert.InDeltaSlice(t, data[2], p.read(t, nest, 2), 1e-4)
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	d := open(t, target.Options{Threads: 1})
	n := product(8, 8, 8, 4, 16, 4, false)
	p := prepare(t, d, n, fill(n, 1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, p.seq.Run(ctx), context.Canceled)
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		o    target.Options
		want string
	}{
		{target.Options{ISA: "sse9"}, `cpu: instruction set "sse9": this machine has`},
		{target.Options{Index: 1}, "cpu: device 1: there is one, number 0"},
		{target.Options{Threads: -1}, "cpu: -1 threads: want 1 to 1024"},
	} {
		_, err := Target{}.Open(c.o)
		require.ErrorContains(t, err, c.want)
	}
	infos, err := Target{}.Probe()
	require.NoError(t, err)
	require.Len(t, infos, 1)
	assert.NotEmpty(t, infos[0].Name)
	assert.NotEmpty(t, infos[0].Detail["isa"])
}

// TestText: a listing names loads, arithmetic and loops.
func TestText(t *testing.T) {
	for _, isa := range encoded(t) {
		d := open(t, target.Options{ISA: isa})
		k, err := d.Compile(product(16, 64, 16, 4, 16, 4, false))
		require.NoError(t, err)
		defer k.Close()
		for _, want := range []string{"vfmadd231ps", "vmovups", "jl L", "ret", "; " + isa} {
			assert.Contains(t, k.Text(), want)
		}
		assert.Less(t, strings.Count(k.Text(), "\n"), 3000)
	}
}

func TestPeak(t *testing.T) {
	for _, isa := range encoded(t) {
		flops, bytes := open(t, target.Options{ISA: isa, Threads: 1}).(target.Prober).Peak()
		assert.Greater(t, flops, 1e9)
		assert.Greater(t, bytes, 1e8)
	}
}
