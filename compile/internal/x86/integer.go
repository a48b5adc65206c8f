package x86

import "encoding/binary"

// Cond is the condition of a jump, by its hardware code.
type Cond byte

// The conditions that loops use: unsigned below and above, signed less and greater, and equality.
const (
	Below        Cond = 2
	AboveEqual   Cond = 3
	Equal        Cond = 4
	NotEqual     Cond = 5
	BelowEqual   Cond = 6
	Above        Cond = 7
	Less         Cond = 12
	GreaterEqual Cond = 13
	LessEqual    Cond = 14
	Greater      Cond = 15
)

var condNames = map[Cond]string{Below: "b", AboveEqual: "ae", Equal: "e", NotEqual: "ne", BelowEqual: "be",
	Above: "a", Less: "l", GreaterEqual: "ge", LessEqual: "le", Greater: "g"}

// alu is the group of two-operand arithmetic that shares one encoding.
type alu struct {
	name string
	code byte
}

var (
	aluAdd = alu{"add", 0}
	aluOr  = alu{"or", 1}
	aluAnd = alu{"and", 4}
	aluSub = alu{"sub", 5}
	aluXor = alu{"xor", 6}
	aluCmp = alu{"cmp", 7}
)

func (a *Asm) rex(w bool, reg, index, base byte) {
	x := byte(0x40)
	if w {
		x |= 8
	}
	x |= reg >> 3 & 1 << 2
	x |= index >> 3 & 1 << 1
	x |= base >> 3 & 1
	if w || x != 0x40 {
		a.emit(x)
	}
}

func (a *Asm) rr(w bool, code byte, reg, rm Reg) {
	a.rex(w, byte(reg), 0, byte(rm))
	a.emit(code, 0xc0|byte(reg&7)<<3|byte(rm&7))
}

func (a *Asm) rm(w bool, code byte, reg Reg, m Mem) {
	a.rex(w, byte(reg), m.Index, byte(m.Base))
	a.emit(code)
	a.modrm(byte(reg), m, 1)
}

func (a *Asm) aluRR(op alu, d, s Reg) {
	if a.Listing {
		a.list("%s %s, %s", op.name, d, s)
	}
	a.rr(true, op.code<<3|1, s, d)
}

func (a *Asm) aluRM(op alu, d Reg, m Mem) {
	if a.Listing {
		a.list("%s %s, %s", op.name, d, m)
	}
	a.rm(true, op.code<<3|3, d, m)
}

func (a *Asm) aluRI(op alu, d Reg, v int32) {
	if a.Listing {
		a.list("%s %s, %d", op.name, d, v)
	}
	a.rex(true, 0, 0, byte(d))
	if v >= -128 && v <= 127 {
		a.emit(0x83, 0xc0|op.code<<3|byte(d&7), byte(int8(v)))
		return
	}
	if d == RAX {
		a.emit(op.code<<3 | 5)
	} else {
		a.emit(0x81, 0xc0|op.code<<3|byte(d&7))
	}
	a.imm32(v)
}

func (a *Asm) aluMI(op alu, m Mem, v int32) {
	if a.Listing {
		a.list("%s qword ptr %s, %d", op.name, m, v)
	}
	if v >= -128 && v <= 127 {
		a.rm(true, 0x83, Reg(op.code), m)
		a.emit(byte(int8(v)))
		return
	}
	a.rm(true, 0x81, Reg(op.code), m)
	a.imm32(v)
}

// AddRR is d += s.
func (a *Asm) AddRR(d, s Reg) { a.aluRR(aluAdd, d, s) }

// AddRM is d += [m].
func (a *Asm) AddRM(d Reg, m Mem) { a.aluRM(aluAdd, d, m) }

// AddRI is d += v.
func (a *Asm) AddRI(d Reg, v int32) { a.aluRI(aluAdd, d, v) }

// AddMI is [m] += v on 64 bits.
func (a *Asm) AddMI(m Mem, v int32) { a.aluMI(aluAdd, m, v) }

// SubRR is d -= s.
func (a *Asm) SubRR(d, s Reg) { a.aluRR(aluSub, d, s) }

// SubRM is d -= [m].
func (a *Asm) SubRM(d Reg, m Mem) { a.aluRM(aluSub, d, m) }

// SubRI is d -= v.
func (a *Asm) SubRI(d Reg, v int32) { a.aluRI(aluSub, d, v) }

