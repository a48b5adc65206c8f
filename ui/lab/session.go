package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"mllab/compile"
	"mllab/compile/ir"
	"mllab/compile/target"
	"mllab/engine"
	"mllab/engine/run"
	"mllab/gen"
	"mllab/samples"
)

// Version of the program, kept in every run's configuration.
const Version = "0.1.0"

// Options of a session; the zero value is ready.
type Options struct {
	Device  string // "cpu", "opencl", "interp"; "" is cpu
	Threads int    // of a CPU device; 0: all cores
	ISA     string // of a CPU device: "avx512", "avx2", "go"; "" the best there is
	Root    string // folder of the runs; "" the user's own
}

// Session is the program without a terminal. Its methods may be called from any
// goroutine.
type Session struct {
	opt  Options
	root string
	age  time.Duration // of the process when the session was opened
	// classifierSteps is how long classifiers for measures are trained.
	classifierSteps int

	mu    sync.Mutex
	jobs  map[*Job]bool
	ends  []func() error        // of what else holds a device
	looks map[*Latent]bool      // spaces of codes that are open
	peaks map[string][2]float64 // device text -> FLOP/s and bytes/s of one thread
	// studios are those that are open.
	studios map[*Studio]bool
}

// Open makes a session. It opens no device: jobs do that in the background.
func Open(o Options) (*Session, error) {
	if o.Device == "" {
		o.Device = "cpu"
	}
	if _, err := target.Find(o.Device); err != nil {
		return nil, Usage(err)
	}
	if o.Threads < 0 || o.Threads > 1024 {
		return nil, Usage(fmt.Errorf("threads %d: want 1 to 1024, or 0 for all cores", o.Threads))
	}
	s := &Session{opt: o, root: o.Root, age: startAge(), classifierSteps: defaultClassifierSteps, jobs: map[*Job]bool{}, peaks: map[string][2]float64{}}
	if s.root == "" {
		root, err := run.DefaultRoot()
		if err != nil {
			return nil, err
		}
		s.root = root
	}
	return s, nil
}

// Root is the folder of the runs.
func (s *Session) Root() string { return s.root }

// Close stops every job, waits for it, and closes what else was opened.
func (s *Session) Close() error {
	s.mu.Lock()
	var jobs []*Job
	for j := range s.jobs {
		jobs = append(jobs, j)
	}
	s.mu.Unlock()
	for _, j := range jobs {
		j.Stop()
	}
	for _, j := range jobs {
		<-j.Done()
	}
	s.mu.Lock()
	ends := s.ends
	s.ends = nil
	s.mu.Unlock()
	var errs []error
	for _, end := range ends {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// atClose has f called when the session closes, after its jobs have ended.
func (s *Session) atClose(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = append(s.ends, f)
}

// Jobs lists the jobs that have not ended, the oldest first.
func (s *Session) Jobs() []*Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var jobs []*Job
	for j := range s.jobs {
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(a, b *Job) int { return a.born.Compare(b.born) })
	return jobs
}

// UsageError is an error of what the user asked for, as opposed to one of doing it.
type UsageError struct{ Err error }

// Error is the text of the error inside.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap gives the error inside.
func (e *UsageError) Unwrap() error { return e.Err }

// Usage marks an error as one of usage.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{err}
}

// Runs sums up the runs in the session's folder, the newest first.
func (s *Session) Runs() ([]run.Summary, error) { return run.List(s.root) }

// Models lists what can be trained.
func (s *Session) Models() []gen.Model { return gen.Models() }

// Data lists the built-in sources of samples.
func (s *Session) Data() []samples.Entry { return samples.Names() }

// engine opens a device and an engine on it.
func (s *Session) engine(o Options) (*engine.Engine, error) {
	t, err := target.Find(o.Device)
	if err != nil {
		return nil, Usage(err)
	}
	dev, err := t.Open(target.Options{Threads: o.Threads, ISA: o.ISA})
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", o.Device, err)
	}
	return engine.New(dev, compiler), nil
}

// compiler is how engines of a session make modules of graphs.
func compiler(ctx context.Context, name string, g *ir.Graph, dev target.Device,
	bind map[string]target.Slice) (engine.Module, error) {
	m, err := compile.Compile(ctx, g, dev, compile.Options{Name: name, Bind: bind})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// deviceText names an open device: "cpu avx512 · 2 threads".
func deviceText(dev target.Device) string {
	info, m := dev.Info(), dev.Machine()
	text := info.Target
	if m.Name != "" && m.Name != info.Target {
		text += " " + m.Name
	}
	switch {
	case info.Threads == 1:
		text += " · 1 thread"
	case info.Threads > 1:
		text += " · " + strconv.Itoa(info.Threads) + " threads"
	}
	return text
}

// peak measures, once a session and device, the rates of one thread. Devices
// that cannot measure give zeros.
func (s *Session) peak(dev target.Device) (flops, bytes float64) {
	p, ok := dev.(target.Prober)
	if !ok {
		return 0, 0
	}
	key := deviceText(dev)
	s.mu.Lock()
	known, ok := s.peaks[key]
	s.mu.Unlock()
	if ok {
		return known[0], known[1]
	}
	flops, bytes = p.Peak()
	s.mu.Lock()
	s.peaks[key] = [2]float64{flops, bytes}
	s.mu.Unlock()
	return flops, bytes
}
