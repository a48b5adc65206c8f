package fuse

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Stack is one future kernel of one or more pieces. Where there are several, they are
// its stages: for each row, a coordinate of the first axes, which all have in common,
// they run one after the other, so that what one gives the next is still in cache.
// Small updates have no rows in common: each is done whole before the next.
type Stack struct {
	Pieces []*Piece
	Lead   int        // how many axes longer than 1 make a row; 0: one piece, or updates
	Rows   int        // how many rows there are
	Within []ir.Value // what stages give that only later stages read
	Apart  []string   // why it is not one with those whose results it reads
}

// before says which pieces come before a piece beyond those whose results it reads.
type before = map[*Piece]map[*Piece]bool

// maxStages and maxStackBufs bound a stack: more gain nothing, and take long to encode.
const (
	maxStages    = 12
	maxStackBufs = 20
)

// Small updates share a kernel, up to so many buffers; one works on so many terms at
// most, which takes a few microseconds, and all of a kernel on so many.
const (
	maxUpdateBufs  = 256
	maxUpdate      = 1 << 13
	maxUpdateTerms = 1 << 17
)

// Stacks puts pieces that work on the same rows together, where there are at least so
// many rows, to share among threads. Pieces that overwrite an input do not take part.
// A contraction does where it is thin and can be scheduled as a stage. What is small and
// only updates inputs, or gives outputs, is put together as well, such as the steps of an
// optimiser. The stacks are in an order in which they can run.
func (p *Program) Stacks(rows int, after before, overwrites, stage func(*Piece) bool) []*Stack {
	s := &stacker{p: p, rows: rows, at: map[*Piece]int{}, of: map[*Piece]*Stack{}, light: map[*Piece]bool{}}
	for i, q := range p.Pieces {
		s.at[q] = i
		s.of[q] = &Stack{Pieces: []*Piece{q}}
		s.light[q] = !overwrites(q) && (p.light(q) || p.products(q) <= thinProducts && stage(q))
	}
	s.prev = make([][]*Piece, len(p.Pieces))
	for i, q := range p.Pieces {
		for _, v := range q.In {
			if f := p.index().from[v]; f != nil {
				s.prev[i] = append(s.prev[i], f)
			}
		}
		for r := range after[q] {
			s.prev[i] = append(s.prev[i], r)
		}
		slices.SortFunc(s.prev[i], s.order)
	}
	for _, q := range p.Pieces {
		if s.light[q] {
			s.place(q)
		}
	}
	s.updates()
	s.explain()
	all := s.sorted()
	for _, t := range all {
		if t.Lead > 0 {
			s.within(t)
		}
	}
	return all
}

type stacker struct {
	p     *Program
	rows  int
	at    map[*Piece]int // place in the list
	prev  [][]*Piece     // by place: what comes right before
	of    map[*Piece]*Stack
	light map[*Piece]bool
}

func (s *stacker) order(a, b *Piece) int { return s.at[a] - s.at[b] }

// light reports whether a piece reads its operands about once: an elementwise one, or
// a reduction that is no contraction, whose tiles need all registers and a schedule of
// their own.
func (p *Program) light(q *Piece) bool { return p.products(q) <= 2 }

// thinProducts is how many products a contraction makes of an element at most, where it
// takes about as long to bring what it reads from memory.
const thinProducts = 32

// products is how many terms a reduction makes of each element of its largest operand;
// 0 for an elementwise piece.
func (p *Program) products(q *Piece) int {
	if q.C.Body == nil {
		return 0
	}
	largest := 1
	for _, r := range q.C.Reductions() {
		expr.Walk(r.Body, func(e *expr.Expr) {
			if e.Op == expr.Load {
				largest = max(largest, q.C.In[e.I].Elems())
			}
		})
	}
	return (ir.Elems(q.C.Axes)*ir.Elems(q.C.Red) + largest - 1) / largest
}

// place lets q join the stacks of the pieces whose results it reads row by row: all of
// them at once, or the first that can.
func (s *stacker) place(q *Piece) {
	var from []*Stack
	for _, v := range q.In {
		f := s.p.index().from[v]
		if f == nil || !s.light[f] || slices.Contains(from, s.of[f]) || s.of[f] == s.of[q] {
			continue
		}
		from = append(from, s.of[f])
	}
	if len(from) > 1 && s.join(append(slices.Clone(from), s.of[q])) {
		return
	}
	for _, f := range from {
		s.join([]*Stack{f, s.of[q]})
	}
}

