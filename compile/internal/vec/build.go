package vec

import (
	"fmt"
	"slices"
	"strconv"

	"mllab/compile/expr"
	"mllab/compile/loop"
)

const (
	maxBlock = 40000 // vector instructions of one block
	maxTerms = 8     // loop variables of one address
	maxParts = 4     // registers that share one horizontal reduction
)

// varKind says how a loop variable is known while the builder is inside its loop.
type varKind uint8

const (
	dynamic  varKind = iota // a register or a memory cell at run time
	constant                // an unrolled loop: value
	lane                    // the vector loop: value + lane number
)

type variable struct {
	kind   varKind
	value  int
	lo, hi int // range of a dynamic variable
}

type form struct {
	expr.Linear
	ok bool
}

type streamKey struct {
	buf   int
	n     int
	terms [maxTerms]Term
}

type builder struct {
	nest *loop.Nest
	f    Features
	prog *Program
	err  error

	vars    []variable
	laneVar int // the vector loop's variable, -1 outside of vector loops
	active  int // lanes that take part: 1 outside of vector loops
	arms    []arm
	open    []openLoop
	derived map[derivedKey]int
	tiles   []tile

	streams map[streamKey]int
	forms   map[*expr.Expr]form
	laneUse map[*expr.Expr]bool
	useOf   map[loop.Stmt]map[*expr.Expr]int

	// the statement at hand
	uses      map[*expr.Expr]int
	memo      map[*expr.Expr]ID
	predicate *expr.Expr // of the load at hand

	// the block at hand
	ins     []Ins
	known   map[Ins]ID
	now     map[int]ID // variables that the block has set or read
	version map[int]int32
}

