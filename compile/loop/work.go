package loop

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Work is what one run of a kernel costs, derived from its nest.
type Work struct {
	FLOPs float64 // float32 operations: each +, -, *, /, comparison or function counts one
	Bytes float64 // least traffic: every element that is read or written, once
}

// Add gives the sum of both.
func (w Work) Add(x Work) Work { return Work{w.FLOPs + x.FLOPs, w.Bytes + x.Bytes} }

// Work counts the operations of all iterations and the memory they must touch.
// Bytes is an estimate: a buffer counts in full, or as many elements as there
// are loads of it when these are fewer.
func (n *Nest) Work() Work {
	c := counter{n: n, loads: make([]float64, len(n.Bufs)), stores: make([]float64, len(n.Bufs))}
	c.body(n.Body, 1)
	w := Work{FLOPs: c.flops}
	for i, b := range n.Bufs {
		touch := min(c.loads[i], float64(b.Elems)) + min(c.stores[i], float64(b.Elems))
		w.Bytes += touch * float64(b.DType.Size())
	}
	return w
}

type counter struct {
	n             *Nest
	flops         float64
	loads, stores []float64
}

func (c *counter) body(body []Stmt, times float64) {
	for _, s := range body {
		switch s := s.(type) {
		case *For:
			if s.Last == nil {
				c.body(s.Body, times*float64(s.N))
				continue
			}
			c.body(s.Body, times*float64(s.N-1))
			c.body(s.Last, times)
		case *Store:
			c.stores[s.Buf] += times
			c.expr(s.Value, times)
		case *Set:
			c.expr(s.Value, times)
		case *Accum:
			if c.n.Locals[s.Local].DType == ir.F32 {
				c.flops += times
			}
			c.expr(s.Value, times)
		}
	}
}

func (c *counter) expr(e *expr.Expr, times float64) {
	expr.Walk(e, func(x *expr.Expr) {
		switch {
		case x.Op == expr.Load:
			c.loads[x.I] += times
		case (x.Op.Unary() || x.Op.Binary()) && x.Args[0].Type == ir.F32:
			c.flops += times
		}
	})
}
