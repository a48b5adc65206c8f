// Package fuse turns a graph of primitive operators into pieces, one future
// kernel each, and makes them fewer: elementwise work moves into the kernel that
// gives it its operands or reads its result. It says what it did as notes. It
// knows algorithms (expr), not orders of loops. Begin with Lower, then Fuse.
package fuse

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"mllab/compile/expr"
	"mllab/compile/internal/rewrite"
	"mllab/compile/ir"
)

// Piece is one future kernel: a Compute, the values it reads and gives.
type Piece struct {
	C     *expr.Compute
	In    []ir.Value // one a C.In; views are resolved to the value that has memory
	Out   []ir.Value // one a C.Outs
	Notes []string

	seen int  // by the visit of that number
	gone bool // joined with another piece
}

// Program is the list of pieces in an order in which they can run.
type Program struct {
	Pieces []*Piece
	Types  map[ir.Value]ir.Type // of every value that has memory
	Root   map[ir.Value]ir.Value
	Keep   map[ir.Value]bool // values that outputs need
	Graph  *ir.Graph
	parts  map[ir.Value]ir.Value // of each first stage's result, what it is a stage of
	next   ir.Value
	idx    *index
	visit  int
}

// Lower makes one piece a node. Scalar constants become part of the expressions.
func Lower(g *ir.Graph) (*Program, error) {
	p := &Program{
		Types: map[ir.Value]ir.Type{}, Root: map[ir.Value]ir.Value{}, Keep: map[ir.Value]bool{},
		Graph: g, parts: map[ir.Value]ir.Value{}, next: ir.Value(len(g.Nodes)),
	}
	for i := range g.Nodes {
		n, v := &g.Nodes[i], ir.Value(i)
		p.Root[v] = v
		p.Types[v] = n.Type
		q, err := p.lower(g, v)
		if err != nil {
			return nil, fmt.Errorf("lower %s: %w", n.Op.Name(), err)
		}
		if q != nil {
			p.Pieces = append(p.Pieces, q)
		}
	}
	for _, o := range g.Outputs {
		p.Keep[p.Root[o.Value]] = true
	}
	return p, nil
}

// lower makes the piece of a node; inputs and views have none.
func (p *Program) lower(g *ir.Graph, v ir.Value) (*Piece, error) {
	n := g.Node(v)
	if op, ok := n.Op.(ir.Const); ok {
		one := []*expr.Expr{expr.Number(op.DType, op.V)}
		return &Piece{C: &expr.Compute{Out: []ir.DType{op.DType}, Outs: one, Name: "const"}, Out: []ir.Value{v}}, nil
	}
	if _, ok := n.Op.(ir.Input); ok {
		return nil, nil
	}
	if rewrite.IsView(n.Op) {
		p.Root[v] = p.Root[n.In[0]]
		delete(p.Types, v)
		return nil, nil
	}
	op, ok := n.Op.(rewrite.Lowerer)
	if !ok {
		return nil, fmt.Errorf("it is not primitive")
	}
	c := op.Lower(g.Types(n.In), n.Type)
	c.Name = n.Op.Name()
	if err := c.Verify(); err != nil {
		return nil, err
	}
	q := &Piece{C: unitAxes(c), Out: []ir.Value{v}}
	for _, x := range n.In {
		q.In = append(q.In, p.Root[x])
	}
	return normal(q), nil
}

// unitAxes reads axes of extent 1 as the constant 0, so that equal indices look equal.
func unitAxes(c *expr.Compute) *expr.Compute {
	return c.Rewrite(func(e *expr.Expr) *expr.Expr {
		if e.Op == expr.Axis && c.Extent(int(e.I)) == 1 {
			return expr.Int(0)
		}
		return nil
	})
}

// normal drops operands that nothing loads, and merges equal ones.
func normal(q *Piece) *Piece {
	used := make([]bool, len(q.In))
	for _, r := range q.C.Roots() {
		expr.Walk(r, func(e *expr.Expr) {
			if e.Op == expr.Load {
				used[e.I] = true
			}
		})
	}
	to := make([]int, len(q.In))
	var in []ir.Value
	var types []ir.Type
	for i, v := range q.In {
		to[i] = -1
		if !used[i] {
			continue
		}
		for k := range in {
			if in[k] == v && types[k].Equal(q.C.In[i]) {
				to[i] = k
			}
		}
		if to[i] < 0 {
			to[i] = len(in)
			in, types = append(in, v), append(types, q.C.In[i])
		}
	}
	c := q.C.Rewrite(func(e *expr.Expr) *expr.Expr {
		if e.Op != expr.Load || int(e.I) == to[e.I] {
			return nil
		}
		f := *e
		f.I = int64(to[e.I])
		return &f
	})
	c.In = types
	return &Piece{C: c, In: in, Out: q.Out, Notes: q.Notes}
}

// Fresh makes a value that no node of the graph has.
func (p *Program) Fresh(t ir.Type) ir.Value {
	v := p.next
	p.next++
	p.Types[v] = t
	p.Root[v] = v
	return v
}

// note adds a note, once.
func (q *Piece) note(text string) {
	if !slices.Contains(q.Notes, text) {
		q.Notes = append(q.Notes[:len(q.Notes):len(q.Notes)], text)
	}
}

// sortPieces restores an order in which every value is given before it is read.
func (p *Program) sortPieces() error { return p.Order(nil) }

// String prints every piece with its expressions.
func (p *Program) String() string {
	var b strings.Builder
	for _, q := range p.Pieces {
		b.WriteString(q.String())
	}
	return b.String()
}

// String prints the values, the axes and the expressions of a piece.
func (q *Piece) String() string {
	var b strings.Builder
	name := func(i int) string { return fmt.Sprintf("%%%d", q.In[i]) }
	axis := func(i int) string {
		if i < len(q.C.Axes) {
			return fmt.Sprintf("i%d", i)
		}
		return fmt.Sprintf("r%d", i-len(q.C.Axes))
	}
	fmt.Fprintf(&b, "%s %s", q.C.Name, ir.ShapeString(q.C.Axes))
	if q.C.Body != nil {
		fmt.Fprintf(&b, " over %s", ir.ShapeString(q.C.Red))
	}
	for i, r := range q.C.Reductions() {
		acc := expr.ReducedBy(i, r.Body.Type)
		fmt.Fprintf(&b, "\n  %s %s= %s", acc, r.Comb, r.Body.Format(axis, name))
	}
	b.WriteByte('\n')
	for i, o := range q.C.Outs {
		fmt.Fprintf(&b, "  %%%d = %s\n", q.Out[i], o.Format(axis, name))
	}
	for _, n := range q.Notes {
		fmt.Fprintf(&b, "  -- %s\n", n)
	}
	return b.String()
}

func sortedValues(m map[ir.Value]bool) []ir.Value {
	vs := make([]ir.Value, 0, len(m))
	for v := range m {
		vs = append(vs, v)
	}
	sort.Slice(vs, func(i, j int) bool { return vs[i] < vs[j] })
	return vs
}
