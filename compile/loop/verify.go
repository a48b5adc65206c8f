package loop

import (
	"fmt"

	"mllab/compile/expr"
)

// Verify checks what targets rely on: variables, buffers and tiles in range and
// defined where used, one flat index in loads, tile indices of unrolled and
// vector variables only, parallel and bound loops outermost, and nothing but
// unrolled or vector loops inside unrolled and vector loops.
func (n *Nest) Verify() error {
	v := verifier{n: n, kind: make([]Kind, len(n.Vars)), open: make([]bool, len(n.Vars))}
	outer := true
	if err := v.body(n.Body, outer); err != nil {
		return fmt.Errorf("kernel %s: %w", n.Name, err)
	}
	return nil
}

type verifier struct {
	n     *Nest
	kind  []Kind
	open  []bool
	inner bool // inside an unrolled or vector loop
}

func (v *verifier) body(body []Stmt, outer bool) error {
	for _, s := range body {
		var err error
		switch s := s.(type) {
		case *For:
			err = v.loop(s, outer && len(body) == 1)
		case *Store:
			if s.Buf < 0 || s.Buf >= len(v.n.Bufs) || v.n.Bufs[s.Buf].Role != Out {
				return fmt.Errorf("store to buffer %d, which is no output", s.Buf)
			}
			if err = v.expr(s.Index); err == nil {
				err = v.expr(s.Value)
			}
		case *Set:
			err = v.tile(s.Local, s.Index, s.Value)
		case *Accum:
			err = v.tile(s.Local, s.Index, s.Value)
		default:
			err = fmt.Errorf("statement of type %T", s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) loop(f *For, outer bool) error {
	if f.Var < 0 || f.Var >= len(v.n.Vars) || v.open[f.Var] {
		return fmt.Errorf("loop over variable %d, which is not there or is in use", f.Var)
	}
	name := v.n.Vars[f.Var]
	if f.N <= 0 {
		return fmt.Errorf("loop %s: %d iterations", name, f.N)
	}
	bound := f.Kind == Parallel || f.Kind == Block || f.Kind == Thread
	if bound && !outer {
		return fmt.Errorf("loop %s: %s inside another statement list", name, f.Kind)
	}
	if f.Run > 1 && (f.Kind != Parallel || f.N%f.Run != 0) {
		return fmt.Errorf("loop %s: %s, %d iterations in runs of %d", name, f.Kind, f.N, f.Run)
	}
	was := v.inner
	if was && f.Kind != Unroll && f.Kind != Vector {
		return fmt.Errorf("loop %s: %s inside an unrolled or vector loop", name, f.Kind)
	}
	v.inner = was || f.Kind == Unroll || f.Kind == Vector
	v.open[f.Var], v.kind[f.Var] = true, f.Kind
	defer func() { v.open[f.Var], v.inner = false, was }()
	next := outer && (f.Kind == Block || f.Kind == Thread)
	if err := v.body(f.Body, next); err != nil {
		return err
	}
	return v.body(f.Last, next)
}

func (v *verifier) tile(i int, index []*expr.Expr, value *expr.Expr) error {
	if err := v.tileIndex(i, index); err != nil {
		return err
	}
	return v.expr(value)
}

func (v *verifier) tileIndex(i int, index []*expr.Expr) error {
	if i < 0 || i >= len(v.n.Locals) || len(index) != len(v.n.Locals[i].Dims) {
		return fmt.Errorf("tile %d with %d indices is not there", i, len(index))
	}
	for _, x := range index {
		l, ok := expr.Affine(x)
		if !ok {
			return fmt.Errorf("tile %d: index %s is not affine", i, x)
		}
		for _, t := range l.Terms {
			if !v.open[t.Axis] || v.kind[t.Axis] != Unroll && v.kind[t.Axis] != Vector {
				return fmt.Errorf("tile %d: index by %s, want an unrolled or vector variable", i, v.n.Vars[t.Axis])
			}
		}
	}
	return nil
}

func (v *verifier) expr(e *expr.Expr) error {
	var err error
	expr.Walk(e, func(x *expr.Expr) {
		if err != nil {
			return
		}
		switch x.Op {
		case expr.Axis:
			if x.I < 0 || int(x.I) >= len(v.open) || !v.open[x.I] {
				err = fmt.Errorf("variable %d is read outside its loop", x.I)
			}
		case expr.Load:
			if x.I < 0 || int(x.I) >= len(v.n.Bufs) || len(x.Args) != 1 {
				err = fmt.Errorf("load of buffer %d with %d indices, want one flat index", x.I, len(x.Args))
			} else if v.n.Bufs[x.I].DType != x.Type {
				err = fmt.Errorf("load of %s as %s", v.n.Bufs[x.I].DType, x.Type)
			}
		case expr.Local:
			err = v.tileIndex(int(x.I), x.Args)
		case expr.Acc:
			err = fmt.Errorf("acc in a nest")
		}
	})
	return err
}
