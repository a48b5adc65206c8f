package opencl

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"mllab/compile/internal/cstyle"
	"mllab/compile/loop"
	"mllab/compile/target"
)

// buildOptions leave infinities, NaN and rounding as they are: no fast math.
const buildOptions = "-cl-std=CL1.2"

// program is built text. Kernels of equal text share one.
type program struct {
	handle uintptr
	users  int
}

// kernel implements target.Kernel.
type kernel struct {
	dev  *device
	name string
	bufs []loop.Buf
	src  *cstyle.Source
	prog *program
}

// Compile prints the nest, has the driver build it unless it was built before, and
// launches it once with nothing to do, since some drivers finish compiling then.
func (d *device) Compile(n *loop.Nest) (target.Kernel, error) {
	if d.queue == 0 {
		return nil, errClosed
	}
	src, err := cstyle.Render(n, &d.dialect)
	if err != nil {
		return nil, fmt.Errorf("opencl: %w", err)
	}
	if err := d.fits(n.Name, src); err != nil {
		return nil, err
	}
	k := &kernel{dev: d, name: n.Name, bufs: append([]loop.Buf(nil), n.Bufs...), src: src}
	if p, ok := d.programs[src.Text]; ok {
		p.users++
		k.prog = p
		d.open[k] = true
		return k, nil
	}
	var built error
	noise := quiet(func() { built = k.build() })
	_ = noise
	if built != nil {
		if s := strings.TrimSpace(noise); s != "" {
			built = fmt.Errorf("%w\n%s", built, s)
		}
		return nil, fmt.Errorf("opencl: kernel %s: %w", n.Name, built)
	}
	d.programs[src.Text] = k.prog
	d.open[k] = true
	return k, nil
}

// fits refuses groups that the device cannot run.
func (d *device) fits(name string, src *cstyle.Source) error {
	total := uint64(1)
	for i, t := range src.Threads {
		total *= uint64(t)
		if uint64(t) > d.items[i] {
			return fmt.Errorf("opencl: kernel %s: %d threads in dimension %d, at most %d: %w",
				name, t, i, d.items[i], target.ErrRejected)
		}
	}
	if total > d.group {
		return fmt.Errorf("opencl: kernel %s: groups of %d threads, at most %d: %w",
			name, total, d.group, target.ErrRejected)
	}
	return nil
}

// build makes the program and warms it up.
func (k *kernel) build() error {
	d, lib := k.dev, k.dev.lib
	text := append([]byte(k.src.Text), 0)
	lines, options := []*byte{&text[0]}, append([]byte(buildOptions), 0)
	h, err := create(lib.createProgram, d.context, 1, uintptr(unsafe.Pointer(&lines[0])), 0)
	runtime.KeepAlive(text)
	if err != nil {
		return err
	}
	ids := []uintptr{d.id}
	c := status(lib.buildProgram, h, 1, uintptr(unsafe.Pointer(&ids[0])), uintptr(unsafe.Pointer(&options[0])), 0, 0)
	if c != 0 {
		log := k.log(h)
		status(lib.releaseProgram, h)
		if log != "" {
			return fmt.Errorf("%w\n%s", c, log)
		}
		return c
	}
	k.prog = &program{handle: h, users: 1}
	if err := k.warmUp(); err != nil {
		status(lib.releaseProgram, h)
		return err
	}
	return nil
}

// log is what the driver's compiler said, line breaks kept.
func (k *kernel) log(program uintptr) string {
	lib, n := k.dev.lib, new(uintptr)
	c := status(lib.programBuildInfo, program, k.dev.id, buildLog, 0, 0, uintptr(unsafe.Pointer(n)))
	if c != 0 || *n == 0 || *n > 1<<20 {
		return ""
	}
	b := make([]byte, *n)
	if status(lib.programBuildInfo, program, k.dev.id, buildLog, *n, uintptr(unsafe.Pointer(&b[0])), 0) != 0 {
		return ""
	}
	lines := strings.Split(strings.TrimRight(string(b), "\x00\n"), "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return strings.Join(lines, "\n")
}

// warmUp launches the whole grid with run = 0: it touches no memory.
func (k *kernel) warmUp() error {
	d := k.dev
	args := make([]target.Slice, len(k.bufs))
	for i := range args {
		args[i].Buffer = d.scratch
	}
	l, err := k.launch(args, 0)
	if err != nil {
		return err
	}
	defer l.release(d)
	if err := k.group(l); err != nil {
		return err
	}
	c := l.enqueue(d, 0)
	if c == 0 {
		c = status(d.lib.finish, d.queue)
	}
	switch c {
	case 0:
		return nil
	case codeOutOfResources, codeOutOfHostMemory, codeInvalidGroupSize, codeInvalidItemSize:
		return fmt.Errorf("first launch: %w: %w", c, target.ErrRejected)
	}
	return fmt.Errorf("first launch: %w", c)
}

// group asks whether the built kernel may have groups as large as its text says.
func (k *kernel) group(l *launch) error {
	d, most := k.dev, new(uintptr)
	c := status(d.lib.kernelGroupInfo, l.kernel, d.id, kernelGroup, unsafe.Sizeof(*most), uintptr(unsafe.Pointer(most)), 0)
	if c != 0 {
		return fmt.Errorf("ask for its largest group: %w", c)
	}
	if t := k.src.Threads; uintptr(t[0]*t[1]*t[2]) > *most {
		return fmt.Errorf("groups of %v threads, its registers allow %d: %w", t, *most, target.ErrRejected)
	}
	return nil
}

// Text is the kernel's OpenCL C.
func (k *kernel) Text() string { return k.src.Text }

// Close lets go of the kernel; sequences that hold it stay valid.
func (k *kernel) Close() { k.release() }

func (k *kernel) release() {
	if k.prog == nil {
		return
	}
	k.prog.users--
	if k.prog.users == 0 {
		status(k.dev.lib.releaseProgram, k.prog.handle)
		delete(k.dev.programs, k.src.Text)
	}
	k.prog = nil
	delete(k.dev.open, k)
}
