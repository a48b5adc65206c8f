package lab

import (
	"context"
	"flag"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/targettest"
	"mllab/engine"
)

var tries = flag.Int("tries", 60, "schedules that BenchmarkTuned measures of each contraction")

// BenchmarkTuned compares the workloads by the schedules that are chosen without measuring with what a search finds:
// for each contraction that is 1% of a workload's operations, neighbours of the best schedule so far, timed alone, the
// better one kept. Then both programs run in turn. tuned/default is the ratio of the medians of a step.
func BenchmarkTuned(b *testing.B) {
	for _, w := range workloads() {
		for _, c := range w.cases {
			b.Run(w.name+"/"+c.name, func(b *testing.B) {
				benchTuned(b, c)
			})
		}
	}
}

func benchTuned(b *testing.B, c openCase) {
	cpu, err := target.Find("cpu")
	require.NoError(b, err)
	dev, err := cpu.Open(target.Options{})
	require.NoError(b, err)
	ctx := context.Background()
	found := map[string]schedule.Schedule{}
	computes := map[string]*expr.Compute{}
	hook := func(c *expr.Compute, _ loop.Machine) (schedule.Schedule, bool) {
		s, ok := found[c.Key()]
		if !ok && c.Body != nil && c.Comb == expr.Sum {
			computes[c.Key()] = c
		}
		return s, ok
	}
	eng := engine.New(dev, func(ctx context.Context, name string, g *ir.Graph, dev target.Device,
		bind map[string]target.Slice) (engine.Module, error) {
		m, err := compile.Compile(ctx, g, dev, compile.Options{Name: name, Bind: bind, Schedule: hook})
		if err != nil {
			return nil, err
		}
		return m, nil
	})
	defer eng.Close()
	plain, err := c.open(ctx, eng)
	require.NoError(b, err)
	defer plain.close()

	total := 0.0
	for _, c := range computes {
		total += 2 * float64(ir.Elems(c.Axes)) * float64(ir.Elems(c.Red))
	}
	r := rand.New(rand.NewSource(1))
	better := 0
	for key, c := range computes {
		plan, err := schedule.Apply(c, schedule.Default(c, dev.Machine()), dev.Machine())
		require.NoError(b, err)
		var work loop.Work
		for _, k := range plan.Kernels {
			work = work.Add(k.Nest.Work())
		}
		if work.FLOPs < total/100 {
			continue
		}
		best := schedule.Default(c, dev.Machine())
		least, ok := timed(dev, c, best)
		if !ok {
			continue
		}
		first := least
		starts := []schedule.Schedule{best}
		if direct := schedule.Direct(c, dev.Machine()); direct.String() != best.String() {
			starts = append(starts, direct)
		}
		for _, at := range starts {
			here, ok := timed(dev, c, at)
			for range *tries {
				s := schedule.Neighbour(r, c, dev.Machine(), at)
				if t, fits := timed(dev, c, s); fits && (!ok || t < here) {
					at, here, ok = s, t, true
				}
				if ok && here < least*97/100 {
					best, least = at, here
				}
			}
		}
		if least < first {
			better++
			found[key] = best
			b.Logf("%.0f -> %.0f us  %s over %s\n  %s\n  %s", first.Seconds()*1e6, least.Seconds()*1e6, ir.ShapeString(c.Axes),
				ir.ShapeString(c.Red), schedule.Default(c, dev.Machine()), best)
		}
	}
	tuned, err := c.open(ctx, eng)
	require.NoError(b, err)
	defer tuned.close()
	var times [2][]time.Duration
	for i := range 2 * max(c.steps/2, 5) {
		for k := range 2 {
			k ^= i & 1 // neither is always first
			p := []*benchCase{plain, tuned}[k]
			from := time.Now()
			require.NoError(b, p.step(ctx))
			if i > 1 {
				times[k] = append(times[k], time.Since(from))
			}
		}
	}
	for b.Loop() {
		require.NoError(b, tuned.step(ctx))
	}
	for k := range times {
		slices.Sort(times[k])
	}
	mid := func(k int) float64 { return times[k][len(times[k])/2].Seconds() * 1e3 }
	b.ReportMetric(mid(0), "default-ms")
	b.ReportMetric(mid(1), "tuned-ms")
	b.ReportMetric(mid(1)/mid(0), "tuned/default")
	b.ReportMetric(float64(better), "kernels-changed")
}

// timed runs a Compute alone by a schedule and gives the best of some runs; false where it does not fit the device.
func timed(dev target.Device, c *expr.Compute, s schedule.Schedule) (best time.Duration, ok bool) {
	plan, err := schedule.Apply(c, s, dev.Machine())
	if err != nil {
		return 0, false
	}
	start := time.Now()
	now := func() time.Duration { return time.Since(start) }
	var first time.Duration
	best, err = targettest.Timed(dev, c, plan, now, func(runs int) bool {
		if runs == 0 {
			first = now()
		}
		return runs < 4 || runs < 12 && now()-first < 30*time.Millisecond
	})
	return best, err == nil
}
