package ops

import "mllab/compile/ir"

type logSumExp struct {
	Axis     int
	KeepDims bool
}

var _ = register(logSumExp{})

// LogSumExp gives log(sum(exp(x))) along an axis (counted from the end where
// negative), which is dropped, F32; it does not overflow.
func LogSumExp(b *ir.Builder, x ir.Value, axis int) ir.Value {
	return b.Apply(logSumExp{Axis: axisOf(b, x, axis)}, x)
}

// LogSumExpKeep is LogSumExp with the axis left in place with extent 1.
func LogSumExpKeep(b *ir.Builder, x ir.Value, axis int) ir.Value {
	return b.Apply(logSumExp{axisOf(b, x, axis), true}, x)
}

func (logSumExp) Name() string { return "logsumexp" }

func (o logSumExp) Infer(in []ir.Type) (ir.Type, error) {
	t, err := inferAlong(o, in, o.Axis)
	if err != nil {
		return t, err
	}
	return ir.Of(ir.F32, reduced(t.Shape, ir.List(o.Axis), o.KeepDims)...), nil
}

// Expand is max + log(sum(exp(x - max))).
func (o logSumExp) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	top := MaxKeep(b, in[0], o.Axis)
	y := Add(b, top, Log(b, SumKeep(b, Exp(b, Sub(b, in[0], top)), o.Axis)))
	return Reshape(b, y, reduced(b.Type(in[0]).Shape, ir.List(o.Axis), o.KeepDims)...)
}

// VJP: g softmax(x).
func (o logSumExp) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	shape, axes := b.Type(in[0]).Shape, ir.List(o.Axis)
	p := Exp(b, Sub(b, in[0], respread(b, out, shape, axes)))
	return []ir.Value{Mul(b, respread(b, g, shape, axes), p)}
}

func (o logSumExp) Ref(in []Array, out ir.Type) Array {
	return Array{out, refLogSumExp(in[0], o.Axis).Data}
}

func (logSumExp) Samples() []Sample {
	ss := alongSamples(func(axis int) Operator { return logSumExp{axis, false} })
	return append(ss, alongSamples(func(axis int) Operator { return logSumExp{axis, true} })[1:4]...)
}
