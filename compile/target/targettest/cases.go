package targettest

import (
	"fmt"
	"math"
	"math/rand"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Case is a Compute and the numbers to try it on.
type Case struct {
	Name string
	C    *expr.Compute
	// Fill gives element i of an operand; nil for numbers around zero, small
	// integers and random bools.
	Fill func(r *rand.Rand, operand, i int) float64
}

// Inputs draws the operands.
func (c *Case) Inputs(r *rand.Rand) [][]float64 {
	in := make([][]float64, len(c.C.In))
	for o, t := range c.C.In {
		in[o] = make([]float64, t.Elems())
		for i := range in[o] {
			switch {
			case c.Fill != nil:
				in[o][i] = c.Fill(r, o, i)
			case t.DType == ir.F32:
				in[o][i] = r.Float64()*3 - 1.5
			case t.DType == ir.I32:
				in[o][i] = float64(r.Intn(7) - 3)
			default:
				in[o][i] = float64(r.Intn(2))
			}
			if t.DType == ir.F32 {
				in[o][i] = float64(float32(in[o][i]))
			} else {
				in[o][i] = math.Trunc(in[o][i])
			}
		}
	}
	return in
}

func f32(shape ...int) ir.Type { return ir.Of(ir.F32, shape...) }

func i32(shape ...int) ir.Type { return ir.Of(ir.I32, shape...) }

func at(i int) *expr.Expr { return expr.At(i) }

func load(n int, index ...*expr.Expr) *expr.Expr { return expr.Get(n, ir.F32, index...) }

func named(name string, c *expr.Compute) Case {
	c.Name = name
	return Case{Name: name, C: c}
}

// Contraction is out[i,j] = sum over k of a*b, with a transposed to [k,i] and b
// to [j,k] on demand.
func Contraction(m, n, k int, ta, tb bool) *expr.Compute {
	a, b := f32(m, k), f32(k, n)
	la, lb := load(0, at(0), at(2)), load(1, at(2), at(1))
	kind := []byte("nn")
	if ta {
		a, la, kind[0] = f32(k, m), load(0, at(2), at(0)), 't'
	}
	if tb {
		b, lb, kind[1] = f32(n, k), load(1, at(1), at(2)), 't'
	}
	c := expr.Reduce([]ir.Type{a, b}, f32(m, n), []int{k}, expr.Sum, expr.Times(la, lb))
	c.Name = fmt.Sprintf("matmul_%s_%dx%dx%d", kind, m, n, k)
	return c
}

func contractions() []Case {
	var cs []Case
	for i, s := range [][3]int{{1, 1, 1}, {1, 40, 33}, {40, 1, 33}, {5, 7, 3}, {8, 32, 16}, {17, 20, 45},
		{16, 64, 64}, {33, 65, 17}, {30, 50, 7}, {64, 96, 20}, {4, 41, 70}, {50, 3, 100}} {
		for _, tr := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
			if i > 5 && tr[0] && tr[1] {
				continue
			}
			c := Contraction(s[0], s[1], s[2], tr[0], tr[1])
			cs = append(cs, Case{Name: c.Name, C: c})
		}
	}
	pitch := Contraction(64, 512, 64, false, false) // lines of B 2 KB apart
	cs = append(cs, Case{Name: "matmul_pitch", C: pitch})
	b, m, n, k := 3, 9, 18, 10
	in := []ir.Type{f32(b, m, k), f32(b, k, n)}
	cs = append(cs, named("batched", expr.Reduce(in, f32(b, m, n), []int{k}, expr.Sum,
		expr.Times(load(0, at(0), at(1), at(3)), load(1, at(0), at(3), at(2))))))
	in = []ir.Type{f32(b, m, k), f32(b, n, k)}
	cs = append(cs, named("batched_nt", expr.Reduce(in, f32(b, m, n), []int{k}, expr.Sum,
		expr.Times(load(0, at(0), at(1), at(3)), load(1, at(0), at(2), at(3))))))
	fused := Contraction(19, 40, 12, false, false)
	fused.In = append(fused.In, f32(40))
	acc := expr.Plus(expr.Reduced(ir.F32), load(2, at(1)))
	fused.Out = []ir.DType{ir.F32, ir.Bool}
	fused.Outs = []*expr.Expr{expr.Bin(expr.Max, acc, expr.Float(0)), expr.Bin(expr.Lt, expr.Float(0), acc)}
	cs = append(cs, named("matmul_bias_relu_mask", fused))
	return append(append(cs, conv("conv3x3", 2, 6, 5, 3, 20, 3, 1), conv("conv4x4s2", 1, 8, 8, 8, 33, 4, 2),
		conv("conv_rgb", 1, 6, 9, 16, 3, 3, 1), conv("conv1x1", 2, 4, 4, 16, 5, 1, 1), conv("conv_even", 2, 6, 8, 9, 20, 3, 1)),
		paddedConv(), weightGradient(), depthwise())
}

