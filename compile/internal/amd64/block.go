package amd64

import (
	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// place says where a value is.
type place uint8

const (
	nowhere place = iota // not computed yet, or dead, or a constant that is made on demand
	inReg
	spilled // in a cell of the frame
)

// value is the allocator's knowledge of one value of the block.
type value struct {
	at    place
	reg   x86.Vec // vector register, or mask register where class is 1
	class uint8
	slot  int   // frame offset once it was spilled, 0 before
	uses  []int // positions that read it, ascending; past the last instruction for assignments
	next  int   // index in uses of the first one not yet done
	fold  bool  // a load that its only user takes as a memory operand
	hint  int   // variable whose register would suit, -1 for none
}

// file is a register file: who is in each register.
type file struct {
	owner  []vec.ID // None when free
	usable []bool   // may hold any value
}

// alloc makes the code of one block: instructions in order, operands brought into registers as they are
// needed, values dropped after their last use.
type alloc struct {
	*gen
	b      *vec.Block
	val    []value
	files  [2]file
	lock   map[vec.ID]bool
	pos    int
	stream int // the stream whose pointer is in addr, -1 for none
	spills bool
	tight  int // 1: fold broadcasts with several uses too, 2: and other loads
	failed bool
	need   int
	varOf  map[x86.Vec]int // registers of variables that the block sets or that stay live
}

const (
	vector = 0
	mask   = 1
)

// block makes the code of b. It tries with loads shared in registers first, then with broadcasts and with all
// loads repeated as memory operands, and last, unless it is the inside of a contraction, with values spilled
// to the frame.
func (g *gen) block(b *vec.Block) {
	pinned := len(g.live[b].busy)
	worst := 0
	for try := range 4 {
		if try == 3 && pinned > g.isa.Registers/2 && contraction(b) {
			break // spilling in the loop would be slow: another tile is better
		}
		mark, frame := g.a.Mark(), g.frame
		al := g.newAlloc(b, try)
		al.run()
		g.top, g.frame = max(g.top, g.frame), frame // cells of spilled values are free again
		if !al.failed {
			return
		}
		worst = max(worst, al.need)
		g.a.Back(mark)
	}
	g.fail(g.tooMany(max(worst, g.isa.Registers+1)))
}

// contraction reports whether a block does nothing but multiply and add what it loads to variables.
func contraction(b *vec.Block) bool {
	for i := range b.Ins {
		switch x := &b.Ins[i]; x.Op {
		case vec.Load, vec.LoadOne:
			if x.Mask != vec.None && b.Ins[x.Mask].Op != vec.MaskOf {
				return false
			}
		case vec.FMA, vec.AddF, vec.MulF, vec.MaxF, vec.MinF, vec.VarIn, vec.Const, vec.MaskOf:
		default:
			return false
		}
	}
	return len(b.Out) > 0
}

func (g *gen) newAlloc(b *vec.Block, try int) *alloc {
	al := &alloc{gen: g, b: b, val: make([]value, len(b.Ins)), lock: map[vec.ID]bool{}, stream: -1,
		varOf: map[x86.Vec]int{}, tight: try, spills: try == 3}
	for i := range b.Ins {
		v := &al.val[i]
		v.hint = -1
		if g.isa.masks && b.Ins[i].Op.Mask() {
			v.class = mask
		}
		b.Ins[i].Each(func(id vec.ID) {
			if u := al.val[id].uses; len(u) == 0 || u[len(u)-1] != i {
				al.val[id].uses = append(u, i)
			}
		})
	}
	for k, o := range b.Out {
		al.val[o.ID].uses = append(al.val[o.ID].uses, len(b.Ins)+k)
		al.val[o.ID].hint = o.Var
	}
	al.hints()
	al.files[vector] = newFile(g.isa.Registers)
	al.files[mask] = newFile(8)
	for k := range al.files[mask].usable {
		al.files[mask].usable[k] = false
	}
	for _, k := range g.kFree {
		al.files[mask].usable[k] = true
	}
	al.enter()
	return al
}

func newFile(n int) file {
	f := file{owner: make([]vec.ID, n), usable: make([]bool, n)}
	for i := range f.owner {
		f.owner[i], f.usable[i] = vec.None, true
	}
	return f
}

// hints passes the wish for a variable's register from a result to the operand that it overwrites.
func (al *alloc) hints() {
	for i := len(al.b.Ins) - 1; i >= 0; i-- {
		x, h := &al.b.Ins[i], al.val[i].hint
		if h < 0 {
			continue
		}
		var from vec.ID
		switch x.Op {
		case vec.FMA, vec.FNMA:
			from = x.Args[2]
		case vec.AddF, vec.MulF, vec.MaxF, vec.MinF, vec.AddI:
			from = x.Args[0]
		default:
			continue
		}
		if al.val[from].hint < 0 {
			al.val[from].hint = h
		}
	}
}

// enter puts the variables into their registers.
func (al *alloc) enter() {
	l := al.live[al.b]
	set := map[int]bool{}
	for _, o := range al.b.Out {
		set[o.Var] = true
	}
	for v := range l.busy {
		r := al.varReg[v]
		al.files[vector].usable[r] = false
		al.varOf[r] = v
	}
	for i := range al.b.Ins {
		x := &al.b.Ins[i]
		if x.Op != vec.VarIn {
			continue
		}
		v := &al.val[i]
		v.at, v.reg = inReg, al.varReg[x.Var]
		al.files[vector].owner[v.reg] = vec.ID(i)
		if !set[int(x.Var)] && l.out[int(x.Var)] {
			v.uses = append(v.uses, 1<<30) // it stays
		}
	}
	for r, v := range al.varOf {
		// The register of a variable that ends here serves any value once the variable is read.
		if !set[v] && !l.out[v] {
			al.files[vector].usable[r] = true
			delete(al.varOf, r)
		}
	}
	al.folds()
}

// folds marks the loads that are read from memory by their users.
func (al *alloc) folds() {
	stores := 0
	storesBefore := make([]int, len(al.b.Ins))
	for i := range al.b.Ins {
		storesBefore[i] = stores
		if al.b.Ins[i].Op.Writes() {
			stores++
		}
	}
	for i := range al.b.Ins {
		x, v := &al.b.Ins[i], &al.val[i]
		one := x.Op == vec.LoadOne && al.isa.masks && x.Args[0] == vec.None
		if x.Mask != vec.None || x.Op != vec.Load && !one || len(v.uses) == 0 {
			continue
		}
		if len(v.uses) > 1 && al.tight < 2 && !(al.tight == 1 && one) {
			continue
		}
		ok := true
		for _, u := range v.uses {
			ok = ok && u < len(al.b.Ins) && storesBefore[u] == storesBefore[i] && al.takesMemory(u, vec.ID(i))
		}
		v.fold = ok
	}
}

// takesMemory reports whether instruction u can read its operand id from memory.
func (al *alloc) takesMemory(u int, id vec.ID) bool {
	x := &al.b.Ins[u]
	for _, a := range x.Args {
		if a >= 0 && a != id && al.val[a].fold {
			return false
		}
	}
	last := -1
	switch x.Op {
	case vec.AddF, vec.MulF, vec.AddI, vec.MulI, vec.And, vec.Or, vec.Xor, vec.MinI, vec.MaxI:
		if x.Args[0] == id && x.Args[1] != id && !al.memory(x.Args[1]) {
			return true
		}
		last = 1
	case vec.SubF, vec.DivF, vec.MinF, vec.MaxF, vec.SubI, vec.CmpF:
		last = 1
	case vec.SqrtF, vec.ToInt, vec.ToFloat, vec.Nearby:
		return true
	case vec.FMA, vec.FNMA, vec.FMS:
		n := 0
		for _, a := range x.Args {
			if a == id || al.memory(a) {
				n++
			}
		}
		return n == 1
	}
	if last < 0 || x.Args[last] != id {
		return false
	}
	for k, a := range x.Args {
		if k != last && a == id {
			return false
		}
	}
	return true
}

// memory reports whether id is a folded load or a constant outside of registers.
func (al *alloc) memory(id vec.ID) bool {
	if al.val[id].fold {
		return true
	}
	return al.b.Ins[id].Op == vec.Const && al.val[id].at == nowhere
}

func (al *alloc) run() {
	for i := range al.b.Ins {
		al.pos = i
		al.instruction(vec.ID(i))
		if al.failed || al.err != nil {
			return
		}
		clear(al.lock)
		al.b.Ins[i].Each(al.release)
	}
	al.leave()
}

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
		} else if !al.spills && class == vector {
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
		if o := f.owner[r]; al.varOf[r] == v.hint && (o == vec.None || in(reuse, o) && al.dies(o)) {
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

func in(ids []vec.ID, id vec.ID) bool {
	for _, x := range ids {
		if x == id {
			return true
		}
	}
	return false
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

// leave carries out the assignments to variables.
func (al *alloc) leave() {
	f := &al.files[vector]
	for k, o := range al.b.Out {
		al.pos = len(al.b.Ins) + k
		clear(al.lock)
		v, r := &al.val[o.ID], al.varReg[o.Var]
		if w := f.owner[r]; w >= 0 && w != o.ID {
			al.lock[o.ID] = true
			to := al.grab(vector, w)
			if al.failed {
				return
			}
			al.a.Do(x86.Ins{Op: x86.Vmovaps, W: al.w, D: to, R: r})
			al.val[w].reg = to
		}
		f.owner[r] = -2 // settled
		switch {
		case v.at == inReg && v.reg != r:
			al.a.Do(x86.Ins{Op: x86.Vmovaps, W: al.w, D: r, R: v.reg})
		case v.at == spilled:
			al.a.DoM(x86.Ins{Op: x86.Vmovaps, W: al.w, D: r}, x86.At(frameReg, v.slot))
		case v.at == nowhere:
			al.make(o.ID, r)
		}
		if v.at == inReg && v.reg == r && !al.dies(o.ID) {
			// Other variables take the same value from here: it stays readable.
			continue
		}
		al.release(o.ID)
	}
}
