package compile

import (
	"maps"

	"mllab/compile/expr"
	"mllab/compile/internal/fuse"
	"mllab/compile/ir"
)

// update decides which outputs are written straight into the input that they
// update, adds a copy for each other one, and orders the pieces so that nobody
// reads an input after it was overwritten.
func (u *unit) update() error {
	p := u.prog
	u.inPlace = map[ir.Value]ir.Value{}
	u.after = map[*fuse.Piece]pieceSet{}
	taken := map[ir.Value]bool{}
	var copies []ir.Output
	for _, o := range u.graph.Outputs {
		v := p.Root[o.Value]
		switch {
		case o.Into == ir.None:
			continue
		case !taken[v] && u.canOverwrite(v, o.Into):
			u.inPlace[v] = o.Into
			u.overwrite(v, o.Into)
		default:
			copies = append(copies, o)
		}
		taken[v] = true
	}
	for _, q := range p.Pieces {
		if to, ok := storeOrder(q, u.inPlace); ok {
			q.Reorder(to)
		}
	}
	from := make([]ir.Value, len(copies))
	for i, o := range copies { // an input first moves aside: two inputs may change places
		from[i] = p.Root[o.Value]
		if p.Producer(from[i]) == nil {
			from[i] = u.addCopy(from[i])
		}
	}
	for i, o := range copies {
		u.copyInto(from[i], o.Into)
	}
	return p.Order(u.after)
}

// canOverwrite reports whether the piece that gives v may write it into the
// memory of input x: it reads x at its own elements only, and all others that
// read x can come before it.
func (u *unit) canOverwrite(v, x ir.Value) bool {
	p := u.prog
	q := p.Producer(v)
	if q == nil {
		return false
	}
	for _, o := range u.graph.Outputs { // someone wants the old value, or the memory twice
		if p.Root[o.Value] == x || p.Root[o.Value] == v && o.Into != x && o.Into != ir.None {
			return false
		}
	}
	if !p.OwnElements(q, x) {
		return false
	}
	try := maps.Clone(u.inPlace)
	try[v] = x
	if _, ok := storeOrder(q, try); !ok {
		return false
	}
	for _, r := range p.Readers(x) {
		if r != q && p.Reaches(q, r, u.after) {
			return false
		}
	}
	return true
}

func (u *unit) overwrite(v, x ir.Value) {
	q := u.prog.Producer(v)
	for _, r := range u.prog.Readers(x) {
		if r != q {
			u.follow(q, r)
		}
	}
}

// storeOrder is an order of a piece's outputs in which each one that overwrites
// an input comes after the others that read it, since the kernel writes its
// outputs one after the other. There may be none.
func storeOrder(q *fuse.Piece, inPlace map[ir.Value]ir.Value) ([]int, bool) {
	before := make([][]bool, len(q.Out)) // before[i][j]: output j comes before i
	for i, v := range q.Out {
		before[i] = make([]bool, len(q.Out))
		x, ok := inPlace[v]
		for j := range q.Out {
			before[i][j] = ok && j != i && q.Loads(j, x)
		}
	}
	var order []int
	done := make([]bool, len(q.Out))
	for len(order) < len(q.Out) {
		next := -1
		for i := range q.Out {
			ready := !done[i]
			for j, b := range before[i] {
				ready = ready && (!b || done[j])
			}
			if ready {
				next = i
				break
			}
		}
		if next < 0 {
			return nil, false
		}
		done[next] = true
		order = append(order, next)
	}
	return order, true
}

// follow orders piece q after piece r.
func (u *unit) follow(q, r *fuse.Piece) {
	if u.after[q] == nil {
		u.after[q] = pieceSet{}
	}
	u.after[q][r] = true
}

// copyInto adds a piece that copies v into the memory of input x when all
// readers of x are done.
func (u *unit) copyInto(v, x ir.Value) {
	p := u.prog
	to := u.addCopy(v)
	q := p.Producer(to)
	u.inPlace[to] = x
	for _, r := range p.Readers(x) {
		if r != q {
			u.follow(q, r)
		}
	}
	p.Keep[to] = true
}

func (u *unit) addCopy(v ir.Value) ir.Value {
	p := u.prog
	t := p.Types[v]
	index := make([]*expr.Expr, t.Rank())
	for d := range index {
		index[d] = expr.At(d)
	}
	c := expr.Map([]ir.Type{t}, t, expr.Get(0, t.DType, index...))
	c.Name = "copy"
	to := p.Fresh(t)
	p.Add(&fuse.Piece{C: c, In: []ir.Value{v}, Out: []ir.Value{to}})
	return to
}
