package amd64

import (
	"slices"

	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// release drops a value whose last use is done.
func (al *alloc) release(id vec.ID) {
	v := &al.val[id]
	for v.next < len(v.uses) && v.uses[v.next] <= al.pos {
		v.next++
	}
	if v.next < len(v.uses) {
		return
	}
	if v.at == inReg && al.files[v.class].owner[v.reg] == id {
		al.files[v.class].owner[v.reg] = vec.None
	}
	v.at = nowhere
}

// dies reports whether the present instruction is the last reader of id.
func (al *alloc) dies(id vec.ID) bool {
	u := al.val[id].uses
	return u[len(u)-1] <= al.pos
}

// grab finds a register of a class for value id, or for a temporary when id is None.
func (al *alloc) grab(class uint8, id vec.ID) x86.Vec {
	f := &al.files[class]
	if id != vec.None && class == vector {
		if h := al.val[id].hint; h >= 0 {
			if r := al.varReg[h]; f.owner[r] == vec.None && al.varOf[r] == h {
				f.owner[r] = id
				return r
			}
		}
	}
	for r := range f.owner {
		if f.usable[r] && f.owner[r] == vec.None {
			f.owner[r] = id
			if class == vector {
				al.peak = max(al.peak, r+1)
			}
			return x86.Vec(r)
		}
	}
	r, ok := al.evict(class)
	if !ok {
		al.failed = true
		al.need = al.isa.Registers + 1
		return 0
	}
	f.owner[r] = id
	return r
}

// evict frees the register whose value is needed last, constants first.
func (al *alloc) evict(class uint8) (x86.Vec, bool) {
	f := &al.files[class]
	best, far := -1, -1
	for r, id := range f.owner {
		if !f.usable[r] || id < 0 || al.lock[id] {
			continue
		}
		v := &al.val[id]
		at := 1 << 29
		if v.next < len(v.uses) {
			at = v.uses[v.next]
		}
		if al.cheap(id) {
			at += 1 << 29
		} else if !al.spills && class == vector && v.slot == 0 {
			continue
		}
		if at > far {
			best, far = r, at
		}
	}
	if best < 0 {
		return 0, false
	}
	id := f.owner[best]
	v := &al.val[id]
	v.at = nowhere
	if !al.cheap(id) {
		al.spill(id)
	}
	return x86.Vec(best), true
}

// cheap reports whether a value can be made again from nothing.
func (al *alloc) cheap(id vec.ID) bool {
	op := al.b.Ins[id].Op
	return op == vec.Const || op == vec.Lanes || op == vec.MaskOf
}

// spill stores a value in the frame.
func (al *alloc) spill(id vec.ID) {
	v := &al.val[id]
	v.at = spilled
	if v.slot != 0 {
		return
	}
	if v.class == mask {
		v.slot = al.take(8, 8)
		al.a.KmovMK(x86.At(frameReg, v.slot), x86.K(v.reg))
		return
	}
	v.slot = al.take(int(al.w), 64)
	al.a.DoM(x86.Ins{Op: x86.VmovapsStore, W: al.w, D: v.reg}, x86.At(frameReg, v.slot))
}

// reg brings value id into a register and keeps it there for the present instruction.
func (al *alloc) reg(id vec.ID) x86.Vec {
	v := &al.val[id]
	al.lock[id] = true
	if v.at == inReg {
		return v.reg
	}
	if x := &al.b.Ins[id]; x.Op == vec.MaskOf && v.class == mask {
		if k, ok := al.kConst[x.Imm]; ok {
			return x86.Vec(k)
		}
	}
	was := v.at
	r := al.grab(v.class, id)
	v.at, v.reg = inReg, r
	if was == spilled {
		m := x86.At(frameReg, v.slot)
		if v.class == mask {
			al.a.KmovKM(x86.K(r), m)
		} else {
			al.a.DoM(x86.Ins{Op: x86.Vmovaps, W: al.w, D: r}, m)
		}
		return r
	}
	al.make(id, r)
	return r
}

// k is reg for a mask on AVX-512.
func (al *alloc) k(id vec.ID) x86.K { return x86.K(al.reg(id)) }

// make puts a constant or a folded load into register r.
func (al *alloc) make(id vec.ID, r x86.Vec) {
	x := &al.b.Ins[id]
	switch {
	case x.Op == vec.Const && x.Imm == 0:
		al.a.Do(x86.Ins{Op: x86.Vpxor, W: al.w, D: r, S: r, R: r})
	case x.Op == vec.Const:
		if m, bcst := al.word(x.Imm); bcst {
			al.a.DoM(x86.Ins{Op: x86.Vbroadcastss, W: al.w, D: r}, m)
		} else {
			al.a.DoM(x86.Ins{Op: x86.Vmovaps, W: al.w, D: r}, m)
		}
	case x.Op == vec.Lanes:
		at := al.words(func(l int) uint32 { return x.Imm + uint32(x.Step)*uint32(l) })
		al.a.DoM(x86.Ins{Op: x86.Vmovaps, W: al.w, D: r}, x86.Constant(at))
	case x.Op == vec.MaskOf && al.isa.masks:
		al.stream = -1
		al.a.MovRI(addr, int64(x.Imm))
		al.a.KmovKR(x86.K(r), addr)
	case x.Op == vec.MaskOf:
		at := al.words(func(l int) uint32 { return -(x.Imm >> l & 1) })
		al.a.DoM(x86.Ins{Op: x86.Vmovaps, W: al.w, D: r}, x86.Constant(at))
	default:
		al.load(id, r)
	}
}

// result gives the register for the value of the present instruction. The operands among reuse that die here
// may be overwritten, the first one preferred.
func (al *alloc) result(id vec.ID, reuse ...vec.ID) x86.Vec {
	v := &al.val[id]
	f := &al.files[v.class]
	if v.hint >= 0 && v.class == vector {
		r := al.varReg[v.hint]
		if o := f.owner[r]; al.varOf[r] == v.hint && (o == vec.None || slices.Contains(reuse, o) && al.dies(o)) {
			return al.own(id, r)
		}
	}
	for _, u := range reuse {
		if w := &al.val[u]; w.at == inReg && w.class == v.class && al.dies(u) && f.owner[w.reg] == u {
			return al.own(id, w.reg)
		}
	}
	r := al.grab(v.class, id)
	v.at, v.reg = inReg, r
	al.lock[id] = true
	return r
}

// own hands register r to value id.
func (al *alloc) own(id vec.ID, r x86.Vec) x86.Vec {
	f := &al.files[al.val[id].class]
	if o := f.owner[r]; o != vec.None {
		al.val[o].at = nowhere
	}
	f.owner[r] = id
	al.val[id].at, al.val[id].reg = inReg, r
	al.lock[id] = true
	return r
}

// temp is a register for the present instruction alone: give it back with free.
func (al *alloc) temp(class uint8) x86.Vec {
	f := &al.files[class]
	r := al.grab(class, vec.None)
	f.owner[r] = -2
	return r
}

func (al *alloc) free(class uint8, r x86.Vec) { al.files[class].owner[r] = vec.None }
