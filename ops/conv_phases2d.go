package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// convPhases2d is the contraction within a transposed convolution: x [N P Q C],
// padded, and weights of R = r*Stride by S = s*Stride taps give
//
//	y[n h a w b k] = sum over r, s, c of x[n h+r*d w+s*d c] w[R-Stride-r*Stride+a ... c k]
//
// of shape [N P-(r-1)*d Stride Q-(s-1)*d Stride K], d the dilation: output
// h*Stride + a, w*Stride + b. Where Odd, which is for a stride of 2, the outputs
// begin one row and one column later: phase 0 takes the odd taps, phase 1 the
// even ones, and reads x one further. With a stride of 1, axes a and b are left
// out, so that what follows can be joined to the result as it is. It occurs in expansions only, after
// gradients are taken, and has no VJP.
type convPhases2d struct {
	Stride, Dilation, Groups int
	TransW                   bool
	Odd                      bool
}

var _ = register(convPhases2d{})

func (convPhases2d) Name() string { return "conv_phases2d" }

func (o convPhases2d) weights() weights { return weights{o.TransW, o.Groups} }

func (o convPhases2d) Infer(in []ir.Type) (ir.Type, error) {
	_, outs, err := inferConv(o, in, o.weights(), o.Stride, o.Dilation)
	if err != nil {
		return ir.Type{}, err
	}
	x, w := in[0].Shape, in[1].Shape
	more := 0
	if o.Odd {
		more = 1
	}
	h := window(x[1]-more, w[0]/o.Stride, 1, o.Dilation)
	wide := window(x[2]-more, w[1]/o.Stride, 1, o.Dilation)
	if o.Odd && o.Stride != 2 {
		return ir.Type{}, misfit(o, in, "a stride of 2 for odd outputs", "x", "w")
	}
	if w[0]%o.Stride != 0 || w[1]%o.Stride != 0 || h < 1 || wide < 1 {
		return ir.Type{}, misfit(o, in, fmt.Sprintf("taps in multiples of stride %d, within x", o.Stride), "x", "w")
	}
	if o.Stride == 1 {
		return ir.Of(ir.F32, x[0], h, wide, outs), nil
	}
	return ir.Of(ir.F32, x[0], h, o.Stride, wide, o.Stride, outs), nil
}

func (o convPhases2d) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	n, h, a, wide, b, k := expr.At(0), expr.At(1), expr.At(2), expr.At(3), expr.At(4), expr.At(5)
	r, s, c := expr.At(6), expr.At(7), expr.At(8)
	if o.Stride == 1 {
		a, wide, b, k = expr.Int(0), expr.At(2), expr.Int(0), expr.At(3)
		r, s, c = expr.At(4), expr.At(5), expr.At(6)
	}
	w, ws := o.weights(), in[1].Shape
	ins, outs, _ := w.channels(in[1])
	tap := func(phase, r *expr.Expr, taps int) *expr.Expr {
		first := taps - o.Stride
		if o.Odd {
			phase, first = expr.Times(phase, expr.Int(-1)), first+1
		}
		return expr.Plus(expr.Plus(phase, expr.Times(r, expr.Int(-o.Stride))), expr.Int(first))
	}
	row := func(at, phase, r *expr.Expr) *expr.Expr {
		if o.Odd {
			at = expr.Plus(at, phase)
		}
		return strided(at, 1, r, o.Dilation)
	}
	x := w.input(n, row(h, a, r), row(wide, b, s), c, k, ins, outs)
	body := expr.Times(x, w.load(tap(a, r, ws[0]), tap(b, s, ws[1]), c, k, ins, outs))
	return expr.Reduce(in, out, []int{ws[0] / o.Stride, ws[1] / o.Stride, ins / o.Groups}, expr.Sum, body)
}

func (o convPhases2d) Ref(in []Array, out ir.Type) Array {
	x, w := in[0], in[1]
	shape := out.Shape
	if o.Stride == 1 {
		shape = []int{shape[0], shape[1], 1, shape[2], 1, shape[3]}
	}
	ins, outs := x.Type.Shape[3], shape[5]
	y := NewArray(ir.Of(ir.F32, shape...))
	each(w.Type.Shape[:2], func(tap []int) {
		// Tap t serves phase t mod Stride, reading x further back the larger t is.
		a, b := tap[0]%o.Stride, tap[1]%o.Stride
		dh := (w.Type.Shape[0]/o.Stride - 1 - tap[0]/o.Stride) * o.Dilation
		dw := (w.Type.Shape[1]/o.Stride - 1 - tap[1]/o.Stride) * o.Dilation
		if o.Odd {
			a, b = 1-a, 1-b
			dh, dw = dh+a, dw+b
		}
		each([]int{shape[0], shape[1], shape[3], outs, ins}, func(at []int) {
			k, c := at[3], at[4]
			to := y.offset([]int{at[0], at[1], a, at[2], b, k})
			y.Data[to] += x.At(at[0], at[1]+dh, at[2]+dw, c) * o.weights().ref(w, tap[0], tap[1], c, k, ins, outs)
		})
	})
	y.Type = out
	return y
}

func (convPhases2d) Samples() []Sample {
	return []Sample{
		at(convPhases2d{1, 1, 1, false, false}, draw(1, -1, 1, 2, 5, 6, 3), draw(2, -1, 1, 3, 3, 3, 17)),
		at(convPhases2d{2, 1, 1, false, false}, draw(3, -1, 1, 1, 5, 4, 17), draw(4, -1, 1, 4, 4, 17, 3)),
		at(convPhases2d{2, 1, 1, true, false}, draw(5, -1, 1, 1, 3, 4, 5), draw(6, -1, 1, 4, 2, 7, 5)),
		at(convPhases2d{1, 2, 2, true, false}, draw(7, -1, 1, 1, 5, 6, 4), draw(8, -1, 1, 3, 2, 3, 4)),
		at(convPhases2d{2, 1, 1, false, true}, draw(11, -1, 1, 2, 5, 4, 5), draw(12, -1, 1, 4, 4, 5, 17)),
		at(convPhases2d{2, 1, 2, true, true}, draw(13, -1, 1, 1, 4, 6, 4), draw(14, -1, 1, 2, 4, 3, 4)),
		at(convPhases2d{3, 1, 3, false, false}, draw(9, -1, 1, 1, 2, 3, 3), draw(10, -1, 1, 3, 6, 1, 6)),
	}
}
