package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type broadcastTo struct{ Shape ir.Ints }

var _ = register(broadcastTo{})

// BroadcastTo stretches x to a shape as NumPy does; any element type. It gives x
// itself where it has that shape. Elementwise operators broadcast by themselves.
func BroadcastTo(b *ir.Builder, x ir.Value, shape ...int) ir.Value {
	if b.Err() == nil && ir.SameShape(b.Type(x).Shape, shape) {
		return x
	}
	return b.Apply(broadcastTo{list(b, "broadcast_to", shape)}, x)
}

func (broadcastTo) Name() string { return "broadcast_to" }

func (o broadcastTo) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	shape, ok := broadcast(in[0].Shape, o.Shape.Slice())
	if !ok || !ir.SameShape(shape, o.Shape.Slice()) {
		return ir.Type{}, fmt.Errorf("broadcast_to: x=%s does not fit shape %s: want each dimension equal or 1",
			in[0], o.Shape)
	}
	return ir.Type{DType: in[0].DType, Shape: shape}, nil
}

func (broadcastTo) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr { return x[0] })
}

// VJP: the gradient is summed over what was stretched.
func (broadcastTo) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return unbroadcast(b, in, g)
}

func (broadcastTo) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return x[0] })
}

func (broadcastTo) Samples() []Sample {
	op := func(shape ...int) Operator { return broadcastTo{ir.List(shape...)} }
	return []Sample{
		at(op(17), draw(1, -4, 4)), at(op(3, 33), draw(2, -4, 4, 33)), at(op(3, 70), draw(3, -4, 4, 3, 1)),
		at(op(2, 5, 17), draw(4, -4, 4, 5, 1)), at(op(5), draw(5, -4, 4, 5)),
		at(op(3, 7), drawInts(6, -9, 9, 1, 7)), at(op(2, 3), drawBools(7, 3)),
	}
}
