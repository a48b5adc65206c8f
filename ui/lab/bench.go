package lab

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"mllab/engine"
	"mllab/gen"
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
	StartupMS float64 `json:"startup_ms"` // from the start of a process with this case alone to its first step
}

// benchCase is a case that is ready to run.
type benchCase struct {
	params  int
	program *engine.Program
	step    func(context.Context) error
	close   func()
}

// openCase is a case that can be made ready.
type openCase struct {
	name  string
	gflop float64
	steps int // timed by default
	warm  int
	open  func(context.Context, *engine.Engine) (*benchCase, error)
}

// workload has cases, each opened when it is timed.
type workload struct {
	name  string
	cases []openCase
	gate  func(ctx context.Context, eng *engine.Engine, path string) (gen.Golden, error) // nil: none
}

func workloads() []workload {
	all := []workload{matmulWorkload(), convWorkload()}
	for _, g := range gen.Workloads() {
		w := workload{name: g.Name, gate: g.Golden}
		for _, c := range g.Cases {
			w.cases = append(w.cases, openCase{
				c.Name, c.GFLOP, c.Steps, c.Warm,
				func(ctx context.Context, e *engine.Engine) (*benchCase, error) {
					b, err := c.Open(ctx, e)
					if err != nil {
						return nil, err
					}
					return &benchCase{b.Params, b.Program, b.Step, b.Close}, nil
				},
			})
		}
		all = append(all, w)
	}
	return all
}

// Workloads lists the names that Bench takes.
func Workloads() []string {
	var names []string
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	return names
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
	if err := casesExist(chosen, o.Cases); err != nil {
		return Usage(err)
	}
	for _, w := range chosen {
		for _, c := range w.cases {
			if !wanted(o.Cases, c.name) {
				continue
			}
			r, err := s.benchOne(ctx, o.over(s.opt), o.Steps, w.name, c)
			if err != nil {
				return fmt.Errorf("%s %s: %w", w.name, c.name, err)
			}
			if err := emit(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// casesExist refuses a case that none of the workloads has.
func casesExist(chosen []workload, cases []string) error {
	for _, name := range cases {
		known := slices.ContainsFunc(chosen, func(w workload) bool {
			return slices.ContainsFunc(w.cases, func(c openCase) bool { return c.name == name })
		})
		if !known {
			return fmt.Errorf("case %q: want one of %s", name, workloadText(chosen))
		}
	}
	return nil
}

// over puts what the options say over a session's.
func (o BenchOptions) over(opt Options) Options {
	if o.Threads > 0 {
		opt.Threads = o.Threads
	}
	if o.Device != "" {
		opt.Device = o.Device
	}
	return opt
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
		for _, c := range w.cases {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, ", ")
}

func (s *Session) benchOne(ctx context.Context, opt Options, steps int, name string,
	oc openCase) (BenchResult, error) {
	begin := time.Now()
	eng, err := s.engine(opt)
	if err != nil {
		return BenchResult{}, err
	}
	defer eng.Close()
	c, err := oc.open(ctx, eng)
	if err != nil {
		return BenchResult{}, err
	}
	defer c.close()
	startup := s.age + time.Since(begin) // as if it were the process's only case
	if steps == 0 {
		steps = oc.steps
	}
	for range oc.warm {
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
		Workload: name, Case: oc.name, Peer: "mllab " + Version, Device: deviceText(eng.Device()),
		Threads: info.Threads, Steps: steps, MedianMS: round(median), P10MS: round(at(wall, 0.1)),
		P90MS: round(at(wall, 0.9)), MinMS: round(wall[0]), CPUMS: round(at(cpu, 0.5)), GFLOP: oc.gflop,
		GFLOPS: round(oc.gflop / median * 1e3), Params: c.params,
		PeakRSSMB: round(float64(peakBytes()) / (1 << 20)), StartupMS: round(startup.Seconds() * 1e3),
	}, nil
}

// round keeps a tenth of a microsecond, or as much of another unit.
func round(x float64) float64 { return float64(int64(x*1e4+0.5)) / 1e4 }
