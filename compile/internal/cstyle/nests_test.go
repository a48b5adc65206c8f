package cstyle

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

func in(name string, d ir.DType, n int) loop.Buf { return loop.Buf{Name: name, DType: d, Elems: n} }

func out(name string, d ir.DType, n int) loop.Buf {
	return loop.Buf{Name: name, DType: d, Elems: n, Role: loop.Out}
}

func f32(buf int, index *expr.Expr) *expr.Expr { return expr.Get(buf, ir.F32, index) }

func set(tile int, value *expr.Expr, index ...*expr.Expr) loop.Stmt {
	return &loop.Set{Local: tile, Index: index, Value: value}
}

func store(buf int, index, value *expr.Expr) loop.Stmt {
	return &loop.Store{Buf: buf, Index: index, Value: value}
}

func each(v, n int, kind loop.Kind, body ...loop.Stmt) *loop.For {
	return &loop.For{Var: v, N: n, Kind: kind, Body: body}
}

func scaled(v, by int) *expr.Expr { return expr.Times(expr.At(v), expr.Int(by)) }

// nests are the cases of the goldens, by the name of their file.
var nests = map[string]func() *loop.Nest{
	"elementwise": elementwise, "grid": grid, "rows": rows, "guards": guards, "integers": integers,
	"constants": constants, "names": hostile, "casts": casts, "single": single,
}

// elementwise is a chain with a shared part, over more iterations than a group has.
func elementwise() *loop.Nest {
	i := expr.At(0)
	z := expr.Plus(f32(0, i), f32(1, expr.Bin(expr.Mod, i, expr.Int(10))))
	s := expr.Un(expr.Sigmoid, z)
	return &loop.Nest{
		Name: "swish", Vars: []string{"i"},
		Bufs: []loop.Buf{
			in("x", ir.F32, 1000), in("bias", ir.F32, 10), out("y", ir.F32, 1000), out("dy", ir.F32, 1000),
		},
		Body: []loop.Stmt{each(0, 1000, loop.Parallel,
			store(2, i, expr.Times(z, s)),
			store(3, i, expr.Times(s, expr.Plus(expr.Float(1), expr.Times(z, expr.Minus(expr.Float(1), s))))))},
	}
}

// grid is a matmul of 40x24 by 24x20 with a register tile of 4x2; the last block of
// rows has fewer threads.
func grid() *loop.Nest {
	const k, cols = 24, 20
	n := &loop.Nest{
		Name: "matmul", Vars: []string{"by", "bx", "ty", "tx", "k", "i", "j"},
		Bufs:   []loop.Buf{in("a", ir.F32, 40*k), in("b", ir.F32, k*cols), out("c", ir.F32, 40*cols)},
		Locals: []loop.Local{{DType: ir.F32, Dims: []int{4, 2}}},
	}
	at := expr.At
	row := expr.Plus(expr.Plus(scaled(0, 16), scaled(2, 4)), at(5))
	col := expr.Plus(expr.Plus(scaled(1, 10), scaled(3, 2)), at(6))
	tiles := func(s loop.Stmt) loop.Stmt { return each(5, 4, loop.Unroll, each(6, 2, loop.Vector, s)) }
	mul := expr.Times(f32(0, expr.Plus(expr.Times(row, expr.Int(k)), at(4))),
		f32(1, expr.Plus(scaled(4, cols), col)))
	thread := func(rows int) loop.Stmt {
		return each(2, rows, loop.Thread, each(3, 5, loop.Thread,
			tiles(set(0, expr.Float(0), at(5), at(6))),
			each(4, k, loop.Serial, tiles(&loop.Accum{Index: []*expr.Expr{at(5), at(6)}, Value: mul})),
			tiles(store(2, expr.Plus(expr.Times(row, expr.Int(cols)), col), expr.Tile(0, ir.F32, at(5), at(6))))))
	}
	top, tail := thread(4), thread(2)
	for _, f := range []loop.Stmt{top, tail} {
		f.(*loop.For).Dim = 1
	}
	block := &loop.For{Var: 0, N: 3, Kind: loop.Block, Dim: 1,
		Body: []loop.Stmt{each(1, 2, loop.Block, top)}, Last: []loop.Stmt{each(1, 2, loop.Block, tail)}}
	n.Body = []loop.Stmt{block}
	return n
}

