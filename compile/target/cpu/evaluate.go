package cpu

import (
	"fmt"
	"runtime"
	"unsafe"

	"mllab/compile/internal/vec"
	"mllab/compile/loop"
)

// evaluator runs vector programs in Go, an instruction at a time over all lanes: correct everywhere, and some
// thirty times slower than machine code.
type evaluator struct{}

const evalLanes = 16

// lanes is a vector of the evaluator: floats, and integers by their bits. A mask is in the bits of element 0.
type lanes [evalLanes]float32

func (l *lanes) ints() *[evalLanes]int32  { return (*[evalLanes]int32)(unsafe.Pointer(l)) }
func (l *lanes) bits() *[evalLanes]uint32 { return (*[evalLanes]uint32)(unsafe.Pointer(l)) }
func (l *lanes) mask() *uint32            { return (*uint32)(unsafe.Pointer(l)) }
func (l *lanes) fill(v uint32)            { fillBits(l.bits(), v) }
func fillBits(b *[evalLanes]uint32, v uint32) {
	for i := range b {
		b[i] = v
	}
}

func (evaluator) name() string { return portableISA }

func (evaluator) machine() loop.Machine {
	return loop.Machine{Kind: loop.CPU, Name: portableISA, Lanes: evalLanes, Registers: 32}
}

func (evaluator) encode(n *loop.Nest) (program, error) {
	p, err := vec.Build(n, vec.Features{Lanes: evalLanes, Scale: true})
	if err != nil {
		return nil, err
	}
	e := &evaluated{p: p}
	p.Blocks(func(b *vec.Block) { e.values = max(e.values, len(b.Ins)) })
	for _, t := range p.Tiles {
		e.tiles += (t + evalLanes - 1) / evalLanes
	}
	return e, nil
}

// evaluated is a program for the evaluator.
type evaluated struct {
	p      *vec.Program
	values int // of the longest block
	tiles  int // vectors of register tiles in memory
}

// machine is the state of one thread: views of its frame.
type machine struct {
	p        *vec.Program
	vars     []lanes
	vals     []lanes
	counters []int
	offsets  []int // of streams, in elements
	base     []unsafe.Pointer
	kept     []lanes
	lo, hi   int // of the parallel loop
}

func (e *evaluated) vectors() int { return e.p.Vars + e.values + e.tiles + len(e.p.Kept) }

func (e *evaluated) words() int { return e.p.Loops + 2*len(e.p.Streams) }

func (e *evaluated) frameBytes() int {
	return e.vectors()*int(unsafe.Sizeof(lanes{})) + e.words()*int(unsafe.Sizeof(int(0)))
}

func (e *evaluated) text() string {
	return fmt.Sprintf("; evaluated in Go on %s\n%s", runtime.GOARCH, e.p)
}

func (e *evaluated) close() {}

// run lays the state out in the frame and walks the program.
func (e *evaluated) run(f *frame, args []unsafe.Pointer, lo, hi int) {
	p := e.p
	m := &f.machine
	all := unsafe.Slice((*lanes)(f.base()), e.vectors())
	m.p, m.vars, m.vals = p, all[:p.Vars], all[p.Vars:p.Vars+e.values]
	m.kept = all[len(all)-len(p.Kept):]
	tiles := all[p.Vars+e.values:]
	rest := unsafe.Add(f.base(), e.vectors()*int(unsafe.Sizeof(lanes{})))
	words := unsafe.Slice((*int)(rest), p.Loops+len(p.Streams))
	m.counters, m.offsets = words[:p.Loops], words[p.Loops:]
	rest = unsafe.Add(rest, len(words)*int(unsafe.Sizeof(int(0))))
	m.base = unsafe.Slice((*unsafe.Pointer)(rest), len(p.Streams))
	clear(words)
	m.lo, m.hi = lo, hi
	for i := range p.Streams {
		if b := p.Streams[i].Buf; b < p.Params {
			m.base[i] = args[b]
		} else {
			at := 0
			for _, n := range p.Tiles[:b-p.Params] {
				at += (n + evalLanes - 1) / evalLanes
			}
			m.base[i] = unsafe.Pointer(&tiles[at])
		}
	}
	m.nodes(p.Body)
}

func (m *machine) nodes(body []vec.Node) {
	for _, n := range body {
		switch n := n.(type) {
		case *vec.Block:
			m.block(n)
		case *vec.Loop:
			if n.Parallel {
				m.loop(n, m.lo, m.hi)
			} else {
				m.loop(n, 0, n.N)
			}
		}
	}
}

// move adds n iterations of variable v to the streams that follow it.
func (m *machine) move(v, n int) {
	for i := range m.p.Streams {
		if c := m.p.Streams[i].Coef(v); c != 0 {
			m.offsets[i] += n * c
		}
	}
}

