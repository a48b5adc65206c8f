// Package target is the port through which the compiler reaches machines: a
// Target is a kind of device that may or may not be present, a Device an open
// one, with memory and kernels. One folder a target implements it, registers
// itself, and sits the examination of targettest. The package knows no target.
package target

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"mllab/compile/loop"
)

// ErrUnavailable is wrapped by errors of Probe and Open when the machine lacks
// what the target needs; the text says what was looked for and how to get it.
var ErrUnavailable = errors.New("unavailable")

// ErrRejected is wrapped by Compile when a nest cannot be built as scheduled
// (too many registers, too large a block): another schedule may be tried.
var ErrRejected = errors.New("schedule rejected")

// Options choose how a device is opened; the zero value lets it choose.
type Options struct {
	Threads int    // worker threads of a CPU device; 0: all cores
	ISA     string // cpu: "avx512", "avx2", "go"; "" for the best there is
	Index   int    // which device of the target, 0 for the first
	// For tests of a CPU device, which they make slower: Guard has buffers end at an
	// unreadable page, with Front begin behind one instead, and Share shares every kernel out
	// to the threads, however short it is and from its first run.
	Guard, Front, Share bool
}

// Info says what a device is, for people.
type Info struct {
	Target  string            // "cpu"
	Name    string            // "AMD EPYC, 2 cores"
	Detail  map[string]string // what else is known: "isa": "avx512"
	Memory  int64             // bytes, 0 when unknown
	Threads int
}

// Target is a kind of device.
type Target interface {
	// Name is what --device takes.
	Name() string
	// Probe looks for devices without keeping one open. The error wraps
	// ErrUnavailable when there is none.
	Probe() ([]Info, error)
	// Open opens a device.
	Open(Options) (Device, error)
}

// Device is an open device. Its methods are called from one goroutine at a time.
type Device interface {
	Info() Info
	Machine() loop.Machine
	// Alloc gives zeroed memory of at least the given number of bytes, aligned to 64.
	Alloc(bytes int) (Buffer, error)
	// Compile builds a kernel. Errors wrap ErrRejected where another schedule may do.
	Compile(*loop.Nest) (Kernel, error)
	// Sequence prepares launches to be run in order, many times, without allocating.
	Sequence([]Launch) (Sequence, error)
	Close() error
}

// Buffer is memory of a device. Offsets and lengths are in bytes; the slices
// are of host memory in the host's byte order.
type Buffer interface {
	Bytes() int
	Write(offset int, src []byte) error
	Read(offset int, dst []byte) error
	Free()
}

// Kernel is a built nest.
type Kernel interface {
	// Text is the code a person can read: assembly or source.
	Text() string
	Close()
}

// Slice is a part of a buffer, aligned to 64 bytes.
type Slice struct {
	Buffer Buffer
	Offset int
}

// Launch runs a kernel on one slice a Nest.Buf.
type Launch struct {
	Kernel Kernel
	Args   []Slice
}

// Sequence is a prepared list of launches.
type Sequence interface {
	// Run carries out all launches and returns when their results are in
	// memory. The context is looked at between launches. A fault in generated
	// code is an error that names the kernel.
	Run(ctx context.Context) error
	// Times gives the time spent in each launch since Profile(true), in the
	// order of the launches, where the device measures it; else nil.
	Times() []Timing
	// Profile switches the measurement of launches on or off and resets Times.
	Profile(on bool)
	Close()
}

// Timing is how often a launch ran and how long that took in all.
type Timing struct {
	Count int64
	Total time.Duration
}

// Host is implemented by buffers whose memory the host can address directly.
type Host interface {
	// Float32 views the buffer; valid until Free.
	Float32() []float32
}

// Prober is implemented by devices that can measure their own peaks.
type Prober interface {
	// Peak is the float32 rate of one thread in FLOP/s, and the memory
	// bandwidth in bytes/s, measured in about 50 ms.
	Peak() (flops, bytes float64)
}

var registry = map[string]Target{}

// Register adds a target; it is called from package variables of the targets.
func Register(t Target) bool {
	registry[t.Name()] = t
	return true
}

// All lists the registered targets by name.
func All() []Target {
	names := make([]string, 0, len(registry))
	for n := range registry {
		names = append(names, n)
	}
	sort.Strings(names)
	ts := make([]Target, len(names))
	for i, n := range names {
		ts[i] = registry[n]
	}
	return ts
}

// Find gives the target of a name.
func Find(name string) (Target, error) {
	if t, ok := registry[name]; ok {
		return t, nil
	}
	var names []string
	for _, t := range All() {
		names = append(names, t.Name())
	}
	return nil, fmt.Errorf("device %q: unknown, want one of %v", name, names)
}
