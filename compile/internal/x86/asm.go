// Package x86 assembles x86-64 machine code: the integer instructions that loops need, and the AVX, AVX2
// and AVX-512 instructions that float32 and int32 kernels need. An instruction goes in through a method of
// Asm, bytes come out of Bytes, and with Listing set the same instructions come out as Intel-syntax text.
//
// The package knows nothing of kernels, loops, registers in use or the machine it runs on: it is a pure
// function from instructions to bytes, and its tests compare it with an outside assembler on every machine.
//
// Begin at Asm, then ops.go (the table of vector instructions) and vector.go (how VEX and EVEX are put
// together). Source of the encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
package x86

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Reg is a 64-bit general-purpose register.
type Reg uint8

// The general-purpose registers by their hardware numbers.
const (
	RAX Reg = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
)

var regNames = [16]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

var reg32Names = [16]string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
	"r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"}

// String gives the assembler's name of the 64-bit register.
func (r Reg) String() string { return regNames[r&15] }

// Vec is a vector register by number: 0 to 31 with AVX-512, 0 to 15 without.
type Vec uint8

// K is an AVX-512 mask register, k0 to k7. As a predicate K0 means "no mask".
type K uint8

// Width is the size of a vector in bytes.
type Width int

// The three vector widths.
const (
	X Width = 16
	Y Width = 32
	Z Width = 64
)

func (w Width) ll() byte {
	switch w {
	case X:
		return 0
	case Y:
		return 1
	}
	return 2
}

// Name is the assembler's name of register v at width w.
func (w Width) Name(v Vec) string { return fmt.Sprintf("%cmm%d", "xyz"[w.ll()], v) }

// Mem is a memory operand [Base + Index*Scale + Disp]. Scale 0 means that there is no index. With Vector set
// Index is the number of a vector register, as gathers want it.
type Mem struct {
	Base   Reg
	Index  uint8
	Scale  uint8
	Vector bool
	Pool   bool // [rip + ...]: Disp counts from the start of the constant pool
	Disp   int32
}

// At is the operand [base + disp].
func At(base Reg, disp int) Mem { return Mem{Base: base, Disp: int32(disp)} }

// Indexed is the operand [base + index*scale + disp]; index must not be RSP.
func Indexed(base, index Reg, scale, disp int) Mem {
	return Mem{Base: base, Index: uint8(index), Scale: uint8(scale), Disp: int32(disp)}
}

// Gathered is the operand [base + lane of index*scale + disp] of a gather.
func Gathered(base Reg, index Vec, scale, disp int) Mem {
	return Mem{Base: base, Index: uint8(index), Scale: uint8(scale), Disp: int32(disp), Vector: true}
}

// Constant is the operand at offset disp of the constant pool, for vector instructions only.
func Constant(disp int) Mem { return Mem{Pool: true, Disp: int32(disp)} }

func (m Mem) text(w Width) string {
	if m.Pool {
		return fmt.Sprintf("[pool + %d]", m.Disp)
	}
	var b strings.Builder
	b.WriteString("[" + m.Base.String())
	if m.Scale != 0 {
		if m.Vector {
			fmt.Fprintf(&b, " + %d*%s", m.Scale, w.Name(Vec(m.Index)))
		} else {
			fmt.Fprintf(&b, " + %d*%s", m.Scale, Reg(m.Index))
		}
	}
	if m.Disp > 0 {
		fmt.Fprintf(&b, " + %d", m.Disp)
	} else if m.Disp < 0 {
		fmt.Fprintf(&b, " - %d", -int64(m.Disp))
	}
	return b.String() + "]"
}

// String writes the operand in Intel syntax; an index vector is shown at its widest.
func (m Mem) String() string { return m.text(Z) }

// Label is a place in the code that jumps name.
type Label int

type fixup struct {
	at    int
	label Label
}

// poolRef is a displacement at byte at, of an instruction that ends tail bytes after it.
type poolRef struct{ at, tail int }

// Line is one instruction of a listing: its offset in the code and its text.
type Line struct {
	Offset int
	Text   string
}

// Asm collects instructions. Its zero value is ready for use.
type Asm struct {
	Listing bool   // keep the text of every instruction in Lines
	Lines   []Line // the listing so far

	code   []byte
	labels []int
	fixups []fixup
	pools  []poolRef
}

// Len is the number of bytes of code so far.
func (a *Asm) Len() int { return len(a.code) }

// Mark is a state of an Asm to come back to.
type Mark struct{ code, labels, fixups, pools, lines int }

