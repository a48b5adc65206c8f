package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type pow struct{}

var _ = register(pow{})

// Pow gives x to the power y for x > 0, and 0 for x = 0 < y, elementwise with broadcasting, for F32.
func Pow(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(pow{}, x, y) }

func (pow) Name() string { return "pow" }

func (o pow) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.F32) }

func (pow) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Pow, in, out) }

// VJP: d(x^y) = y x^(y-1) dx + x^y log(x) dy.
func (pow) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	x, y := in[0], in[1]
	dx := Mul(b, g, Mul(b, y, Pow(b, x, Sub(b, y, one(b)))))
	return unbroadcast(b, in, dx, Mul(b, g, Mul(b, out, Log(b, x))))
}

func (pow) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Pow(x[0], x[1]) })
}

func (pow) Domain() (lo, hi float64) { return 0.125, 3 }

func (o pow) Samples() []Sample {
	return append(binarySamples(o), edge(o, vec(0, 0, 2, 1), vec(2, 0.5, -30, 100)))
}
