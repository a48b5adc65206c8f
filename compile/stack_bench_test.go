package compile_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/ir"
	"mllab/compile/target"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/ops"
)

// BenchmarkStacks times what is one kernel of several stages: softmax, layer norm, and
// the group norms of a UNet with SiLU and halo, forward and back. It reports the least
// time, which other programs on the machine disturb least, and the launches.
func BenchmarkStacks(b *testing.B) {
	graphs := map[string]func(*ir.Builder) error{
		"softmax of 64":  softmaxGraph(128, 64, 64),
		"softmax of 512": softmaxGraph(8, 512, 512),
		"layer norm of 256": func(b *ir.Builder) error {
			l := nn.NewLayerNorm(nn.NewParams(), "norm", 256)
			b.Output("y", l.Apply(nn.NewScope(b), b.Input("x", ir.Of(ir.F32, 4096, 256))))
			return b.Err()
		},
	}
	for _, size := range []int{32, 16, 8} {
		shape := []int{32, size, size, 1024 / size}
		graphs[fmt.Sprintf("group norm %d", size)] = groupNormGraph(false, shape...)
		graphs[fmt.Sprintf("group norm %d back", size)] = groupNormGraph(true, shape...)
	}
	tg, err := target.Find("cpu")
	require.NoError(b, err)
	for name, build := range graphs {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%d threads", name, threads), func(b *testing.B) {
				dev, err := tg.Open(target.Options{Threads: threads})
				require.NoError(b, err)
				defer dev.Close()
				benchmarkGraph(b, dev, build)
			})
		}
	}
}

func benchmarkGraph(b *testing.B, dev target.Device, build func(*ir.Builder) error) {
	gb := ir.NewBuilder()
	require.NoError(b, build(gb))
	g, err := gb.Graph()
	require.NoError(b, err)
	m, err := compile.Compile(context.Background(), g, dev, compile.Options{})
	require.NoError(b, err)
	defer m.Close()
	least := time.Hour
	for b.Loop() {
		begin := time.Now()
		require.NoError(b, m.Run(context.Background()))
		least = min(least, time.Since(begin))
	}
	b.ReportMetric(least.Seconds()*1e3, "least-ms")
	b.ReportMetric(float64(len(m.Kernels())), "launches")
}

func softmaxGraph(shape ...int) func(*ir.Builder) error {
	return func(b *ir.Builder) error {
		b.Output("y", ops.Softmax(b, b.Input("x", ir.Of(ir.F32, shape...)), -1))
		return b.Err()
	}
}

// groupNormGraph is SiLU(GroupNorm(x)) with a halo, or the gradient of x with a halo
// and its sum a channel.
func groupNormGraph(back bool, shape ...int) func(*ir.Builder) error {
	halo := []int{0, 1, 1, 0}
	return func(b *ir.Builder) error {
		l := nn.NewGroupNorm(nn.NewParams(), "norm", 8, shape[3])
		x := b.Input("x", ir.Of(ir.F32, shape...))
		y := ops.Silu(b, l.Apply(nn.NewScope(b), x))
		if !back {
			b.Output("y", ops.Pad(b, y, halo, halo, 0))
			return b.Err()
		}
		w := b.Input("w", b.Type(y))
		d := grad.Of(b, ops.Sum(b, ops.Mul(b, y, w)), []ir.Value{x})[0]
		b.Output("d", ops.Pad(b, d, halo, halo, 0))
		b.Output("sum", ops.Sum(b, d, 1, 2))
		return b.Err()
	}
}