// Build makes the vector program of a nest that loop.Verify accepts. Errors wrap ErrRejected where another
// schedule may do; others name what the nest does wrong, such as an access outside of its buffer.
func Build(n *loop.Nest, f Features) (*Program, error) {
	if err := n.Verify(); err != nil {
		return nil, err
	}
	b := &builder{nest: n, f: f, vars: make([]variable, len(n.Vars)), laneVar: -1, active: 1,
		streams: map[streamKey]int{}, forms: map[*expr.Expr]form{}, laneUse: map[*expr.Expr]bool{},
		useOf: map[loop.Stmt]map[*expr.Expr]int{}, version: map[int]int32{}, derived: map[derivedKey]int{},
		prog: &Program{Name: n.Name, Lanes: f.Lanes, Params: len(n.Bufs), Names: slices.Clone(n.Vars)}}
	b.classify()
	b.clear()
	b.prog.Body = b.body(n.Body)
	if b.err != nil {
		return nil, fmt.Errorf("kernel %s: %w", n.Name, b.err)
	}
	b.prog.Loops = len(b.vars)
	b.prog.simplify()
	b.prog.Body = b.hoist(b.prog.Body)
	return b.prog, nil
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

func (b *builder) reject(format string, args ...any) {
	b.fail("%s: %w", fmt.Sprintf(format, args...), ErrRejected)
}

func (b *builder) clear() {
	b.ins, b.known, b.now = nil, map[Ins]ID{}, map[int]ID{}
	b.memo = map[*expr.Expr]ID{}
}

// flush ends the block at hand.
func (b *builder) flush(to []Node) []Node {
	if len(b.ins) > 0 {
		blk := &Block{Ins: b.ins}
		for v := range b.prog.Vars {
			id, ok := b.now[v]
			if ok && !(b.ins[id].Op == VarIn && int(b.ins[id].Var) == v) {
				blk.Out = append(blk.Out, Assign{v, id})
			}
		}
		b.transpose(blk)
		to = append(to, blk)
	}
	b.clear()
	return to
}

// body makes the nodes of a statement list that stands in serial loops only.
func (b *builder) body(stmts []loop.Stmt) []Node {
	var out []Node
	for _, s := range stmts {
		if b.err != nil {
			return nil
		}
		f, ok := s.(*loop.For)
		if !ok || f.Kind == loop.Unroll || f.Kind == loop.Vector {
			b.straight(s)
			continue
		}
		if f.Kind == loop.Block || f.Kind == loop.Thread {
			b.reject("a %s loop on a machine without", f.Kind)
			return nil
		}
		out = b.flush(out)
		out = append(out, b.loop(f))
	}
	return b.flush(out)
}

func (b *builder) loop(f *loop.For) Node {
	l := &Loop{Var: f.Var, N: f.N, Parallel: f.Kind == loop.Parallel}
	b.open = append(b.open, openLoop{loop: l})
	defer b.close()
	b.vars[f.Var] = variable{kind: dynamic, lo: 0, hi: f.N - 1}
	if f.Last == nil {
		l.Body = b.body(f.Body)
		return l
	}
	if f.N > 1 {
		b.vars[f.Var].hi = f.N - 2
		b.arms = append(b.arms, arm{f, false})
		l.Body = b.body(f.Body)
		b.arms = b.arms[:len(b.arms)-1]
	}
	b.forget() // their ranges were those of the other iterations
	b.vars[f.Var].lo, b.vars[f.Var].hi = f.N-1, f.N-1
	b.arms = append(b.arms, arm{f, true})
	l.Last = b.body(f.Last)
	b.arms = b.arms[:len(b.arms)-1]
	return l
}

// forget drops the variables derived in the innermost loop.
func (b *builder) forget() {
	for _, k := range b.open[len(b.open)-1].made {
		delete(b.derived, k)
	}
	b.open[len(b.open)-1].made = nil
}

// close leaves the innermost loop.
func (b *builder) close() {
	b.forget()
	b.open = b.open[:len(b.open)-1]
}

// straight expands a statement into the block at hand.
func (b *builder) straight(s loop.Stmt) {
	if b.err != nil {
		return
	}
	switch s := s.(type) {
	case *loop.For:
		if s.Kind == loop.Vector && !holdsVector(s.Body) && s.Last == nil && b.laneVar < 0 {
			b.vector(s)
			return
		}
		for i := range s.N {
			b.vars[s.Var] = variable{kind: constant, value: i}
			body := s.Body
			if s.Last != nil && i == s.N-1 {
				body = s.Last
			}
			b.all(body)
		}
	case *loop.Store:
		b.begin(s, s.Value)
		b.store(s)
	case *loop.Set:
		b.begin(s, s.Value)
		b.set(s.Local, s.Index, b.eval(s.Value), b.varies(s.Value))
	case *loop.Accum:
		b.begin(s, s.Value)
		b.accum(s)
	}
}

func (b *builder) all(body []loop.Stmt) {
	for _, t := range body {
		b.straight(t)
	}
}

// vector runs the groups of lanes of a vector loop one after the other.
func (b *builder) vector(f *loop.For) {
	b.laneVar = f.Var
	clear(b.laneUse)
	for base := 0; base < f.N; base += b.f.Lanes {
		b.active = min(b.f.Lanes, f.N-base)
		b.vars[f.Var] = variable{kind: lane, value: base}
		b.all(f.Body)
	}
	b.laneVar, b.active = -1, 1
	clear(b.laneUse)
}

func holdsVector(body []loop.Stmt) bool {
	for _, s := range body {
		if f, ok := s.(*loop.For); ok && (f.Kind == loop.Vector || holdsVector(f.Body) || holdsVector(f.Last)) {
			return true
		}
	}
	return false
}

// begin prepares for the expressions of one statement instance.
func (b *builder) begin(s loop.Stmt, value *expr.Expr) {
	clear(b.memo)
	u, ok := b.useOf[s]
	if !ok {
		u = map[*expr.Expr]int{value: 1}
		expr.Walk(value, func(e *expr.Expr) {
			for _, a := range e.Args {
				u[a]++
			}
			if e.Pred != nil {
				u[e.Pred]++
			}
		})
		b.useOf[s] = u
	}
	b.uses = u
}

// simplify drops what no block needs: assignments to variables that no block reads, and instructions without
// use. It renumbers the variables that are left.
func (p *Program) simplify() {
	for {
		read := map[int]bool{}
		p.Blocks(func(blk *Block) {
			for i := range blk.Ins {
				if blk.Ins[i].Op == VarIn {
					read[int(blk.Ins[i].Var)] = true
				}
			}
		})
		changed := false
		p.Blocks(func(blk *Block) {
			var out []Assign
			for _, o := range blk.Out {
				if read[o.Var] {
					out = append(out, o)
				}
			}
			changed = changed || len(out) != len(blk.Out)
			blk.Out = out
			changed = blk.sweep() || changed
		})
		if !changed {
			p.renumber(read)
			return
		}
	}
}

// Parallel gives the parallel loop, nil when there is none. Blocks may stand before it.
func (p *Program) Parallel() *Loop {
	for _, n := range p.Body {
		if l, ok := n.(*Loop); ok && l.Parallel {
			return l
		}
	}
	return nil
}

// Blocks calls f for every block in program order.
func (p *Program) Blocks(f func(*Block)) { eachBlock(p.Body, f) }

func eachBlock(body []Node, f func(*Block)) {
	for _, n := range body {
		switch n := n.(type) {
		case *Loop:
			eachBlock(n.Body, f)
			eachBlock(n.Last, f)
		case *Block:
			f(n)
		}
	}
}

func (p *Program) renumber(read map[int]bool) {
	to := make([]int, p.Vars)
	n := 0
	for v := range p.Vars {
		if read[v] {
			to[v] = n
			n++
		}
	}
	p.Vars = n
	p.Blocks(func(blk *Block) {
		for i := range blk.Ins {
			if x := &blk.Ins[i]; x.Op == VarIn {
				x.Var = int32(to[x.Var])
			}
		}
		for i := range blk.Out {
			blk.Out[i].Var = to[blk.Out[i].Var]
		}
	})
}

// sweep removes the instructions that nothing uses and reports whether there were any.
func (blk *Block) sweep() bool {
	live := make([]bool, len(blk.Ins))
	for _, o := range blk.Out {
		live[o.ID] = true
	}
	for i := len(blk.Ins) - 1; i >= 0; i-- {
		x := &blk.Ins[i]
		if live[i] = live[i] || x.Op.Effect(); live[i] {
			x.Each(func(id ID) { live[id] = true })
		}
	}
	to := make([]ID, len(blk.Ins))
	var out []Ins
	for i, x := range blk.Ins {
		if !live[i] {
			continue
		}
		to[i] = ID(len(out))
		for k, a := range x.Args {
			if a >= 0 {
				x.Args[k] = to[a]
			}
		}
		if x.Mask >= 0 {
			x.Mask = to[x.Mask]
		}
		out = append(out, x)
	}
	for i := range blk.Out {
		blk.Out[i].ID = to[blk.Out[i].ID]
	}
	changed := len(out) != len(blk.Ins)
	blk.Ins = out
	return changed
}

func itoa(n int) string { return strconv.Itoa(n) }
