package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type stopGradient struct{}

var _ = register(stopGradient{})

// StopGradient gives x itself, through which no gradient flows.
func StopGradient(b *ir.Builder, x ir.Value) ir.Value { return b.Apply(stopGradient{}, x) }

func (stopGradient) Name() string { return "stop_gradient" }

func (o stopGradient) Infer(in []ir.Type) (ir.Type, error) {
	if len(in) != 1 {
		return ir.Type{}, fmt.Errorf("%s: want 1 operand, got %d", o.Name(), len(in))
	}
	return in[0], nil
}

// Alias says that the result may be the operand's memory.
func (stopGradient) Alias() bool { return true }

func (stopGradient) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return lowerMap(in, out, func(x []*expr.Expr) *expr.Expr { return x[0] })
}

func (stopGradient) VJP(*ir.Builder, []ir.Value, ir.Value, ir.Value) []ir.Value {
	return []ir.Value{ir.None}
}

func (stopGradient) Ref(in []Array, out ir.Type) Array {
	return refMap(in, out, func(x []float64) float64 { return x[0] })
}

func (o stopGradient) Samples() []Sample {
	return []Sample{at(o, draw(1, -4, 4, 3, 17)), at(o, drawInts(2, -9, 9, 5)), at(o, drawBools(3, 33))}
}
