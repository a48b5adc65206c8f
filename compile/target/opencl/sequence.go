package opencl

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"mllab/compile/target"
)

// launch is a kernel object of the driver with its arguments set.
type launch struct {
	name          string
	kernel        uintptr
	global, local [3]uintptr
	// args are those of clEnqueueNDRangeKernel. They hold addresses of this object,
	// which the garbage collector does not move, so that a launch allocates nothing.
	args [9]uintptr
}

// launch sets the arguments: run, then address and offset of each buffer.
func (k *kernel) launch(args []target.Slice, run int32) (*launch, error) {
	d := k.dev
	if k.unit == nil {
		return nil, fmt.Errorf("opencl: kernel %s is closed", k.name)
	}
	if len(args) != len(k.bufs) {
		return nil, fmt.Errorf("opencl: kernel %s: %d arguments, want %d", k.name, len(args), len(k.bufs))
	}
	entry := append([]byte(k.unit.entry), 0)
	h, err := create(d.lib.createKernel, k.unit.prog.handle, uintptr(unsafe.Pointer(&entry[0])))
	if err != nil {
		return nil, fmt.Errorf("opencl: kernel %s: %w", k.name, err)
	}
	l := &launch{name: k.name, kernel: h}
	for i, t := range k.src.Threads {
		l.local[i], l.global[i] = uintptr(t), uintptr(t*k.src.Groups[i])
	}
	l.args = [9]uintptr{d.queue, h, 3}
	l.args[4] = uintptr(unsafe.Pointer(&l.global[0]))
	l.args[5] = uintptr(unsafe.Pointer(&l.local[0]))
	value := &struct {
		handle  uintptr
		run, at uint32
	}{run: uint32(run)}
	c := status(d.lib.setKernelArg, h, 0, 4, uintptr(unsafe.Pointer(&value.run)))
	for i, a := range args {
		b, at, err := k.argument(i, a, run != 0)
		if err != nil {
			l.release(d)
			return nil, err
		}
		value.handle, value.at = b.handle, at
		if c == 0 {
			c = status(d.lib.setKernelArg, h, uintptr(1+2*i), unsafe.Sizeof(value.handle),
				uintptr(unsafe.Pointer(&value.handle)))
		}
		if c == 0 {
			c = status(d.lib.setKernelArg, h, uintptr(2+2*i), 4, uintptr(unsafe.Pointer(&value.at)))
		}
	}
	runtime.KeepAlive(value)
	if c != 0 {
		l.release(d)
		return nil, fmt.Errorf("opencl: kernel %s: set its arguments: %w", k.name, c)
	}
	return l, nil
}

// argument checks a slice against the nest; the offset it gives is in elements.
func (k *kernel) argument(i int, a target.Slice, full bool) (*buffer, uint32, error) {
	p := k.bufs[i]
	b, ok := a.Buffer.(*buffer)
	if !ok || b.dev != k.dev || b.handle == 0 {
		return nil, 0, fmt.Errorf("opencl: kernel %s: %s is no live buffer of this device", k.name, p.Name)
	}
	const line = 64
	size := p.DType.Size()
	if a.Offset < 0 || a.Offset%line != 0 || int64(a.Offset/size) > 1<<32-1 {
		return nil, 0, fmt.Errorf("opencl: kernel %s: %s begins at byte %d, want a multiple of %d",
			k.name, p.Name, a.Offset, line)
	}
	if full && (a.Offset > b.bytes || p.Elems > (b.bytes-a.Offset)/size) {
		return nil, 0, fmt.Errorf("opencl: kernel %s: %s has %d elements at byte %d, its buffer %d bytes",
			k.name, p.Name, p.Elems, a.Offset, b.bytes)
	}
	return b, uint32(a.Offset / size), nil
}

