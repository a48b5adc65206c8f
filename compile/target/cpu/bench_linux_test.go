package cpu

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

// benchPlan runs a Compute by its default schedule and reports the best run, since the machine may be busy:
// by processor time with one thread, by the clock with more.
func benchPlan(b *testing.B, isa string, threads int, c *expr.Compute) {
	d := open(b, target.Options{ISA: isa, Threads: threads})
	plan, err := schedule.Apply(c, schedule.Default(c, d.Machine()), d.Machine())
	require.NoError(b, err)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	now := func() time.Duration { return time.Since(start) }
	if threads == 1 {
		now = threadTime
	}
	best, err := targettest.Timed(d, c, plan, now, func(int) bool { return b.Loop() })
	require.NoError(b, err)
	flops, _ := d.(*Device).Peak()
	var work loop.Work
	for _, k := range plan.Kernels {
		work = work.Add(k.Nest.Work())
	}
	b.ReportMetric(work.FLOPs/best.Seconds()/1e9, "GFLOP/s")
	b.ReportMetric(work.Bytes/best.Seconds()/1e9, "GB/s")
	b.ReportMetric(float64(best.Nanoseconds())/1e3, "us")
	b.ReportMetric(math.Round(1000*work.FLOPs/best.Seconds()/flops)/10, "%peak")
}

func BenchmarkMatmul(b *testing.B) {
	for _, isa := range encoded(b) {
		for _, threads := range []int{1, 2} {
			for _, n := range []int{256, 512, 1024} {
				for _, t := range []struct {
					name   string
					ta, tb bool
				}{{"NN", false, false}, {"NT", false, true}, {"TN", true, false}} {
					b.Run(fmt.Sprintf("%s/%dT/%d/%s", isa, threads, n, t.name), func(b *testing.B) {
						benchPlan(b, isa, threads, targettest.Contraction(n, n, n, t.ta, t.tb))
					})
				}
			}
		}
	}
}

// BenchmarkLayers are the products of a training step of the small autoencoder, 784-400-20 at a batch of 128.
func BenchmarkLayers(b *testing.B) {
	for _, isa := range encoded(b) {
		for _, s := range [][3]int{{128, 400, 784}, {128, 784, 400}, {128, 20, 400}, {128, 400, 20}} {
			m, n, k := s[0], s[1], s[2]
			b.Run(fmt.Sprintf("%s/%dx%dx%d/forward", isa, m, n, k), func(b *testing.B) {
				benchPlan(b, isa, 1, targettest.Contraction(m, n, k, false, false))
			})
			b.Run(fmt.Sprintf("%s/%dx%dx%d/weights", isa, m, n, k), func(b *testing.B) {
				benchPlan(b, isa, 1, targettest.Contraction(k, n, m, true, false))
			})
			b.Run(fmt.Sprintf("%s/%dx%dx%d/input", isa, m, n, k), func(b *testing.B) {
				benchPlan(b, isa, 1, targettest.Contraction(m, k, n, false, true))
			})
		}
	}
}

func elementwise(n, inputs int, f func(x []*expr.Expr) *expr.Expr) *expr.Compute {
	var in []ir.Type
	var x []*expr.Expr
	for i := range inputs {
		in = append(in, ir.Of(ir.F32, n))
		x = append(x, expr.Get(i, ir.F32, expr.At(0)))
	}
	return expr.Map(in, ir.Of(ir.F32, n), f(x))
}

// convolution is an NHWC convolution of stride 1 with a border of pad zeros.
func convolution(n, h, c, k, r, pad int) *expr.Compute {
	a := func(i int) *expr.Expr { return expr.At(i) }
	y, x := expr.Minus(expr.Plus(a(1), a(4)), expr.Int(pad)), expr.Minus(expr.Plus(a(2), a(5)), expr.Int(pad))
	var inside *expr.Expr
	if pad > 0 {
		within := func(e *expr.Expr) *expr.Expr {
			return expr.Bin(expr.And, expr.Bin(expr.Le, expr.Int(0), e), expr.Bin(expr.Lt, e, expr.Int(h)))
		}
		inside = expr.Bin(expr.And, within(y), within(x))
	}
	o := h + 2*pad - r + 1
	in := []ir.Type{ir.Of(ir.F32, n, h, h, c), ir.Of(ir.F32, r, r, c, k)}
	body := expr.Times(expr.GetIf(inside, 0, ir.F32, a(0), y, x, a(6)),
		expr.Get(1, ir.F32, a(4), a(5), a(6), a(3)))
	return expr.Reduce(in, ir.Of(ir.F32, n, o, o, k), []int{r, r, c}, expr.Sum, body)
}

