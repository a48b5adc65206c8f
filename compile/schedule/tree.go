package schedule

import (
	"fmt"
	"strings"

	"mllab/compile/expr"
	"mllab/compile/loop"
)

// node is a loop: an axis, or one half of a split one. The loops that run are
// the leaves; the value of a split loop is outer*factor + inner.
type node struct {
	name         string
	axis         int
	space        bool
	parent       *node
	outer, inner *node
	factor       int
	size         int // largest extent
	kind         loop.Kind
	dim          int
	chosen       bool // a step chose kind
	id           int  // variable, of leaves
}

func (n *node) leaf() bool { return n.outer == nil }

func (n *node) leaves(visit func(*node)) {
	if n.leaf() {
		visit(n)
		return
	}
	n.outer.leaves(visit)
	n.inner.leaves(visit)
}

func (n *node) split(f int) {
	n.factor = f
	half := *n
	half.parent = n
	o, i := half, half
	o.name, i.name = n.name+".0", n.name+".1"
	o.size, i.size = (n.size+f-1)/f, min(f, n.size)
	n.outer, n.inner = &o, &i
}

// clone copies a tree; the copies of leaves are appended to list.
func (n *node) clone(parent *node, list *[]*node) *node {
	d := *n
	d.parent = parent
	if n.leaf() {
		d.kind, d.chosen = loop.Serial, false
		*list = append(*list, &d)
		return &d
	}
	d.outer, d.inner = n.outer.clone(&d, list), n.inner.clone(&d, list)
	return &d
}

// design is a Compute with the decisions about its loops.
type design struct {
	c     *expr.Compute
	m     loop.Machine
	axes  []*node // roots
	order []*node // leaves, outermost first
	pack  []int
	fast  interface{ plan() *Plan } // in place of all loops, or nil
}

// arrange carries out the steps, checking each by itself; check looks at the whole.
func arrange(c *expr.Compute, s Schedule, m loop.Machine) (*design, error) {
	d := &design{c: c, m: m}
	for a := range len(c.Axes) + len(c.Red) {
		n := &node{name: AxisName(len(c.Axes), a), axis: a, space: a < len(c.Axes), size: c.Extent(a)}
		d.axes = append(d.axes, n)
		d.order = append(d.order, n)
	}
	for _, t := range s {
		err := d.do(t)
		if t.Op == Winograd && len(s) > 1 {
			err = fmt.Errorf("it decides all loops: want no other step")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: schedule step %q: %w", c.Name, t, err)
		}
	}
	for i, n := range d.order {
		n.id = i
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("%s: schedule %q: %w", c.Name, s, err)
	}
	return d, nil
}

func (d *design) find(name string) (int, error) {
	var names []string
	for i, n := range d.order {
		if n.name == name {
			return i, nil
		}
		names = append(names, n.name)
	}
	return 0, fmt.Errorf("no loop %s, there are %s", name, strings.Join(names, " "))
}

func (d *design) do(t Step) error {
	at := make([]int, len(t.Loops))
	for i, name := range t.Loops {
		k, err := d.find(name)
		if err != nil {
			return err
		}
		for _, before := range at[:i] {
			if before == k {
				return fmt.Errorf("loop %s twice", name)
			}
		}
		at[i] = k
	}
	switch t.Op {
	case Split:
		return d.split(at[0], t.N)
	case Reorder:
		d.reorder(at)
		return nil
	case Unroll:
		return d.mark(at, loop.Unroll)
	case Vectorize:
		return d.mark(at, loop.Vector)
	case Parallel:
		return d.mark(at, loop.Parallel)
	case Bind:
		return d.bind(at, t.To)
	case Pack:
		return d.addPack(t.N)
	case Winograd:
		return d.filter(t.N, t.To)
	}
	return fmt.Errorf("unknown verb %d", t.Op)
}

func (d *design) split(at, f int) error {
	n := d.order[at]
	switch {
	case f < 1 || f > 1<<24:
		return fmt.Errorf("a loop of %d iterations, want 1 to %d", f, 1<<24)
	case n.chosen:
		return fmt.Errorf("loop %s is %s already: split first", n.name, n.kind)
	}
	n.split(f)
	d.order = append(d.order[:at], append([]*node{n.outer, n.inner}, d.order[at+1:]...)...)
	return nil
}

func (d *design) reorder(at []int) {
	places := append([]int{}, at...)
	for i := range places {
		for j := i; j > 0 && places[j] < places[j-1]; j-- {
			places[j], places[j-1] = places[j-1], places[j]
		}
	}
	old := append([]*node{}, d.order...)
	for i, p := range places {
		d.order[p] = old[at[i]]
	}
}

func (d *design) mark(at []int, k loop.Kind) error {
	for _, i := range at {
		n := d.order[i]
		if n.chosen {
			return fmt.Errorf("loop %s is %s already", n.name, n.kind)
		}
		n.kind, n.chosen = k, true
	}
	return nil
}

