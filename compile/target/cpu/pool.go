package cpu

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// frame is the memory that a thread lends to the kernels it runs.
type frame struct {
	data, whole []byte
	machine     machine // of the evaluator
}

// fit makes the frame at least n bytes large.
func (f *frame) fit(n int) error {
	if n <= len(f.data) {
		return nil
	}
	m, whole, err := mapped(max(2*n, 1<<14), unguarded)
	if err != nil {
		return err
	}
	f.drop()
	f.data, f.whole = m, whole
	return nil
}

func (f *frame) base() unsafe.Pointer { return unsafe.Pointer(&f.data[0]) }

func (f *frame) drop() {
	if f.whole != nil {
		unmap(f.whole)
	}
	f.data, f.whole = nil, nil
}

// closed is added to pool.users when a job takes no more workers.
const closed = -1 << 20

// span is the part of a job that a thread begins with; others take from it when they have finished theirs.
type span struct {
	next, end atomic.Int64
	_         [112]byte // two cache lines each
}

// pool is a group of threads that share the range of one kernel at a time. The goroutine that brings the job
// works too. Workers spin for a while after a job, then park.
type pool struct {
	threads int
	always  bool // kernels are shared however short they are
	frames  []frame
	spans   []span

	// the job at hand; written while users is closed and nobody is in
	k     *kernel
	args  []unsafe.Pointer
	chunk int64 // iterations that a thread takes at a time
	call  int64 // iterations that one call may take

	epoch  atomic.Int64
	users  atomic.Int32 // workers in the job, plus closed when it takes no more
	fault  atomic.Pointer[faultError]
	parked []atomic.Bool
	wake   []chan struct{}
	ended  sync.WaitGroup
	stop   atomic.Bool
}

func newPool(threads int) *pool {
	p := &pool{threads: threads, frames: make([]frame, threads), spans: make([]span, threads),
		parked: make([]atomic.Bool, threads), wake: make([]chan struct{}, threads)}
	p.users.Store(closed)
	for t := 1; t < threads; t++ {
		p.wake[t] = make(chan struct{}, 1)
		p.ended.Add(1)
		go p.worker(t)
	}
	return p
}

func (p *pool) close() {
	if p.stop.Swap(true) {
		return
	}
	p.epoch.Add(1)
	p.rouse()
	p.ended.Wait()
	for i := range p.frames {
		p.frames[i].drop()
	}
}

// fit gives every thread a frame of n bytes; no job may be running.
func (p *pool) fit(n int) error {
	for i := range p.frames {
		if err := p.frames[i].fit(n); err != nil {
			return fmt.Errorf("cpu: %d bytes of thread memory: %w", n, err)
		}
	}
	return nil
}

// rouse wakes the workers that are parked.
func (p *pool) rouse() {
	for t := 1; t < p.threads; t++ {
		if p.parked[t].Load() {
			select {
			case p.wake[t] <- struct{}{}:
			default: // a token waits for it already
			}
		}
	}
}

// spinTime is how long a worker looks for a job before it parks: longer than the short kernels that one
// thread runs between two long ones, since waking a parked thread takes some ten microseconds.
const spinTime = 150 * time.Microsecond

func (p *pool) worker(t int) {
	defer p.ended.Done()
	debug.SetPanicOnFault(true)
	seen := int64(0)
	for {
		p.await(t, seen)
		seen = p.epoch.Load()
		if p.stop.Load() {
			return
		}
		if p.join() {
			p.share(t)
			p.users.Add(-1)
		}
	}
}

// await returns when there is another job than seen, or the pool is closed.
func (p *pool) await(t int, seen int64) {
	for {
		for from := time.Now(); time.Since(from) < spinTime; {
			for range 8 {
				if p.epoch.Load() != seen {
					return
				}
				pause()
			}
		}
		p.parked[t].Store(true)
		if p.epoch.Load() == seen {
			<-p.wake[t]
		}
		p.parked[t].Store(false)
	}
}

// pause passes about a quarter of a microsecond and lets other goroutines run.
func pause() {
	for range 64 {
		if spinHint.Load() {
			return
		}
	}
	runtime.Gosched()
}

// spinHint is never set; reading it keeps the loop of pause.
var spinHint atomic.Bool

// join enters the job unless it is closed.
func (p *pool) join() bool {
	for {
		u := p.users.Load()
		if u < 0 {
			return false
		}
		if p.users.CompareAndSwap(u, u+1) {
			return true
		}
	}
}

// run carries out kernel k. A fault in it is an error.
func (p *pool) run(k *kernel, args []unsafe.Pointer) error {
	if p.threads == 1 || !p.always && (k.runs < measuredRuns || k.short()) {
		return p.alone(k, args)
	}
	p.k, p.args = k, args
	n := int64(p.threads)
	run := int64(k.run)
	runs := int64(k.trips) / run
	p.call = int64(k.chunk())
	p.chunk = max(1, min(p.call/run, runs/(4*n))) * run
	for t := range n {
		p.spans[t].next.Store(runs * t / n * run)
		p.spans[t].end.Store(runs * (t + 1) / n * run)
	}
	p.users.Store(0)
	p.epoch.Add(1)
	p.rouse()
	p.share(0)
	p.users.Add(closed)
	for p.users.Load() != closed {
		pause()
	}
	p.k, p.args = nil, nil
	if f := p.fault.Swap(nil); f != nil {
		return f
	}
	return nil
}

// share works on the spans, thread t's own first.
func (p *pool) share(t int) {
	defer p.caught()
	for i := range p.threads {
		s := &p.spans[(t+i)%p.threads]
		end := s.end.Load()
		for {
			lo := s.next.Add(p.chunk) - p.chunk
			if lo >= end {
				break
			}
			p.k.work(&p.frames[t], p.args, int(lo), int(min(lo+p.chunk, end)), int(p.call))
		}
	}
}

func (p *pool) alone(k *kernel, args []unsafe.Pointer) (err error) {
	p.k = k
	defer func() {
		p.k = nil
		if f := p.fault.Swap(nil); f != nil {
			err = f
		}
	}()
	defer p.caught()
	k.runAlone(&p.frames[0], args)
	return nil
}

// faultError is a memory fault in a kernel.
type faultError struct {
	kernel string
	cause  error
}

func (e *faultError) Error() string {
	return fmt.Sprintf("cpu: kernel %s: fault in generated code: %v", e.kernel, e.cause)
}

func (e *faultError) Unwrap() error { return e.cause }

// caught turns a fault into the job's error; other panics go on.
func (p *pool) caught() {
	r := recover()
	if r == nil {
		return
	}
	err, ok := r.(runtime.Error)
	if !ok {
		panic(r)
	}
	p.fault.CompareAndSwap(nil, &faultError{p.k.nest.Name, err})
	for i := range p.spans { // nothing more to do
		p.spans[i].next.Store(1 << 60)
	}
}
