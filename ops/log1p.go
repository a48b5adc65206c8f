package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type log1p struct{}

var _ = register(log1p{})

// Log1p gives log(1+x), accurate near 0, elementwise.
func Log1p(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(log1p{}, x) }

func (log1p) Name() string { return "log1p" }

func (o log1p) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 1, ir.F32) }

func (log1p) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerUnary(expr.Log1p, in, out) }

// VJP: d log(1+x) = 1/(1+x).
func (log1p) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Div(b, g, Add(b, in[0], one(b)))}
}

func (log1p) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Log1p(x[0]) })
}

func (log1p) Domain() (lo, hi float64) { return -0.75, 8 }

func (o log1p) Samples() []Sample {
	return unarySamples(o, 0, -1, 1e-10, -1e-10, 1e-3, 1e20)
}
