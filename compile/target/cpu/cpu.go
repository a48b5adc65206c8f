// Package cpu is the target that runs on the processor itself: machine code of our own where there is an
// encoder for the processor (x86-64 with AVX-512 or AVX2, on Linux), and an evaluator in Go everywhere else.
// It owns memory outside of the Go heap, executable memory, a pool of threads and the clocks of its kernels.
//
// The package knows no graph, no schedule and, outside of its native files, no instruction set: what an
// instruction set must offer is the interface encoder.
//
// Begin with Device. kernel.go runs a kernel over its range, pool.go shares the range out to threads,
// evaluate.go is the evaluator.
//
// # Accuracy of functions
//
// Largest errors in units of the last place of the float32 result, measured against float64 on 34 million
// arguments spread over all float32 numbers (TestFunctions takes half a million; with -long all of them):
//
//	exp 1.0   log 0.8   log1p 1.5   tanh 1.4   sigmoid 2.3   erf 1.0   rsqrt 1.5   sqrt, recip 0.5
//	sin 2.6   cos 2.6   for every finite argument, the largest included; NaN for infinities
//
// Denormal arguments and results count too, and so do infinities and NaN. pow(x, y) is
// exp(y*log x): its error is about |y*log x| ulp.
package cpu

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"mllab/compile/loop"
	"mllab/compile/target"
)

var _ = target.Register(Target{})

// encoder makes programs for one instruction set; an instruction set is added by one file that lists more of
// them for its processors in encoders.
type encoder interface {
	name() string
	machine() loop.Machine
	encode(*loop.Nest) (program, error)
}

// program is an encoded nest.
type program interface {
	// run carries out iterations lo to hi of the parallel loop, or the whole nest where there is none.
	run(f *frame, args []unsafe.Pointer, lo, hi int)
	// frameBytes is how much memory a thread must lend to run.
	frameBytes() int
	text() string
	close()
}

// portableISA is the name of the evaluator in Options.ISA.
const portableISA = "go"

// Target is the processor as a kind of device.
type Target struct{}

// Name is "cpu".
func (Target) Name() string { return "cpu" }

// Probe describes the processor. It never fails: the evaluator needs nothing.
func (Target) Probe() ([]target.Info, error) {
	d := &Device{threads: runtime.NumCPU(), enc: best()}
	return []target.Info{d.Info()}, nil
}

func best() encoder {
	if es := encoders(); len(es) > 0 {
		return es[0]
	}
	return evaluator{}
}

// pick finds the encoder of a name, "" for the best.
func pick(isa string) (encoder, error) {
	if isa == "" {
		return best(), nil
	}
	if isa == portableISA {
		return evaluator{}, nil
	}
	var have []string
	for _, e := range encoders() {
		if e.name() == isa {
			return e, nil
		}
		have = append(have, e.name())
	}
	have = append(have, portableISA)
	return nil, fmt.Errorf("cpu: instruction set %q: this machine has %s: %w", isa, strings.Join(have, ", "),
		target.ErrUnavailable)
}

// Open starts the threads of a device.
func (Target) Open(o target.Options) (target.Device, error) {
	enc, err := pick(o.ISA)
	if err != nil {
		return nil, err
	}
	if o.Index != 0 {
		return nil, fmt.Errorf("cpu: device %d: there is one, number 0: %w", o.Index, target.ErrUnavailable)
	}
	if o.Threads < 0 || o.Threads > 1024 {
		return nil, fmt.Errorf("cpu: %d threads: want 1 to 1024, or 0 for one a core", o.Threads)
	}
	n := o.Threads
	if n == 0 {
		n = runtime.NumCPU()
	}
	d := &Device{threads: n, enc: enc, pool: newPool(n)}
	d.pool.always = o.Share
	switch {
	case o.Guard && o.Front:
		d.guard = front
	case o.Guard:
		d.guard = behind
	}
	return d, nil
}

// guard says on which side of a buffer a page lies that faults when touched.
type guard int

const (
	unguarded guard = iota
	behind
	front
)

// Device is the open processor.
type Device struct {
	threads int
	enc     encoder
	guard   guard
	pool    *pool
}

// Info names the processor, its instruction set and its threads.
func (d *Device) Info() target.Info {
	name := processor()
	if name == "" {
		name = runtime.GOARCH
	}
	return target.Info{Target: "cpu", Name: fmt.Sprintf("%s, %d threads", name, d.threads), Memory: memory(),
		Threads: d.threads, Detail: map[string]string{"isa": d.enc.name()}}
}

// Machine is what schedules plan for.
func (d *Device) Machine() loop.Machine {
	m := d.enc.machine()
	m.Threads = d.threads
	m.L1, m.L2 = caches()
	return m
}

// Alloc gives zeroed memory. With Options.Guard it ends at a page that faults when touched, or begins behind one.
func (d *Device) Alloc(bytes int) (target.Buffer, error) {
	if bytes < 0 {
		return nil, fmt.Errorf("cpu: buffer of %d bytes", bytes)
	}
	m, whole, err := mapped(max(bytes, 4), d.guard)
	if err != nil {
		return nil, fmt.Errorf("cpu: buffer of %d bytes: %w", bytes, err)
	}
	return &buffer{data: m[:bytes], whole: whole}, nil
}

// Compile encodes a nest.
func (d *Device) Compile(n *loop.Nest) (target.Kernel, error) { return newKernel(d.enc, n) }

// Close ends the threads. Buffers and kernels must not be used any more.
func (d *Device) Close() error {
	d.pool.close()
	return nil
}

// buffer is memory outside of the Go heap.
type buffer struct{ data, whole []byte }

// Bytes is the size that was asked for.
func (b *buffer) Bytes() int { return len(b.data) }

func (b *buffer) inside(what string, offset, n int) error {
	if offset < 0 || n > len(b.data) || offset > len(b.data)-n {
		return fmt.Errorf("cpu: %s of %d bytes at %d of a buffer of %d", what, n, offset, len(b.data))
	}
	return nil
}

// Write copies src into the buffer.
func (b *buffer) Write(offset int, src []byte) error {
	if err := b.inside("write", offset, len(src)); err != nil {
		return err
	}
	copy(b.data[offset:], src)
	return nil
}

// Read copies from the buffer to dst.
func (b *buffer) Read(offset int, dst []byte) error {
	if err := b.inside("read", offset, len(dst)); err != nil {
		return err
	}
	copy(dst, b.data[offset:])
	return nil
}

// Float32 views the buffer; valid until Free.
func (b *buffer) Float32() []float32 {
	if len(b.data) < 4 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b.data[0])), len(b.data)/4)
}

// Free gives the memory back; later accesses are errors.
func (b *buffer) Free() {
	if b.whole != nil {
		unmap(b.whole)
	}
	b.data, b.whole = nil, nil
}
