package fuse

import (
	"slices"

	"mllab/compile/ir"
)

// index finds the pieces that give and read values. It is kept up to date while
// pieces are joined, since making it anew each time would take the square of
// their number.
type index struct {
	from  map[ir.Value]*Piece
	users map[ir.Value][]*Piece
	// late are the pieces that read something later than the first of their results, by the number of values: an
	// epilogue of the backward pass makes such a piece of a product of the forward pass.
	late map[*Piece]bool
	rank func(v ir.Value) ir.Value
}

func newIndex(pieces []*Piece, rank func(v ir.Value) ir.Value) *index {
	x := &index{from: make(map[ir.Value]*Piece, len(pieces)), users: make(map[ir.Value][]*Piece, len(pieces)),
		late: map[*Piece]bool{}, rank: rank}
	for _, q := range pieces {
		x.add(q)
	}
	return x
}

func (x *index) add(q *Piece) {
	for _, v := range q.Out {
		x.from[v] = q
	}
	for _, v := range q.In {
		if !slices.Contains(x.users[v], q) {
			x.users[v] = append(x.users[v], q)
		}
	}
	if x.needs(q) > x.first(q) {
		x.late[q] = true
	}
}

func (x *index) remove(q *Piece) {
	for _, v := range q.Out {
		if x.from[v] == q {
			delete(x.from, v)
		}
	}
	for _, v := range q.In {
		if i := slices.Index(x.users[v], q); i >= 0 {
			x.users[v] = slices.Delete(x.users[v], i, i+1)
		}
	}
	delete(x.late, q)
}

// index of the pieces; it is made when it is first asked for.
func (p *Program) index() *index {
	if p.idx == nil {
		p.idx = newIndex(p.Pieces, p.rank)
	}
	return p.idx
}

// Add appends a piece.
func (p *Program) Add(q *Piece) {
	p.index().add(q)
	p.Pieces = append(p.Pieces, q)
}

// change lets f alter pieces, and keeps the index right.
func (p *Program) change(f func(), pieces ...*Piece) {
	x := p.index()
	for _, q := range pieces {
		x.remove(q)
	}
	f()
	for _, q := range pieces {
		if !q.gone {
			x.add(q)
		}
	}
}

// sweep drops the pieces that are gone from the list.
func (p *Program) sweep() {
	p.Pieces = slices.DeleteFunc(p.Pieces, func(q *Piece) bool { return q.gone })
}

// depends reports whether piece b needs a result of piece a, at any distance;
// with direct false, results that b reads from a itself do not count.
func (p *Program) depends(a, b *Piece, direct bool) bool {
	p.visit++
	mark, from := p.visit, p.index().from
	least := p.index().reach(a)
	var back func(q *Piece) bool
	back = func(q *Piece) bool {
		if q == a {
			return true
		}
		if q.seen == mark || p.index().latest(q) < least {
			return false
		}
		q.seen = mark
		for _, v := range q.In {
			if f := from[v]; f != nil && f != q && back(f) {
				return true
			}
		}
		return false
	}
	for _, v := range b.In {
		f := from[v]
		if f == nil || f == b || f == a && !direct {
			continue
		}
		if back(f) {
			return true
		}
	}
	return false
}

// rank numbers values so that a result's number is not below those of all it depends on. Values of the graph are
// numbered so; what Split made ranks as the result that it is a part of.
func (p *Program) rank(v ir.Value) ir.Value {
	if r, ok := p.parts[v]; ok {
		return r
	}
	return v
}

// first is the smallest rank among a piece's results.
func (x *index) first(q *Piece) ir.Value {
	least := x.rank(q.Out[0])
	for _, v := range q.Out {
		least = min(least, x.rank(v))
	}
	return least
}

// latest is the largest rank among a piece's results, and needs that among what it reads.
func (x *index) latest(q *Piece) ir.Value { return x.last(q.Out) }
func (x *index) needs(q *Piece) ir.Value  { return x.last(q.In) }

func (x *index) last(values []ir.Value) (most ir.Value) {
	for _, v := range values {
		most = max(most, x.rank(v))
	}
	return most
}

// reach is the smallest rank that results of what depends on a can have: its first result's, or less by way of pieces
// that read something later than they give.
func (x *index) reach(a *Piece) ir.Value {
	least := x.first(a)
	for changed := true; changed; {
		changed = false
		for q := range x.late { // in any order: the least is the same
			if f := x.first(q); f < least && x.needs(q) >= least {
				least, changed = f, true
			}
		}
	}
	return least
}
