// Package amd64 turns a vec.Program into x86-64 machine code, for AVX-512 or for AVX2 with FMA: variables and
// values get vector registers, streams and loop counters get general registers or cells of a frame, and each
// instruction is encoded by package x86. The result is a leaf function of one argument in RDI, the frame.
//
// The package knows no operating system and never runs what it makes. Begin with Compile and Frame; block.go
// has the register allocator, emit.go the table of instructions, loops.go the control flow.
package amd64

import (
	"fmt"
	"strings"

	"mllab/compile/internal/vec"
	"mllab/compile/internal/x86"
)

// ISA is an instruction set that code can be made for.
type ISA struct {
	Name      string // "avx512" or "avx2"
	Registers int    // vector registers
	width     x86.Width
	masks     bool // mask registers and embedded broadcasts
}

// The instruction sets. AVX512 means F, VL, DQ and BW; AVX2 includes FMA.
var (
	AVX512 = ISA{Name: "avx512", Registers: 32, width: x86.Z, masks: true}
	AVX2   = ISA{Name: "avx2", Registers: 16, width: x86.Y}
)

// Lanes is the number of float32 lanes of a vector.
func (s ISA) Lanes() int { return int(s.width) / 4 }

// Features is what package vec must know.
func (s ISA) Features() vec.Features { return vec.Features{Lanes: s.Lanes(), Scale: s.masks} }

// Frame is how the memory that RDI points to is laid out, in bytes. It is aligned to 64. The caller fills in
// the range of the parallel loop and the addresses of the buffers; the rest belongs to the code.
type Frame struct {
	Lo, Hi int // int64: first iteration of the parallel loop, and the one after the last
	Params int // addresses of the buffers, 8 bytes each
	Size   int
}

// Code is a compiled program.
type Code struct {
	Bytes []byte // position-independent, with the constants behind
	Frame Frame
	Lines []x86.Line // the listing, where it was asked for
	Regs  int        // vector registers in use at once, at most
}

const (
	frameLo      = 0
	frameHi      = 8
	frameParams  = 16
	scratchBytes = 128 // two vectors, aligned to 64
)

// frameReg holds the frame all the time; addr and spare are free for use inside one instruction.
const (
	frameReg = x86.RDI
	addr     = x86.RAX
	spare    = x86.RCX
)

// general are the registers for streams and counters. RSP and RBP stay as they are: the Go runtime unwinds
// through them.
var general = []x86.Reg{x86.RDX, x86.RSI, x86.RBX, x86.R8, x86.R9, x86.R10, x86.R11, x86.R12, x86.R13,
	x86.R14, x86.R15}

// cell is where a stream or a counter lives.
type cell struct {
	inReg bool
	reg   x86.Reg
	slot  int // offset in the frame
}

type gen struct {
	a   *x86.Asm
	p   *vec.Program
	isa ISA
	w   x86.Width
	err error

	pool    []byte
	pooled  map[string]int
	frame   int // bytes in use
	top     int // the most that were in use
	scratch int
	kept    []int // offsets of the values from before a loop
	tiles   []int // offsets of register tiles that live in memory

	streams  []cell
	counters []cell
	counted  []bool // loop variables whose value is read

	live   map[*vec.Block]liveness
	varReg []x86.Vec
	kConst map[uint32]x86.K // masks that keep a register for the whole program
	kFree  []x86.K
	depth  int // loops around the block at hand
	peak   int
}

// Compile encodes p. With listing set the text of every instruction is kept. Errors wrap vec.ErrRejected
// where the registers do not suffice.
func Compile(p *vec.Program, isa ISA, listing bool) (*Code, error) {
	g := &gen{a: &x86.Asm{Listing: listing}, p: p, isa: isa, w: isa.width, pooled: map[string]int{},
		kConst: map[uint32]x86.K{}}
	g.layout()
	if err := g.assignVariables(); err != nil {
		return nil, fmt.Errorf("kernel %s: %w", p.Name, err)
	}
	g.assignCells()
	g.assignMasks()
	g.prologue()
	g.nodes(p.Body)
	g.a.Vzeroupper()
	g.a.Ret()
	if g.err != nil {
		return nil, fmt.Errorf("kernel %s: %w", p.Name, g.err)
	}
	code, err := g.a.Link(g.pool)
	if err != nil {
		return nil, err
	}
	return &Code{Bytes: code, Lines: g.a.Lines, Regs: g.peak,
		Frame: Frame{Lo: frameLo, Hi: frameHi, Params: frameParams, Size: (max(g.top, g.frame) + 63) &^ 63}}, nil
}

// Text is the listing with offsets.
func (c *Code) Text() string {
	var b strings.Builder
	for _, l := range c.Lines {
		if strings.HasSuffix(l.Text, ":") {
			fmt.Fprintf(&b, "%s\n", l.Text)
			continue
		}
		fmt.Fprintf(&b, "%6x  %s\n", l.Offset, l.Text)
	}
	return b.String()
}

