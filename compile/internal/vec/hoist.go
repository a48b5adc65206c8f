package vec

// hoist moves what does not change in an innermost loop in front of it. The values go through memory of the
// frame, not through registers, which belong to the variables: a Keep before the loop, a Kept inside.
func (b *builder) hoist(body []Node) []Node {
	var out []Node
	for _, n := range body {
		l, ok := n.(*Loop)
		if !ok {
			out = append(out, n)
			continue
		}
		l.Body, l.Last = b.hoist(l.Body), b.hoist(l.Last)
		if len(l.Body) == 1 && l.N > 1 {
			if blk, ok := l.Body[0].(*Block); ok {
				if before := b.lift(l, blk); before != nil {
					out = append(out, before)
				}
			}
		}
		out = append(out, l)
	}
	return out
}

// lift takes the invariant instructions out of blk, the body of l, and gives the block to run before l.
func (b *builder) lift(l *Loop, blk *Block) *Block {
	fixed := b.invariant(l, blk)
	worth := make([]bool, len(blk.Ins))
	for i := range blk.Ins {
		if fixed[i] {
			continue
		}
		blk.Ins[i].Each(func(id ID) { worth[id] = fixed[id] && keepable(&blk.Ins[id]) })
	}
	for _, o := range blk.Out {
		worth[o.ID] = fixed[o.ID] && keepable(&blk.Ins[o.ID])
	}
	before := &Block{Ins: append([]Ins(nil), blk.Ins...)}
	for i := range before.Ins {
		if !fixed[i] { // keep the numbering; sweep drops it
			before.Ins[i] = Ins{Op: Const, Args: nothing, Mask: None}
		}
	}
	any := false
	for i, w := range worth {
		if !w {
			continue
		}
		any = true
		x := Ins{Op: Keep, Args: nothing, Mask: None, Var: int32(len(b.prog.Kept))}
		x.Args[0] = ID(i)
		before.Ins = append(before.Ins, x)
		y := Ins{Op: Kept, Args: nothing, Mask: None, Var: x.Var}
		if blk.Ins[i].Op.Mask() {
			y.Op = KeptMask
		}
		b.prog.Kept = append(b.prog.Kept, y.Op == KeptMask)
		blk.Ins[i] = y
	}
	if !any {
		return nil
	}
	before.sweep()
	blk.sweep()
	return before
}

// keepable reports whether a value costs more than a load to make again.
func keepable(x *Ins) bool {
	switch x.Op {
	case Const, Lanes, MaskOf, LoopVar, Kept, KeptMask:
		return false
	case Load, LoadOne:
		return x.Mask != None || x.Args[0] != None
	}
	return true
}

// invariant finds the instructions of blk whose values are the same in every iteration of l.
func (b *builder) invariant(l *Loop, blk *Block) []bool {
	moves := map[int32]bool{int32(l.Var): true}
	for _, d := range l.Derive {
		moves[int32(d.Var)] = true
	}
	written := map[int]bool{}
	for i := range blk.Ins {
		if x := &blk.Ins[i]; x.Op.Writes() {
			written[b.prog.Streams[x.Stream].Buf] = true
		}
	}
	fixed := make([]bool, len(blk.Ins))
	for i := range blk.Ins {
		x := &blk.Ins[i]
		ok := !x.Op.Writes() && x.Op != VarIn && !(x.Op == LoopVar && moves[x.Var])
		if x.Op.Reads() {
			s := &b.prog.Streams[x.Stream]
			ok = ok && !written[s.Buf] && x.Version == 0
			for _, t := range s.Terms {
				ok = ok && !moves[t.Var]
			}
		}
		x.Each(func(id ID) { ok = ok && fixed[id] })
		fixed[i] = ok
	}
	return fixed
}
