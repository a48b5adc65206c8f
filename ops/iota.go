package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type arange struct {
	DType ir.DType
	Axis  int
	Shape ir.Ints
}

var _ = register(arange{})

// Iota gives a value of a shape, F32 or I32, whose elements are their own
// coordinates along an axis: 0, 1, 2...
func Iota(b *ir.Builder, d ir.DType, axis int, shape ...int) ir.Value {
	return b.Apply(arange{d, axis, list(b, "iota", shape)})
}

func (arange) Name() string { return "iota" }

func (o arange) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 0); err != nil {
		return ir.Type{}, err
	}
	out := ir.Type{DType: o.DType, Shape: o.Shape.Slice()}
	if err := isType(o, "result", out, ir.F32, ir.I32); err != nil {
		return ir.Type{}, err
	}
	if o.Axis < 0 || o.Axis >= out.Rank() {
		return ir.Type{}, fmt.Errorf("iota: axis %d does not fit shape %s: want 0..%d",
			o.Axis, o.Shape, out.Rank()-1)
	}
	return out, nil
}

func (o arange) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return expr.Map(in, out, expr.To(o.DType, expr.At(o.Axis)))
}

func (o arange) Ref(_ []Array, out ir.Type) Array {
	return fill(out, func(at []int) float64 { return float64(at[o.Axis]) })
}

func (arange) Samples() []Sample {
	return []Sample{
		at(arange{ir.I32, 0, ir.List(17)}), at(arange{ir.F32, 1, ir.List(3, 33)}),
		at(arange{ir.I32, 0, ir.List(5, 7)}), at(arange{ir.F32, 1, ir.List(2, 70, 3)}),
	}
}