func (g *gen) fail(err error) {
	if g.err == nil {
		g.err = err
	}
}

// take reserves n bytes of the frame at a multiple of align.
func (g *gen) take(n, align int) int {
	at := (g.frame + align - 1) / align * align
	g.frame = at + n
	return at
}

func (g *gen) layout() {
	g.frame = frameParams + 8*g.p.Params
	g.scratch = g.take(scratchBytes, 64)
	for range g.p.Kept {
		g.kept = append(g.kept, g.take(int(g.w), int(g.w)))
	}
	for _, n := range g.p.Tiles {
		g.tiles = append(g.tiles, g.take(4*n, 64))
	}
}

// weigh sums up how often streams and counters are used, by the trip counts of the loops around.
func (g *gen) weigh(body []vec.Node, times float64, streams, loops []float64) {
	for _, n := range body {
		switch n := n.(type) {
		case *vec.Block:
			for i := range n.Ins {
				x := &n.Ins[i]
				if x.Op.Reads() || x.Op.Writes() {
					streams[x.Stream] += times
				}
				if x.Op == vec.LoopVar {
					g.counted[x.Var] = true
					loops[x.Var] += times
				}
			}
		case *vec.Loop:
			trips := times * float64(n.N)
			loops[n.Var] += trips
			for s := range g.p.Streams {
				if g.p.Streams[s].Coef(n.Var) != 0 {
					streams[s] += trips
				}
			}
			for _, d := range n.Derive {
				g.counted[d.Var] = true
				loops[d.Var] += 2 * trips
				for _, t := range d.Terms {
					g.counted[t.Var] = true
					loops[t.Var] += trips
				}
			}
			g.weigh(n.Body, trips, streams, loops)
			g.weigh(n.Last, times, streams, loops)
		}
	}
}

// assignCells gives the most used streams and counters registers, the others cells of the frame.
func (g *gen) assignCells() {
	g.streams, g.counters = make([]cell, len(g.p.Streams)), make([]cell, g.p.Loops)
	g.counted = make([]bool, g.p.Loops)
	ws, wl := make([]float64, len(g.streams)), make([]float64, g.p.Loops)
	g.weigh(g.p.Body, 1, ws, wl)
	for _, r := range general {
		best, at := 0.0, (*cell)(nil)
		for i := range g.streams {
			if c := &g.streams[i]; !c.inReg && ws[i] > best && !g.fixed(i) {
				best, at = ws[i], c
			}
		}
		for i := range g.counters {
			if c := &g.counters[i]; !c.inReg && wl[i] > best {
				best, at = wl[i], c
			}
		}
		if at == nil {
			break
		}
		at.inReg, at.reg = true, r
	}
	for i := range g.streams {
		if c := &g.streams[i]; !c.inReg && !g.fixed(i) {
			c.slot = g.take(8, 8)
		}
	}
	for i := range g.counters {
		if c := &g.counters[i]; !c.inReg {
			c.slot = g.take(8, 8)
		}
	}
}

// fixed reports whether stream s is a register tile in the frame, which needs no pointer.
func (g *gen) fixed(s int) bool { return g.p.Streams[s].Buf >= g.p.Params }

// constant gives the pool offset of the bytes b.
func (g *gen) constant(b []byte) int {
	if at, ok := g.pooled[string(b)]; ok {
		return at
	}
	for len(g.pool)%len(b) != 0 {
		g.pool = append(g.pool, 0)
	}
	at := len(g.pool)
	g.pool = append(g.pool, b...)
	g.pooled[string(b)] = at
	return at
}

// words is the pool offset of one 32-bit word a lane.
func (g *gen) words(f func(lane int) uint32) int {
	b := make([]byte, 0, int(g.w))
	for l := range g.isa.Lanes() {
		v := f(l)
		b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	}
	return g.constant(b)
}

// word is the operand for a vector with v in every lane, and whether it is an embedded broadcast.
func (g *gen) word(v uint32) (x86.Mem, bool) {
	if g.isa.masks {
		return x86.Constant(g.constant([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})), true
	}
	return x86.Constant(g.words(func(int) uint32 { return v })), false
}

// assignMasks keeps the commonest constant masks in registers throughout.
func (g *gen) assignMasks() {
	if !g.isa.masks {
		return
	}
	count := map[uint32]int{}
	var order []uint32
	g.p.Blocks(func(b *vec.Block) {
		for i := range b.Ins {
			if x := &b.Ins[i]; x.Op == vec.MaskOf {
				if count[x.Imm] == 0 {
					order = append(order, x.Imm)
				}
				count[x.Imm]++
			}
		}
	})
	for k := x86.K(7); k >= 1; k-- {
		best := -1
		for i, m := range order {
			if _, has := g.kConst[m]; !has && (best < 0 || count[m] > count[order[best]]) {
				best = i
			}
		}
		if k > 4 && best >= 0 {
			g.kConst[order[best]] = k
			continue
		}
		g.kFree = append(g.kFree, k)
	}
}
