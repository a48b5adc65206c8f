package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type transpose struct{ Perm ir.Ints }

var _ = register(transpose{})

// Transpose orders the dimensions of x anew: dimension d of the result is
// dimension perm[d] of x; without a permutation their order is reversed. Any
// element type.
func Transpose(b *ir.Builder, x ir.Value, perm ...int) ir.Value {
	if len(perm) == 0 {
		for d := b.Type(x).Rank() - 1; d >= 0; d-- {
			perm = append(perm, d)
		}
	}
	return b.Apply(transpose{list(b, "transpose", perm)}, x)
}

func (transpose) Name() string { return "transpose" }

func (o transpose) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	out := ir.Type{DType: in[0].DType, Shape: make([]int, in[0].Rank())}
	fits := o.Perm.Len() == in[0].Rank()
	for d := range out.Shape {
		fits = fits && o.Perm.Has(d)
	}
	if !fits {
		return ir.Type{}, fmt.Errorf("transpose: permutation %s does not fit x=%s: want each of 0..%d once",
			o.Perm, in[0], in[0].Rank()-1)
	}
	for d := range out.Shape {
		out.Shape[d] = in[0].Shape[o.Perm.At(d)]
	}
	return out, nil
}

// inverse is the permutation that undoes the operator's.
func (o transpose) inverse() ir.Ints {
	inv := make([]int, o.Perm.Len())
	for d := range inv {
		inv[o.Perm.At(d)] = d
	}
	return ir.List(inv...)
}

func (o transpose) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	inv := o.inverse()
	index := make([]*expr.Expr, in[0].Rank())
	for d := range index {
		index[d] = expr.At(inv.At(d))
	}
	return expr.Map(in, out, expr.Get(0, in[0].DType, index...))
}

// VJP: the gradient is ordered back.
func (o transpose) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{b.Apply(transpose{o.inverse()}, g)}
}

func (o transpose) Ref(in []Array, out ir.Type) Array {
	a := NewArray(out)
	to := make([]int, out.Rank())
	each(in[0].Type.Shape, func(at []int) {
		for d := range to {
			to[d] = at[o.Perm.At(d)]
		}
		a.Data[a.offset(to)] = in[0].At(at...)
	})
	return a
}

func (transpose) Samples() []Sample {
	op := func(perm ...int) Operator { return transpose{ir.List(perm...)} }
	return []Sample{
		at(op(1, 0), draw(1, -4, 4, 17, 33)), at(op(0), draw(2, -4, 4, 5)), at(op(), draw(3, -4, 4)),
		at(op(0, 2, 1), draw(4, -4, 4, 3, 5, 17)), at(op(2, 0, 1), draw(5, -4, 4, 3, 5, 17)),
		at(op(0, 3, 1, 2), draw(6, -4, 4, 2, 3, 5, 7)), at(op(1, 0), drawInts(7, -9, 9, 3, 70)),
		at(op(1, 0), drawBools(8, 3, 1)),
	}
}
