package vec

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// maxOffset is how many elements an access may lie from its stream's pointer: its bytes must fit in 31 bits.
const maxOffset = 1 << 28

// stream gives the number of the stream of a buffer with these terms.
func (b *builder) stream(buf int, terms []Term) int32 {
	if len(terms) > maxTerms {
		b.reject("an address by %d loop variables, at most %d", len(terms), maxTerms)
		return 0
	}
	k := streamKey{buf: buf, n: len(terms)}
	copy(k.terms[:], terms)
	s, ok := b.streams[k]
	if !ok {
		s = len(b.prog.Streams)
		b.streams[k] = s
		b.prog.Streams = append(b.prog.Streams, Stream{buf, terms})
	}
	return int32(s)
}

// tail is the mask of the active lanes, None when all are.
func (b *builder) tail() ID {
	if b.laneVar < 0 || b.active == b.f.Lanes {
		return None
	}
	return b.maskOf(1<<b.active - 1)
}

// both is the conjunction of two masks that may be None.
func (b *builder) both(p, q ID) ID {
	switch {
	case p == None:
		return q
	case q == None:
		return p
	}
	return b.maskBin(MaskAnd, p, q)
}

func (b *builder) elems(buf int) int {
	if buf < len(b.nest.Bufs) {
		return b.nest.Bufs[buf].Elems
	}
	return b.prog.Tiles[buf-len(b.nest.Bufs)]
}

func (b *builder) bufName(buf int) string {
	if buf < len(b.nest.Bufs) {
		return b.nest.Bufs[buf].Name
	}
	return "a register tile"
}

// inside checks an unconditional affine access against its buffer.
func (b *builder) inside(buf int, l linear) {
	lo, hi := b.bounds(l)
	if n := b.elems(buf); lo < 0 || hi >= n {
		b.fail("access to elements %d to %d of %s, which has %d", lo, hi, b.bufName(buf), n)
	}
}

// fromMemory turns what a load gives into the value: bools are stored as 0 or 1.
func (b *builder) fromMemory(d ir.DType, v ID) ID {
	if d == ir.Bool {
		return b.compare(CmpI, NE, v, b.int(0))
	}
	return v
}

// toMemory is the opposite.
func (b *builder) toMemory(d ir.DType, v ID) ID {
	if d == ir.Bool {
		return b.choose(v, b.int(1), b.int(0))
	}
	return v
}

func (b *builder) load(e *expr.Expr) ID {
	buf := int(e.I)
	mask := None
	if e.Pred != nil {
		mask = b.eval(e.Pred)
		if m, ok := b.constMask(mask); ok {
			need := uint32(1)<<b.active - 1
			switch m & need {
			case 0:
				return b.fromMemory(e.Type, b.bits(0))
			case need:
				mask = None
			}
		}
	}
	b.predicate = e.Pred
	l, ok := b.affine(e.Args[0])
	if !ok {
		return b.fromMemory(e.Type, b.loadAnywhere(buf, e.Args[0], mask))
	}
	if mask == None {
		b.inside(buf, l)
	}
	return b.fromMemory(e.Type, b.loadLinear(buf, l, mask))
}

func (b *builder) access(op Op, buf int, terms []Term) Ins {
	return Ins{Op: op, Args: nothing, Mask: None, Stream: b.stream(buf, terms),
		Version: b.version[buf]}
}

// loadLinear loads from an affine index.
func (b *builder) loadLinear(buf int, l linear, mask ID) ID {
	op := LoadStep
	switch {
	case l.step == 0 || b.laneVar < 0:
		op = LoadOne
		if mask != None && b.laneVar >= 0 {
			if alike := b.predicate != nil && !b.varies(b.predicate); !alike {
				// The truth differs between lanes, where the element does not.
				return b.gather(buf, l, b.int(0), mask)
			}
		}
	case l.step == 1:
		op = Load
	}
	b.near(l)
	x := b.access(op, buf, l.terms)
	x.Disp, x.Mask = int32(l.base), mask
	if op != LoadOne {
		x.Mask = b.both(mask, b.tail())
	}
	if op == LoadStep {
		x.Step = int32(l.step)
	}
	return b.add(x)
}

// near rejects what no instruction can reach.
func (b *builder) near(l linear) {
	end := l.base + l.step*b.active
	if min(l.base, end) < -maxOffset || max(l.base, end) > maxOffset {
		b.reject("an access %d elements away from its pointer, at most %d", l.base, maxOffset)
	}
}

func (b *builder) gather(buf int, l linear, index, mask ID) ID {
	x := b.access(Gather, buf, l.terms)
	x.Disp, x.Args[0] = int32(l.base), index
	x.Mask = b.both(mask, b.tail())
	return b.add(x)
}

// loadAnywhere loads from an index that must be computed.
func (b *builder) loadAnywhere(buf int, index *expr.Expr, mask ID) ID {
	alike := mask == None || !b.varies(b.predicate)
	i := b.eval(index)
	if !b.varies(index) && alike {
		x := b.access(LoadOne, buf, nil)
		x.Args[0], x.Mask = i, mask
		return b.add(x)
	}
	return b.gather(buf, linear{}, i, mask)
}

func (b *builder) store(s *loop.Store) {
	d := b.nest.Bufs[s.Buf].DType
	v := b.toMemory(d, b.eval(s.Value))
	l, ok := b.affine(s.Index)
	if ok {
		b.inside(s.Buf, l)
		b.storeLinear(s.Buf, l, v, b.varies(s.Value))
		return
	}
	x := b.access(Scatter, s.Buf, nil)
	x.Args[0], x.Args[1], x.Mask = v, b.eval(s.Index), b.tail()
	if b.laneVar < 0 {
		x.Mask = b.maskOf(1)
	}
	b.put(x, s.Buf)
}

// storeLinear stores at an affine index; varies says that the lanes of v may differ.
func (b *builder) storeLinear(buf int, l linear, v ID, varies bool) {
	b.near(l)
	x := b.access(StoreStep, buf, l.terms)
	x.Disp, x.Args[0] = int32(l.base), v
	switch {
	case b.laneVar < 0:
		x.Op = StoreOne
	case l.step == 0: // the last lane is the one that stays
		x.Op = StoreOne
		if varies {
			x.Args[0] = b.opImm(Extract, uint32(b.active-1), v)
		}
	case l.step == 1:
		x.Op, x.Mask = Store, b.tail()
	default:
		x.Step, x.Mask = int32(l.step), b.tail()
	}
	b.put(x, buf)
}

func (b *builder) put(x Ins, buf int) {
	b.add(x)
	b.version[buf]++
}
