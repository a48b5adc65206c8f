package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type log struct{}

var _ = register(log{})

// Log gives the natural logarithm; -inf at 0 and NaN below, elementwise.
func Log(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(log{}, x) }

func (log) Name() string { return "log" }

func (o log) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (log) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Log, in, out) }

// VJP: d log(x) = 1/x.
func (log) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Div(b, g, in[0])}
}

func (log) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Log(x[0]) })
}

func (log) Domain() (lo, hi float64) { return 0.125, 8 }

func (o log) Samples() []Sample {
	return unarySamples(o, 0, -1, 1, 1e-30, 1e30, math.Inf(1))
}
