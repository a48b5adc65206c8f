package targettest

import (
	"fmt"
	"math"
	"math/rand"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// edges are the floats at which functions are tried, beside random ones.
var edges = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 1e-6, -1e-6, 1e-20, 1e20, -1e20, 0.99999994,
	10, -10, 20, -20, 50, -50, 80, -80, 88.5, -87, 89, -104, 100, 1e5, -1e5, 16777216, 8388607.5,
	math.Inf(1), math.Inf(-1), math.NaN(),
}

var intEdges = []float64{
	0, 1, -1, 2, -2, 7, -7, 65535, 65536, -65537, 1 << 30, math.MaxInt32, math.MinInt32, 123456789,
}

func edgeFill(pool []float64, scale float64) func(*rand.Rand, int, int) float64 {
	return func(r *rand.Rand, operand, i int) float64 {
		n := len(pool)
		switch {
		case operand == 0 && i < n*n:
			return pool[i%n]
		case operand == 1 && i < n*n:
			return pool[i/n]
		}
		return math.Trunc((r.Float64()*2-1)*scale*64) / 64
	}
}

// single tries a kind on edges and random numbers. Functions of large arguments
// are not asked for more than float32 can give: sin and cos stay below 1e4.
func single(op expr.Op) Case {
	pool, scale := edges, 8.0
	if op == expr.Sin || op == expr.Cos {
		pool = []float64{0, 0.5, -0.5, 3.1415927, -1.5707964, 100, -1000, 9999, math.Inf(1), math.NaN()}
	}
	c := expr.Map([]ir.Type{f32(1300)}, f32(1300), expr.Un(op, load(0, at(0))))
	cs := named("unary_"+op.String(), c)
	cs.Fill = edgeFill(pool, scale)
	return cs
}

func pairwise(op expr.Op) Case {
	n := len(edges)*len(edges) + 33
	out := f32(n)
	if op.Compare() {
		out = ir.Of(ir.Bool, n)
	}
	x, y := load(0, at(0)), load(1, at(0))
	cs := named("binary_"+op.String(), expr.Map([]ir.Type{f32(n), f32(n)}, out, expr.Bin(op, x, y)))
	cs.Fill = edgeFill(edges, 8)
	if op == expr.Pow {
		cs.Fill = func(r *rand.Rand, operand, i int) float64 {
			if operand == 0 {
				return math.Abs(float64(i%50)) / 8
			}
			return 0.25 + r.Float64()*4
		}
	}
	return cs
}

func integer(op expr.Op) Case {
	n := len(intEdges)*len(intEdges) + 21
	x, y := expr.Get(0, ir.I32, at(0)), expr.Get(1, ir.I32, at(0))
	out := i32(n)
	switch {
	case op.Compare():
		out = ir.Of(ir.Bool, n)
	case op == expr.Div || op == expr.Mod:
		y = expr.Int(7)
	case op == expr.Shl || op == expr.Shr:
		y = expr.Int(5)
	}
	cs := named("int_"+op.String(), expr.Map([]ir.Type{i32(n), i32(n)}, out, expr.Bin(op, x, y)))
	cs.Fill = edgeFill(intEdges, 1000)
	return cs
}

func kinds() []Case {
	var cs []Case
	for op := expr.Neg; op <= expr.Erf; op++ {
		cs = append(cs, single(op))
	}
	for _, op := range []expr.Op{
		expr.Add, expr.Sub, expr.Mul, expr.Div, expr.Min, expr.Max, expr.Pow, expr.Lt, expr.Le, expr.Eq, expr.Ne,
	} {
		cs = append(cs, pairwise(op))
	}
	for op := expr.Add; op <= expr.Ne; op++ {
		if op != expr.Pow {
			cs = append(cs, integer(op))
		}
	}
	x := expr.Get(0, ir.I32, at(0))
	wide := several("int_div_mod", []ir.Type{i32(99)}, expr.Bin(expr.Div, x, expr.Int(8)),
		expr.Bin(expr.Mod, x, expr.Int(8)), expr.Bin(expr.Div, x, expr.Int(1000003)), expr.Un(expr.Neg, x))
	wide.Fill = edgeFill(intEdges, 1e6)
	b := expr.Get(0, ir.Bool, at(0))
	d := expr.Get(1, ir.Bool, at(0))
	bools := several("bools", []ir.Type{ir.Of(ir.Bool, 37), ir.Of(ir.Bool, 37)}, expr.Bin(expr.And, b, d),
		expr.Bin(expr.Or, b, d), expr.Bin(expr.Xor, b, d), expr.To(ir.F32, b), expr.To(ir.I32, d))
	f := load(0, at(0))
	i := expr.Get(1, ir.I32, at(0))
	casts := several("casts", []ir.Type{f32(1300), i32(1300)},
		expr.To(ir.I32, f), expr.To(ir.Bool, f), expr.To(ir.F32, i), expr.To(ir.Bool, i))
	casts.Fill = func(r *rand.Rand, operand, i int) float64 {
		if operand == 0 {
			return edgeFill(edges, 100)(r, 0, i)
		}
		return edgeFill(intEdges, 1e9)(r, 0, i)
	}
	return append(cs, wide, bools, casts)
}

// several is a map of several outputs, of the length of the first operand.
func several(name string, in []ir.Type, outs ...*expr.Expr) Case {
	c := &expr.Compute{In: in, Axes: in[0].Shape, Outs: outs}
	for _, o := range outs {
		c.Out = append(c.Out, o.Type)
	}
	return named(name, c)
}