// enqueue starts the launch; event, if not 0, is the address of a handle to fill.
func (l *launch) enqueue(d *device, event uintptr) code {
	l.args[8] = event
	return status(d.lib.enqueueKernel, l.args[:]...)
}

func (l *launch) release(d *device) {
	if l.kernel != 0 {
		status(d.lib.releaseKernel, l.kernel)
		l.kernel = 0
	}
}

// sequence implements target.Sequence.
type sequence struct {
	dev      *device
	launches []*launch
	events   []uintptr
	times    []target.Timing
	profile  bool
	closed   bool
}

// Sequence prepares launches. Each has a kernel object of its own, whose arguments
// are set here and never again.
func (d *device) Sequence(launches []target.Launch) (target.Sequence, error) {
	if d.queue == 0 {
		return nil, errClosed
	}
	s := &sequence{dev: d, events: make([]uintptr, len(launches)), times: make([]target.Timing, len(launches))}
	for i, l := range launches {
		k, ok := l.Kernel.(*kernel)
		var made *launch
		err := fmt.Errorf("opencl: launch %d: its kernel is not of this device", i)
		if ok && k.dev == d {
			made, err = k.launch(l.Args, 1)
		}
		if err != nil {
			s.release()
			return nil, err
		}
		s.launches = append(s.launches, made)
	}
	d.open[s] = true
	return s, nil
}

// flushEvery is how many launches are queued before the device is told to begin.
const flushEvery = 8

// Run queues all launches and waits for the last. Where the context ends first,
// those already queued still run.
func (s *sequence) Run(ctx context.Context) error {
	if s.closed {
		return errors.New("opencl: run of a sequence that was closed")
	}
	d := s.dev
	queued, c := 0, code(0)
	var cancelled error
	for i, l := range s.launches {
		if cancelled = ctx.Err(); cancelled != nil {
			break
		}
		event := uintptr(0)
		if s.profile {
			event = uintptr(unsafe.Pointer(&s.events[i]))
		}
		if c = l.enqueue(d, event); c != 0 {
			break
		}
		queued++
		if queued%flushEvery == 0 {
			status(d.lib.flush, d.wait[:]...)
		}
	}
	done := status(d.lib.finish, d.wait[:]...)
	if s.profile {
		s.measure(queued)
	}
	switch {
	case c != 0:
		return fmt.Errorf("opencl: kernel %s: %w", s.launches[queued].name, c)
	case done != 0 && queued > 0:
		return fmt.Errorf("opencl: launches up to kernel %s: %w", s.launches[queued-1].name, done)
	case done != 0:
		return fmt.Errorf("opencl: %w", done)
	}
	return cancelled
}

// measure adds what the events of the first launches say, and releases them.
func (s *sequence) measure(launches int) {
	lib := s.dev.lib
	at := new([2]uint64)
	for i := range launches {
		from := status(lib.eventProfiling, s.events[i], profilingStart, 8, uintptr(unsafe.Pointer(&at[0])), 0)
		to := status(lib.eventProfiling, s.events[i], profilingEnd, 8, uintptr(unsafe.Pointer(&at[1])), 0)
		if from == 0 && to == 0 && at[1] >= at[0] {
			s.times[i].Count++
			s.times[i].Total += time.Duration(at[1] - at[0])
		}
		status(lib.endEvent, s.events[i])
		s.events[i] = 0
	}
}

// Times are the device's own times of the launches; nil while nothing is measured.
func (s *sequence) Times() []target.Timing {
	if !s.profile {
		return nil
	}
	return append([]target.Timing(nil), s.times...)
}

// Profile switches measuring on or off.
func (s *sequence) Profile(on bool) {
	s.profile = on
	clear(s.times)
}

// Close releases the sequence's kernel objects.
func (s *sequence) Close() { s.release() }

func (s *sequence) release() {
	if s.closed {
		return
	}
	s.closed = true
	for _, l := range s.launches {
		l.release(s.dev)
	}
	delete(s.dev.open, s)
}