// updates puts small pieces that nothing reads together.
func (s *stacker) updates() {
	var to *Stack
	terms, bufs := 0, map[ir.Value]bool{}
	for _, q := range s.p.Pieces {
		n := ir.Elems(q.C.Axes) * max(ir.Elems(q.C.Red), 1)
		if len(s.of[q].Pieces) > 1 || n > maxUpdate || !s.p.light(q) || s.read(q) {
			continue
		}
		own := s.of[q]
		fits := to != nil && terms+n <= maxUpdateTerms && buffers(keys(bufs), q.In, q.Out) <= maxUpdateBufs
		if fits && s.closed([]*Stack{to, own}) {
			to.Pieces = append(to.Pieces, q)
			s.of[q] = to
		} else {
			to, terms = own, 0
			clear(bufs)
		}
		terms += n
		for _, v := range append(slices.Clone(q.In), q.Out...) {
			bufs[v] = true
		}
	}
}

// read reports whether another piece reads a result of q.
func (s *stacker) read(q *Piece) bool {
	for _, v := range q.Out {
		if len(s.p.index().users[v]) > 0 {
			return true
		}
	}
	return false
}

func keys(m map[ir.Value]bool) []ir.Value { return slices.Collect(maps.Keys(m)) }

// join makes one stack of several, if that can be.
func (s *stacker) join(stacks []*Stack) bool {
	to, why := s.joined(stacks)
	if why != "" {
		return false
	}
	for _, q := range to.Pieces {
		s.of[q] = to
	}
	return true
}

// joined is the stack of several, or why there is none: they have no rows in common, or
// something that is not in them stands between them.
func (s *stacker) joined(stacks []*Stack) (to *Stack, why string) {
	to = &Stack{}
	for _, t := range stacks {
		to.Pieces = append(to.Pieces, t.Pieces...)
	}
	if len(to.Pieces) > maxStages {
		return nil, fmt.Sprintf("more than %d stages", maxStages)
	}
	slices.SortFunc(to.Pieces, s.order)
	if to.Lead, to.Rows, why = s.common(to.Pieces); why != "" {
		return nil, why
	}
	if !s.closed(stacks) {
		return nil, "what stands between them comes first"
	}
	return to, ""
}

// within finds what only the stack's own stages read.
func (s *stacker) within(t *Stack) {
	for _, q := range t.Pieces {
		for _, v := range q.Out {
			users := s.p.index().users[v]
			outside := func(u *Piece) bool { return s.of[u] != t }
			if !s.p.Keep[v] && len(users) > 0 && !slices.ContainsFunc(users, outside) {
				t.Within = append(t.Within, v)
			}
		}
	}
}

// explain notes why stacks are not one with those whose results they read.
func (s *stacker) explain() {
	for _, q := range s.p.Pieces {
		for _, f := range s.prev[s.at[q]] {
			a, b := s.of[f], s.of[q]
			if a == b || !s.reads(q, f) {
				continue
			}
			why := "what overwrites an input stands alone"
			switch {
			case s.light[f] && s.light[q]:
				_, why = s.joined([]*Stack{a, b})
			case !s.p.light(f) || !s.p.light(q):
				why = "a contraction needs all registers"
			}
			if text := fmt.Sprintf("no stage with %s: %s", f.C.Name, why); !slices.Contains(b.Apart, text) {
				b.Apart = append(b.Apart, text)
			}
		}
	}
}

// reads reports whether q reads a result of f.
func (s *stacker) reads(q, f *Piece) bool {
	return slices.ContainsFunc(q.In, func(v ir.Value) bool { return s.p.index().from[v] == f })
}

// common is the largest number of first axes that make rows of all pieces, and the
// rows, or why there are none.
func (s *stacker) common(all []*Piece) (lead, rows int, why string) {
	given := map[ir.Value]bool{}
	bufs := map[ir.Value]bool{}
	for _, q := range all {
		for _, v := range q.Out {
			given[v], bufs[v] = true, true
		}
		for _, v := range q.In {
			bufs[v] = true
		}
	}
	if len(bufs) > maxStackBufs {
		return 0, 0, fmt.Sprintf("more than %d buffers", maxStackBufs)
	}
	first := squeeze(all[0].C.Axes)
	k := len(first)
	for _, q := range all[1:] {
		k = shared(first[:k], squeeze(q.C.Axes))
	}
	for ; k > 0; k-- {
		ok := true
		for _, q := range all {
			ok = ok && byRows(q, k, given) && (s.p.light(q) || thinRows(q, k))
		}
		if ok {
			n := ir.Elems(first[:k])
			if n < s.rows {
				return 0, 0, fmt.Sprintf("%d rows, want %d to share among the threads", n, s.rows)
			}
			return k, n, ""
		}
	}
	return 0, 0, "no rows in common"
}

