package loop

import (
	"fmt"
	"strings"

	"mllab/compile/expr"
)

// String prints the nest as indented text, the form of goldens and screens.
func (n *Nest) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "kernel %s(", n.Name)
	for i, p := range n.Bufs {
		if i > 0 {
			b.WriteString(", ")
		}
		role := ""
		if p.Role == Out {
			role = "out "
		}
		fmt.Fprintf(&b, "%s%s %s[%d]", role, p.Name, p.DType, p.Elems)
	}
	b.WriteString(")\n")
	for i, l := range n.Locals {
		where := ""
		if l.Memory {
			where = " in memory"
		}
		fmt.Fprintf(&b, "  tile t%d %s%v%s\n", i, l.DType, l.Dims, where)
	}
	n.text(&b, n.Body, 1)
	return b.String()
}

func (n *Nest) text(b *strings.Builder, body []Stmt, depth int) {
	pad := strings.Repeat("  ", depth)
	for _, s := range body {
		switch s := s.(type) {
		case *For:
			kind := s.Kind.String()
			if s.Kind == Block || s.Kind == Thread {
				kind = fmt.Sprintf("%s.%c", kind, 'x'+rune(s.Dim))
			}
			run := ""
			if s.Run > 1 {
				run = fmt.Sprintf(" in runs of %d", s.Run)
			}
			fmt.Fprintf(b, "%s%s %s < %d%s\n", pad, kind, n.Vars[s.Var], s.N, run)
			n.text(b, s.Body, depth+1)
			if s.Last != nil {
				fmt.Fprintf(b, "%slast %s = %d\n", pad, n.Vars[s.Var], s.N-1)
				n.text(b, s.Last, depth+1)
			}
		case *Store:
			fmt.Fprintf(b, "%s%s[%s] = %s\n", pad, n.Bufs[s.Buf].Name, n.Expr(s.Index), n.Expr(s.Value))
		case *Set:
			fmt.Fprintf(b, "%s%s = %s\n", pad, n.tile(s.Local, s.Index), n.Expr(s.Value))
		case *Accum:
			fmt.Fprintf(b, "%s%s %s= %s\n", pad, n.tile(s.Local, s.Index), s.Comb, n.Expr(s.Value))
		}
	}
}

func (n *Nest) tile(i int, index []*expr.Expr) string {
	parts := make([]string, len(index))
	for k, x := range index {
		parts[k] = n.Expr(x)
	}
	return fmt.Sprintf("t%d[%s]", i, strings.Join(parts, ", "))
}

// Expr prints an expression with the nest's names of variables and buffers.
func (n *Nest) Expr(e *expr.Expr) string {
	return e.Format(func(i int) string { return n.Vars[i] }, func(i int) string { return n.Bufs[i].Name })
}
