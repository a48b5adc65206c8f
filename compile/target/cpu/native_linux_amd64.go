package cpu

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"mllab/compile/internal/amd64"
	"mllab/compile/internal/vec"
	"mllab/compile/loop"
)

// encoders lists the instruction sets that this processor can run, the best first.
func encoders() []encoder {
	var out []encoder
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW && x.HasFMA && x.HasAVX2 {
		out = append(out, native{amd64.AVX512})
	}
	if x.HasAVX2 && x.HasFMA {
		out = append(out, native{amd64.AVX2})
	}
	return out
}

// native makes machine code for one instruction set.
type native struct{ isa amd64.ISA }

func (n native) name() string { return n.isa.Name }

func (n native) machine() loop.Machine {
	return loop.Machine{Kind: loop.CPU, Name: n.isa.Name, Lanes: n.isa.Lanes(), Registers: n.isa.Registers}
}

func (n native) encode(nest *loop.Nest) (program, error) {
	p, err := vec.Build(nest, n.isa.Features())
	if err != nil {
		return nil, err
	}
	c, err := amd64.Compile(p, n.isa, false)
	if err != nil {
		return nil, err
	}
	code, err := executable(c.Bytes)
	if err != nil {
		return nil, fmt.Errorf("cpu: kernel %s: memory for %d bytes of code: %w", nest.Name, len(c.Bytes), err)
	}
	return &machineCode{isa: n.isa, nest: nest, memory: code, frame: c.Frame, used: len(c.Bytes)}, nil
}

// executable maps a copy of code: written first, then readable and executable, never both.
func executable(code []byte) ([]byte, error) {
	m, err := unix.Mmap(-1, 0, len(code), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	copy(m, code)
	if err := unix.Mprotect(m, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		_ = unix.Munmap(m)
		return nil, err
	}
	return m, nil
}

// machineCode is a nest as code in memory.
type machineCode struct {
	isa    amd64.ISA
	nest   *loop.Nest
	memory []byte
	used   int
	frame  amd64.Frame
}

func (m *machineCode) frameBytes() int { return m.frame.Size }

// run carries out iterations lo to hi of the parallel loop in the given frame.
func (m *machineCode) run(f *frame, args []unsafe.Pointer, lo, hi int) {
	base := f.base()
	*(*int64)(base) = int64(lo)
	*(*int64)(unsafe.Add(base, m.frame.Hi)) = int64(hi)
	copy(unsafe.Slice((*unsafe.Pointer)(unsafe.Add(base, m.frame.Params)), len(args)), args)
	call(uintptr(unsafe.Pointer(&m.memory[0])), base)
}

// text encodes the nest again, with a listing.
func (m *machineCode) text() string {
	p, err := vec.Build(m.nest, m.isa.Features())
	if err != nil {
		return err.Error()
	}
	c, err := amd64.Compile(p, m.isa, true)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("; %s, %d bytes, %d registers, frame of %d bytes\n%s", m.isa.Name, m.used, c.Regs,
		m.frame.Size, c.Text())
}

func (m *machineCode) close() {
	if m.memory != nil {
		_ = unix.Munmap(m.memory)
		m.memory = nil
	}
}

// peak times independent multiply-adds.
func (n native) peak() float64 {
	c, err := amd64.Peak(n.isa)
	if err != nil {
		return 0
	}
	code, err := executable(c.Bytes)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Munmap(code) }()
	var f frame
	if f.fit(c.Frame.Size) != nil {
		return 0
	}
	defer f.drop()
	const iterations = 20000
	*(*int64)(unsafe.Add(f.base(), c.Frame.Hi)) = iterations
	d := fastest(60, func() { call(uintptr(unsafe.Pointer(&code[0])), f.base()) })
	return float64(n.isa.PeakFLOPs()) * iterations / d.Seconds()
}
