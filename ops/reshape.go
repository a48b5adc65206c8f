package ops

import (
	"fmt"
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type reshape struct{ Shape ir.Ints }

var _ = register(reshape{})

// Reshape gives the elements of x, in their row-major order, another shape; any
// element type. One dimension may be -1, to be found from the others. It gives x
// itself where it has that shape.
func Reshape(b *ir.Builder, x ir.Value, shape ...int) ir.Value {
	if b.Err() != nil {
		return ir.None
	}
	t := b.Type(x)
	if i := slices.Index(shape, -1); i >= 0 {
		shape = slices.Clone(shape)
		if rest := -ir.Elems(shape); rest > 0 {
			shape[i] = t.Elems() / rest
		}
	}
	if ir.SameShape(t.Shape, shape) {
		return x
	}
	return b.Apply(reshape{list(b, "reshape", shape)}, x)
}

func (reshape) Name() string { return "reshape" }

func (o reshape) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	out := ir.Type{DType: in[0].DType, Shape: o.Shape.Slice()}
	if slices.ContainsFunc(out.Shape, func(n int) bool { return n <= 0 }) {
		return ir.Type{}, fmt.Errorf("reshape: x=%s to %s: want dimensions above 0, and -1 at most once",
			in[0], o.Shape)
	}
	if out.Elems() != in[0].Elems() {
		return ir.Type{}, fmt.Errorf("reshape: x=%s has %d elements: want %d for shape %s",
			in[0], in[0].Elems(), out.Elems(), o.Shape)
	}
	return out, nil
}

// Alias says that the result may be the operand's memory.
func (reshape) Alias() bool { return true }

// Lower goes through the least groups of neighbouring dimensions that hold the
// same number of elements before and after, so that indices are affine in groups
// that were only joined, and divided only in those that were split.
func (reshape) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	from, to := in[0].Shape, out.Shape
	index := make([]*expr.Expr, 0, len(from))
	for i, j := 0, 0; i < len(from); {
		i0, j0 := i, j
		n, m := from[i], 1
		i++
		for n != m {
			if n < m {
				n *= from[i]
				i++
			} else {
				m *= to[j]
				j++
			}
		}
		pos := flat(axesAt(len(to))[j0:j], to[j0:j])
		index = append(index, split(pos, from[i0:i])...)
	}
	return expr.Map(in, out, expr.Get(0, in[0].DType, index...))
}

// split gives the coordinates within a shape of a row-major position.
func split(pos *expr.Expr, shape []int) []*expr.Expr {
	index := make([]*expr.Expr, len(shape))
	for d := len(shape) - 1; d > 0; d-- {
		index[d] = expr.Bin(expr.Mod, pos, expr.Int(shape[d]))
		pos = expr.Bin(expr.Div, pos, expr.Int(shape[d]))
	}
	if len(shape) > 0 {
		index[0] = pos
	}
	return index
}

// VJP: the gradient takes the operand's shape.
func (reshape) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Reshape(b, g, b.Type(in[0]).Shape...)}
}

func (reshape) Ref(in []Array, out ir.Type) Array {
	return Array{out, slices.Clone(in[0].Data)}
}

func (reshape) Samples() []Sample {
	op := func(from, to []int) Sample {
		return at(reshape{ir.List(to...)}, draw(1, -4, 4, from...))
	}
	return []Sample{
		op([]int{}, []int{1, 1}), op([]int{1}, []int{}), op([]int{3, 5, 17}, []int{15, 17}),
		op([]int{3, 5, 17}, []int{255}), op([]int{255}, []int{3, 17, 5}), op([]int{6, 10}, []int{4, 15}),
		op([]int{2, 3, 4, 5}, []int{6, 2, 10}), op([]int{1, 33, 1}, []int{33}), op([]int{33}, []int{1, 33, 1}),
		op([]int{4, 1, 7}, []int{2, 1, 2, 7, 1}), at(reshape{ir.List(3, 4)}, drawInts(2, -9, 9, 12)),
		at(reshape{ir.List(4)}, drawBools(3, 2, 2)),
	}
}