// maps are elementwise Computes of several shapes and kinds of access.
func maps() []Case {
	var cs []Case
	for _, n := range []int{1, 2, 7, 15, 16, 17, 63, 64, 65, 1000, 10007} {
		x, y := load(0, at(0)), load(1, at(0))
		cs = append(cs, named(fmt.Sprintf("axpy_%d", n), expr.Map([]ir.Type{f32(n), f32(n)}, f32(n),
			expr.Plus(expr.Times(x, expr.Float(0.5)), y))))
	}
	x := load(0, at(0), at(1))
	relu := expr.Bin(expr.Max, expr.Plus(x, load(1, at(1))), expr.Float(0))
	cs = append(cs, named("bias", expr.Map([]ir.Type{f32(33, 50), f32(50)}, f32(33, 50), relu)),
		named("scale_rows", expr.Map([]ir.Type{f32(150, 70), f32(150)}, f32(150, 70),
			expr.Times(x, load(1, at(0))))),
		named("narrow", expr.Map([]ir.Type{f32(3000, 3), f32(3)}, f32(3000, 3), expr.Times(x, load(1, at(1))))),
		named("outer_product", expr.Map([]ir.Type{f32(45), f32(18)}, f32(45, 18),
			expr.Times(load(0, at(0)), load(1, at(1))))),
		named("transpose", expr.Map([]ir.Type{f32(37, 50)}, f32(50, 37), load(0, at(1), at(0)))),
		named("transpose_4d", expr.Map([]ir.Type{f32(2, 5, 6, 17)}, f32(2, 17, 5, 6),
			load(0, at(0), at(2), at(3), at(1)))),
		named("reverse", expr.Map([]ir.Type{f32(77)}, f32(77), load(0, expr.Minus(expr.Int(76), at(0))))),
		named("stride", expr.Map([]ir.Type{f32(80)}, f32(40), load(0, expr.Times(at(0), expr.Int(2))))),
		named("iota", expr.Map(nil, i32(9, 30), expr.Plus(expr.Times(at(0), expr.Int(100)), at(1)))),
		named("constant", expr.Map(nil, f32(50), expr.Float(2.5))),
		named("scalar", expr.Map([]ir.Type{f32()}, f32(), expr.Un(expr.Exp, load(0)))),
	)
	flat := expr.Plus(expr.Times(at(0), expr.Int(6)), at(1))
	cs = append(cs, named("reshape", expr.Map([]ir.Type{f32(4, 15)}, f32(10, 6), expr.Get(0, ir.F32,
		expr.Bin(expr.Div, flat, expr.Int(15)), expr.Bin(expr.Mod, flat, expr.Int(15))))))
	one := load(0)
	cs = append(cs, several("scalars", []ir.Type{f32()}, one, expr.Un(expr.Neg, one), expr.Times(one, one)))
	cs = append(cs, padded(), concat(), gather(), shared(), philox())
	return cs
}

func padded() Case {
	y, x := expr.Minus(at(0), expr.Int(2)), expr.Minus(at(1), expr.Int(3))
	return named("pad", expr.Map([]ir.Type{f32(11, 29)}, f32(15, 35),
		expr.GetIf(expr.Bin(expr.And, within(y, 11), within(x, 29)), 0, ir.F32, y, x)))
}

func concat() Case {
	left := expr.Bin(expr.Lt, at(1), expr.Int(21))
	return named("concat", expr.Map([]ir.Type{f32(9, 21), f32(9, 13)}, f32(9, 34), expr.If(left,
		expr.GetIf(left, 0, ir.F32, at(0), at(1)),
		expr.GetIf(expr.Bin(expr.Le, expr.Int(21), at(1)), 1, ir.F32, at(0), expr.Minus(at(1), expr.Int(21))))))
}

func gather() Case {
	c := named("gather", expr.Map([]ir.Type{f32(12, 19), i32(25)}, f32(25, 19),
		load(0, expr.Get(1, ir.I32, at(0)), at(1))))
	c.Fill = func(r *rand.Rand, operand, i int) float64 {
		if operand == 1 {
			return float64(r.Intn(12))
		}
		return r.Float64()
	}
	return c
}

// shared is an expression with common parts and several outputs, as fusing makes.
func shared() Case {
	x := load(0, at(0))
	e := expr.Un(expr.Exp, expr.Un(expr.Neg, x))
	s := expr.Un(expr.Recip, expr.Plus(e, expr.Float(1)))
	cs := several("shared", []ir.Type{f32(700)},
		s, expr.Times(s, expr.Minus(expr.Float(1), s)), expr.Bin(expr.Lt, e, expr.Float(1)))
	cs.Fill = func(r *rand.Rand, operand, i int) float64 { return float64(r.Intn(4001)-2000)/1000 + 1.0/4096 }
	return cs
}

// philox is the counter-based generator of Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3" (2011), ten rounds of philox2x32.
func philox() Case {
	a, b, key := expr.Plus(at(0), expr.Int(0)), expr.Int(7), expr.Get(0, ir.I32)
	mul := expr.Int(-766435501) // 0xD2511F53
	for range 10 {
		hi, lo := expr.Bin(expr.MulHi, a, mul), expr.Times(a, mul)
		a, b = expr.Bin(expr.Xor, expr.Bin(expr.Xor, hi, key), b), lo
		key = expr.Plus(key, expr.Int(-1640531527)) // 0x9E3779B9
	}
	u := expr.Times(expr.To(ir.F32, expr.Bin(expr.Shr, a, expr.Int(8))), expr.Float(1.0/(1<<24)))
	c := several("philox", []ir.Type{i32()}, u, b)
	c.C.Axes = []int{333}
	return c
}
