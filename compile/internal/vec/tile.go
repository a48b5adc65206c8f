package vec

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// tileMode says where the elements of a register tile live.
type tileMode uint8

const (
	// uniform: one variable an element, the same value in every lane. Where statements of vector loops
	// accumulate into elements, an element is the combination of all lanes of parts variables instead.
	uniform  tileMode = iota
	spread            // dimension dim lies along the lanes
	inMemory          // indexed in ways that registers cannot follow
)

type tile struct {
	mode   tileMode
	dim    int
	first  int // number of its first variable
	groups int // vectors along dim
	parts  int // uniform: more than 0 where lanes are partial results
	comb   expr.Comb
	buf    int // inMemory
	ends   []access
}

// arm is one of the two bodies of a loop with a last iteration of its own.
type arm struct {
	loop *loop.For
	last bool
}

// access is where a tile is touched, and how far along its lanes.
type access struct {
	arms []arm
	end  int
}

// classify finds a mode for every tile and numbers the variables.
func (b *builder) classify() {
	b.tiles = make([]tile, len(b.nest.Locals))
	for i := range b.tiles {
		b.tiles[i].dim = -1
		if b.nest.Locals[i].Memory {
			b.tiles[i].mode = inMemory
		}
	}
	b.scan(b.nest.Body, nil)
	for i := range b.tiles {
		t, n := &b.tiles[i], ir.Elems(b.nest.Locals[i].Dims)
		if t.mode == inMemory || t.mode == uniform && t.parts == 0 && n > 512 {
			t.mode = inMemory
			t.buf = len(b.nest.Bufs) + len(b.prog.Tiles)
			b.prog.Tiles = append(b.prog.Tiles, n)
			continue
		}
		t.first = b.prog.Vars
		if t.mode == spread {
			d := b.nest.Locals[i].Dims[t.dim]
			t.groups = (d + b.f.Lanes - 1) / b.f.Lanes
			b.prog.Vars += n / d * t.groups
			continue
		}
		b.prog.Vars += n * max(1, t.parts)
	}
}

// scan visits the tile accesses of all statements; inner is the vector loop that will be run in lanes.
func (b *builder) scan(body []loop.Stmt, inner *loop.For) {
	for _, s := range body {
		switch s := s.(type) {
		case *loop.For:
			in := inner
			if s.Kind == loop.Vector && in == nil && !holdsVector(s.Body) && s.Last == nil {
				in = s
			}
			if s.Last == nil {
				b.scan(s.Body, in)
				continue
			}
			b.arms = append(b.arms, arm{s, false})
			b.scan(s.Body, in)
			b.arms[len(b.arms)-1].last = true
			b.scan(s.Last, in)
			b.arms = b.arms[:len(b.arms)-1]
		case *loop.Store:
			b.scanExpr(s.Index, inner)
			b.scanExpr(s.Value, inner)
		case *loop.Set:
			b.scanExpr(s.Value, inner)
			b.scanTile(s.Local, s.Index, inner, nil)
		case *loop.Accum:
			b.scanExpr(s.Value, inner)
			b.scanTile(s.Local, s.Index, inner, s)
		}
	}
}

func (b *builder) scanExpr(e *expr.Expr, inner *loop.For) {
	expr.Walk(e, func(x *expr.Expr) {
		if x.Op == expr.Local {
			b.scanTile(int(x.I), x.Args, inner, nil)
		}
	})
}

func (b *builder) scanTile(i int, index []*expr.Expr, inner *loop.For, acc *loop.Accum) {
	t := &b.tiles[i]
	if t.mode == inMemory || inner == nil {
		return
	}
	found := -1
	for d, x := range index {
		l, _ := expr.Affine(x)
		c := l.Coef(inner.Var)
		if c == 0 {
			continue
		}
		// Whole groups of lanes must coincide with whole vectors of the tile.
		aligned := l.Const%b.f.Lanes == 0
		for _, term := range l.Terms {
			aligned = aligned && (term.Axis == inner.Var || term.Coef%b.f.Lanes == 0)
		}
		if c != 1 || found >= 0 || !aligned || t.dim >= 0 && t.dim != d {
			t.mode = inMemory
			return
		}
		found = d
	}
	switch {
	case found >= 0:
		t.mode, t.dim, t.parts = spread, found, 0
		l, _ := expr.Affine(index[found])
		end := l.Const + inner.N
		for _, term := range l.Terms {
			if term.Axis != inner.Var {
				end = 1 << 30 // moves with an unrolled loop: its tails are always blended
			}
		}
		t.ends = append(t.ends, access{append([]arm(nil), b.arms...), end})
	case acc != nil && t.mode == uniform:
		if t.parts > 0 && t.comb != acc.Comb || b.nest.Locals[i].DType == ir.Bool {
			t.mode = inMemory
			return
		}
		t.comb = acc.Comb
		t.parts = max(t.parts, min(maxParts, (inner.N+b.f.Lanes-1)/b.f.Lanes))
	}
}