func (m *machine) loop(l *vec.Loop, lo, hi int) {
	m.counters[l.Var] = lo
	m.move(l.Var, lo)
	for i := lo; i < hi; i++ {
		m.derive(l)
		if l.Last != nil && i == l.N-1 {
			m.nodes(l.Last)
		} else {
			m.nodes(l.Body)
		}
		m.counters[l.Var]++
		m.move(l.Var, 1)
	}
	m.move(l.Var, -hi)
	m.counters[l.Var] = 0
}

func (m *machine) derive(l *vec.Loop) {
	for i := range l.Derive {
		d := &l.Derive[i]
		x := d.Base + d.Bias*d.Div
		for _, t := range d.Terms {
			x += int(t.Coef) * m.counters[t.Var]
		}
		x = x/d.Div - d.Bias
		m.move(d.Var, x-m.counters[d.Var])
		m.counters[d.Var] = x
	}
}

func (m *machine) block(b *vec.Block) {
	for i := range b.Ins {
		x, d := &b.Ins[i], &m.vals[i]
		switch {
		case x.Op == vec.FMA:
			fma(d, &m.vals[x.Args[0]], &m.vals[x.Args[1]], &m.vals[x.Args[2]], x.Imm == vec.Loose)
		case x.Op < vec.Load:
			m.leaf(x, d)
		case x.Op < vec.AddF:
			m.memory(x, d)
		case x.Op < vec.AddI:
			m.floats(x, d)
		case x.Op < vec.CmpF:
			m.integers(x, d)
		case x.Op == vec.Keep:
			m.kept[x.Var] = m.vals[x.Args[0]]
		case x.Op == vec.Kept || x.Op == vec.KeptMask:
			*d = m.kept[x.Var]
		case x.Op.Mask():
			m.masks(x, d)
		default:
			m.shuffle(x, d)
		}
	}
	// All reads before all writes: assignments may exchange variables, but values are copies already.
	for _, o := range b.Out {
		m.vars[o.Var] = m.vals[o.ID]
	}
}

func (m *machine) leaf(x *vec.Ins, d *lanes) {
	switch x.Op {
	case vec.Const:
		d.fill(x.Imm)
	case vec.Lanes:
		v := d.ints()
		for i := range v {
			v[i] = int32(x.Imm) + x.Step*int32(i)
		}
	case vec.MaskOf:
		*d.mask() = x.Imm
	case vec.VarIn:
		*d = m.vars[x.Var]
	case vec.LoopVar:
		d.fill(uint32(m.counters[x.Var]))
	}
}

// address of an access, without its lanes.
func (m *machine) address(x *vec.Ins) unsafe.Pointer {
	return unsafe.Add(m.base[x.Stream], 4*(m.offsets[x.Stream]+int(x.Disp)))
}

// active is the mask of an access.
func (m *machine) active(x *vec.Ins) uint32 {
	if x.Mask < 0 {
		return 1<<evalLanes - 1
	}
	return *m.vals[x.Mask].mask()
}

func (m *machine) memory(x *vec.Ins, d *lanes) {
	p := m.address(x)
	switch x.Op {
	case vec.Load:
		if x.Mask < 0 {
			*d = *(*lanes)(p)
			return
		}
		m.collect(x, d)
	case vec.LoadOne:
		if x.Mask >= 0 && m.active(x)&1 == 0 {
			d.fill(0)
			return
		}
		if x.Args[0] >= 0 {
			p = unsafe.Add(p, 4*int(m.vals[x.Args[0]].ints()[0]))
		}
		d.fill(*(*uint32)(p))
	case vec.LoadStep, vec.Gather:
		m.collect(x, d)
	case vec.Store:
		if x.Mask < 0 {
			*(*lanes)(p) = m.vals[x.Args[0]]
			return
		}
		m.scatter(x)
	case vec.StoreOne:
		*(*float32)(p) = m.vals[x.Args[0]][0]
	case vec.StoreStep, vec.Scatter:
		m.scatter(x)
	}
}

// element is where lane l of an access lies from its address.
func (m *machine) element(x *vec.Ins, l int) int {
	switch x.Op {
	case vec.Gather:
		return int(m.vals[x.Args[0]].ints()[l])
	case vec.Scatter:
		return int(m.vals[x.Args[1]].ints()[l])
	case vec.LoadStep, vec.StoreStep:
		return int(x.Step) * l
	}
	return l
}

// collect loads the active lanes one by one and clears the others.
func (m *machine) collect(x *vec.Ins, d *lanes) {
	p, on := m.address(x), m.active(x)
	for l := range d {
		if on>>l&1 != 0 {
			d[l] = *(*float32)(unsafe.Add(p, 4*m.element(x, l)))
		} else {
			d[l] = 0
		}
	}
}

// scatter stores the active lanes one by one.
func (m *machine) scatter(x *vec.Ins) {
	p, on, v := m.address(x), m.active(x), &m.vals[x.Args[0]]
	for l := range v {
		if on>>l&1 != 0 {
			*(*float32)(unsafe.Add(p, 4*m.element(x, l))) = v[l]
		}
	}
}