// rows finds maximum, argmax and sum of rows: lanes combined with each other, and tails.
func rows() *loop.Nest {
	at := expr.At
	x := f32(0, expr.Plus(scaled(0, 37), expr.Plus(scaled(1, 8), at(2))))
	better := expr.Bin(expr.Lt, expr.Tile(0, ir.F32), x)
	step := func(n int) loop.Stmt {
		return each(2, n, loop.Vector,
			set(2, expr.If(better, expr.Plus(scaled(1, 8), at(2)), expr.Tile(2, ir.I32))),
			&loop.Accum{Local: 0, Comb: expr.MaxOf, Value: x},
			&loop.Accum{Local: 1, Comb: expr.Sum, Value: x},
			&loop.Accum{Local: 3, Comb: expr.Sum, Value: expr.To(ir.I32, better)})
	}
	return &loop.Nest{
		Name: "rows", Vars: []string{"row", "c", "lane"},
		Bufs: []loop.Buf{
			in("x", ir.F32, 6*37), out("max", ir.F32, 6), out("sum", ir.F32, 6), out("at", ir.I32, 6),
		},
		Locals: []loop.Local{{DType: ir.F32}, {DType: ir.F32}, {DType: ir.I32}, {DType: ir.I32}},
		Body: []loop.Stmt{&loop.For{Var: 0, N: 6, Kind: loop.Parallel, Body: []loop.Stmt{
			set(0, expr.Float(math.Inf(-1))), set(1, expr.Float(0)), set(2, expr.Int(0)), set(3, expr.Int(0)),
			&loop.For{Var: 1, N: 5, Body: []loop.Stmt{step(8)}, Last: []loop.Stmt{step(5)}},
			store(1, at(0), expr.Tile(0, ir.F32)), store(2, at(0), expr.Tile(1, ir.F32)),
			store(3, at(0), expr.Plus(expr.Tile(2, ir.I32), expr.Tile(3, ir.I32))),
		}, Last: []loop.Stmt{store(3, at(0), expr.Int(-1))}}},
	}
}

// guards has loads behind predicates: a padded one, and a gather whose indices are
// themselves behind the predicate.
func guards() *loop.Nest {
	at := expr.At(0)
	left := expr.Minus(at, expr.Int(1))
	inside := expr.Bin(expr.And, expr.Bin(expr.Le, expr.Int(0), left), expr.Bin(expr.Lt, left, expr.Int(8)))
	index := expr.Get(1, ir.I32, left)
	gather := expr.GetIf(inside, 0, ir.F32, expr.Bin(expr.Mod, index, expr.Int(8)))
	return &loop.Nest{
		Name: "guards", Vars: []string{"i"},
		Bufs: []loop.Buf{
			in("x", ir.F32, 8), in("index", ir.I32, 8), out("pad", ir.F32, 10), out("pick", ir.F32, 10),
		},
		Body: []loop.Stmt{each(0, 10, loop.Parallel,
			store(2, at, expr.GetIf(inside, 0, ir.F32, left)),
			store(3, at, expr.Times(gather, expr.Plus(gather, expr.Float(1)))))},
	}
}

// integers has a round of Philox, and division that must round down.
func integers() *loop.Nest {
	i := expr.At(0)
	x := expr.Get(0, ir.I32, i)
	m := expr.Int(-0x2d2a51ad)
	round := expr.Bin(expr.Xor, expr.Bin(expr.Xor, expr.Bin(expr.MulHi, x, m), expr.Int(0x1234567)), i)
	mix := expr.Plus(expr.Times(x, m), expr.Bin(expr.Shl, expr.Bin(expr.Shr, round, expr.Int(9)), expr.Int(3)))
	return &loop.Nest{
		Name: "philox", Vars: []string{"i"},
		Bufs: []loop.Buf{in("x", ir.I32, 64), out("a", ir.I32, 64), out("b", ir.I32, 64), out("c", ir.I32, 64)},
		Body: []loop.Stmt{each(0, 64, loop.Parallel,
			store(1, i, mix),
			store(2, i, expr.Plus(expr.Bin(expr.Div, expr.Un(expr.Neg, x), expr.Int(7)),
				expr.Bin(expr.Mod, expr.Minus(i, expr.Int(3)), expr.Int(5)))),
			store(3, i, expr.Plus(expr.Bin(expr.Div, i, expr.Int(8)),
				expr.Times(expr.Bin(expr.Mod, i, expr.Int(8)), expr.Int(8)))))},
	}
}

