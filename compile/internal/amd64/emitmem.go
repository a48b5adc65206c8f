package amd64

import (
	"math/bits"

	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// address gives the operand of a load or store; it may use addr for a stream that has no register.
func (al *alloc) address(x *vec.Ins) x86.Mem {
	s := int(x.Stream)
	if al.fixed(s) {
		return x86.At(frameReg, al.tiles[al.p.Streams[s].Buf-al.p.Params]+4*int(x.Disp))
	}
	c := &al.streams[s]
	if c.inReg {
		return x86.At(c.reg, 4*int(x.Disp))
	}
	if al.stream != s {
		al.a.MovRM(addr, x86.At(frameReg, c.slot))
		al.stream = s
	}
	return x86.At(addr, 4*int(x.Disp))
}

// load emits the load id into register d; its operands are in registers.
func (al *alloc) load(id vec.ID, d x86.Vec) {
	x := &al.b.Ins[id]
	switch x.Op {
	case vec.Load:
		m := al.address(x)
		switch {
		case x.Mask == vec.None:
			al.a.DoM(x86.Ins{Op: x86.Vmovups, W: al.w, D: d}, m)
		case al.isa.masks:
			al.a.DoM(x86.Ins{Op: x86.Vmovups, W: al.w, D: d, K: al.k(x.Mask), Zero: true}, m)
		case al.maskInResult(x):
			al.make(x.Mask, d)
			al.a.DoM(x86.Ins{Op: x86.Vmaskmovps, W: al.w, D: d, S: d}, m)
		default:
			al.a.DoM(x86.Ins{Op: x86.Vmaskmovps, W: al.w, D: d, S: al.reg(x.Mask)}, m)
		}
	case vec.LoadOne:
		al.loadOne(x, d)
	case vec.LoadStep:
		t := al.temp(vector)
		at := al.words(func(l int) uint32 { return uint32(x.Step) * uint32(l) })
		al.a.DoM(x86.Ins{Op: x86.Vmovaps, W: al.w, D: t}, x86.Constant(at))
		al.gather(x, d, t)
		al.free(vector, t)
	case vec.Gather:
		al.gather(x, d, al.reg(x.Args[0]))
	}
}

// keep stores a value or a mask in its cell.
func (al *alloc) keep(x *vec.Ins) {
	m := x86.At(frameReg, al.kept[x.Var])
	r := al.reg(x.Args[0])
	if al.val[x.Args[0]].class == mask {
		al.a.KmovMK(m, x86.K(r))
		return
	}
	al.a.DoM(x86.Ins{Op: x86.VmovapsStore, W: al.w, D: r}, m)
}

// maskInResult reports whether the mask of a load, a vector in memory, is best brought into the register of
// the result: always for one element, and where registers are short.
func (al *alloc) maskInResult(x *vec.Ins) bool {
	v := &al.val[x.Mask]
	if v.class == mask || v.at == inReg {
		return false
	}
	if x.Op == vec.LoadOne {
		return v.at == spilled
	}
	return x.Op == vec.Load && al.b.Ins[x.Mask].Op == vec.MaskOf && al.tight > 0
}

func (al *alloc) loadOne(x *vec.Ins, d x86.Vec) {
	m := al.address(x)
	if x.Args[0] != vec.None {
		al.a.VmovdRV(spare, al.reg(x.Args[0]))
		al.a.MovsxdRR(spare, spare)
		m.Index, m.Scale = uint8(spare), 4
	}
	switch {
	case x.Mask == vec.None:
		al.a.DoM(x86.Ins{Op: x86.Vbroadcastss, W: al.w, D: d}, m)
	case al.isa.masks:
		al.a.DoM(x86.Ins{Op: x86.Vbroadcastss, W: al.w, D: d, K: al.k(x.Mask), Zero: true}, m)
	case al.maskInResult(x): // the mask of lane 0 alone: the other lanes lie outside
		cell := x86.At(frameReg, al.val[x.Mask].slot)
		al.a.DoM(x86.Ins{Op: x86.Vmovss, W: x86.X, D: d}, cell)
		al.a.DoM(x86.Ins{Op: x86.Vmaskmovps, W: x86.X, D: d, S: d}, m)
		al.a.Do(x86.Ins{Op: x86.Vbroadcastss, W: al.w, D: d, R: d})
	default:
		t := al.temp(vector)
		one := al.words(func(l int) uint32 { return -(uint32(1) >> l) })
		al.a.DoM(x86.Ins{Op: x86.Vpand, W: x86.X, D: t, S: al.reg(x.Mask)}, x86.Constant(one))
		al.a.DoM(x86.Ins{Op: x86.Vmaskmovps, W: x86.X, D: d, S: t}, m)
		al.a.Do(x86.Ins{Op: x86.Vbroadcastss, W: al.w, D: d, R: d})
		al.free(vector, t)
	}
}

// gather consumes a copy of its mask; lanes without stay 0.
func (al *alloc) gather(x *vec.Ins, d, index x86.Vec) {
	m := al.address(x)
	m.Vector, m.Index, m.Scale = true, uint8(index), 4
	al.a.Do(x86.Ins{Op: x86.Vpxor, W: al.w, D: d, S: d, R: d})
	if al.isa.masks {
		k := al.fullMask(x.Mask)
		al.a.DoM(x86.Ins{Op: x86.Vgatherdps, W: al.w, D: d, K: k}, m)
		al.free(mask, x86.Vec(k))
		return
	}
	t := al.temp(vector)
	if x.Mask == vec.None {
		al.a.Do(x86.Ins{Op: x86.Vpcmpeqd, W: al.w, D: t, S: t, R: t})
	} else {
		al.move(t, al.reg(x.Mask))
	}
	al.a.DoM(x86.Ins{Op: x86.Vgatherdps, W: al.w, D: d, S: t}, m)
	al.free(vector, t)
}

// fullMask gives a fresh mask register with the lanes of id, all for None.
func (al *alloc) fullMask(id vec.ID) x86.K {
	if id == vec.None {
		k := x86.K(al.temp(mask))
		al.a.Kxnor(k, k, k)
		return k
	}
	s := al.k(id)
	k := x86.K(al.temp(mask))
	al.a.KmovKK(k, s)
	return k
}

func (al *alloc) store(x *vec.Ins) {
	v := al.reg(x.Args[0])
	switch x.Op {
	case vec.StoreOne:
		al.a.DoM(x86.Ins{Op: x86.VmovssStore, W: x86.X, D: v}, al.address(x))
		return
	case vec.Store:
		if x.Mask == vec.None {
			al.a.DoM(x86.Ins{Op: x86.VmovupsStore, W: al.w, D: v}, al.address(x))
			return
		}
		if al.isa.masks {
			k := al.k(x.Mask)
			al.a.DoM(x86.Ins{Op: x86.VmovupsStore, W: al.w, D: v, K: k}, al.address(x))
			return
		}
		k := al.reg(x.Mask)
		al.a.DoM(x86.Ins{Op: x86.VmaskmovpsStore, W: al.w, D: v, S: k}, al.address(x))
		return
	}
	if al.isa.masks {
		al.scatter(x, v)
		return
	}
	al.scatterLanes(x, v)
}

func (al *alloc) scatter(x *vec.Ins, v x86.Vec) {
	var index x86.Vec
	if x.Op == vec.Scatter {
		index = al.reg(x.Args[1])
	} else {
		index = al.temp(vector)
		at := al.words(func(l int) uint32 { return uint32(x.Step) * uint32(l) })
		al.a.DoM(x86.Ins{Op: x86.Vmovaps, W: al.w, D: index}, x86.Constant(at))
	}
	k := al.fullMask(x.Mask)
	m := al.address(x)
	m.Vector, m.Index, m.Scale = true, uint8(index), 4
	al.a.DoM(x86.Ins{Op: x86.Vscatterdps, W: al.w, D: v, K: k}, m)
	al.free(mask, x86.Vec(k))
	if x.Op != vec.Scatter {
		al.free(vector, index)
	}
}

// scatterLanes stores lane by lane, through memory; masks of scattered stores are constants.
func (al *alloc) scatterLanes(x *vec.Ins, v x86.Vec) {
	lanes := uint32(1)<<al.isa.Lanes() - 1
	if x.Mask != vec.None {
		lanes = al.b.Ins[x.Mask].Imm
	}
	m := al.address(x)
	al.a.DoM(x86.Ins{Op: x86.VmovapsStore, W: al.w, D: v}, x86.At(frameReg, al.scratch))
	if x.Op == vec.Scatter {
		i := al.reg(x.Args[1])
		al.a.DoM(x86.Ins{Op: x86.VmovapsStore, W: al.w, D: i}, x86.At(frameReg, al.scratch+64))
	}
	base := m.Base
	for ; lanes != 0; lanes &= lanes - 1 {
		l := bits.TrailingZeros32(lanes)
		to := x86.At(base, int(m.Disp)+4*int(x.Step)*l)
		if x.Op == vec.Scatter {
			if base == addr { // addr and spare are both in use: add the pointer to the index
				al.a.MovsxdRM(spare, x86.At(frameReg, al.scratch+64+4*l))
				al.a.Lea(spare, x86.Indexed(addr, spare, 4, int(m.Disp)))
				al.a.MovsxdRM(addr, x86.At(frameReg, al.scratch+4*l))
				al.a.MovMR32(x86.At(spare, 0), addr)
				al.stream = -1
				m = al.address(x)
				continue
			}
			al.a.MovsxdRM(addr, x86.At(frameReg, al.scratch+64+4*l))
			al.stream = -1
			to = x86.Indexed(base, addr, 4, int(m.Disp))
		}
		al.a.MovsxdRM(spare, x86.At(frameReg, al.scratch+4*l))
		al.a.MovMR32(to, spare)
	}
}