// AndRI is d &= v, with v sign-extended.
func (a *Asm) AndRI(d Reg, v int32) { a.aluRI(aluAnd, d, v) }

// AndRR is d &= s.
func (a *Asm) AndRR(d, s Reg) { a.aluRR(aluAnd, d, s) }

// OrRR is d |= s.
func (a *Asm) OrRR(d, s Reg) { a.aluRR(aluOr, d, s) }

// XorRR is d ^= s.
func (a *Asm) XorRR(d, s Reg) { a.aluRR(aluXor, d, s) }

// CmpRR compares d with s.
func (a *Asm) CmpRR(d, s Reg) { a.aluRR(aluCmp, d, s) }

// CmpRM compares d with [m].
func (a *Asm) CmpRM(d Reg, m Mem) { a.aluRM(aluCmp, d, m) }

// CmpRI compares d with v.
func (a *Asm) CmpRI(d Reg, v int32) { a.aluRI(aluCmp, d, v) }

// CmpMI compares the 64 bits at m with v.
func (a *Asm) CmpMI(m Mem, v int32) { a.aluMI(aluCmp, m, v) }

// TestRR sets the flags of d & s.
func (a *Asm) TestRR(d, s Reg) {
	if a.Listing {
		a.list("test %s, %s", d, s)
	}
	a.rr(true, 0x85, s, d)
}

// MovRR is d = s.
func (a *Asm) MovRR(d, s Reg) {
	if a.Listing {
		a.list("mov %s, %s", d, s)
	}
	a.rr(true, 0x89, s, d)
}

// MovRM is d = the 64 bits at m.
func (a *Asm) MovRM(d Reg, m Mem) {
	if a.Listing {
		a.list("mov %s, %s", d, m)
	}
	a.rm(true, 0x8b, d, m)
}

// MovMR stores the 64 bits of s at m.
func (a *Asm) MovMR(m Mem, s Reg) {
	if a.Listing {
		a.list("mov %s, %s", m, s)
	}
	a.rm(true, 0x89, s, m)
}

// MovMR32 stores the low 32 bits of s at m.
func (a *Asm) MovMR32(m Mem, s Reg) {
	if a.Listing {
		a.list("mov %s, %s", m, reg32Names[s])
	}
	a.rm(false, 0x89, s, m)
}

// MovMI stores v, sign-extended to 64 bits, at m.
func (a *Asm) MovMI(m Mem, v int32) {
	if a.Listing {
		a.list("mov qword ptr %s, %d", m, v)
	}
	a.rm(true, 0xc7, 0, m)
	a.imm32(v)
}

// MovsxdRM is d = the int32 at m, sign-extended.
func (a *Asm) MovsxdRM(d Reg, m Mem) {
	if a.Listing {
		a.list("movsxd %s, dword ptr %s", d, m)
	}
	a.rm(true, 0x63, d, m)
}

// MovsxdRR is d = the low 32 bits of s, sign-extended.
func (a *Asm) MovsxdRR(d, s Reg) {
	if a.Listing {
		a.list("movsxd %s, %s", d, reg32Names[s])
	}
	a.rr(true, 0x63, d, s)
}

// MovRI is d = v, in the shortest of the three forms.
func (a *Asm) MovRI(d Reg, v int64) {
	switch {
	case v >= 0 && v < 1<<32:
		if a.Listing {
			a.list("mov %s, %d", reg32Names[d], v)
		}
		a.rex(false, 0, 0, byte(d))
		a.emit(0xb8 | byte(d&7))
		a.imm32(int32(uint32(v)))
	case v == int64(int32(v)):
		if a.Listing {
			a.list("mov %s, %d", d, v)
		}
		a.rex(true, 0, 0, byte(d))
		a.emit(0xc7, 0xc0|byte(d&7))
		a.imm32(int32(v))
	default:
		if a.Listing {
			a.list("movabs %s, %d", d, v)
		}
		a.rex(true, 0, 0, byte(d))
		a.emit(0xb8 | byte(d&7))
		a.code = binary.LittleEndian.AppendUint64(a.code, uint64(v))
	}
}

// Lea is d = the address of m.
func (a *Asm) Lea(d Reg, m Mem) {
	if a.Listing {
		a.list("lea %s, %s", d, m)
	}
	a.rm(true, 0x8d, d, m)
}

