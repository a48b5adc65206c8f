package cstyle

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// begin takes up a statement: it gives its expressions as a DAG in which what is
// equal is one node, so that the text computes it once, and counts uses.
func (p *printer) begin(roots ...*expr.Expr) []*expr.Expr {
	p.spans, p.uses = map[*expr.Expr]span{}, map[*expr.Expr]int{}
	p.names = []map[*expr.Expr]string{{}}
	merge := expr.Memo(merger())
	merged := make([]*expr.Expr, len(roots))
	for i, r := range roots {
		merged[i] = merge(r)
		p.count(merged[i])
	}
	return merged
}

func (p *printer) count(e *expr.Expr) {
	p.uses[e]++
	if p.uses[e] > 1 {
		return
	}
	for _, a := range e.Args {
		p.count(a)
	}
	if e.Pred != nil {
		p.count(e.Pred)
	}
}

// key says when two nodes of merged operands are the same.
type key struct {
	op   expr.Op
	kind ir.DType
	f    uint64
	i    int64
	n    int
	args [3]*expr.Expr
	pred *expr.Expr
}

// merger gives each node the first one that is equal to it, and computes functions
// of constants.
func merger() func(*expr.Expr) *expr.Expr {
	seen := map[key]*expr.Expr{}
	return func(e *expr.Expr) *expr.Expr {
		if e.Op.Unary() && e.Type == ir.F32 && e.Args[0].Op == expr.Const {
			e = expr.Float(float64(float32(expr.UnaryOp(e.Op, e.Args[0].F))))
		}
		k := key{op: e.Op, kind: e.Type, f: math.Float64bits(e.F), i: e.I, n: len(e.Args), pred: e.Pred}
		if copy(k.args[:], e.Args) < len(e.Args) {
			return e
		}
		if first, ok := seen[k]; ok {
			return first
		}
		seen[k] = e
		return e
	}
}
