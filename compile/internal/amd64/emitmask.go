package amd64

import (
	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// Predicates of vcmpps: ordered and quiet, but NE, which is true for NaN. Those of vpcmpd follow.
var (
	floatRelation = [...]uint8{vec.LT: 17, vec.LE: 18, vec.EQ: 0, vec.NE: 4}
	intRelation   = [...]uint8{vec.LT: 1, vec.LE: 2, vec.EQ: 0, vec.NE: 4}
)

// masking emits comparisons and the logic of masks.
func (al *alloc) masking(id vec.ID, x *vec.Ins) {
	if !al.isa.masks {
		al.maskingVectors(id, x)
		return
	}
	switch x.Op {
	case vec.CmpF:
		al.intoMask(id, x, x86.Ins{Op: x86.VcmppsK, Imm: floatRelation[x.Imm]})
	case vec.CmpI:
		al.intoMask(id, x, x86.Ins{Op: x86.VpcmpdK, Imm: intRelation[x.Imm]})
	case vec.CmpU:
		al.intoMask(id, x, x86.Ins{Op: x86.VpcmpudK, Imm: intRelation[x.Imm]})
	case vec.MaskNot:
		s := al.k(x.Args[0])
		al.a.Knot(x86.K(al.result(id, x.Args[0])), s)
	default:
		p, q := al.k(x.Args[0]), al.k(x.Args[1])
		d := x86.K(al.result(id, x.Args[0], x.Args[1]))
		switch x.Op {
		case vec.MaskAnd:
			al.a.Kand(d, p, q)
		case vec.MaskOr:
			al.a.Kor(d, p, q)
		case vec.MaskXor:
			al.a.Kxor(d, p, q)
		}
	}
}

func (al *alloc) intoMask(id vec.ID, x *vec.Ins, i x86.Ins) {
	i.W, i.S = al.w, al.reg(x.Args[0])
	m, bcst, ok := al.operand(x.Args[1])
	if !ok {
		i.R = al.reg(x.Args[1])
	}
	i.D, i.Bcst = al.result(id), bcst
	if ok {
		al.a.DoM(i, m)
		return
	}
	al.a.Do(i)
}

// maskingVectors is masking where masks are vectors of zeros and ones in all bits.
func (al *alloc) maskingVectors(id vec.ID, x *vec.Ins) {
	logic := map[vec.Op]*x86.Op{vec.MaskAnd: x86.Vpand, vec.MaskOr: x86.Vpor, vec.MaskXor: x86.Vpxor}
	switch x.Op {
	case vec.CmpF:
		p := al.reg(x.Args[0])
		al.last(id, x86.Ins{Op: x86.Vcmpps, S: p, Imm: floatRelation[x.Imm]}, x.Args[1], x.Args[0])
		return
	case vec.CmpI, vec.CmpU:
		al.compareInts(id, x)
		return
	case vec.MaskNot:
		p := al.reg(x.Args[0])
		d := al.result(id, x.Args[0])
		m, _ := al.word(^uint32(0))
		al.a.DoM(x86.Ins{Op: x86.Vpxor, W: al.w, D: d, S: p}, m)
		return
	}
	p, q := al.reg(x.Args[0]), al.reg(x.Args[1])
	d := al.result(id, x.Args[0], x.Args[1])
	al.a.Do(x86.Ins{Op: logic[x.Op], W: al.w, D: d, S: p, R: q})
}

// compareInts has only equal and signed greater to work with.
func (al *alloc) compareInts(id vec.ID, x *vec.Ins) {
	p, q := al.reg(x.Args[0]), al.reg(x.Args[1])
	if x.Op == vec.CmpU { // flipping the upper bit maps the unsigned order to the signed one
		t, u := al.temp(vector), al.temp(vector)
		m, _ := al.word(1 << 31)
		al.a.DoM(x86.Ins{Op: x86.Vpxor, W: al.w, D: t, S: p}, m)
		al.a.DoM(x86.Ins{Op: x86.Vpxor, W: al.w, D: u, S: q}, m)
		p, q = t, u
		defer al.free(vector, t)
		defer al.free(vector, u)
	}
	op, not := x86.Vpcmpgtd, false
	switch vec.Relation(x.Imm) {
	case vec.LT:
		p, q = q, p
	case vec.LE:
		not = true
	case vec.EQ:
		op = x86.Vpcmpeqd
	case vec.NE:
		op, not = x86.Vpcmpeqd, true
	}
	d := al.result(id, x.Args[0], x.Args[1])
	al.a.Do(x86.Ins{Op: op, W: al.w, D: d, S: p, R: q})
	if not {
		m, _ := al.word(^uint32(0))
		al.a.DoM(x86.Ins{Op: x86.Vpxor, W: al.w, D: d, S: d}, m)
	}
}
