package vec

import (
	"math"
	"math/bits"
)

// nothing are the operands of an instruction without any.
var nothing = [3]ID{None, None, None}

// add appends an instruction, or finds the equal one that the block already has.
func (b *builder) add(x Ins) ID {
	if !x.Op.Writes() {
		if id, ok := b.known[x]; ok {
			return id
		}
	}
	id := ID(len(b.ins))
	b.ins = append(b.ins, x)
	if !x.Op.Writes() {
		b.known[x] = id
	}
	if len(b.ins) > maxBlock {
		b.reject("a block of more than %d vector instructions", maxBlock)
	}
	return id
}

func (b *builder) op(op Op, args ...ID) ID { return b.opImm(op, 0, args...) }

func (b *builder) opImm(op Op, imm uint32, args ...ID) ID {
	x := Ins{Op: op, Args: nothing, Mask: None, Imm: imm}
	copy(x.Args[:], args)
	return b.add(x)
}

func (b *builder) bits(v uint32) ID { return b.opImm(Const, v) }

func (b *builder) float(v float64) ID { return b.bits(math.Float32bits(float32(v))) }

func (b *builder) int(v int) ID { return b.bits(uint32(v)) }

// lanes is start + step*l in lane l.
func (b *builder) lanes(start, step int) ID {
	if step == 0 {
		return b.int(start)
	}
	return b.add(Ins{Op: Lanes, Args: nothing, Mask: None, Imm: uint32(start), Step: int32(step)})
}

// allLanes are the mask bits of a whole vector.
func (b *builder) allLanes() uint32 { return 1<<b.f.Lanes - 1 }

func (b *builder) maskOf(m uint32) ID { return b.opImm(MaskOf, m&b.allLanes()) }

// constMask gives the bits of a mask that is known, and whether it is.
func (b *builder) constMask(id ID) (uint32, bool) {
	if id == None {
		return b.allLanes(), true
	}
	x := &b.ins[id]
	return x.Imm, x.Op == MaskOf
}

// constInt gives the value of a constant, and whether id is one.
func (b *builder) constInt(id ID) (uint32, bool) {
	x := &b.ins[id]
	return x.Imm, x.Op == Const
}

// maskBin combines masks and folds known ones.
func (b *builder) maskBin(op Op, p, q ID) ID {
	x, kx := b.constMask(p)
	y, ky := b.constMask(q)
	all := b.allLanes()
	if kx && ky {
		switch op {
		case MaskAnd:
			return b.maskOf(x & y)
		case MaskOr:
			return b.maskOf(x | y)
		case MaskXor:
			return b.maskOf(x ^ y)
		}
	}
	if kx {
		p, q, x, kx, ky = q, p, y, ky, kx
		y, _ = b.constMask(q)
	}
	if ky {
		switch {
		case op == MaskAnd && y == all, op == MaskOr && y == 0, op == MaskXor && y == 0:
			return p
		case op == MaskAnd && y == 0, op == MaskOr && y == all:
			return q
		case op == MaskXor && y == all:
			return b.maskNot(p)
		}
	}
	return b.op(op, p, q)
}

func (b *builder) maskNot(p ID) ID {
	if x, ok := b.constMask(p); ok {
		return b.maskOf(^x)
	}
	return b.op(MaskNot, p)
}

// choose is m ? x : y, lane by lane.
func (b *builder) choose(m, x, y ID) ID {
	if k, ok := b.constMask(m); ok {
		switch k {
		case 0:
			return y
		case b.allLanes():
			return x
		}
	}
	if x == y {
		return x
	}
	return b.op(Select, m, x, y)
}

// compare gives a mask.
func (b *builder) compare(op Op, r Relation, x, y ID) ID { return b.opImm(op, uint32(r), x, y) }

// intBin makes an integer instruction and folds constants.
func (b *builder) intBin(op Op, x, y ID) ID {
	cx, kx := b.constInt(x)
	cy, ky := b.constInt(y)
	switch {
	case kx && ky && op == AddI:
		return b.bits(cx + cy)
	case kx && ky && op == SubI:
		return b.bits(cx - cy)
	case kx && ky && op == MulI:
		return b.bits(cx * cy)
	case ky && cy == 0 && (op == AddI || op == SubI), ky && cy == 1 && op == MulI:
		return x
	case kx && cx == 0 && op == AddI, kx && cx == 1 && op == MulI:
		return y
	case ky && op == MulI && bits.OnesCount32(cy) == 1:
		return b.opImm(ShlI, uint32(bits.TrailingZeros32(cy)), x)
	case kx && op == MulI:
		return b.intBin(MulI, y, x)
	}
	return b.op(op, x, y)
}

// fma is x*y + z with one rounding.
func (b *builder) fma(x, y, z ID) ID { return b.op(FMA, x, y, z) }

// fnma is z - x*y with one rounding.
func (b *builder) fnma(x, y, z ID) ID { return b.op(FNMA, x, y, z) }

// poly is Horner's scheme: coefficients from the highest power down.
func (b *builder) poly(x ID, coef ...float64) ID {
	r := b.float(coef[0])
	for _, c := range coef[1:] {
		r = b.fma(r, x, b.float(c))
	}
	return r
}

// divide is floor(x/d) for a constant d > 0, by multiplication with the reciprocal (Granlund and Montgomery,
// "Division by invariant integers using multiplication", PLDI 1994). nonneg says that x is never negative.
func (b *builder) divide(x ID, d uint32, nonneg bool) ID {
	if d == 1 {
		return x
	}
	if bits.OnesCount32(d) == 1 {
		return b.opImm(SarI, uint32(bits.TrailingZeros32(d)), x)
	}
	// n < 2^31: with 2^s < d < 2^(s+1) and m = ceil(2^(32+s)/d) < 2^32, n*m>>(32+s) is exact.
	s := uint(bits.Len32(d) - 1)
	m := (uint64(1)<<(32+s) + uint64(d) - 1) / uint64(d)
	var sign ID
	n := x
	if !nonneg {
		sign = b.opImm(SarI, 31, x) // floor(x/d) = ^floor(^x/d) for x < 0
		n = b.op(Xor, x, sign)
	}
	q := b.opImm(ShrI, uint32(s), b.op(MulHiU, n, b.bits(uint32(m))))
	if !nonneg {
		q = b.op(Xor, q, sign)
	}
	return q
}
