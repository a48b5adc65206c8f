package lab

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/gen"
	"mllab/ops"
)

// BenchOptions say what is to be timed.
type BenchOptions struct {
	Workloads []string // "W1", "W3"; none: all there are
	Cases     []string // names of cases; none: all
	Threads   int      // 0: the session's
	Steps     int      // timed steps of a case; 0: the workload's own number
	Device    string   // "": the session's
}

// BenchResult is the timing of one case; times are of a step.
type BenchResult struct {
	Workload  string  `json:"workload"`
	Case      string  `json:"case"`
	Peer      string  `json:"peer"`
	Device    string  `json:"device"`
	Threads   int     `json:"threads"`
	Steps     int     `json:"steps"`
	MedianMS  float64 `json:"median_ms"`
	P10MS     float64 `json:"p10_ms"`
	P90MS     float64 `json:"p90_ms"`
	MinMS     float64 `json:"min_ms"`
	CPUMS     float64 `json:"cpu_ms"` // processor time of all threads, median
	GFLOP     float64 `json:"gflop"`
	GFLOPS    float64 `json:"gflops"`
	Params    int     `json:"params,omitempty"`
	PeakRSSMB float64 `json:"peak_rss_mb"`
	StartupMS float64 `json:"startup_ms"` // from the start of the process until the first timed step can begin
}

// benchCase is a case that is ready to run.
type benchCase struct {
	name   string
	gflop  float64
	params int
	steps  int // timed by default
	warm   int
	step   func(context.Context) error
	close  func()
}

// workload gives its cases one after the other, each opened when it is timed.
type workload struct {
	name  string
	cases []func(context.Context, *engine.Engine) (*benchCase, error)
	names []string
}

func workloads() []workload {
	w1 := workload{name: "W1"}
	for _, n := range []int{256, 512, 1024} {
		for _, v := range []matmulCase{{n, "", false, false}, {n, "_nt", false, true}, {n, "_tn", true, false}} {
			w1.names = append(w1.names, v.name())
			w1.cases = append(w1.cases, v.open)
		}
	}
	w3 := workload{name: "W3", names: []string{"vae_train_b128", "vae_sample_b128"}}
	for _, open := range []func(context.Context, *engine.Engine) (*gen.Bench, error){gen.W3Train, gen.W3Sample} {
		w3.cases = append(w3.cases, func(ctx context.Context, e *engine.Engine) (*benchCase, error) {
			b, err := open(ctx, e)
			if err != nil {
				return nil, err
			}
			return &benchCase{b.Case, b.GFLOP, b.Params, 200, 20, b.Step, b.Close}, nil
		})
	}
	return []workload{w1, w3}
}

// Workloads lists the names that Bench takes.
func Workloads() []string {
	var names []string
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	return names
}

// matmulCase is C = A*B of two square matrices, each plain or transposed in memory.
type matmulCase struct {
	n      int
	suffix string
	ta, tb bool
}

func (m matmulCase) name() string { return fmt.Sprintf("matmul%d%s", m.n, m.suffix) }

func (m matmulCase) open(ctx context.Context, e *engine.Engine) (*benchCase, error) {
	p, err := e.Program(ctx, m.name(), nil, func(b *ir.Builder) {
		t := ir.Of(ir.F32, m.n, m.n)
		b.Output("c", ops.MatMulT(b, b.Input("a", t), b.Input("b", t), m.ta, m.tb))
	})
	if err != nil {
		return nil, err
	}
	for i, label := range []string{"a", "b"} {
		t, err := p.Tensor(label)
		if err != nil {
			p.Close()
			return nil, err
		}
		if err := engine.Write(t, noise(m.n*m.n, uint32(i+1))); err != nil {
			p.Close()
			return nil, err
		}
	}
	n := float64(m.n)
	return &benchCase{m.name(), 2e-9 * n * n * n, 0, 100, 5, p.Run, p.Close}, nil
}

// noise is n reproducible numbers in [-0.5, 0.5).
func noise(n int, seed uint32) []float32 {
	v := make([]float32, n)
	for i := range v {
		seed = seed*1664525 + 1013904223 // Numerical Recipes' generator
		v[i] = float32(seed>>8)/(1<<24) - 0.5
	}
	return v
}

// Bench times the cases of workloads and hands each result to emit.
func (s *Session) Bench(ctx context.Context, o BenchOptions, emit func(BenchResult) error) error {
	chosen, err := chooseWorkloads(o.Workloads)
	if err != nil {
		return Usage(err)
	}
	if o.Steps < 0 || o.Steps > 1<<20 {
		return Usage(fmt.Errorf("steps %d: want 1 to %d, or 0 for each workload's own number", o.Steps, 1<<20))
	}
	opt := s.opt
	if o.Threads > 0 {
		opt.Threads = o.Threads
	}
	if o.Device != "" {
		opt.Device = o.Device
	}
	known := 0
	for _, w := range chosen {
		for i, open := range w.cases {
			if !wanted(o.Cases, w.names[i]) {
				continue
			}
			known++
			r, err := s.benchOne(ctx, opt, o.Steps, w.name, open)
			if err != nil {
				return fmt.Errorf("%s %s: %w", w.name, w.names[i], err)
			}
			if err := emit(r); err != nil {
				return err
			}
		}
	}
	if known == 0 {
		return Usage(fmt.Errorf("cases %s: none of these is in %s", strings.Join(o.Cases, ", "), workloadText(chosen)))
	}
	return nil
}

