package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type div struct{}

var _ = register(div{})

// Div gives x / y, elementwise with broadcasting, for F32.
func Div(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(div{}, x, y) }

func (div) Name() string { return "div" }

func (o div) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.F32) }

func (div) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Div, in, out) }

// VJP: d(x/y) = dx/y - x/y dy/y.
func (div) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	q := Div(b, g, in[1])
	return unbroadcast(b, in, q, Neg(b, Mul(b, q, out)))
}

func (div) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return x[0] / x[1] })
}

func (div) Domain() (lo, hi float64) { return 0.125, 4 }

func (o div) Samples() []Sample {
	return append(binarySamples(o), edge(o, vec(1, -1, 0), vec(0, 0, 5)))
}
