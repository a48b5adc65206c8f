package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type minimum struct{}

var _ = register(minimum{})

// Minimum gives the smaller of x and y, y where they are equal, elementwise with
// broadcasting, for F32 or I32.
func Minimum(b *ir.Builder, x, y ir.Value) ir.Value { return b.Apply(minimum{}, x, y) }

func (minimum) Name() string { return "minimum" }

func (o minimum) Infer(in []ir.Type) (ir.Type, error) { return inferMap(o, in, 2, ir.F32, ir.I32) }

func (minimum) Lower(in []ir.Type, out ir.Type) *expr.Compute { return lowerBinary(expr.Min, in, out) }

// VJP: the gradient goes to the operand that was chosen.
func (minimum) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	first := Less(b, in[0], in[1])
	return unbroadcast(b, in, Select(b, first, g, zero(b)), Select(b, first, zero(b), g))
}

func (minimum) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return math.Min(x[0], x[1]) })
}

func (o minimum) Samples() []Sample {
	return append(append(binarySamples(o), intSamples(o)...), edge(o, vec(1, -2, 0), vec(1, -3, 0)))
}
