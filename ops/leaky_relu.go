package ops

import (
	"fmt"
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type leakyRelu struct{ Slope float64 }

var _ = register(leakyRelu{})

// LeakyRelu gives x where x > 0 and slope*x elsewhere, elementwise (Maas, Hannun
// and Ng 2013). Its gradient at 0 is the slope.
func LeakyRelu(b *ir.Builder, x ir.Value, slope float64) ir.Value {
	return b.Apply(leakyRelu{slope}, x)
}

func (leakyRelu) Name() string { return "leaky_relu" }

func (o leakyRelu) Infer(in []ir.Type) (ir.Type, error) {
	if math.IsNaN(o.Slope) || math.IsInf(o.Slope, 0) {
		return ir.Type{}, fmt.Errorf("leaky_relu: slope %v: want a finite number", o.Slope)
	}
	return inferMap(o, in, 1, ir.F32)
}

func (o leakyRelu) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr {
		return expr.If(expr.Bin(expr.Lt, expr.Float(0), x[0]), x[0], expr.Times(x[0], expr.Float(o.Slope)))
	})
}

// VJP: g where x > 0, slope g elsewhere.
func (o leakyRelu) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Select(b, Less(b, zero(b), in[0]), g, Scale(b, g, o.Slope))}
}

func (o leakyRelu) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 {
		if x[0] > 0 {
			return x[0]
		}
		return o.Slope * x[0]
	})
}

func (leakyRelu) Samples() []Sample {
	return append(unarySamples(leakyRelu{0.25}, 0, 1e10, -1e10), unarySamples(leakyRelu{0.01}, 0)[2])
}