// conv is an NHWC convolution without padding.
func conv(name string, n, h, w, c, k, r, stride int) Case {
	oh, ow := (h-r)/stride+1, (w-r)/stride+1
	x := load(0, at(0), expr.Plus(expr.Times(at(1), expr.Int(stride)), at(4)),
		expr.Plus(expr.Times(at(2), expr.Int(stride)), at(5)), at(6))
	y := load(1, at(4), at(5), at(6), at(3))
	return named(name, expr.Reduce([]ir.Type{f32(n, h, w, c), f32(r, r, c, k)}, f32(n, oh, ow, k),
		[]int{r, r, c}, expr.Sum, expr.Times(x, y)))
}

func within(e *expr.Expr, n int) *expr.Expr {
	return expr.Bin(expr.And, expr.Bin(expr.Le, expr.Int(0), e), expr.Bin(expr.Lt, e, expr.Int(n)))
}

func paddedConv() Case {
	n, h, w, c, k := 2, 5, 6, 3, 18
	y, x := expr.Minus(expr.Plus(at(1), at(4)), expr.Int(1)), expr.Minus(expr.Plus(at(2), at(5)), expr.Int(1))
	x0 := expr.GetIf(expr.Bin(expr.And, within(y, h), within(x, w)), 0, ir.F32, at(0), y, x, at(6))
	return named("conv_padded", expr.Reduce([]ir.Type{f32(n, h, w, c), f32(3, 3, c, k)}, f32(n, h, w, k),
		[]int{3, 3, c}, expr.Sum, expr.Times(x0, load(1, at(4), at(5), at(6), at(3)))))
}

// weightGradient is out[r,s,c,k] = sum over n,h,w of x[n,h+r,w+s,c]*g[n,h,w,k].
func weightGradient() Case {
	n, h, w, c, k := 2, 4, 5, 6, 17
	x := load(0, at(4), expr.Plus(at(5), at(0)), expr.Plus(at(6), at(1)), at(2))
	g := load(1, at(4), at(5), at(6), at(3))
	return named("conv_weight_gradient", expr.Reduce([]ir.Type{f32(n, h+2, w+2, c), f32(n, h, w, k)},
		f32(3, 3, c, k), []int{n, h, w}, expr.Sum, expr.Times(x, g)))
}

func depthwise() Case {
	n, h, w, c := 1, 6, 7, 19
	x := load(0, at(0), expr.Plus(at(1), at(4)), expr.Plus(at(2), at(5)), at(3))
	return named("conv_depthwise", expr.Reduce([]ir.Type{f32(n, h, w, c), f32(3, 3, c)}, f32(n, h-2, w-2, c),
		[]int{3, 3}, expr.Sum, expr.Times(x, load(1, at(4), at(5), at(3)))))
}