// disjoint reports whether two paths part at a loop with two bodies.
func disjoint(p, q []arm) bool {
	for _, x := range p {
		for _, y := range q {
			if x.loop == y.loop && x.last != y.last {
				return true
			}
		}
	}
	return false
}

// keepsRest reports whether lanes after end must survive a write to the tile in this place.
func (b *builder) keepsRest(t *tile, end int) bool {
	for _, a := range t.ends {
		if a.end > end && !disjoint(a.arms, b.arms) {
			return true
		}
	}
	return false
}

// place finds element index of a tile that lives in variables: the variable of a spread tile's vector, or the
// first one of a uniform element. at is the index along the lanes, and whole says that it moves with them.
func (b *builder) place(i int, index []*expr.Expr) (v, at int, whole bool) {
	t, dims := &b.tiles[i], b.nest.Locals[i].Dims
	flat := 0
	for d, x := range index {
		l, _ := b.affine(x)
		if end := l.base + l.step*(b.active-1); l.base < 0 || end < 0 || max(l.base, end) >= dims[d] {
			b.fail("access to elements %d to %d of dimension %d of a tile of %v", l.base, end, d, dims)
			return t.first, 0, whole
		}
		if d == t.dim && t.mode == spread {
			at, whole = l.base, l.step != 0
			flat = flat*t.groups + l.base/b.f.Lanes
			continue
		}
		flat = flat*dims[d] + l.base
	}
	return t.first + flat*max(1, t.parts), at, whole
}

func (b *builder) variable(v int) ID {
	if id, ok := b.now[v]; ok {
		return id
	}
	id := b.add(Ins{Op: VarIn, Args: nothing, Mask: None, Var: int32(v)})
	b.now[v] = id
	return id
}

// flatten is the affine index of a tile in memory.
func (b *builder) flatten(i int, index []*expr.Expr) linear {
	var r linear
	for d, x := range index {
		l, _ := b.affine(x)
		r.base = r.base*b.nest.Locals[i].Dims[d] + l.base
		r.step = r.step*b.nest.Locals[i].Dims[d] + l.step
	}
	b.inside(b.tiles[i].buf, r)
	return r
}

func (b *builder) readTile(i int, index []*expr.Expr) ID {
	t, d := &b.tiles[i], b.nest.Locals[i].DType
	if t.mode == inMemory {
		return b.fromMemory(d, b.loadLinear(t.buf, b.flatten(i, index), None))
	}
	v, at, whole := b.place(i, index)
	if t.mode == uniform {
		if t.parts > 0 {
			return b.fromMemory(d, b.collect(t, v, d))
		}
		return b.fromMemory(d, b.variable(v))
	}
	if whole {
		return b.fromMemory(d, b.variable(v))
	}
	return b.fromMemory(d, b.opImm(Extract, uint32(at%b.f.Lanes), b.variable(v)))
}

// collect combines the parts and lanes of a partial element.
func (b *builder) collect(t *tile, v int, d ir.DType) ID {
	r := b.variable(v)
	for p := 1; p < t.parts; p++ {
		r = b.op(combiner(t.comb, d), r, b.variable(v+p))
	}
	return b.opImm(Reduce, uint32(combiner(t.comb, d)), r)
}

func combiner(c expr.Comb, d ir.DType) Op {
	if d == ir.F32 {
		return [...]Op{expr.Sum: AddF, expr.Prod: MulF, expr.MaxOf: MaxF, expr.MinOf: MinF}[c]
	}
	return [...]Op{expr.Sum: AddI, expr.Prod: MulI, expr.MaxOf: MaxI, expr.MinOf: MinI}[c]
}

