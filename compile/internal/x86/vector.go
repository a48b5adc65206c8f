package x86

import (
	"fmt"
	"strings"
)

// Ins is a vector instruction with its register operands. Which fields count depends on the Op: D is the
// destination (or the source of a store), S the middle operand, R the register in the last place. With
// AVX-512, K predicates it and Zero clears the lanes that K leaves out, otherwise they keep their values.
type Ins struct {
	Op      *Op
	W       Width
	D, S, R Vec
	K       K     // predicate; for gathers and scatters the mask that is consumed
	Zero    bool  // {z}
	Bcst    bool  // the memory operand is one element, repeated
	Imm     uint8 // immediate, or the mask register of Vblendvps
}

// needsEVEX says whether the instruction cannot be written in VEX.
func (x *Ins) needsEVEX(mem bool, m Mem) bool {
	if x.Op.flags&hasVEX == 0 || x.W == Z || x.K != 0 || x.Bcst || x.D > 15 ||
		x.middle(false) > 15 {
		return true
	}
	if mem {
		return x.Op.form == formShift || m.Vector && m.Index > 15
	}
	return x.R > 15
}

// middle is what goes into vvvv: the middle operand, where there is one.
func (x *Ins) middle(evex bool) Vec {
	switch x.Op.form {
	case form2, formStore, formFromV, formFromK:
		return 0
	case formGather:
		if evex {
			return 0
		}
	case formShift:
		return x.D
	}
	return x.S
}

// Do emits x with the register R as its last operand. Operands outside the instruction's form panic: that is
// a mistake in the code generator, never in its input.
func (a *Asm) Do(x Ins) {
	if x.Op.flags&memOnly != 0 {
		panic("x86: " + x.Op.Name + " wants a memory operand")
	}
	a.vector(x, false, Mem{})
}

// DoM emits x with memory operand m.
func (a *Asm) DoM(x Ins, m Mem) {
	if x.Op.flags&regOnly != 0 || x.Bcst && x.Op.flags&noBcst != 0 {
		panic("x86: " + x.Op.Name + " does not take this memory operand")
	}
	a.vector(x, true, m)
}

func (a *Asm) vector(x Ins, mem bool, m Mem) {
	if x.Op.flags&xmmOnly != 0 {
		x.W = X
	}
	evex := x.needsEVEX(mem, m)
	if evex && x.Op.flags&hasEVEX == 0 {
		panic(fmt.Sprintf("x86: %s has no EVEX form: %+v", x.Op.Name, x))
	}
	if a.Listing {
		a.list("%s", x.text(evex, mem, m))
	}
	reg, rm := byte(x.D), byte(x.R)
	if x.Op.form == formShift {
		reg = x.Op.ext
	}
	vvvv := byte(x.middle(evex))
	if evex {
		a.evex(&x, reg, vvvv, rm, mem, m)
	} else {
		a.vex(&x, reg, vvvv, rm, mem, m)
	}
	switch {
	case x.Op.form == formBlend:
		a.emit(x.Imm << 4)
	case x.Op.flags&hasImm != 0:
		a.emit(x.Imm)
	}
}

func flip(bit byte) byte { return ^bit & 1 }

func (a *Asm) vex(x *Ins, reg, vvvv, rm byte, mem bool, m Mem) {
	var w byte
	if x.Op.flags&w1VEX != 0 {
		w = 1
	}
	xbit, bbit := byte(0), rm>>3
	if mem {
		xbit, bbit = m.Index>>3, byte(m.Base)>>3
	}
	last := w<<7 | (^vvvv&15)<<3 | x.W.ll()<<2 | x.Op.pp
	if x.Op.mm == 1 && w == 0 && xbit == 0 && bbit == 0 {
		a.emit(0xc5, flip(reg>>3)<<7|last, x.Op.code)
	} else {
		a.emit(0xc4, flip(reg>>3)<<7|flip(xbit)<<6|flip(bbit)<<5|x.Op.mm, last, x.Op.code)
	}
	if mem {
		a.memory(x, reg, m, 1)
		return
	}
	a.emit(0xc0 | (reg&7)<<3 | rm&7)
}

