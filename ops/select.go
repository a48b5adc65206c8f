package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type selection struct{}

var _ = register(selection{})

// Select gives x where the bool c holds and y elsewhere, elementwise with
// broadcasting of all three. No gradient flows through the value not chosen.
func Select(b *ir.Builder, c, x, y ir.Value) ir.Value { return b.Apply(selection{}, c, x, y) }

func (selection) Name() string { return "select" }

func (o selection) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 3); err != nil {
		return ir.Type{}, err
	}
	if err := isType(o, "c", in[0], ir.Bool); err != nil {
		return ir.Type{}, err
	}
	if in[1].DType != in[2].DType {
		return ir.Type{}, misfit(o, in, "x and y of one element type", "c", "x", "y")
	}
	shape, ok := broadcast(in[1].Shape, in[2].Shape)
	if ok {
		shape, ok = broadcast(shape, in[0].Shape)
	}
	if !ok {
		return ir.Type{}, misfit(o, in, "shapes that broadcast", "c", "x", "y")
	}
	return ir.Type{DType: in[1].DType, Shape: shape}, nil
}

func (selection) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr { return expr.If(x[0], x[1], x[2]) })
}

// VJP: the gradient goes to the operand that was chosen.
func (selection) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return unbroadcast(b, in, ir.None, Select(b, in[0], g, zero(b)), Select(b, in[0], zero(b), g))
}

func (selection) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 {
		if x[0] != 0 {
			return x[1]
		}
		return x[2]
	})
}

func (o selection) Samples() []Sample {
	return []Sample{
		at(o, drawBools(1, 3, 33), draw(2, -4, 4, 3, 33), draw(3, -4, 4, 3, 33)),
		at(o, drawBools(1, 17), draw(2, -4, 4, 5, 1), draw(3, -4, 4)),
		at(o, drawBools(4), draw(5, -4, 4, 3), draw(6, -4, 4, 2, 1)),
		at(o, drawBools(1, 5, 1), drawInts(2, -9, 9, 7), drawInts(3, -9, 9)),
		at(o, drawBools(1, 7), drawBools(2, 7), drawBools(3, 7)),
	}
}
