package opencl

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"mllab/compile/internal/cstyle"
	"mllab/compile/loop"
	"mllab/compile/target"
)

// device implements target.Device: a context and an in-order queue on one device.
type device struct {
	lib            *library
	info           target.Info
	machine        loop.Machine
	dialect        cstyle.Dialect
	id             uintptr
	context, queue uintptr
	wait           [1]uintptr       // the queue, as an argument that need not be allocated
	items          [3]uint64        // greatest size of a group in each dimension
	group          uint64           // greatest number of work items in a group
	scratch        *buffer          // stands for every buffer while a kernel is warmed up
	units          map[string]*unit // by text
	open           map[closer]bool  // what Close has to release
}

// closer is something a device made that holds objects of the driver.
type closer interface{ release() }

var errClosed = errors.New("opencl: the device is closed")

func open(lib *library, f found) (*device, error) {
	d := &device{
		lib: lib, info: f.info, id: f.id, dialect: *cstyle.OpenCL,
		units: map[string]*unit{}, open: map[closer]bool{},
	}
	ids := []uintptr{f.id}
	var err error
	quiet(func() {
		d.context, err = create(lib.createContext, 0, 1, uintptr(unsafe.Pointer(&ids[0])), 0, 0)
	})
	if err != nil {
		return nil, fmt.Errorf("opencl: open %s: %w", f.info.Name, err)
	}
	d.queue, err = create(lib.createQueue, d.context, f.id, queueProfiling)
	if err != nil {
		status(lib.releaseContext, d.context)
		return nil, fmt.Errorf("opencl: open %s: make a queue: %w", f.info.Name, err)
	}
	d.wait[0] = d.queue
	if err := d.limits(f.kind); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// limits asks the device how large groups may be.
func (d *device) limits(kind uint64) error {
	d.group = uint64(uintptr(d.lib.number(d.id, deviceGroup)))
	sizes := make([]uintptr, 16)
	c := status(d.lib.getDeviceInfo, d.id, deviceItems, 16*unsafe.Sizeof(sizes[0]),
		uintptr(unsafe.Pointer(&sizes[0])), 0)
	if c != 0 || d.group == 0 {
		return fmt.Errorf("opencl: %s does not tell how large groups of work items may be: %w", d.info.Name, c)
	}
	for i := range d.items {
		d.items[i] = uint64(sizes[i])
	}
	d.dialect.Items = int(min(uint64(d.dialect.Items), d.group, d.items[0]))
	const wide = 256 // larger groups leave a work item few registers
	d.machine = loop.Machine{
		Kind: loop.GPU, Name: "opencl", Lanes: 1, Registers: 64, Threads: d.info.Threads,
		Group: int(min(d.group, d.items[0], wide)), L2: int(d.lib.number(d.id, deviceCacheSize)),
	}
	if kind&deviceCPU != 0 {
		d.machine.Lanes = max(1, int(uint32(d.lib.number(d.id, deviceLanes))))
	}
	scratch, err := d.alloc(64)
	if err != nil {
		return err
	}
	d.scratch = scratch
	return nil
}

// Info says what the device is.
func (d *device) Info() target.Info { return d.info }

// Machine is of kind GPU on every device: drivers want a grid of work items.
func (d *device) Machine() loop.Machine { return d.machine }

// Close releases everything the device made; buffers, kernels and sequences of it
// must not be used afterwards, but may be freed and closed.
func (d *device) Close() error {
	if d.queue == 0 {
		return nil
	}
	status(d.lib.finish, d.queue)
	for c := range d.open {
		c.release()
	}
	errs := []error{}
	if c := status(d.lib.releaseQueue, d.queue); c != 0 {
		errs = append(errs, fmt.Errorf("opencl: close the queue: %w", c))
	}
	if c := status(d.lib.releaseContext, d.context); c != 0 {
		errs = append(errs, fmt.Errorf("opencl: close %s: %w", d.info.Name, c))
	}
	d.queue, d.context = 0, 0
	return errors.Join(errs...)
}

// buffer implements target.Buffer.
type buffer struct {
	dev    *device
	handle uintptr
	bytes  int
}

// Alloc gives zeroed memory of the device.
func (d *device) Alloc(bytes int) (target.Buffer, error) {
	b, err := d.alloc(bytes)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (d *device) alloc(bytes int) (*buffer, error) {
	if d.queue == 0 {
		return nil, errClosed
	}
	if bytes < 0 {
		return nil, fmt.Errorf("opencl: %d bytes of memory asked for", bytes)
	}
	const line = 64
	size := max(line, (bytes+line-1)/line*line)
	h, err := create(d.lib.createBuffer, d.context, readWrite, uintptr(size), 0)
	if err != nil {
		return nil, fmt.Errorf("opencl: %d bytes of memory on %s: %w", bytes, d.info.Name, err)
	}
	b := &buffer{dev: d, handle: h, bytes: bytes}
	zero := new(uint32)
	c := status(d.lib.fillBuffer, d.queue, h, uintptr(unsafe.Pointer(zero)), 4, 0, uintptr(size), 0, 0, 0)
	if c == 0 {
		c = status(d.lib.finish, d.queue)
	}
	runtime.KeepAlive(zero)
	if c != 0 {
		status(d.lib.releaseBuffer, h)
		return nil, fmt.Errorf("opencl: clear %d bytes of memory on %s: %w", bytes, d.info.Name, c)
	}
	d.open[b] = true
	return b, nil
}

// Bytes is the size that was asked for.
func (b *buffer) Bytes() int { return b.bytes }

// Write copies host memory to the device.
func (b *buffer) Write(offset int, src []byte) error {
	return b.copy("write", b.dev.lib.writeBuffer, offset, src)
}

// Read copies memory of the device to the host.
func (b *buffer) Read(offset int, dst []byte) error {
	return b.copy("read", b.dev.lib.readBuffer, offset, dst)
}

func (b *buffer) copy(verb string, fn uintptr, offset int, host []byte) error {
	switch {
	case b.handle == 0:
		return fmt.Errorf("opencl: %s of a buffer that was freed", verb)
	case offset < 0 || offset > b.bytes || len(host) > b.bytes-offset:
		return fmt.Errorf("opencl: %s %d bytes at %d of a buffer of %d", verb, len(host), offset, b.bytes)
	case len(host) == 0:
		return nil
	}
	c := status(fn, b.dev.queue, b.handle, blocking, uintptr(offset), uintptr(len(host)),
		uintptr(unsafe.Pointer(&host[0])), 0, 0, 0)
	if c != 0 {
		return fmt.Errorf("opencl: %s %d bytes at %d: %w", verb, len(host), offset, c)
	}
	return nil
}

// Free gives the memory back; a second call does nothing.
func (b *buffer) Free() { b.release() }

func (b *buffer) release() {
	if b.handle == 0 {
		return
	}
	status(b.dev.lib.releaseBuffer, b.handle)
	delete(b.dev.open, b)
	b.handle = 0
}