// start is the neutral element of a combiner.
func (b *builder) start(c expr.Comb, d ir.DType) ID {
	e := c.Start(d)
	if d == ir.F32 {
		return b.float(e.F)
	}
	return b.int(int(e.I))
}

// set gives an element, or the active lanes of a tile, a value.
func (b *builder) set(i int, index []*expr.Expr, value ID, varies bool) {
	t, d := &b.tiles[i], b.nest.Locals[i].DType
	value = b.toMemory(d, value)
	if t.mode == inMemory {
		b.storeLinear(t.buf, b.flatten(i, index), value, varies)
		return
	}
	v, at, whole := b.place(i, index)
	if varies && !whole {
		value = b.opImm(Extract, uint32(b.active-1), value)
	}
	switch {
	case t.mode == uniform && t.parts > 0:
		zero := b.start(t.comb, d)
		b.now[v] = b.choose(b.maskOf(1), value, zero)
		for p := 1; p < t.parts; p++ {
			b.now[v+p] = zero
		}
	case t.mode == uniform:
		b.now[v] = value
	case whole:
		b.now[v] = b.partial(t, v, at, value)
	default:
		b.now[v] = b.choose(b.maskOf(1<<(at%b.f.Lanes)), value, b.variable(v))
	}
}

// partial keeps the idle lanes of variable v where something reads them.
func (b *builder) partial(t *tile, v, at int, value ID) ID {
	if b.active == b.f.Lanes || !b.keepsRest(t, at+b.active) {
		return value
	}
	return b.choose(b.maskOf(1<<b.active-1), value, b.variable(v))
}

// accum combines a value into an element, or into the active lanes of a tile.
func (b *builder) accum(s *loop.Accum) {
	t, d := &b.tiles[s.Local], b.nest.Locals[s.Local].DType
	op := combiner(s.Comb, d)
	if t.mode == inMemory {
		b.accumMemory(s, t, op)
		return
	}
	v, at, whole := b.place(s.Local, s.Index)
	switch {
	case whole, t.mode == uniform && t.parts == 0:
		r := b.combine(s, op, b.variable(v))
		if whole {
			r = b.partial(t, v, at, r)
		}
		b.now[v] = r
	case t.mode == uniform:
		if b.laneVar >= 0 {
			v += b.vars[b.laneVar].value / b.f.Lanes % t.parts
		}
		old := b.variable(v)
		r := b.combine(s, op, old)
		if b.laneVar < 0 {
			r = b.choose(b.maskOf(1), r, old)
		} else if b.active < b.f.Lanes {
			r = b.choose(b.maskOf(1<<b.active-1), r, old)
		}
		b.now[v] = r
	default:
		old := b.variable(v)
		r := b.op(op, old, b.across(s, d))
		b.now[v] = b.choose(b.maskOf(1<<(at%b.f.Lanes)), r, old)
	}
}

// combine is old (op) the statement's value, as one FMA where that is a product.
func (b *builder) combine(s *loop.Accum, op Op, old ID) ID {
	if op == AddF && b.fusible(s.Value) {
		x, y := b.eval(s.Value.Args[0]), b.eval(s.Value.Args[1])
		return b.opImm(FMA, Loose, x, y, old)
	}
	return b.op(op, old, b.eval(s.Value))
}

// across is the statement's value, combined over the active lanes in a vector loop.
func (b *builder) across(s *loop.Accum, d ir.DType) ID {
	v := b.eval(s.Value)
	if b.laneVar < 0 {
		return v
	}
	if b.active < b.f.Lanes {
		v = b.choose(b.maskOf(1<<b.active-1), v, b.start(s.Comb, d))
	}
	return b.opImm(Reduce, uint32(combiner(s.Comb, d)), v)
}

func (b *builder) accumMemory(s *loop.Accum, t *tile, op Op) {
	l := b.flatten(s.Local, s.Index)
	old := b.loadLinear(t.buf, l, None)
	if l.step != 0 || b.laneVar < 0 {
		b.storeLinear(t.buf, l, b.combine(s, op, old), true)
		return
	}
	b.storeLinear(t.buf, l, b.op(op, old, b.across(s, b.nest.Locals[s.Local].DType)), false)
}