func BenchmarkConvolution(b *testing.B) {
	for _, isa := range encoded(b) {
		for _, s := range [][4]int{{64, 64, 3, 0}, {64, 64, 3, 1}, {64, 64, 1, 0}, {3, 64, 3, 1}, {64, 3, 3, 1}} {
			b.Run(fmt.Sprintf("%s/%dto%d_%dx%d_pad%d", isa, s[0], s[1], s[2], s[2], s[3]), func(b *testing.B) {
				benchPlan(b, isa, 1, convolution(8, 14, s[0], s[1], s[2], s[3]))
			})
		}
	}
}

// rows reduces each row of a matrix, or each column.
func rows(m, n int, comb expr.Comb, byColumn bool) *expr.Compute {
	body, keep, red := expr.Get(0, ir.F32, expr.At(0), expr.At(1)), m, n
	if byColumn {
		body, keep, red = expr.Get(0, ir.F32, expr.At(1), expr.At(0)), n, m
	}
	return expr.Reduce([]ir.Type{ir.Of(ir.F32, m, n)}, ir.Of(ir.F32, keep), []int{red}, comb, body)
}

func BenchmarkReduction(b *testing.B) {
	for _, isa := range encoded(b) {
		for _, s := range [][2]int{{128, 400}, {128, 784}, {1, 100000}, {4096, 20}} {
			for _, comb := range []expr.Comb{expr.Sum, expr.MaxOf} {
				for _, byColumn := range []bool{false, true} {
					b.Run(fmt.Sprintf("%s/%dx%d/%s/%t", isa, s[0], s[1], comb, byColumn), func(b *testing.B) {
						benchPlan(b, isa, 1, rows(s[0], s[1], comb, byColumn))
					})
				}
			}
		}
	}
}

// adam is the update of a parameter by its gradient and two moments.
func adam(x []*expr.Expr) *expr.Expr {
	scaled := func(e *expr.Expr, k float64) *expr.Expr { return expr.Bin(expr.Mul, e, expr.Float(k)) }
	m := expr.Bin(expr.Add, scaled(x[1], 0.9), scaled(x[0], 0.1))
	v := expr.Bin(expr.Add, scaled(x[2], 0.999), scaled(expr.Bin(expr.Mul, x[0], x[0]), 0.001))
	root := expr.Bin(expr.Add, expr.Un(expr.Sqrt, v), expr.Float(1e-8))
	return expr.Bin(expr.Sub, x[3], expr.Bin(expr.Div, m, root))
}

func BenchmarkElementwise(b *testing.B) {
	for _, isa := range encoded(b) {
		for _, n := range []int{1 << 12, 1 << 16, 1 << 20} {
			for _, f := range []struct {
				name   string
				inputs int
				value  func(x []*expr.Expr) *expr.Expr
			}{
				{"add", 2, func(x []*expr.Expr) *expr.Expr { return expr.Bin(expr.Add, x[0], x[1]) }},
				{"gelu", 1, func(x []*expr.Expr) *expr.Expr { return gelu(x[0]) }},
				{"tanh", 1, func(x []*expr.Expr) *expr.Expr { return expr.Un(expr.Tanh, x[0]) }},
				{"sin", 1, func(x []*expr.Expr) *expr.Expr { return expr.Un(expr.Sin, x[0]) }},
				{"adam", 4, adam},
			} {
				b.Run(fmt.Sprintf("%s/%d/%s", isa, n, f.name), func(b *testing.B) {
					benchPlan(b, isa, 1, elementwise(n, f.inputs, f.value))
				})
			}
		}
	}
}
