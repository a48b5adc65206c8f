package cpu

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
	"unsafe"

	"mllab/compile/target"
)

// step is one launch, ready to go.
type step struct {
	k    *kernel
	args []unsafe.Pointer
}

// sequence is a prepared list of launches.
type sequence struct {
	pool    *pool
	steps   []step
	keep    []target.Launch // the buffers stay reachable
	profile bool
	times   []target.Timing
}

// Sequence checks the launches against the parameters of their kernels and fixes their addresses.
func (d *Device) Sequence(launches []target.Launch) (target.Sequence, error) {
	s := &sequence{pool: d.pool, keep: launches, times: make([]target.Timing, len(launches))}
	frame := 0
	for i, l := range launches {
		st, err := prepareStep(l)
		if err != nil {
			return nil, fmt.Errorf("cpu: launch %d: %w", i, err)
		}
		frame = max(frame, st.k.prog.frameBytes())
		s.steps = append(s.steps, st)
	}
	if err := d.pool.fit(frame); err != nil {
		return nil, err
	}
	return s, nil
}

func prepareStep(l target.Launch) (step, error) {
	k, ok := l.Kernel.(*kernel)
	if !ok {
		return step{}, fmt.Errorf("kernel of another target (%T)", l.Kernel)
	}
	if len(l.Args) != len(k.nest.Bufs) {
		return step{}, fmt.Errorf("kernel %s: %d arguments, want %d", k.nest.Name, len(l.Args), len(k.nest.Bufs))
	}
	st := step{k: k}
	for j, a := range l.Args {
		p := &k.nest.Bufs[j]
		b, ok := a.Buffer.(*buffer)
		if !ok {
			return step{}, fmt.Errorf("kernel %s: argument %s is memory of another target (%T)", k.nest.Name,
				p.Name, a.Buffer)
		}
		if a.Offset%64 != 0 {
			return step{}, fmt.Errorf("kernel %s: argument %s at offset %d, want a multiple of 64", k.nest.Name,
				p.Name, a.Offset)
		}
		if err := b.inside("argument "+p.Name, a.Offset, p.Elems*p.DType.Size()); err != nil {
			return step{}, fmt.Errorf("kernel %s: %w", k.nest.Name, err)
		}
		var at unsafe.Pointer
		if len(b.data) > 0 {
			at = unsafe.Add(unsafe.Pointer(&b.data[0]), a.Offset)
		}
		st.args = append(st.args, at)
	}
	return st, nil
}

// Run carries out the launches in order.
func (s *sequence) Run(ctx context.Context) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if s.profile {
		return s.measure(ctx)
	}
	for i := range s.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.pool.run(s.steps[i].k, s.steps[i].args); err != nil {
			return err
		}
	}
	return nil
}

// measure is Run with the time of each launch: by the clock, or on one thread by its processor time, which
// other programs do not change.
func (s *sequence) measure(ctx context.Context) error {
	start := time.Now()
	now := func() time.Duration { return time.Since(start) }
	if s.pool.threads == 1 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		now = threadTime
	}
	for i := range s.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		from := now()
		if err := s.pool.run(s.steps[i].k, s.steps[i].args); err != nil {
			return err
		}
		s.times[i].Count++
		s.times[i].Total += now() - from
	}
	return nil
}

// Times gives a copy of the measurements.
func (s *sequence) Times() []target.Timing { return append([]target.Timing(nil), s.times...) }

// Profile switches the measurement on or off, from zero.
func (s *sequence) Profile(on bool) {
	clear(s.times)
	s.profile = on
}

// Close forgets the launches.
func (s *sequence) Close() { s.steps, s.keep = nil, nil }
