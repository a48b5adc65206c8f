package x86

// kop writes a VEX instruction on mask registers, all registers.
func (a *Asm) kop(l, pp, code, reg, vvvv, rm byte) {
	last := (^vvvv&15)<<3 | l<<2 | pp
	if rm < 8 {
		a.emit(0xc5, flip(reg>>3)<<7|last)
	} else {
		a.emit(0xc4, flip(reg>>3)<<7|1<<6|flip(rm>>3)<<5|1, last)
	}
	a.emit(code, 0xc0|(reg&7)<<3|rm&7)
}

// KmovKR sets the 16 bits of mask d from the low bits of s.
func (a *Asm) KmovKR(d K, s Reg) {
	if a.Listing {
		a.list("kmovw k%d, %s", d, reg32Names[s])
	}
	a.kop(0, 0, 0x92, byte(d), 0, byte(s))
}

// KmovRK is d = the 16 bits of mask s.
func (a *Asm) KmovRK(d Reg, s K) {
	if a.Listing {
		a.list("kmovw %s, k%d", reg32Names[d], s)
	}
	a.kop(0, 0, 0x93, byte(d), 0, byte(s))
}

// KmovKK is d = s.
func (a *Asm) KmovKK(d, s K) {
	if a.Listing {
		a.list("kmovw k%d, k%d", d, s)
	}
	a.kop(0, 0, 0x90, byte(d), 0, byte(s))
}

func (a *Asm) kmem(code byte, k K, m Mem) {
	last := byte(15 << 3)
	if m.Index < 8 && m.Base < 8 {
		a.emit(0xc5, 0x80|last, code)
	} else {
		a.emit(0xc4, 0x80|flip(m.Index>>3)<<6|flip(byte(m.Base)>>3)<<5|1, last, code)
	}
	a.modrm(byte(k), m, 1)
}

// KmovKM is d = the 16 bits at m.
func (a *Asm) KmovKM(d K, m Mem) {
	if a.Listing {
		a.list("kmovw k%d, %s", d, m)
	}
	a.kmem(0x90, d, m)
}

// KmovMK stores the 16 bits of s at m.
func (a *Asm) KmovMK(m Mem, s K) {
	if a.Listing {
		a.list("kmovw %s, k%d", m, s)
	}
	a.kmem(0x91, s, m)
}

func (a *Asm) k3(name string, code byte, d, s, r K) {
	if a.Listing {
		a.list("%s k%d, k%d, k%d", name, d, s, r)
	}
	a.kop(1, 0, code, byte(d), byte(s), byte(r))
}

// Kand is d = s & r.
func (a *Asm) Kand(d, s, r K) { a.k3("kandw", 0x41, d, s, r) }

// Kandn is d = ^s & r.
func (a *Asm) Kandn(d, s, r K) { a.k3("kandnw", 0x42, d, s, r) }

// Kor is d = s | r.
func (a *Asm) Kor(d, s, r K) { a.k3("korw", 0x45, d, s, r) }

// Kxnor is d = ^(s ^ r); with s = r it sets every bit.
func (a *Asm) Kxnor(d, s, r K) { a.k3("kxnorw", 0x46, d, s, r) }

// Kxor is d = s ^ r.
func (a *Asm) Kxor(d, s, r K) { a.k3("kxorw", 0x47, d, s, r) }

// Knot is d = ^s.
func (a *Asm) Knot(d, s K) {
	if a.Listing {
		a.list("knotw k%d, k%d", d, s)
	}
	a.kop(0, 0, 0x44, byte(d), 0, byte(s))
}

// VmovdVR puts the low 32 bits of s into lane 0 of d and clears the rest.
func (a *Asm) VmovdVR(d Vec, s Reg) {
	if a.Listing {
		a.list("vmovd %s, %s", X.Name(d), reg32Names[s])
	}
	a.vmovd(0x6e, d, s)
}

// VmovdRV is d = lane 0 of s, zero-extended to 64 bits.
func (a *Asm) VmovdRV(d Reg, s Vec) {
	if a.Listing {
		a.list("vmovd %s, %s", reg32Names[d], X.Name(s))
	}
	a.vmovd(0x7e, s, d)
}

func (a *Asm) vmovd(code byte, v Vec, r Reg) {
	reg, rm := byte(v), byte(r)
	switch {
	case v > 15:
		a.emit(0x62, flip(reg>>3)<<7|1<<6|flip(rm>>3)<<5|flip(reg>>4)<<4|1, 0x7d, 0x08)
	case rm < 8:
		a.emit(0xc5, flip(reg>>3)<<7|15<<3|1)
	default:
		a.emit(0xc4, flip(reg>>3)<<7|1<<6|flip(rm>>3)<<5|1, 15<<3|1)
	}
	a.emit(code, 0xc0|(reg&7)<<3|rm&7)
}

// VpbroadcastR fills every lane of d with the low 32 bits of s; AVX-512 only.
func (a *Asm) VpbroadcastR(w Width, d Vec, s Reg) {
	if a.Listing {
		a.list("vpbroadcastd %s, %s", w.Name(d), reg32Names[s])
	}
	reg, rm := byte(d), byte(s)
	a.emit(0x62, flip(reg>>3)<<7|1<<6|flip(rm>>3)<<5|flip(reg>>4)<<4|2, 0x7d, w.ll()<<5|0x08,
		0x7c, 0xc0|(reg&7)<<3|rm&7)
}

// Vzeroupper clears the upper halves, so that SSE code after the kernel runs at full speed.
func (a *Asm) Vzeroupper() {
	if a.Listing {
		a.list("vzeroupper")
	}
	a.emit(0xc5, 0xf8, 0x77)
}