func (d *design) bind(at []int, to string) error {
	kind, dim, _ := strings.Cut(to, ".")
	k, ok := map[string]loop.Kind{"block": loop.Block, "thread": loop.Thread}[kind]
	axis := strings.Index("xyz", dim)
	if !ok || len(dim) != 1 || axis < 0 {
		return fmt.Errorf("cannot bind to %q, want block.x to block.z or thread.x to thread.z", to)
	}
	if d.m.Kind != loop.GPU {
		return fmt.Errorf("this machine has no blocks and threads")
	}
	for _, n := range d.order {
		if n.chosen && n.kind == k && n.dim == axis {
			return fmt.Errorf("loop %s has it already", n.name)
		}
	}
	d.order[at[0]].dim = axis
	return d.mark(at, k)
}

func (d *design) addPack(operand int) error {
	if d.c.Body == nil || len(d.c.More) > 0 {
		return fmt.Errorf("only operands of reductions can be packed, and of one alone in its pass")
	}
	if operand < 0 || operand >= len(d.c.In) {
		return fmt.Errorf("no operand %d, there are %d", operand, len(d.c.In))
	}
	for _, p := range d.pack {
		if p == operand {
			return fmt.Errorf("packed already")
		}
	}
	if _, _, err := packed(d.c, operand); err != nil {
		return err
	}
	d.pack = append(d.pack, operand)
	return nil
}

// maxUnroll bounds the copies of a statement that unrolled loops make.
const maxUnroll = 4096

// check looks at the order and kinds of all loops.
func (d *design) check() error {
	seen := map[*node]bool{}
	first := d.firstRed()
	copies, vectors := 1, 0
	prev := loop.Parallel // the kinds come in the order Parallel|Block, Thread, Serial, Unroll|Vector
	rank := map[loop.Kind]int{
		loop.Parallel: 0, loop.Block: 0, loop.Thread: 1, loop.Serial: 2, loop.Unroll: 3, loop.Vector: 3,
	}
	threads := 1
	for i, n := range d.order {
		seen[n] = true
		for p := n; p.parent != nil; p = p.parent {
			if p == p.parent.inner && !all(p.parent.outer, seen) {
				return fmt.Errorf("loop %s stands outside %s", n.name, p.parent.outer.name)
			}
		}
		if rank[n.kind] < rank[prev] {
			return fmt.Errorf("%s loop %s inside a %s loop", n.kind, n.name, prev)
		}
		prev = n.kind
		outermost := rank[n.kind] < 2
		switch {
		case outermost && !n.space && (n.kind != loop.Parallel || i >= first || d.m.Kind != loop.CPU):
			return fmt.Errorf("%s loop %s belongs to the reduction", n.kind, n.name)
		case n.space && i > first && n.kind != loop.Unroll && n.kind != loop.Vector:
			return fmt.Errorf("loop %s inside the reduction wants to be unrolled or vectorised", n.name)
		case n.kind == loop.Parallel && d.m.Kind == loop.GPU:
			return fmt.Errorf("loop %s: bind it to blocks or threads, this machine has no parallel loops", n.name)
		case n.kind == loop.Vector && i != len(d.order)-1:
			return fmt.Errorf("vectorised loop %s is not innermost", n.name)
		}
		switch n.kind {
		case loop.Unroll:
			copies *= n.size
		case loop.Vector:
			vectors = (n.size + max(d.m.Lanes, 1) - 1) / max(d.m.Lanes, 1)
		case loop.Thread:
			threads *= n.size
		}
		if copies*max(vectors, 1) > maxUnroll {
			return fmt.Errorf("unrolls to more than %d copies", maxUnroll)
		}
	}
	if d.m.Group > 0 && threads > d.m.Group {
		return fmt.Errorf("%d threads in a block, at most %d", threads, d.m.Group)
	}
	if err := d.checkFused(); err != nil {
		return err
	}
	if err := d.checkParts(); err != nil {
		return err
	}
	if got := d.registers(); d.m.Registers > 0 && got > d.m.Registers {
		return fmt.Errorf("wants %d vector registers of %d", got, d.m.Registers)
	}
	return nil
}

func all(n *node, seen map[*node]bool) bool {
	ok := true
	n.leaves(func(l *node) { ok = ok && seen[l] })
	return ok
}

// firstRed is the place of the outermost reduction loop that has no loop over
// coordinates inside but the register tile's, or the number of loops.
func (d *design) firstRed() int {
	first := len(d.order)
	for i := len(d.order) - 1; i >= 0; i-- {
		n := d.order[i]
		if n.space && n.kind != loop.Unroll && n.kind != loop.Vector && first < len(d.order) {
			break
		}
		if !n.space {
			first = i
		}
	}
	return first
}

