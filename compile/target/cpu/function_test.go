package cpu

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

// pointwise is the nest y[i] = f(x[i]) over n elements in vector loops of width lanes.
func pointwise(n, lanes int, f func(x *expr.Expr) *expr.Expr) *loop.Nest {
	nest := &loop.Nest{Name: "pointwise", Vars: []string{"io", "i"},
		Bufs: []loop.Buf{{Name: "x", Elems: n}, {Name: "y", Elems: n, Role: loop.Out}}}
	i := lin(at(0), lanes, at(1))
	nest.Body = []loop.Stmt{split(0, n, lanes, loop.Parallel, func(w int) []loop.Stmt {
		return nested([]loop.Stmt{&loop.Store{Buf: 1, Index: i, Value: f(get(0, i))}},
			loop.For{Var: 1, N: w, Kind: loop.Vector})
	})}
	return nest
}

// functionTests are the functions with their largest error in ulp and a wider domain than any use needs.
var functionTests = []struct {
	op  expr.Op
	ulp float64
}{
	{expr.Exp, 4}, {expr.Log, 4}, {expr.Log1p, 4}, {expr.Tanh, 4}, {expr.Sigmoid, 4}, {expr.Erf, 4},
	{expr.Sin, 4}, {expr.Cos, 4}, {expr.Rsqrt, 4}, {expr.Sqrt, 0.51}, {expr.Recip, 0.51}, {expr.Neg, 0},
	{expr.Abs, 0}, {expr.Floor, 0}, {expr.Round, 0},
}

// ulps is the distance of got from want in units of the last place of want as a float32.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	switch {
	case math.IsNaN(want):
		if got != got {
			return 0
		}
		return math.Inf(1)
	case got == w:
		return 0
	case math.IsInf(float64(w), 0) || math.IsInf(float64(got), 0):
		// Either side of the largest float: count its ulp.
		if math.Abs(want) > math.MaxFloat32 && math.Abs(float64(got)) > 0.9999*math.MaxFloat32 ||
			math.Abs(want) > 0.9999*math.MaxFloat32 {
			return 1
		}
		return math.Inf(1)
	}
	_, e := math.Frexp(want)
	ulp := math.Ldexp(1, max(e-24, -149))
	return math.Abs(float64(got)-want) / ulp
}

func exact(op expr.Op, x float64) float64 {
	switch op {
	case expr.Sigmoid:
		if x < 0 {
			return math.Exp(x) / (1 + math.Exp(x))
		}
	}
	return expr.UnaryOp(op, x)
}

func TestFunctions(t *testing.T) {
	const n = 1 << 16
	step := uint64(8191)  // coprime to the number of floats
	if *targettest.Long { // every float32: half an hour
		step = 1
	}
	for _, isa := range isas() {
		d := open(t, target.Options{ISA: isa, Threads: 1})
		for _, f := range functionTests {
			t.Run(fmt.Sprintf("%s/%s", isa, f.op), func(t *testing.T) {
				nest := pointwise(n, 64, func(x *expr.Expr) *expr.Expr { return expr.Un(f.op, x) })
				p := prepare(t, d, nest, fill(nest, 1))
				x, y := p.bufs[0].(target.Host).Float32(), p.bufs[1].(target.Host).Float32()
				worst, where := 0.0, float32(0)
				for from := uint64(0); from < 1<<32; from += n * step {
					for i := range x {
						x[i] = math.Float32frombits(uint32(from + uint64(i)*step))
					}
					special(x)
					require.NoError(t, p.seq.Run(context.Background()))
					for i := range x {
						if u := ulps(y[i], exact(f.op, float64(x[i]))); u > worst {
							worst, where = u, x[i]
							require.LessOrEqual(t, u, f.ulp, "%s(%v) = %v, want %v", f.op, x[i], y[i],
								exact(f.op, float64(x[i])))
						}
					}
				}
				t.Logf("%s: %.2f ulp at %v", f.op, worst, where)
			})
		}
	}
}

// special puts the hard arguments first.
func special(x []float32) {
	inf := float32(math.Inf(1))
	hard := []float32{0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), 1, -1, 1e-45, -1e-45,
		1.1754944e-38, math.MaxFloat32, -math.MaxFloat32, 88.722839, 88.72284, -103.97208, -87.33655, -88, 0.625,
		-0.99999994, 1e-7,
		20000, 20001, 1e5, 1e6, 16367173, 1e10, 3.4e38, 2.5, 3.5, -2.5, 0.5, 1.5707964, 3.1415927, 8388608.5}
	copy(x, hard)
}

func TestBinaryOfFloats(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	vals := []float64{0, math.Copysign(0, -1), 1, -1, 2.5, nan, inf, -inf, 3, math.SmallestNonzeroFloat32}
	n := len(vals) * len(vals)
	for _, isa := range isas() {
		d := open(t, target.Options{ISA: isa, Threads: 1, Guard: true})
		for _, op := range []expr.Op{expr.Add, expr.Sub, expr.Mul, expr.Div, expr.Min, expr.Max, expr.Lt, expr.Le,
			expr.Eq, expr.Ne} {
			for _, lanes := range []int{1, 16, 37} {
				nest := pointwise(n, lanes, nil_)
				nest.Bufs = []loop.Buf{{Name: "a", Elems: n}, {Name: "b", Elems: n},
					{Name: "y", Elems: n, Role: loop.Out}}
				i := lin(at(0), lanes, at(1))
				v := expr.To(ir.F32, expr.Bin(op, get(0, i), get(1, i)))
				nest.Body = []loop.Stmt{split(0, n, lanes, loop.Serial, func(w int) []loop.Stmt {
					return nested([]loop.Stmt{&loop.Store{Buf: 2, Index: i, Value: v}},
						loop.For{Var: 1, N: w, Kind: loop.Vector})
				})}
				data := fill(nest, 1)
				for k := range n {
					data[0][k], data[1][k] = vals[k/len(vals)], vals[k%len(vals)]
				}
				p := prepare(t, d, nest, data)
				require.NoError(t, p.seq.Run(context.Background()))
				for k, got := range p.read(t, nest, 2) {
					want := expr.FloatOp(op, data[0][k], data[1][k])
					if math.IsNaN(want) {
						assert.True(t, math.IsNaN(got), "%s: %v %s %v = %v", isa, data[0][k], op, data[1][k], got)
						continue
					}
					assert.Equal(t, float32(want), float32(got), "%s: %v %s %v", isa, data[0][k], op, data[1][k])
				}
			}
		}
	}
}

func nil_(x *expr.Expr) *expr.Expr { return x }