func wanted(cases []string, name string) bool {
	for _, c := range cases {
		if c == name {
			return true
		}
	}
	return len(cases) == 0
}

func chooseWorkloads(names []string) ([]workload, error) {
	all := workloads()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []workload
	for _, n := range names {
		found := false
		for _, w := range all {
			if strings.EqualFold(w.name, n) {
				chosen, found = append(chosen, w), true
			}
		}
		if !found {
			return nil, fmt.Errorf("workload %q: unknown, want one of %s", n, strings.Join(Workloads(), ", "))
		}
	}
	return chosen, nil
}

func workloadText(ws []workload) string {
	var names []string
	for _, w := range ws {
		names = append(names, w.names...)
	}
	return strings.Join(names, ", ")
}

func (s *Session) benchOne(ctx context.Context, opt Options, steps int, name string,
	open func(context.Context, *engine.Engine) (*benchCase, error)) (BenchResult, error) {
	eng, err := s.engine(opt)
	if err != nil {
		return BenchResult{}, err
	}
	defer eng.Close()
	c, err := open(ctx, eng)
	if err != nil {
		return BenchResult{}, err
	}
	defer c.close()
	startup := startAge()
	if steps == 0 {
		steps = c.steps
	}
	for range c.warm {
		if err := c.step(ctx); err != nil {
			return BenchResult{}, err
		}
	}
	wall, cpu := make([]float64, steps), make([]float64, steps)
	for i := range steps {
		t, p := time.Now(), cpuTime()
		if err := c.step(ctx); err != nil {
			return BenchResult{}, err
		}
		wall[i] = time.Since(t).Seconds() * 1e3
		cpu[i] = (cpuTime() - p).Seconds() * 1e3
	}
	sort.Float64s(wall)
	sort.Float64s(cpu)
	at := func(xs []float64, q float64) float64 { return xs[min(len(xs)-1, int(q*float64(len(xs))))] }
	median := at(wall, 0.5)
	info := eng.Device().Info()
	return BenchResult{
		Workload: name, Case: c.name, Peer: "mllab " + Version, Device: deviceText(eng.Device()),
		Threads: info.Threads, Steps: steps, MedianMS: round(median), P10MS: round(at(wall, 0.1)),
		P90MS: round(at(wall, 0.9)), MinMS: round(wall[0]), CPUMS: round(at(cpu, 0.5)), GFLOP: c.gflop,
		GFLOPS: round(c.gflop / median * 1e3), Params: c.params,
		PeakRSSMB: round(float64(peakBytes()) / (1 << 20)), StartupMS: round(startup.Seconds() * 1e3),
	}, nil
}

// round keeps a tenth of a microsecond, or as much of another unit.
func round(x float64) float64 { return float64(int64(x*1e4+0.5)) / 1e4 }

// GoldenResult says how far a workload is from the numbers of another engine.
type GoldenResult struct {
	Workload   string  `json:"workload"`
	File       string  `json:"file"`
	Device     string  `json:"device"`
	MaxRelLoss float64 `json:"max_rel_loss"`
	MaxRelGrad float64 `json:"max_rel_grad"`
	Worst      string  `json:"worst"`
	Pass       bool    `json:"pass"`
}

// Golden runs the correctness gate of a workload on a file of its golden numbers.
func (s *Session) Golden(ctx context.Context, o BenchOptions, name, file string) (GoldenResult, error) {
	r := GoldenResult{Workload: strings.ToUpper(name), File: file}
	if r.Workload != "W3" {
		return r, Usage(fmt.Errorf("golden gate of workload %q: only W3 has one", name))
	}
	if _, err := os.Stat(file); err != nil {
		return r, Usage(fmt.Errorf("golden file: %w", err))
	}
	opt := s.opt
	if o.Threads > 0 {
		opt.Threads = o.Threads
	}
	if o.Device != "" {
		opt.Device = o.Device
	}
	eng, err := s.engine(opt)
	if err != nil {
		return r, err
	}
	defer eng.Close()
	g, err := gen.W3Golden(ctx, eng, file)
	if err != nil {
		return r, err
	}
	r.Device = deviceText(eng.Device())
	r.MaxRelLoss, r.MaxRelGrad, r.Worst, r.Pass = g.MaxRelLoss, g.MaxRelGrad, g.Worst, g.Passed()
	return r, nil
}
