package lab

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"mllab/compile"
	"mllab/compile/loop"
)

// Profile says where the time of one case goes.
type Profile struct {
	Workload string      `json:"workload"`
	Case     string      `json:"case"`
	Device   string      `json:"device"`
	Threads  int         `json:"threads"`
	Steps    int         `json:"steps"`      // measured
	StepMS   float64     `json:"step_ms"`    // of the fastest step
	KernelMS float64     `json:"kernel_ms"`  // of that, within kernels
	PeakGF   float64     `json:"peak_gflop"` // 10^9 operations a second that the threads can do; 0: unknown
	PeakGB   float64     `json:"peak_gb"`    // 10^9 bytes a second from memory; 0: unknown
	Kernels  []KernelRow `json:"kernels"`    // the dearest first
}

// KernelRow is one kernel in a profile; work is that of a step, and so are times, each
// the least that was measured, which what else runs on the machine disturbs least.
type KernelRow struct {
	Name     string  `json:"name"`
	Count    int     `json:"count"` // launches a step
	MS       float64 `json:"ms"`
	Share    float64 `json:"share"` // of the time within kernels, 0 to 1
	GFLOPS   float64 `json:"gflops"`
	GBS      float64 `json:"gbs"`      // least traffic over time; over PeakGB where caches serve
	Roofline float64 `json:"roofline"` // least time that the peaks allow over time, 0 to 1; 0: unknown
	Schedule string  `json:"schedule"`
	Notes    string  `json:"notes,omitempty"` // what was fused
}

// profileSteps are measured where the options leave it open.
const profileSteps = 7

// Profile measures every kernel of one case: of the workload that is chosen, the
// chosen case, or the first.
func (s *Session) Profile(ctx context.Context, o BenchOptions) (*Profile, error) {
	w, oc, err := chooseCase(o)
	if err != nil {
		return nil, Usage(err)
	}
	eng, err := s.engine(o.over(s.opt))
	if err != nil {
		return nil, err
	}
	defer eng.Close()
	c, err := oc.open(ctx, eng)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", w, oc.name, err)
	}
	defer c.close()
	mod, ok := c.program.Module().(*compile.Module)
	if !ok {
		return nil, fmt.Errorf("%s %s: device %s has no kernels to profile", w, oc.name, eng.Device().Info().Target)
	}
	m := measurement{mod: mod, steps: o.Steps}
	if m.steps == 0 {
		m.steps = profileSteps
	}
	if err := m.run(ctx, oc.warm, c.step); err != nil {
		return nil, fmt.Errorf("%s %s: %w", w, oc.name, err)
	}
	info := eng.Device().Info()
	p := &Profile{
		Workload: w, Case: oc.name, Device: deviceText(eng.Device()), Threads: info.Threads, Steps: m.steps,
		StepMS: milliseconds(slices.Min(m.wall)),
	}
	flops, bytes := s.peak(eng.Device())
	p.PeakGF, p.PeakGB = flops*float64(max(1, info.Threads))/1e9, bytes/1e9
	p.rows(m)
	return p, nil
}

// chooseCase finds the one case that is meant.
func chooseCase(o BenchOptions) (string, openCase, error) {
	if len(o.Workloads) != 1 || len(o.Cases) > 1 {
		return "", openCase{}, fmt.Errorf("profile: want one workload of %s, and one case at most",
			strings.Join(Workloads(), ", "))
	}
	if o.Steps < 0 || o.Steps > 1<<20 {
		return "", openCase{}, fmt.Errorf("steps %d: want 1 to %d, or 0 for %d", o.Steps, 1<<20, profileSteps)
	}
	chosen, err := chooseWorkloads(o.Workloads)
	if err != nil {
		return "", openCase{}, err
	}
	for _, c := range chosen[0].cases {
		if wanted(o.Cases, c.name) {
			return chosen[0].name, c, nil
		}
	}
	return "", openCase{}, fmt.Errorf("case %q: want one of %s", o.Cases[0], workloadText(chosen))
}

// measurement is the timing of every launch in several steps.
type measurement struct {
	mod   *compile.Module
	steps int
	wall  []time.Duration
	each  [][]time.Duration // by launch and step
	count []int             // runs of a launch in a step
}

func (m *measurement) run(ctx context.Context, warm int, step func(context.Context) error) error {
	for range warm {
		if err := step(ctx); err != nil {
			return err
		}
	}
	launches := len(m.mod.Kernels())
	m.each, m.count = make([][]time.Duration, launches), make([]int, launches)
	defer m.mod.Profile(false)
	for range m.steps {
		m.mod.Profile(true)
		begin := time.Now()
		if err := step(ctx); err != nil {
			return err
		}
		m.wall = append(m.wall, time.Since(begin))
		times := m.mod.Times()
		if len(times) != launches {
			return fmt.Errorf("the device does not time its kernels: profile on another, such as cpu")
		}
		for i, t := range times {
			m.each[i] = append(m.each[i], t.Total)
			m.count[i] = int(t.Count)
		}
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// rows sums up launches of one name, from the shortest run of each.
func (p *Profile) rows(m measurement) {
	at := map[string]int{}
	var work []loop.Work
	for i, k := range m.mod.Kernels() {
		n, ok := at[k.Name]
		if !ok {
			n = len(p.Kernels)
			at[k.Name] = n
			p.Kernels = append(p.Kernels, KernelRow{
				Name: k.Name, Schedule: k.Schedule, Notes: strings.Join(k.Notes, "; "),
			})
			work = append(work, loop.Work{})
		}
		r := &p.Kernels[n]
		r.Count += m.count[i]
		r.MS += milliseconds(slices.Min(m.each[i]))
		times := float64(m.count[i])
		work[n] = work[n].Add(loop.Work{FLOPs: times * k.Work.FLOPs, Bytes: times * k.Work.Bytes})
	}
	for _, r := range p.Kernels {
		p.KernelMS += r.MS
	}
	for i := range p.Kernels {
		r := &p.Kernels[i]
		if r.MS <= 0 {
			continue
		}
		r.Share = r.MS / p.KernelMS
		r.GFLOPS, r.GBS = work[i].FLOPs/r.MS/1e6, work[i].Bytes/r.MS/1e6
		if p.PeakGF > 0 && p.PeakGB > 0 {
			r.Roofline = max(r.GFLOPS/p.PeakGF, r.GBS/p.PeakGB)
		}
	}
	sort.SliceStable(p.Kernels, func(i, j int) bool { return p.Kernels[i].MS > p.Kernels[j].MS })
}
