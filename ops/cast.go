package ops

import (
	"fmt"
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type cast struct{ To ir.DType }

var _ = register(cast{})

// Cast gives x in another element type: F32 to I32 is truncated (and is the
// least integer where it does not fit), numbers to Bool are x != 0, Bool to
// numbers are 0 or 1. It gives x itself where it has that type. No gradient
// flows through integers and bools.
func Cast(b *ir.Builder, x ir.Value, to ir.DType) ir.Value {
	if b.Err() == nil && b.Type(x).DType == to {
		return x
	}
	return b.Apply(cast{to}, x)
}

func (cast) Name() string { return "cast" }

func (o cast) Infer(in []ir.Type) (ir.Type, error) {
	if o.To > ir.Bool {
		return ir.Type{}, fmt.Errorf("cast: to %s: want f32, i32 or bool", o.To)
	}
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	return ir.Type{DType: o.To, Shape: in[0].Shape}, nil
}

func (o cast) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr { return expr.To(o.To, x[0]) })
}

// VJP: nothing but a cast to the type it was flows back.
func (o cast) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	if o.To == ir.F32 && b.Type(in[0]).DType == ir.F32 {
		return []ir.Value{g}
	}
	return []ir.Value{ir.None}
}

func (o cast) Ref(in []Array, out ir.Type) Array {
	from := in[0].Type.DType
	return refMap(in, out, func(x []float64) float64 {
		v := x[0]
		switch {
		case o.To == ir.Bool:
			return truth(v != 0)
		case o.To == ir.I32 && from == ir.F32:
			v = math.Trunc(v)
			if !(v >= math.MinInt32 && v <= math.MaxInt32) {
				return math.MinInt32
			}
		}
		return v
	})
}

func (cast) Samples() []Sample {
	return []Sample{
		at(cast{ir.I32}, draw(1, -40, 40, 3, 17)),
		at(cast{ir.F32}, drawInts(2, -1000, 1000, 33)),
		at(cast{ir.F32}, ints(0, 1, -1, 16777216, -16777216)),
		at(cast{ir.F32}, drawBools(3, 70)), at(cast{ir.I32}, drawBools(4, 3)),
		at(cast{ir.Bool}, drawInts(5, -1, 2, 17)), at(cast{ir.Bool}, vec(0, -1.5, 1e-30, 3)),
		at(cast{ir.F32}, draw(6, -4, 4, 5)),
		edge(cast{ir.I32}, vec(0.99, -0.99, 2.5, -2.5, 1e6, -1e9)),
	}
}
