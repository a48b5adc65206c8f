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
}

func newIndex(pieces []*Piece) *index {
	x := &index{from: make(map[ir.Value]*Piece, len(pieces)), users: make(map[ir.Value][]*Piece, len(pieces))}
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
}

// index of the pieces; it is made when it is first asked for.
func (p *Program) index() *index {
	if p.idx == nil {
		p.idx = newIndex(p.Pieces)
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
	least := p.first(a)
	var back func(q *Piece) bool
	back = func(q *Piece) bool {
		if q == a {
			return true
		}
		if q.seen == mark || p.latest(q) < least {
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

// first is the smallest number among a piece's results. Values of the graph are
// numbered so that a result's number is over those of all it depends on; values
// made since have no such order, and count as 0.
func (p *Program) first(q *Piece) ir.Value {
	least := q.Out[0]
	for _, v := range q.Out {
		if int(v) >= len(p.Graph.Nodes) {
			return 0
		}
		least = min(least, v)
	}
	return least
}

// latest is the largest number among a piece's results.
func (p *Program) latest(q *Piece) ir.Value { return slices.Max(q.Out) }
