package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type maximum struct{}

var _ = register(maximum{})

// Maximum gives the larger of x and y, y where they are equal, elementwise with
// broadcasting, for F32 or I32.
func Maximum(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(maximum{}, x, y) }

func (maximum) Name() string { return "maximum" }

func (o maximum) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.F32, ir.I32) }

func (maximum) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Max, in, out) }

// VJP: the gradient goes to the operand that was chosen.
func (maximum) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	first := Less(b, in[1], in[0])
	return unbroadcast(b, in, Select(b, first, g, zero(b)), Select(b, first, zero(b), g))
}

func (maximum) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Max(x[0], x[1]) })
}

func (o maximum) Samples() []Sample {
	return append(append(binarySamples(o), intSamples(o)...), edge(o, vec(1, -2, 0), vec(1, -3, 0)))
}