func reductions() []Case {
	var cs []Case
	for _, comb := range []expr.Comb{expr.Sum, expr.Prod, expr.MaxOf, expr.MinOf} {
		for _, d := range []ir.DType{ir.F32, ir.I32} {
			for _, k := range []int{1, 2, 3, 7, 15, 16, 17, 31, 33, 64, 70} {
				if d == ir.I32 && k%2 == 0 {
					continue
				}
				row := expr.Reduce([]ir.Type{ir.Of(d, 5, k)}, ir.Of(d, 5), []int{k}, comb, expr.Get(0, d, at(0), at(1)))
				cs = append(cs, named(fmt.Sprintf("row_%s_%s_%d", comb, d, k), row))
				col := expr.Reduce([]ir.Type{ir.Of(d, k, 21)}, ir.Of(d, 21), []int{k}, comb,
					expr.Get(0, d, at(1), at(0)))
				cs = append(cs, named(fmt.Sprintf("column_%s_%s_%d", comb, d, k), col))
			}
		}
	}
	full := expr.Reduce([]ir.Type{f32(13, 37)}, f32(), []int{13, 37}, expr.Sum, load(0, at(0), at(1)))
	middle := expr.Reduce([]ir.Type{f32(4, 9, 18)}, f32(4, 18), []int{9}, expr.Sum,
		load(0, at(0), at(2), at(1)))
	soft := expr.Reduce([]ir.Type{f32(7, 50), f32(7)}, f32(7), []int{50}, expr.Sum,
		expr.Un(expr.Exp, expr.Minus(load(0, at(0), at(1)), load(1, at(0)))))
	empty := expr.Reduce([]ir.Type{f32(3, 0)}, f32(3), []int{0}, expr.Sum, load(0, at(0), at(1)))
	mean := expr.Reduce([]ir.Type{f32(33, 12)}, f32(12), []int{33}, expr.Sum, load(0, at(1), at(0)))
	mean.Out = []ir.DType{ir.F32, ir.F32}
	m := expr.Times(expr.Reduced(ir.F32), expr.Float(1.0/33))
	mean.Outs = []*expr.Expr{m, expr.Times(m, m)}
	big := expr.Reduce([]ir.Type{f32(40, 300)}, f32(40), []int{300}, expr.Sum, load(0, at(0), at(1)))
	cs = append(cs, moments()...)
	return append(cs, named("full", full), named("middle", middle), named("softmax_sum", soft),
		named("empty", empty), named("mean_and_square", mean), named("row_sum_300", big))
}

// moments are Computes with more than one reduction in a pass.
func moments() []Case {
	var cs []Case
	square := func(e *expr.Expr) *expr.Expr { return expr.Times(e, e) }
	for _, k := range []int{1, 7, 16, 35, 64} {
		row := load(0, at(0), at(1))
		c := expr.Reduce([]ir.Type{f32(6, k)}, f32(6), []int{k}, expr.Sum, row)
		c.More = []expr.Reduction{{Comb: expr.Sum, Body: square(row)}, {Comb: expr.MaxOf, Body: row}}
		c.Out = []ir.DType{ir.F32, ir.F32}
		spread := expr.Minus(expr.ReducedBy(1, ir.F32), square(expr.Reduced(ir.F32)))
		c.Outs = []*expr.Expr{spread, expr.Plus(expr.ReducedBy(2, ir.F32), expr.Reduced(ir.F32))}
		cs = append(cs, named(fmt.Sprintf("row_moments_%d", k), c))

		col, other := load(0, at(1), at(2), at(0)), load(1, at(1), at(2), at(0))
		d := expr.Reduce([]ir.Type{f32(3, k, 21), f32(3, k, 21)}, f32(21), []int{3, k}, expr.Sum, col)
		d.More = []expr.Reduction{{Comb: expr.Sum, Body: expr.Times(col, other)}}
		d.Out = []ir.DType{ir.F32, ir.F32}
		d.Outs = []*expr.Expr{expr.ReducedBy(1, ir.F32), expr.Reduced(ir.F32)}
		cs = append(cs, named(fmt.Sprintf("column_moments_%d", k), d))
	}
	return cs
}
