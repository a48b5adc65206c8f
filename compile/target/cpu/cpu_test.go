package cpu

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"mllab/compile/loop"
	"mllab/compile/target"
)

func native_(t testing.TB) []string {
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
	for _, isa := range native_(t) {
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

func BenchmarkProduct(b *testing.B) {
	for _, isa := range native_(b) {
		for _, c := range []struct{ n, mr, nr, ku int }{{256, 8, 32, 4}, {256, 6, 64, 4}, {256, 12, 32, 4}, {256, 6, 16, 4},
			{512, 8, 32, 4}, {512, 14, 32, 4}, {1024, 8, 32, 4}} {
			b.Run(fmt.Sprintf("%s/%d/%dx%d", isa, c.n, c.mr, c.nr), func(b *testing.B) {
				d := open(b, target.Options{ISA: isa, Threads: 1})
				n := product(c.n, c.n, c.n, c.mr, c.nr, c.ku, false)
				bench(b, d, n)
			})
		}
	}
}

// bench reports the best of the runs, since the machine may be busy.
func bench(b *testing.B, d target.Device, n *loop.Nest) {
	if _, err := d.Compile(n); err != nil {
		b.Skip(err)
	}
	p := prepare(b, d, n, fill(n, 1))
	ctx := context.Background()
	b.ReportAllocs()
	best := time.Hour
	for b.Loop() {
		from := time.Now()
		err := p.seq.Run(ctx)
		best = min(best, time.Since(from))
		require.NoError(b, err)
	}
	flops, _ := d.(*Device).Peak()
	rate := n.Work().FLOPs / best.Seconds()
	b.ReportMetric(rate/1e9, "best-GFLOP/s")
	b.ReportMetric(float64(best.Nanoseconds())/1e3, "best-us")
	b.ReportMetric(100*rate/flops, "%peak")
}
