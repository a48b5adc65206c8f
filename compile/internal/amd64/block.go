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
	pinned := g.live[b].busy.len()
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
	for i := range b.Ins {
		if op := b.Ins[i].Op; op == vec.Kept || op == vec.KeptMask {
			al.val[i].at, al.val[i].slot = spilled, g.kept[b.Ins[i].Var]
		}
	}
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
	l.busy.each(func(v int) {
		r := al.varReg[v]
		al.files[vector].usable[r] = false
		al.varOf[r] = v
	})
	for i := range al.b.Ins {
		x := &al.b.Ins[i]
		if x.Op != vec.VarIn {
			continue
		}
		v := &al.val[i]
		v.at, v.reg = inReg, al.varReg[x.Var]
		al.files[vector].owner[v.reg] = vec.ID(i)
		if !set[int(x.Var)] && l.out.has(int(x.Var)) {
			v.uses = append(v.uses, 1<<30) // it stays
		}
	}
	for r, v := range al.varOf {
		// The register of a variable that ends here serves any value once the variable is read.
		if !set[v] && !l.out.has(v) {
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