func (a *Asm) evex(x *Ins, reg, vvvv, rm byte, mem bool, m Mem) {
	var w, z, b byte
	if x.Op.flags&w1EVEX != 0 {
		w = 1
	}
	if x.Zero {
		z = 1
	}
	if x.Bcst {
		b = 1
	}
	xbit, bbit, v4 := rm>>4, rm>>3, vvvv>>4
	if mem {
		xbit, bbit = m.Index>>3, byte(m.Base)>>3
		if m.Vector {
			v4 = m.Index >> 4
		}
	}
	a.emit(0x62,
		flip(reg>>3)<<7|flip(xbit)<<6|flip(bbit)<<5|flip(reg>>4)<<4|x.Op.mm,
		w<<7|(^vvvv&15)<<3|4|x.Op.pp,
		z<<7|x.W.ll()<<5|b<<4|flip(v4)<<3|byte(x.K),
		x.Op.code)
	if mem {
		a.memory(x, reg, m, x.dispScale())
		return
	}
	a.emit(0xc0 | (reg&7)<<3 | rm&7)
}

// memory writes the memory operand of x, whose displacement may be relative to the instruction's end.
func (a *Asm) memory(x *Ins, reg byte, m Mem, n int32) {
	if !m.Pool {
		a.modrm(reg, m, n)
		return
	}
	tail := 0
	if x.Op.flags&hasImm != 0 || x.Op.form == formBlend {
		tail = 1
	}
	a.emit((reg&7)<<3 | 5)
	a.pools = append(a.pools, poolRef{len(a.code), tail})
	a.imm32(m.Disp)
}

// dispScale is the N of disp8*N.
func (x *Ins) dispScale() int32 {
	switch {
	case x.Bcst && x.Op.flags&qword != 0:
		return 8
	case x.Bcst || x.Op.tuple == scalar4:
		return 4
	case x.Op.tuple == quarter:
		return 16
	case x.Op.tuple == half:
		return 32
	}
	return int32(x.W)
}

// rmText writes the last operand.
func (x *Ins) rmText(mem bool, m Mem) string {
	if !mem {
		switch {
		case x.Op.flags&rmHalf != 0:
			return X.Name(x.R)
		case x.Op.flags&rmQuad != 0:
			return Y.Name(x.R)
		}
		return x.W.Name(x.R)
	}
	s := m.text(x.W)
	if x.Bcst {
		n := int(x.W) / 4
		size := "dword"
		if x.Op.flags&qword != 0 {
			n, size = n/2, "qword"
		}
		s = fmt.Sprintf("%s ptr %s{1to%d}", size, s, n)
	}
	return s
}

func (x *Ins) maskText() string {
	s := ""
	if x.K != 0 {
		s = fmt.Sprintf(" {k%d}", x.K)
	}
	if x.Zero {
		s += " {z}"
	}
	return s
}

// text writes the instruction in Intel syntax.
func (x *Ins) text(evex, mem bool, m Mem) string {
	name := x.Op.Name
	if evex && x.Op.EName != "" {
		name = x.Op.EName
	}
	d, s, rm, k := x.W.Name(x.D), x.W.Name(x.S), x.rmText(mem, m), x.maskText()
	var ops []string
	switch x.Op.form {
	case form3:
		ops = []string{d + k, s, rm}
	case form2, formShift:
		ops = []string{d + k, rm}
	case formStore:
		ops = []string{rm + k, d}
	case formBlend:
		ops = []string{d, s, rm, x.W.Name(Vec(x.Imm))}
	case formGather:
		ops = x.gatherText(evex, d, s, rm)
	case formMaskLd:
		ops = []string{d, s, rm}
	case formMaskSt:
		ops = []string{rm, s, d}
	case formToMask:
		ops = []string{fmt.Sprintf("k%d", x.D) + k, s, rm}
	case formFromV:
		ops = []string{fmt.Sprintf("k%d", x.D), rm}
	case formFromK:
		ops = []string{d, fmt.Sprintf("k%d", x.R)}
	}
	if x.Op.flags&hasImm != 0 {
		ops = append(ops, fmt.Sprint(x.Imm))
	}
	return name + " " + strings.Join(ops, ", ")
}

func (x *Ins) gatherText(evex bool, d, s, rm string) []string {
	if x.Op == Vscatterdps {
		return []string{rm + fmt.Sprintf(" {k%d}", x.K), d}
	}
	if evex {
		return []string{d + fmt.Sprintf(" {k%d}", x.K), rm}
	}
	return []string{d, rm, s}
}
