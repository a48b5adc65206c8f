package opencl

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"mllab/compile/internal/cstyle"
	"mllab/compile/loop"
	"mllab/compile/target"
)

// buildOptions leave infinities, NaN and rounding as they are: no fast math.
const buildOptions = "-cl-std=CL1.2"

// program is an object of the driver, with one unit or several.
type program struct {
	handle uintptr
	units  int
}

// unit is a kernel's text, built. Kernels of equal text share one.
type unit struct {
	prog  *program
	entry string
	users int
}

// kernel implements target.Kernel.
type kernel struct {
	dev  *device
	name string
	bufs []loop.Buf
	src  *cstyle.Source
	text string
	unit *unit
}

// Compile prints the nest, has the driver build it unless it was built before, and
// launches it once with nothing to do, since some drivers finish compiling then.
func (d *device) Compile(n *loop.Nest) (target.Kernel, error) {
	ks, err := d.CompileAll([]*loop.Nest{n})
	if err != nil {
		return nil, err
	}
	return ks[0], nil
}

// CompileAll is Compile of several nests as one program of the driver, which takes
// a third of the time. The error is that of the first nest which cannot be built;
// there are no kernels then.
func (d *device) CompileAll(nests []*loop.Nest) ([]target.Kernel, error) {
	if d.queue == 0 {
		return nil, errClosed
	}
	ks := make([]*kernel, len(nests))
	var fresh []*kernel
	seen := map[string]bool{}
	for i, n := range nests {
		src, err := cstyle.Render(n, &d.dialect)
		if err != nil {
			return nil, fmt.Errorf("opencl: %w", err)
		}
		if err := d.fits(n.Name, src); err != nil {
			return nil, err
		}
		k := &kernel{dev: d, name: n.Name, bufs: slices.Clone(n.Bufs), src: src, text: src.Text()}
		if d.units[k.text] == nil && !seen[k.text] {
			fresh = append(fresh, k)
		}
		ks[i], seen[k.text] = k, true
	}
	var err error
	noise := quiet(func() { err = d.buildAll(fresh) })
	if err != nil {
		if s := cleanLines(noise); s != "" {
			err = fmt.Errorf("%w\n%s", err, s)
		}
		return nil, err
	}
	made := make([]target.Kernel, len(ks))
	for i, k := range ks {
		k.unit = d.units[k.text]
		k.unit.users++
		d.open[k] = true
		made[i] = k
	}
	return made, nil
}

// buildAll builds kernels together, or one by one where that fails, to tell which
// one is at fault.
func (d *device) buildAll(ks []*kernel) error {
	if len(ks) == 0 || d.build(ks) == nil {
		return nil
	}
	for i := range ks {
		if err := d.build(ks[i : i+1]); err != nil {
			for _, k := range ks[:i] {
				d.drop(k.text)
			}
			return fmt.Errorf("opencl: kernel %s: %w", ks[i].name, err)
		}
	}
	return nil
}

// drop forgets a unit, and its program with the last one.
func (d *device) drop(text string) {
	u := d.units[text]
	delete(d.units, text)
	u.prog.units--
	if u.prog.units == 0 {
		status(d.lib.releaseProgram, u.prog.handle)
	}
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

// build makes one program of kernels that were not built before, and warms it up.
func (d *device) build(ks []*kernel) error {
	sources := make([]*cstyle.Source, len(ks))
	for i, k := range ks {
		sources[i] = k.src
	}
	joined, entries := cstyle.Program(sources)
	text := append([]byte(joined), 0)
	lines, options := []*byte{&text[0]}, append([]byte(buildOptions), 0)
	h, err := create(d.lib.createProgram, d.context, 1, uintptr(unsafe.Pointer(&lines[0])), 0)
	runtime.KeepAlive(text)
	if err != nil {
		return err
	}
	ids := []uintptr{d.id}
	c := status(d.lib.buildProgram, h, 1, uintptr(unsafe.Pointer(&ids[0])),
		uintptr(unsafe.Pointer(&options[0])), 0, 0)
	if c != 0 {
		log := d.log(h)
		status(d.lib.releaseProgram, h)
		if log != "" {
			return fmt.Errorf("%w\n%s", c, log)
		}
		return c
	}
	prog := &program{handle: h, units: len(ks)}
	for i, k := range ks {
		k.unit = &unit{prog: prog, entry: entries[i]}
	}
	if err := d.warmUp(ks); err != nil {
		status(d.lib.releaseProgram, h)
		return err
	}
	for _, k := range ks {
		d.units[k.text] = k.unit
	}
	return nil
}

// log is what the driver's compiler said, line breaks kept.
func (d *device) log(program uintptr) string {
	n := new(uintptr)
	c := status(d.lib.programBuildInfo, program, d.id, buildLog, 0, 0, uintptr(unsafe.Pointer(n)))
	if c != 0 || *n == 0 || *n > 1<<20 {
		return ""
	}
	b := make([]byte, *n)
	if status(d.lib.programBuildInfo, program, d.id, buildLog, *n, uintptr(unsafe.Pointer(&b[0])), 0) != 0 {
		return ""
	}
	return cleanLines(string(b))
}

// cleanLines is clean, with line breaks kept.
func cleanLines(s string) string {
	lines := strings.Split(strings.Trim(s, "\x00\n"), "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return strings.Join(lines, "\n")
}

// warmUp launches the whole grids with run = 0: that touches no memory.
func (d *device) warmUp(ks []*kernel) error {
	var c code
	for _, k := range ks {
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
		if c = l.enqueue(d, 0); c != 0 {
			break
		}
	}
	if done := status(d.lib.finish, d.queue); c == 0 {
		c = done
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
	c := status(d.lib.kernelGroupInfo, l.kernel, d.id, kernelGroup, unsafe.Sizeof(*most),
		uintptr(unsafe.Pointer(most)), 0)
	if c != 0 {
		return fmt.Errorf("ask for its largest group: %w", c)
	}
	if t := k.src.Threads; uintptr(t[0]*t[1]*t[2]) > *most {
		return fmt.Errorf("groups of %v threads, its registers allow %d: %w", t, *most, target.ErrRejected)
	}
	return nil
}

// Text is the kernel's OpenCL C.
func (k *kernel) Text() string { return k.text }

// Close lets go of the kernel; sequences that hold it stay valid.
func (k *kernel) Close() { k.release() }

func (k *kernel) release() {
	if k.unit == nil {
		return
	}
	k.unit.users--
	if k.unit.users == 0 {
		k.dev.drop(k.text)
	}
	k.unit = nil
	delete(k.dev.open, k)
}