// ImulRR is d *= s.
func (a *Asm) ImulRR(d, s Reg) {
	if a.Listing {
		a.list("imul %s, %s", d, s)
	}
	a.rex(true, byte(d), 0, byte(s))
	a.emit(0x0f, 0xaf, 0xc0|byte(d&7)<<3|byte(s&7))
}

// ImulRM is d *= the 64 bits at m.
func (a *Asm) ImulRM(d Reg, m Mem) {
	if a.Listing {
		a.list("imul %s, %s", d, m)
	}
	a.rex(true, byte(d), m.Index, byte(m.Base))
	a.emit(0x0f, 0xaf)
	a.modrm(byte(d), m, 1)
}

// ImulRRI is d = s * v.
func (a *Asm) ImulRRI(d, s Reg, v int32) {
	if a.Listing {
		a.list("imul %s, %s, %d", d, s, v)
	}
	if v >= -128 && v <= 127 {
		a.rr(true, 0x6b, d, s)
		a.emit(byte(int8(v)))
		return
	}
	a.rr(true, 0x69, d, s)
	a.imm32(v)
}

// ImulRMI is d = the 64 bits at m * v.
func (a *Asm) ImulRMI(d Reg, m Mem, v int32) {
	if a.Listing {
		a.list("imul %s, qword ptr %s, %d", d, m, v)
	}
	if v >= -128 && v <= 127 {
		a.rm(true, 0x6b, d, m)
		a.emit(byte(int8(v)))
		return
	}
	a.rm(true, 0x69, d, m)
	a.imm32(v)
}

func (a *Asm) shift(name string, ext byte, d Reg, n uint8) {
	if a.Listing {
		a.list("%s %s, %d", name, d, n)
	}
	a.rex(true, 0, 0, byte(d))
	if n == 1 {
		a.emit(0xd1, 0xc0|ext<<3|byte(d&7))
		return
	}
	a.emit(0xc1, 0xc0|ext<<3|byte(d&7), n)
}

// ShlRI is d <<= n.
func (a *Asm) ShlRI(d Reg, n uint8) { a.shift("shl", 4, d, n) }

// ShrRI is d >>= n, unsigned.
func (a *Asm) ShrRI(d Reg, n uint8) { a.shift("shr", 5, d, n) }

// SarRI is d >>= n, signed.
func (a *Asm) SarRI(d Reg, n uint8) { a.shift("sar", 7, d, n) }

// Inc is d++.
func (a *Asm) Inc(d Reg) {
	if a.Listing {
		a.list("inc %s", d)
	}
	a.rr(true, 0xff, 0, d)
}

// Dec is d--.
func (a *Asm) Dec(d Reg) {
	if a.Listing {
		a.list("dec %s", d)
	}
	a.rr(true, 0xff, 1, d)
}

// DecM is [m]-- on 64 bits.
func (a *Asm) DecM(m Mem) {
	if a.Listing {
		a.list("dec qword ptr %s", m)
	}
	a.rm(true, 0xff, 1, m)
}

// Jump goes to l when c holds.
func (a *Asm) Jump(c Cond, l Label) {
	if a.Listing {
		a.list("j%s L%d", condNames[c], l)
	}
	a.emit(0x0f, 0x80|byte(c))
	a.fixups = append(a.fixups, fixup{len(a.code), l})
	a.imm32(0)
}

// Goto goes to l.
func (a *Asm) Goto(l Label) {
	if a.Listing {
		a.list("jmp L%d", l)
	}
	a.emit(0xe9)
	a.fixups = append(a.fixups, fixup{len(a.code), l})
	a.imm32(0)
}

// Ret returns to the caller.
func (a *Asm) Ret() {
	if a.Listing {
		a.list("ret")
	}
	a.emit(0xc3)
}

// Sfence orders the non-temporal stores before everything after it.
func (a *Asm) Sfence() {
	if a.Listing {
		a.list("sfence")
	}
	a.emit(0x0f, 0xae, 0xf8)
}

// Prefetch brings the line at m near: level 0 to 3 is T0, T1, T2 or NTA, as the SDM numbers them 1, 2, 3, 0.
func (a *Asm) Prefetch(level int, m Mem) {
	names := [...]string{"t0", "t1", "t2", "nta"}
	if a.Listing {
		a.list("prefetch%s byte ptr %s", names[level], m)
	}
	a.rex(false, 0, m.Index, byte(m.Base))
	a.emit(0x0f, 0x18)
	a.modrm(byte(level+1)&3, m, 1)
}