// Mark remembers the present state.
func (a *Asm) Mark() Mark {
	return Mark{len(a.code), len(a.labels), len(a.fixups), len(a.pools), len(a.Lines)}
}

// Back forgets everything since m.
func (a *Asm) Back(m Mark) {
	a.code, a.labels, a.fixups = a.code[:m.code], a.labels[:m.labels], a.fixups[:m.fixups]
	a.pools, a.Lines = a.pools[:m.pools], a.Lines[:m.lines]
}

// NewLabel makes a label that is not placed yet.
func (a *Asm) NewLabel() Label {
	a.labels = append(a.labels, -1)
	return Label(len(a.labels) - 1)
}

// Bind places label l here.
func (a *Asm) Bind(l Label) {
	a.labels[l] = len(a.code)
	if a.Listing {
		a.Lines = append(a.Lines, Line{len(a.code), fmt.Sprintf("L%d:", l)})
	}
}

// Bytes resolves the jumps and gives the code. Every label that a jump names must be bound.
func (a *Asm) Bytes() ([]byte, error) { return a.Link(nil) }

// Link resolves the jumps, puts the constant pool behind the code at a multiple of 64 bytes, and gives both.
func (a *Asm) Link(pool []byte) ([]byte, error) {
	for _, f := range a.fixups {
		to := a.labels[f.label]
		if to < 0 {
			return nil, fmt.Errorf("x86: jump at byte %d to label L%d, which is not bound", f.at, f.label)
		}
		binary.LittleEndian.PutUint32(a.code[f.at:], uint32(int32(to-(f.at+4))))
	}
	if len(a.pools) == 0 {
		return a.code, nil
	}
	start := (len(a.code) + 63) &^ 63
	for _, p := range a.pools {
		disp := int32(binary.LittleEndian.Uint32(a.code[p.at:]))
		binary.LittleEndian.PutUint32(a.code[p.at:], uint32(start+int(disp)-(p.at+4+p.tail)))
	}
	out := make([]byte, start, start+len(pool))
	for i := copy(out, a.code); i < start; i++ {
		out[i] = 0xcc
	}
	return append(out, pool...), nil
}

func (a *Asm) emit(b ...byte) { a.code = append(a.code, b...) }

func (a *Asm) imm32(v int32) { a.code = binary.LittleEndian.AppendUint32(a.code, uint32(v)) }

// list records the text of the instruction that starts at the present offset.
func (a *Asm) list(format string, args ...any) {
	a.Lines = append(a.Lines, Line{len(a.code), fmt.Sprintf(format, args...)})
}

// Note puts a comment in the listing.
func (a *Asm) Note(format string, args ...any) {
	if a.Listing {
		a.list("; "+format, args...)
	}
}

// nops are the recommended multi-byte no-operations of 1 to 8 bytes.
var nops = [...][]byte{
	{0x90}, {0x66, 0x90}, {0x0f, 0x1f, 0x00}, {0x0f, 0x1f, 0x40, 0}, {0x0f, 0x1f, 0x44, 0, 0},
	{0x66, 0x0f, 0x1f, 0x44, 0, 0}, {0x0f, 0x1f, 0x80, 0, 0, 0, 0}, {0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0},
}

// Align pads with no-operations to a multiple of n bytes.
func (a *Asm) Align(n int) {
	for pad := (n - len(a.code)%n) % n; pad > 0; {
		k := min(pad, len(nops))
		a.emit(nops[k-1]...)
		pad -= k
	}
}

// modrm writes ModRM, SIB and displacement for a memory operand; n is the disp8*N factor of EVEX, else 1.
func (a *Asm) modrm(reg byte, m Mem, n int32) {
	r, base := (reg&7)<<3, byte(m.Base&7)
	mod := byte(0x80)
	switch {
	case m.Disp == 0 && base != 5:
		mod = 0
	case m.Disp%n == 0 && m.Disp/n >= -128 && m.Disp/n <= 127:
		mod = 0x40
	}
	switch {
	case m.Scale != 0:
		var s byte
		for 1<<s < m.Scale {
			s++
		}
		a.emit(mod|r|4, s<<6|(m.Index&7)<<3|base)
	case base == 4:
		a.emit(mod|r|4, 0x24)
	default:
		a.emit(mod | r | base)
	}
	switch mod {
	case 0x40:
		a.emit(byte(int8(m.Disp / n)))
	case 0x80:
		a.imm32(m.Disp)
	}
}
