// Package interp is the target that needs nothing: it walks a nest one element at
// a time, every kind of loop as a plain loop, with all arithmetic on floats in
// float64 and only what is stored rounded to float32. It is the oracle of
// schedules and of code generation, so it knows no machine and no speed, and an
// access outside a buffer is an error that names kernel, buffer and index.
// Begin with program.go.
package interp

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"mllab/compile/loop"
	"mllab/compile/target"
)

var _ = target.Register(Target{})

// Target is the interpreter; it is available everywhere.
type Target struct{}

// Name is "interp".
func (Target) Name() string { return "interp" }

// Probe finds the one device.
func (Target) Probe() ([]target.Info, error) { return []target.Info{info}, nil }

// Open gives a device; options change nothing.
func (Target) Open(target.Options) (target.Device, error) { return &device{}, nil }

var info = target.Info{
	Target: "interp", Name: "interpreter, float64", Threads: 1,
	Detail: map[string]string{"arithmetic": "float64", "speed": "none: it checks the others"},
}

type device struct{ closed bool }

func (*device) Info() target.Info { return info }

func (*device) Machine() loop.Machine {
	return loop.Machine{Kind: loop.Scalar, Name: "interp", Lanes: 1, Threads: 1}
}

func (d *device) Alloc(bytes int) (target.Buffer, error) {
	switch {
	case d.closed:
		return nil, errClosed
	case bytes < 0 || bytes > 1<<40:
		return nil, fmt.Errorf("interp: allocate %d bytes, want 0 to %d", bytes, 1<<40)
	}
	return &buffer{words: make([]uint32, (bytes+3)/4), bytes: bytes}, nil
}

var errClosed = errors.New("interp: device is closed")

func (d *device) Compile(n *loop.Nest) (target.Kernel, error) {
	if d.closed {
		return nil, errClosed
	}
	if err := n.Verify(); err != nil {
		return nil, fmt.Errorf("interp: %w", err)
	}
	return compile(n), nil
}

func (d *device) Sequence(launches []target.Launch) (target.Sequence, error) {
	if d.closed {
		return nil, errClosed
	}
	s := &sequence{}
	for i, l := range launches {
		k, ok := l.Kernel.(*kernel)
		if !ok {
			return nil, fmt.Errorf("interp: launch %d: kernel %T is of another target", i, l.Kernel)
		}
		if len(l.Args) != len(k.nest.Bufs) {
			return nil, fmt.Errorf("interp: launch %d of %s: %d arguments, want %d",
				i, k.nest.Name, len(l.Args), len(k.nest.Bufs))
		}
		var mem [][]uint32
		for a, arg := range l.Args {
			m, err := slice(arg, k.nest.Bufs[a])
			if err != nil {
				return nil, fmt.Errorf("interp: launch %d of %s: argument %s: %w",
					i, k.nest.Name, k.nest.Bufs[a].Name, err)
			}
			mem = append(mem, m)
		}
		s.launches = append(s.launches, launch{k, k.frame(mem)})
	}
	s.times = make([]target.Timing, len(s.launches))
	return s, nil
}

func slice(s target.Slice, p loop.Buf) ([]uint32, error) {
	b, ok := s.Buffer.(*buffer)
	if !ok {
		return nil, fmt.Errorf("buffer %T is of another target", s.Buffer)
	}
	if b.freed {
		return nil, errFreed
	}
	if s.Offset < 0 || s.Offset%64 != 0 || s.Offset+4*p.Elems > b.bytes {
		return nil, fmt.Errorf("%d bytes at offset %d of %d, want them inside and aligned to 64",
			4*p.Elems, s.Offset, b.bytes)
	}
	return b.words[s.Offset/4:][:p.Elems:p.Elems], nil
}

func (d *device) Close() error {
	d.closed = true
	return nil
}

// buffer holds elements as their bits.
type buffer struct {
	words []uint32
	bytes int
	freed bool
}

var errFreed = errors.New("buffer was freed")

func (b *buffer) Bytes() int { return b.bytes }

func (b *buffer) raw() []byte {
	if len(b.words) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&b.words[0])), 4*len(b.words))[:b.bytes]
}

func (b *buffer) check(offset, n int) error {
	switch {
	case b.freed:
		return errFreed
	case offset < 0 || offset > b.bytes || n > b.bytes-offset:
		return fmt.Errorf("interp: %d bytes at offset %d of a buffer of %d", n, offset, b.bytes)
	}
	return nil
}

func (b *buffer) Write(offset int, src []byte) error {
	if err := b.check(offset, len(src)); err != nil {
		return err
	}
	copy(b.raw()[offset:], src)
	return nil
}

func (b *buffer) Read(offset int, dst []byte) error {
	if err := b.check(offset, len(dst)); err != nil {
		return err
	}
	copy(dst, b.raw()[offset:])
	return nil
}

func (b *buffer) Free() { b.freed, b.words = true, nil }

// Float32 views the elements as the host's numbers.
func (b *buffer) Float32() []float32 {
	if len(b.words) == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b.words[0])), b.bytes/4)
}

type launch struct {
	k *kernel
	f *frame
}

type sequence struct {
	launches []launch
	times    []target.Timing
	profile  bool
	closed   bool
}

func (s *sequence) Run(ctx context.Context) error {
	if s.closed {
		return errors.New("interp: sequence is closed")
	}
	for i, l := range s.launches {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !s.profile {
			if err := l.k.run(l.f); err != nil {
				return err
			}
			continue
		}
		start := time.Now()
		if err := l.k.run(l.f); err != nil {
			return err
		}
		s.times[i].Count++
		s.times[i].Total += time.Since(start)
	}
	return nil
}

func (s *sequence) Times() []target.Timing { return append([]target.Timing(nil), s.times...) }

func (s *sequence) Profile(on bool) {
	s.profile = on
	clear(s.times)
}

func (s *sequence) Close() { s.closed, s.launches = true, nil }