// inParts reports whether loops of the reduction have loops over coordinates
// inside that are not the register tile's: the reduction is done in parts, which add
// to sums in scratch memory.
func (d *design) inParts() bool {
	for _, n := range d.order[:d.firstRed()] {
		if !n.space {
			return true
		}
	}
	return false
}

// outer lists the loops up to the last that makes parts, and how many of their
// iterations after each other go on with the same sums, in order: those of the loops
// from the first serial one of the reduction on.
func (d *design) outer() (loops []*node, run int) {
	first, last := d.firstRed(), len(d.fused())-1
	for i, n := range d.order[:d.firstRed()] {
		if !n.space {
			last = max(last, i)
			if n.kind == loop.Serial {
				first = min(first, i)
			}
		}
	}
	run = 1
	for _, n := range d.order[min(first, last+1) : last+1] {
		run *= n.size
	}
	return d.order[:last+1], run
}

// copies lists the loops of the reduction that threads share: each of their
// iterations has sums of its own.
func (d *design) copies() []*node {
	var list []*node
	for _, n := range d.fused() {
		if !n.space {
			list = append(list, n)
		}
	}
	return list
}

// checkParts: the loops around the parts become one, so that they have no tails,
// and sums in scratch memory are those of coordinates.
func (d *design) checkParts() error {
	if !d.inParts() {
		return nil
	}
	last := d.order[len(d.order)-1]
	loops, run := d.outer()
	for _, n := range loops {
		if n.space {
			continue
		}
		if d.m.Kind != loop.CPU || len(d.c.More) > 0 || n.kind != loop.Serial && n.kind != loop.Parallel ||
			n.kind == loop.Serial && run < 2 || last.kind == loop.Vector && !last.space {
			return fmt.Errorf("loop %s: the reduction cannot be done in parts here", n.name)
		}
	}
	for _, n := range loops {
		for p := n; p.parent != nil; p = p.parent {
			if p.parent.size%p.parent.factor != 0 {
				return fmt.Errorf("loop %s stands around parts of the reduction, and %s of %d by %d leaves a tail",
					n.name, p.parent.name, p.parent.size, p.parent.factor)
			}
		}
	}
	return nil
}

// fused lists the parallel loops, which Apply makes one.
func (d *design) fused() []*node {
	n := 0
	for n < len(d.order) && d.order[n].kind == loop.Parallel {
		n++
	}
	return d.order[:n]
}

// checkFused: where several loops become one, none may have a tail, since a tail
// is the last iteration of one loop.
func (d *design) checkFused() error {
	f := d.fused()
	if len(f) < 2 {
		return nil
	}
	for _, n := range f {
		for p := n; p.parent != nil; p = p.parent {
			if p == p.parent.outer && p.parent.size%p.parent.factor != 0 {
				return fmt.Errorf("parallel loops are fused, and %s of %d by %d leaves a tail",
					p.parent.name, p.parent.size, p.parent.factor)
			}
		}
	}
	return nil
}

// registers estimates the vector registers that the innermost loops need: the
// tile, the vectors of operands that every row of the tile uses, and temporaries.
// Kernels without a tile take what there is.
func (d *design) registers() int {
	first := d.firstRed()
	if d.c.Body == nil || d.m.Kind != loop.CPU {
		return 0
	}
	acc, width, rows := 1, 1, 1
	var vec *node
	for i, n := range d.order {
		switch {
		case n.kind == loop.Vector:
			vec = n
			width = (n.size + max(d.m.Lanes, 1) - 1) / max(d.m.Lanes, 1)
			acc *= width
		case i > first && n.space:
			acc *= n.size
			rows *= n.size
		}
	}
	acc *= len(d.c.Reductions())
	temps := 2
	if rows > 1 && vec != nil {
		temps = 1 + width*d.vectorLoads(vec)
	}
	if depth := depth(d.c.Body); depth > 2 {
		temps += min(depth-2, 4)
	}
	return acc + temps
}

// vectorLoads counts the different loads of Body that differ between lanes and
// not between the rows of the tile: they stay in registers for all rows.
func (d *design) vectorLoads(vec *node) int {
	n := 0
	visit := func(e *expr.Expr) {
		if e.Op != expr.Load || !expr.Uses(e.Args[0], vec.axis) {
			return
		}
		for _, row := range d.tile() {
			if row != vec && expr.Uses(e.Args[0], row.axis) {
				return
			}
		}
		n++
	}
	for _, r := range d.c.Reductions() {
		expr.Walk(r.Body, visit)
	}
	return n
}

// tile lists the loops over coordinates inside the reduction: the register tile.
func (d *design) tile() []*node {
	var t []*node
	for _, n := range d.order[min(d.firstRed(), len(d.order)):] {
		if n.space {
			t = append(t, n)
		}
	}
	return t
}

func depth(e *expr.Expr) int {
	n := 0
	for _, a := range e.Args {
		if e.Op != expr.Load {
			n = max(n, depth(a))
		}
	}
	return n + 1
}