// constants has the numbers that are hard to print.
func constants() *loop.Nest {
	values := []float64{0, math.Copysign(0, -1), 0.1, -1.5, 1e-45, math.MaxFloat32, 16777216, 1e300,
		math.Inf(-1), math.NaN()}
	n := &loop.Nest{Name: "constants", Bufs: []loop.Buf{out("f", ir.F32, 16), out("i", ir.I32, 2)}}
	for i, v := range values {
		n.Body = append(n.Body, store(0, expr.Int(i), expr.Float(v)))
	}
	n.Body = append(n.Body, store(0, expr.Int(len(values)), expr.Un(expr.Exp, expr.Float(1))),
		store(1, expr.Int(0), expr.Int(math.MinInt32)), store(1, expr.Int(1), expr.Int(-7)))
	return n
}

// hostile has names that are no identifiers, keywords, or in use.
func hostile() *loop.Nest {
	i := expr.At(0)
	return &loop.Nest{
		Name: "decoder/w*h; #include", Vars: []string{"float", "v1"},
		Bufs: []loop.Buf{
			in("exp", ir.F32, 4), in("", ir.F32, 4), in("été 1", ir.F32, 4), in("float", ir.F32, 4),
			in("2x", ir.F32, 4), out("run", ir.F32, 4),
		},
		Body: []loop.Stmt{each(0, 4, loop.Serial, store(5, i, expr.Plus(expr.Plus(f32(0, i), f32(1, i)),
			expr.Plus(f32(2, i), expr.Plus(f32(3, i), f32(4, i))))))},
	}
}

// casts goes through all pairs of types.
func casts() *loop.Nest {
	i := expr.At(0)
	x, k, b := f32(0, i), expr.Get(1, ir.I32, i), expr.Get(2, ir.Bool, i)
	return &loop.Nest{
		Name: "casts", Vars: []string{"i"},
		Bufs: []loop.Buf{in("x", ir.F32, 4), in("k", ir.I32, 4), in("b", ir.Bool, 4), out("f", ir.F32, 4),
			out("n", ir.I32, 4), out("p", ir.Bool, 4)},
		Body: []loop.Stmt{each(0, 4, loop.Serial,
			store(3, i, expr.Plus(expr.To(ir.F32, k), expr.Un(expr.Round, expr.To(ir.F32, b)))),
			store(4, i, expr.Plus(expr.To(ir.I32, x), expr.To(ir.I32, b))),
			store(5, i, expr.Bin(expr.Or, expr.To(ir.Bool, x), expr.Bin(expr.And, expr.To(ir.Bool, k), b))))},
	}
}

// single has threads that some statements are not bound to.
func single() *loop.Nest {
	i := expr.At(0)
	return &loop.Nest{
		Name: "single", Vars: []string{"b", "t"},
		Bufs: []loop.Buf{in("x", ir.F32, 9), out("y", ir.F32, 9)},
		Body: []loop.Stmt{&loop.For{Var: 0, N: 2, Kind: loop.Block,
			Body: []loop.Stmt{each(1, 8, loop.Thread, store(1, expr.At(1), f32(0, expr.At(1))))},
			Last: []loop.Stmt{
				store(1, expr.Int(8), expr.Un(expr.Neg, f32(0, scaled(0, 8)))),
				store(1, expr.Plus(i, expr.Int(6)), expr.Float(0)),
			},
		}},
	}
}
