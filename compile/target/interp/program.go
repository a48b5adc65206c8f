package interp

import (
	"fmt"
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// kernel is a nest turned into functions, once, so that walking it costs a call
// an expression.
type kernel struct {
	nest   *loop.Nest
	body   []action
	consts []action // what is run once, when a frame is made
	slots  int
}

// action is a statement, or one expression whose value it leaves in its slot.
type action func(*frame)

// frame is the state of a running kernel. Integers and bools live in ints, floats
// in floats; an expression has the same slot number in both.
type frame struct {
	vars   []int
	bufs   [][]uint32
	floats []float64
	ints   []int32
	tileF  [][]float64
	tileI  [][]int32
}

// fault is what an access outside a buffer panics with; run turns it into an error.
type fault struct{ text string }

func (k *kernel) Text() string { return k.nest.String() }

func (k *kernel) Close() {}

func (k *kernel) frame(mem [][]uint32) *frame {
	f := &frame{
		vars: make([]int, len(k.nest.Vars)), bufs: mem,
		floats: make([]float64, k.slots), ints: make([]int32, k.slots),
	}
	for _, l := range k.nest.Locals {
		f.tileF = append(f.tileF, make([]float64, ir.Elems(l.Dims)))
		f.tileI = append(f.tileI, make([]int32, ir.Elems(l.Dims)))
	}
	for _, a := range k.consts {
		a(f)
	}
	return f
}

func (k *kernel) run(f *frame) (err error) {
	defer func() {
		if r := recover(); r != nil {
			x, ok := r.(fault)
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("interp: kernel %s: %s", k.nest.Name, x.text)
		}
	}()
	for _, a := range k.body {
		a(f)
	}
	return nil
}

func compile(n *loop.Nest) *kernel {
	k := &kernel{nest: n}
	k.body = k.stmts(n.Body)
	return k
}

func (k *kernel) stmts(body []loop.Stmt) []action {
	var out []action
	for _, s := range body {
		switch s := s.(type) {
		case *loop.For:
			out = append(out, k.loop(s))
		case *loop.Store:
			out = append(out, k.store(s))
		case *loop.Set:
			out = append(out, k.set(s))
		case *loop.Accum:
			out = append(out, k.accum(s))
		}
	}
	return out
}

func (k *kernel) loop(s *loop.For) action {
	body, last := k.stmts(s.Body), k.stmts(s.Last)
	n, v := s.N, s.Var
	if s.Last != nil {
		n--
	}
	return func(f *frame) {
		for i := range n {
			f.vars[v] = i
			for _, a := range body {
				a(f)
			}
		}
		if len(last) > 0 {
			f.vars[v] = n
			for _, a := range last {
				a(f)
			}
		}
	}
}

func (k *kernel) store(s *loop.Store) action {
	p := k.program(s.Value, s.Index)
	value, index := p.slot(s.Value), p.slot(s.Index)
	buf, float := s.Buf, s.Value.Type == ir.F32
	return func(f *frame) {
		p.run(f)
		i := int(f.ints[index])
		mem := f.bufs[buf]
		if uint(i) >= uint(len(mem)) {
			k.outside(buf, i, len(mem))
		}
		if float {
			mem[i] = math.Float32bits(float32(f.floats[value]))
			return
		}
		mem[i] = uint32(f.ints[value])
	}
}

func (k *kernel) outside(buf, i, n int) {
	panic(fault{fmt.Sprintf("%s[%d] is outside its %d elements", k.nest.Bufs[buf].Name, i, n)})
}

// at gives the row-major place in a tile, checked.
func (k *kernel) at(tile int, index []*expr.Expr, p *program) func(*frame) int {
	dims := k.nest.Locals[tile].Dims
	slots := make([]int, len(index))
	for d, x := range index {
		slots[d] = p.slot(x)
	}
	if len(index) == 1 {
		s, n := slots[0], dims[0]
		return func(f *frame) int {
			i := int(f.ints[s])
			if uint(i) >= uint(n) {
				outsideTile(tile, 0, i, dims)
			}
			return i
		}
	}
	return func(f *frame) int {
		flat := 0
		for d, s := range slots {
			i := int(f.ints[s])
			if uint(i) >= uint(dims[d]) {
				outsideTile(tile, d, i, dims)
			}
			flat = flat*dims[d] + i
		}
		return flat
	}
}

func outsideTile(tile, d, i int, dims []int) {
	panic(fault{fmt.Sprintf("tile t%d: index %d is outside dimension %d of %v", tile, i, d, dims)})
}

func (k *kernel) set(s *loop.Set) action {
	p := k.program(append([]*expr.Expr{s.Value}, s.Index...)...)
	value, at, tile := p.slot(s.Value), k.at(s.Local, s.Index, p), s.Local
	if s.Value.Type == ir.F32 {
		return func(f *frame) {
			p.run(f)
			f.tileF[tile][at(f)] = f.floats[value]
		}
	}
	return func(f *frame) {
		p.run(f)
		f.tileI[tile][at(f)] = f.ints[value]
	}
}

func (k *kernel) accum(s *loop.Accum) action {
	p := k.program(append([]*expr.Expr{s.Value}, s.Index...)...)
	value, at, tile, op := p.slot(s.Value), k.at(s.Local, s.Index, p), s.Local, s.Comb.Op()
	switch {
	case s.Value.Type == ir.F32 && op == expr.Add:
		return func(f *frame) {
			p.run(f)
			f.tileF[tile][at(f)] += f.floats[value]
		}
	case s.Value.Type == ir.F32:
		return func(f *frame) {
			p.run(f)
			i := at(f)
			f.tileF[tile][i] = expr.FloatOp(op, f.tileF[tile][i], f.floats[value])
		}
	}
	return func(f *frame) {
		p.run(f)
		i := at(f)
		f.tileI[tile][i] = expr.IntOp(op, f.tileI[tile][i], f.ints[value])
	}
}
