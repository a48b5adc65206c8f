package amd64

import (
	"math/bits"

	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// prologue sets up the streams and the constant masks.
func (g *gen) prologue() {
	top := g.p.Parallel()
	for i := range g.streams {
		if g.fixed(i) {
			continue
		}
		s, c := &g.p.Streams[i], &g.streams[i]
		r := addr
		if c.inReg {
			r = c.reg
		}
		g.a.MovRM(r, x86.At(frameReg, frameParams+8*s.Buf))
		if top != nil && s.Coef(top.Var) != 0 {
			g.a.MovRI(spare, int64(s.Coef(top.Var))*4)
			g.a.ImulRM(spare, x86.At(frameReg, frameLo))
			g.a.AddRR(r, spare)
		}
		if !c.inReg {
			g.a.MovMR(x86.At(frameReg, c.slot), r)
		}
	}
	for v := range g.counters {
		if g.counted[v] {
			g.setCounter(v, 0)
		}
	}
	for k := x86.K(7); k > 4; k-- {
		for m, has := range g.kConst {
			if has == k {
				g.a.MovRI(spare, int64(m))
				g.a.KmovKR(k, spare)
			}
		}
	}
}

func (g *gen) nodes(body []vec.Node) {
	for _, n := range body {
		switch n := n.(type) {
		case *vec.Block:
			g.block(n)
		case *vec.Loop:
			if n.Parallel {
				g.parallel(n)
			} else {
				g.serial(n)
			}
		}
	}
}

// setCounter gives loop variable v a value.
func (g *gen) setCounter(v, to int) {
	c := &g.counters[v]
	switch {
	case c.inReg && to == 0:
		g.a.XorRR(c.reg, c.reg)
	case c.inReg:
		g.a.MovRI(c.reg, int64(to))
	default:
		g.a.MovMI(x86.At(frameReg, c.slot), int32(to))
	}
}

// step adds one to loop variable v.
func (g *gen) step(v int) {
	c := &g.counters[v]
	if c.inReg {
		g.a.AddRI(c.reg, 1)
		return
	}
	g.a.AddMI(x86.At(frameReg, c.slot), 1)
}

// compare compares loop variable v with n.
func (g *gen) compare(v, n int) {
	c := &g.counters[v]
	if c.inReg {
		g.a.CmpRI(c.reg, int32(n))
		return
	}
	g.a.CmpMI(x86.At(frameReg, c.slot), int32(n))
}

// compareHi compares loop variable v with the end of the range.
func (g *gen) compareHi(v int) {
	c, hi := &g.counters[v], x86.At(frameReg, frameHi)
	if c.inReg {
		g.a.CmpRM(c.reg, hi)
		return
	}
	g.a.MovRM(addr, x86.At(frameReg, c.slot))
	g.a.CmpRM(addr, hi)
}

// derive computes the derived variables of a loop and moves the streams that depend on them.
func (g *gen) derive(l *vec.Loop) {
	for _, d := range l.Derive {
		g.a.MovRI(addr, int64(d.Base+d.Bias*d.Div))
		for _, t := range d.Terms {
			if c := &g.counters[t.Var]; c.inReg {
				g.a.ImulRRI(spare, c.reg, t.Coef)
			} else {
				g.a.ImulRMI(spare, x86.At(frameReg, c.slot), t.Coef)
			}
			g.a.AddRR(addr, spare)
		}
		g.divide(d.Div)
		if d.Bias != 0 {
			g.a.SubRI(addr, int32(d.Bias))
		}
		g.a.MovRR(spare, addr)
		if c := &g.counters[d.Var]; c.inReg {
			g.a.SubRR(spare, c.reg)
			g.a.MovRR(c.reg, addr)
		} else {
			g.a.SubRM(spare, x86.At(frameReg, c.slot))
			g.a.MovMR(x86.At(frameReg, c.slot), addr)
		}
		for i := range g.streams {
			k := g.p.Streams[i].Coef(d.Var)
			if k == 0 {
				continue
			}
			g.a.MovRI(addr, int64(k)*4)
			g.a.ImulRR(addr, spare)
			if c := &g.streams[i]; c.inReg {
				g.a.AddRR(c.reg, addr)
			} else {
				g.a.AddRM(addr, x86.At(frameReg, c.slot))
				g.a.MovMR(x86.At(frameReg, c.slot), addr)
			}
		}
	}
}

// divide is addr /= d for 0 <= addr < 2^31, by multiplication as in package vec.
func (g *gen) divide(d int) {
	if d == 1 {
		return
	}
	s := uint8(bits.Len(uint(d)) - 1)
	if d&(d-1) == 0 {
		g.a.ShrRI(addr, s)
		return
	}
	g.a.MovRI(spare, int64((uint64(1)<<(32+s)+uint64(d)-1)/uint64(d)))
	g.a.ImulRR(addr, spare)
	g.a.ShrRI(addr, 32+s)
}

// advance moves the streams that depend on loop variable v by n iterations.
func (g *gen) advance(v, n int) {
	for i := range g.streams {
		k := g.p.Streams[i].Coef(v)
		if k == 0 || n == 0 {
			continue
		}
		by := int64(k) * 4 * int64(n)
		c := &g.streams[i]
		fits := by == int64(int32(by))
		if !fits {
			g.a.MovRI(addr, by)
		}
		switch {
		case fits && c.inReg:
			g.a.AddRI(c.reg, int32(by))
		case fits:
			g.a.AddMI(x86.At(frameReg, c.slot), int32(by))
		case c.inReg:
			g.a.AddRR(c.reg, addr)
		default:
			g.a.AddRM(addr, x86.At(frameReg, c.slot))
			g.a.MovMR(x86.At(frameReg, c.slot), addr)
		}
	}
}

// serial runs a loop of known length; afterwards the streams are where they were before it.
func (g *gen) serial(l *vec.Loop) {
	n := l.N
	if l.Last != nil {
		n--
	}
	g.depth++
	if n > 1 || g.counted[l.Var] {
		g.setCounter(l.Var, 0)
	}
	if n > 0 {
		top := g.a.NewLabel()
		if n > 1 {
			g.a.Align(32)
			g.a.Bind(top)
		}
		g.derive(l)
		g.nodes(l.Body)
		if n > 1 || l.Last != nil {
			g.advance(l.Var, 1)
		}
		if n > 1 || g.counted[l.Var] {
			g.step(l.Var)
		}
		if n > 1 {
			g.compare(l.Var, n)
			g.a.Jump(x86.Less, top)
		}
	}
	if l.Last != nil {
		g.derive(l)
		g.nodes(l.Last)
		g.advance(l.Var, -n)
	} else if n > 1 {
		g.advance(l.Var, -n)
	}
	g.depth--
}

// parallel runs the iterations from the frame's Lo to its Hi.
func (g *gen) parallel(l *vec.Loop) {
	g.depth++
	c := &g.counters[l.Var]
	if c.inReg {
		g.a.MovRM(c.reg, x86.At(frameReg, frameLo))
	} else {
		g.a.MovRM(addr, x86.At(frameReg, frameLo))
		g.a.MovMR(x86.At(frameReg, c.slot), addr)
	}
	top, last, end := g.a.NewLabel(), g.a.NewLabel(), g.a.NewLabel()
	g.compareHi(l.Var)
	g.a.Jump(x86.GreaterEqual, end)
	g.a.Align(32)
	g.a.Bind(top)
	if l.Last != nil {
		g.compare(l.Var, l.N-1)
		g.a.Jump(x86.GreaterEqual, last)
	}
	g.derive(l)
	g.nodes(l.Body)
	g.advance(l.Var, 1)
	g.step(l.Var)
	g.compareHi(l.Var)
	g.a.Jump(x86.Less, top)
	if l.Last != nil {
		g.a.Goto(end)
		g.a.Bind(last)
		g.derive(l)
		g.nodes(l.Last)
	}
	g.a.Bind(end)
	g.depth--
}