func shared(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// byRows reports whether a piece can be cut in rows of its first k axes, and reads the
// given values row by row.
func byRows(q *Piece, k int, given map[ir.Value]bool) bool {
	aligned, ok := q.C.AlignedRows(k)
	if !ok {
		return false
	}
	for i, v := range q.In {
		if given[v] && !aligned[i] {
			return false
		}
	}
	return true
}

// thinRows reports whether a contraction, cut in rows of its first k axes, reads most of
// what it reads by rows, so that a row takes no longer by itself.
func thinRows(q *Piece, k int) bool {
	aligned, _ := q.C.AlignedRows(k)
	rows := ir.Elems(squeeze(q.C.Axes)[:k])
	own, common := 0, 0
	for i, t := range q.C.In {
		if aligned[i] {
			own += t.Elems() / rows
		} else {
			common += t.Elems()
		}
	}
	return common <= own
}

// ByRows reports whether a piece, cut in rows of its first k axes longer than 1, reads
// value x row by row.
func (q *Piece) ByRows(k int, x ir.Value) bool { return byRows(q, k, map[ir.Value]bool{x: true}) }

// closed reports whether no stack but these has to run after one of them and before
// another.
func (s *stacker) closed(stacks []*Stack) bool {
	inside := map[*Stack]bool{}
	for _, t := range stacks {
		inside[t] = true
	}
	seen := map[*Stack]bool{}
	var reaches func(t *Stack) bool // whether a stack outside comes after one inside
	reaches = func(t *Stack) bool {
		if inside[t] {
			return true
		}
		if seen[t] {
			return false
		}
		seen[t] = true
		return s.each(t, reaches)
	}
	for _, t := range stacks {
		if s.each(t, func(f *Stack) bool { return !inside[f] && reaches(f) }) {
			return false
		}
	}
	return true
}

// each calls visit for the stacks that come right before t, until it gives true.
func (s *stacker) each(t *Stack, visit func(*Stack) bool) bool {
	for _, q := range t.Pieces {
		for _, f := range s.prev[s.at[q]] {
			if s.of[f] != t && visit(s.of[f]) {
				return true
			}
		}
	}
	return false
}

// sorted lists the stacks in an order in which they can run, as close to that of the
// pieces as can be. A stack comes with its last piece, unless another needs it before:
// what its first piece could begin would have to wait for the others, and all that
// they need would be made too soon, and held.
func (s *stacker) sorted() []*Stack {
	var out []*Stack
	done := map[*Stack]bool{}
	var visit func(t *Stack) bool
	visit = func(t *Stack) bool {
		if !done[t] {
			done[t] = true
			s.each(t, visit)
			out = append(out, t)
		}
		return false
	}
	for _, q := range s.p.Pieces {
		if t := s.of[q]; t.Pieces[len(t.Pieces)-1] == q {
			visit(t)
		}
	}
	return out
}

// Name of the kernel: what it does first and last.
func (t *Stack) Name() string {
	first, last := t.Pieces[0].C.Name, t.Pieces[len(t.Pieces)-1].C.Name
	return join(first, last)
}

// Notes are those of the pieces, and what they are as a stack.
func (t *Stack) Notes() []string {
	var notes []string
	inside := func(n string) bool { // that a stage has no kernel with another of this one
		return slices.ContainsFunc(t.Pieces, func(q *Piece) bool { return strings.HasPrefix(n, apartFrom(q)) })
	}
	for _, q := range t.Pieces {
		for _, n := range q.Notes {
			if !inside(n) && !slices.Contains(notes, n) {
				notes = append(notes, n)
			}
		}
	}
	if len(t.Pieces) > 1 {
		notes = append(notes, t.stages())
	}
	return append(notes, t.Apart...)
}

// stages lists the pieces.
func (t *Stack) stages() string {
	var names []string
	for _, q := range t.Pieces {
		names = append(names, q.C.Name)
	}
	list := strings.Join(names, ", ")
	if t.Lead == 0 {
		return fmt.Sprintf("%d small updates: %s", len(names), list)
	}
	return fmt.Sprintf("%d stages for each of %d rows: %s", len(names), t.Rows, list)
}

// String says on one line what the kernel is made of.
func (t *Stack) String() string {
	if len(t.Pieces) == 1 {
		return t.Name()
	}
	return t.Name() + ": " + t.stages()
}
