package amd64

import (
	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// binary are the instructions of two operands and one x86 instruction.
var binary = map[vec.Op]struct {
	op       *x86.Op
	commutes bool
}{
	vec.AddF: {x86.Vaddps, true}, vec.SubF: {x86.Vsubps, false}, vec.MulF: {x86.Vmulps, true},
	vec.DivF: {x86.Vdivps, false}, vec.MinF: {x86.Vminps, false}, vec.MaxF: {x86.Vmaxps, false},
	vec.AddI: {x86.Vpaddd, true}, vec.SubI: {x86.Vpsubd, false}, vec.MulI: {x86.Vpmulld, true},
	vec.MinI: {x86.Vpminsd, true}, vec.MaxI: {x86.Vpmaxsd, true}, vec.And: {x86.Vpand, true},
	vec.Or: {x86.Vpor, true}, vec.Xor: {x86.Vpxor, true}, vec.AndNot: {x86.Vpandn, false},
	vec.ShlV: {x86.Vpsllvd, false}, vec.ShrV: {x86.Vpsrlvd, false}, vec.ScaleF: {x86.Vscalefps, false},
	vec.UnpackLo: {x86.Vunpcklps, false}, vec.UnpackHi: {x86.Vunpckhps, false},
	vec.UnpackLo2: {x86.Vunpcklpd, false}, vec.UnpackHi2: {x86.Vunpckhpd, false},
}

// unary are the instructions of one operand; imm is their immediate.
var unary = map[vec.Op]struct {
	op  *x86.Op
	imm uint8
}{
	vec.SqrtF: {x86.Vsqrtps, 0}, vec.Round: {x86.Vroundps, 8}, vec.Floor: {x86.Vroundps, 9},
	vec.ToInt: {x86.Vcvttps2dq, 0}, vec.Nearby: {x86.Vcvtps2dq, 0}, vec.ToFloat: {x86.Vcvtdq2ps, 0},
}

var shifts = map[vec.Op]*x86.Op{vec.ShlI: x86.Vpslld, vec.ShrI: x86.Vpsrld, vec.SarI: x86.Vpsrad}

// fused gives the three forms of a fused multiply-add.
var fused = map[vec.Op][3]*x86.Op{
	vec.FMA:  {x86.Vfmadd132ps, x86.Vfmadd213ps, x86.Vfmadd231ps},
	vec.FNMA: {x86.Vfnmadd132ps, x86.Vfnmadd213ps, x86.Vfnmadd231ps},
	vec.FMS:  {x86.Vfmsub132ps, x86.Vfmsub213ps, x86.Vfmsub231ps},
}

// instruction emits the code of value id, or nothing for what its users make on demand.
func (al *alloc) instruction(id vec.ID) {
	x := &al.b.Ins[id]
	if al.val[id].fold {
		return
	}
	switch x.Op {
	case vec.Const, vec.Lanes, vec.MaskOf, vec.VarIn, vec.Kept, vec.KeptMask:
		return
	case vec.Keep:
		al.keep(x)
		return
	case vec.LoopVar:
		al.loopVar(id, int(x.Var))
		return
	case vec.Load, vec.LoadOne, vec.LoadStep, vec.Gather:
		x.Each(func(a vec.ID) {
			if a != x.Mask || !al.maskInResult(x) {
				al.reg(a)
			}
		})
		al.load(id, al.result(id))
		return
	case vec.Store, vec.StoreOne, vec.StoreStep, vec.Scatter:
		al.store(x)
		return
	case vec.FMA, vec.FNMA, vec.FMS:
		al.fma(id, x)
		return
	case vec.Select:
		al.choose(id, x)
		return
	case vec.CmpF, vec.CmpI, vec.CmpU, vec.MaskAnd, vec.MaskOr, vec.MaskXor, vec.MaskNot:
		al.masking(id, x)
		return
	case vec.MulHiU:
		al.mulHigh(id, x)
		return
	case vec.Reduce:
		al.reduce(id, x)
		return
	case vec.Extract:
		al.extract(id, x)
		return
	case vec.Blocks:
		al.blocks(id, x)
		return
	}
	if op, ok := shifts[x.Op]; ok {
		a := al.reg(x.Args[0])
		d := al.result(id, x.Args[0])
		al.a.Do(x86.Ins{Op: op, W: al.w, D: d, R: a, Imm: uint8(x.Imm)})
		return
	}
	if u, ok := unary[x.Op]; ok {
		al.last(id, x86.Ins{Op: u.op, Imm: u.imm}, x.Args[0])
		return
	}
	b := binary[x.Op]
	p, q := x.Args[0], x.Args[1]
	if b.commutes && (al.val[p].fold || al.memory(p) && !al.memory(q)) {
		p, q = q, p
	}
	i := x86.Ins{Op: b.op, S: al.reg(p)}
	al.last(id, i, q, p)
}

// operand gives the memory operand for value id, where it has one and its register would not pay.
func (al *alloc) operand(id vec.ID) (m x86.Mem, bcst, ok bool) {
	v, x := &al.val[id], &al.b.Ins[id]
	switch {
	case v.fold:
		return al.address(x), x.Op == vec.LoadOne, true
	case v.at == spilled && v.class == vector:
		return x86.At(frameReg, v.slot), false, true
	case x.Op == vec.Const && v.at == nowhere && x.Imm != 0:
		left := len(v.uses) - v.next
		if left > 1 && al.spare() > 5 {
			return m, false, false
		}
		m, bcst = al.word(x.Imm)
		return m, bcst, true
	}
	return m, false, false
}

// spare counts the free vector registers.
func (al *alloc) spare() int {
	n := 0
	f := &al.files[vector]
	for r, o := range f.owner {
		if f.usable[r] && o == vec.None {
			n++
		}
	}
	return n
}

// last emits i with value q as its last operand, from memory where that pays; the result may overwrite q or
// the values of also, which are in registers.
func (al *alloc) last(id vec.ID, i x86.Ins, q vec.ID, also ...vec.ID) {
	i.W = al.w
	if m, bcst, ok := al.operand(q); ok && (!bcst || al.isa.masks) {
		i.D, i.Bcst = al.result(id, also...), bcst
		al.a.DoM(i, m)
		return
	}
	i.R = al.reg(q)
	i.D = al.result(id, append(also, q)...)
	al.a.Do(i)
}

func (al *alloc) move(d, s x86.Vec) {
	if d != s {
		al.a.Do(x86.Ins{Op: x86.Vmovaps, W: al.w, D: d, R: s})
	}
}

// fma chooses the form by which operand dies and which one is in memory.
func (al *alloc) fma(id vec.ID, x *vec.Ins) {
	form := fused[x.Op]
	p, q, c := x.Args[0], x.Args[1], x.Args[2]
	inMem := func(v vec.ID) bool { return al.val[v].fold }
	free := func(v vec.ID) bool { return !al.memory(v) && al.dies(v) && al.val[v].at == inReg }
	if inMem(p) || al.memory(p) && !inMem(q) {
		p, q = q, p // a product's memory operand is q
	}
	wantsC := al.val[id].hint >= 0 && al.val[id].hint == al.val[c].hint
	switch {
	case free(c) || wantsC && al.dies(c) && !inMem(c), !free(p) && !(free(q) && !inMem(q)) && !inMem(c):
		al.accumulate(id, form[2], p, q, c)
	case inMem(c) || !inMem(q): // p*q + c with c last
		if !free(p) && free(q) {
			p, q = q, p
		}
		s := al.reg(q)
		r := al.reg(p)
		i := x86.Ins{Op: form[1], W: al.w, S: s}
		m, bcst, ok := al.operand(c)
		if !ok {
			i.R = al.reg(c)
		}
		i.D = al.result(id, p)
		if !free(p) || i.D != r {
			al.move(i.D, r)
		}
		if i.Bcst = bcst; ok {
			al.a.DoM(i, m)
		} else {
			al.a.Do(i)
		}
	default: // q in memory and p dies: p = p*q + c
		i := x86.Ins{Op: form[0], W: al.w}
		r := al.reg(p)
		i.S = al.reg(c)
		m, bcst, _ := al.operand(q)
		i.D, i.Bcst = al.result(id, p), bcst
		al.move(i.D, r)
		al.a.DoM(i, m)
	}
}

// accumulate is c += p*q: the sum overwrites c, or a copy of it.
func (al *alloc) accumulate(id vec.ID, op *x86.Op, p, q, c vec.ID) {
	i := x86.Ins{Op: op, W: al.w, S: al.reg(p)}
	m, bcst, ok := al.operand(q)
	if !ok {
		i.R = al.reg(q)
	}
	if cm, cb, inMem := al.operand(c); inMem {
		i.D = al.result(id)
		switch {
		case cb:
			al.a.DoM(x86.Ins{Op: x86.Vbroadcastss, W: al.w, D: i.D}, cm)
		default:
			al.a.DoM(x86.Ins{Op: x86.Vmovups, W: al.w, D: i.D}, cm)
		}
	} else {
		r := al.reg(c)
		i.D = al.result(id, c)
		al.move(i.D, r)
	}
	if i.Bcst = bcst; ok {
		al.a.DoM(i, m)
		return
	}
	al.a.Do(i)
}

// choose is mask ? a : b.
func (al *alloc) choose(id vec.ID, x *vec.Ins) {
	m, p, q := x.Args[0], x.Args[1], x.Args[2]
	if !al.isa.masks {
		k, s := al.reg(m), al.reg(q)
		al.last(id, x86.Ins{Op: x86.Vblendvps, S: s, Imm: uint8(k)}, p, q)
		return
	}
	k, s := al.k(m), al.reg(q)
	al.last(id, x86.Ins{Op: x86.Vblendmps, S: s, K: k}, p, q)
}

func (al *alloc) loopVar(id vec.ID, v int) {
	c := &al.counters[v]
	d := al.result(id)
	switch {
	case !c.inReg:
		al.a.DoM(x86.Ins{Op: x86.Vpbroadcastd, W: al.w, D: d}, x86.At(frameReg, c.slot))
	case al.isa.masks:
		al.a.VpbroadcastR(al.w, d, c.reg)
	default:
		al.a.VmovdVR(d, c.reg)
		al.a.Do(x86.Ins{Op: x86.Vpbroadcastd, W: al.w, D: d, R: d})
	}
}

// mulHigh multiplies the even and the odd lanes as 64-bit products and puts their upper halves together.
func (al *alloc) mulHigh(id vec.ID, x *vec.Ins) {
	p, q := al.reg(x.Args[0]), al.reg(x.Args[1])
	even, odd := al.temp(vector), al.temp(vector)
	do := func(op *x86.Op, d, s, r x86.Vec, imm uint8) {
		al.a.Do(x86.Ins{Op: op, W: al.w, D: d, S: s, R: r, Imm: imm})
	}
	do(x86.Vpsrlq, even, 0, p, 32)
	do(x86.Vpsrlq, odd, 0, q, 32)
	do(x86.Vpmuludq, odd, even, odd, 0)
	do(x86.Vpmuludq, even, p, q, 0)
	do(x86.Vpsrlq, even, 0, even, 32)
	at := al.words(func(l int) uint32 { return -(uint32(l) & 1) })
	al.a.DoM(x86.Ins{Op: x86.Vpand, W: al.w, D: odd, S: odd}, x86.Constant(at))
	d := al.result(id, x.Args[0], x.Args[1])
	do(x86.Vpor, d, even, odd, 0)
	al.free(vector, even)
	al.free(vector, odd)
}

// reduce folds the vector in halves, then repeats the result in all lanes.
func (al *alloc) reduce(id vec.ID, x *vec.Ins) {
	s := al.reg(x.Args[0])
	t, u := al.temp(vector), al.temp(vector)
	op := binary[vec.Op(x.Imm)].op
	w := al.w
	if w == x86.Z {
		al.a.Do(x86.Ins{Op: x86.Vextractf64x4, W: x86.Z, D: s, R: t, Imm: 1})
		al.a.Do(x86.Ins{Op: op, W: x86.Y, D: u, S: s, R: t})
		s = u
	}
	al.a.Do(x86.Ins{Op: x86.Vextractf128, W: x86.Y, D: s, R: t, Imm: 1})
	al.a.Do(x86.Ins{Op: op, W: x86.X, D: u, S: s, R: t})
	for _, order := range []uint8{0b01001110, 0b10110001} {
		al.a.Do(x86.Ins{Op: x86.Vpermilps, W: x86.X, D: t, R: u, Imm: order})
		al.a.Do(x86.Ins{Op: op, W: x86.X, D: u, S: u, R: t})
	}
	d := al.result(id, x.Args[0])
	al.a.Do(x86.Ins{Op: x86.Vbroadcastss, W: w, D: d, R: u})
	al.free(vector, t)
	al.free(vector, u)
}

// extract repeats lane Imm in all lanes.
func (al *alloc) extract(id vec.ID, x *vec.Ins) {
	s := al.reg(x.Args[0])
	t := al.temp(vector)
	if l := uint8(x.Imm); l >= 4 {
		al.a.Do(x86.Ins{Op: x86.Vextractf128, W: al.w, D: s, R: t, Imm: l / 4})
		s = t
	}
	al.a.Do(x86.Ins{Op: x86.Vpermilps, W: x86.X, D: t, R: s, Imm: uint8(x.Imm) % 4 * 0x55})
	d := al.result(id, x.Args[0])
	al.a.Do(x86.Ins{Op: x86.Vbroadcastss, W: al.w, D: d, R: t})
	al.free(vector, t)
}

func (al *alloc) blocks(id vec.ID, x *vec.Ins) {
	p := al.reg(x.Args[0])
	i := x86.Ins{Op: x86.Vshuff32x4, S: p, Imm: uint8(x.Imm)}
	if al.w == x86.Y {
		i.Op, i.Imm = x86.Vperm2f128, uint8(x.Imm&3|(2|x.Imm>>2&3)<<4)
	}
	al.last(id, i, x.Args[1], x.Args[0])
}
