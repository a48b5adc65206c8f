package ops

import "mllab/compile/ir"

type logSoftmax struct{ Axis int }

var _ = register(logSoftmax{})

// LogSoftmax gives the logarithm of Softmax, without its rounding to 0.
func LogSoftmax(b *ir.Builder, x ir.Value, axis int) ir.Value {
	return b.Apply(logSoftmax{axisOf(b, x, axis)}, x)
}

func (logSoftmax) Name() string { return "log_softmax" }

func (o logSoftmax) Infer(in []ir.Type) (ir.Type, error) { return inferAlong(o, in, o.Axis) }

// Expand is (x - max) - log(sum(exp(x - max))).
func (o logSoftmax) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	x := Sub(b, in[0], MaxKeep(b, in[0], o.Axis))
	return Sub(b, x, Log(b, SumKeep(b, Exp(b, x), o.Axis)))
}

// VJP: g - softmax(x) sum(g).
func (o logSoftmax) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{Sub(b, g, Mul(b, Exp(b, out), SumKeep(b, g, o.Axis)))}
}

func (o logSoftmax) Ref(in []Array, out ir.Type) Array {
	lse := refLogSumExp(in[0], o.Axis)
	return refMap([]Array{in[0], lse}, out, func(x []float64) float64 { return x[0] - x[1] })
}

func (logSoftmax) Samples() []Sample {
	return alongSamples(func(axis int) Operator { return logSoftmax{axis} })
}
