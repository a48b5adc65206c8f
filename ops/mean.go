package ops

import "mllab/compile/ir"

type mean struct {
	Axes     ir.Ints
	KeepDims bool
}

var _ = register(mean{})

// Mean averages over the given axes (all of them where none is given, counted
// from the end where negative) and drops them, for F32.
func Mean(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	return b.Apply(mean{Axes: axesOf(b, "mean", x, axes)}, x)
}

// MeanKeep is Mean with axes of extent 1 left in place.
func MeanKeep(b *ir.Builder, x ir.Value, axes ...int) ir.Value {
	return b.Apply(mean{axesOf(b, "mean", x, axes), true}, x)
}

func (mean) Name() string { return "mean" }

func (o mean) Infer(in []ir.Type) (ir.Type, error) {
	return inferReduce(o, in, o.Axes, o.KeepDims, ir.F32)
}

// weight is one over the number of values that go into one mean.
func (o mean) weight(shape []int) float64 {
	n := 1
	for i := range o.Axes.Len() {
		n *= shape[o.Axes.At(i)]
	}
	return 1 / float64(n)
}

func (o mean) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	return Scale(b, b.Apply(sum(o), in[0]), o.weight(b.Type(in[0]).Shape))
}

// VJP: every value has its share of the mean's gradient.
func (o mean) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	shape := b.Type(in[0]).Shape
	share := Scale(b, g, o.weight(shape))
	return []ir.Value{BroadcastTo(b, respread(b, share, shape, o.Axes), shape...)}
}

func (o mean) Ref(in []Array, out ir.Type) Array {
	n := float64(len(in[0].Data)) / float64(out.Elems())
	return refReduce(in[0], out, o.Axes, o.KeepDims, 0, func(acc, v float64) float64 { return acc + v/n })
}

func (mean) Samples() []Sample {
	return reductionSamples(func(axes ir.Ints, keep bool) Operator { return mean{axes, keep} },
		func(seed uint64, shape ...int) Array { return draw(seed, -4, 4, shape...) })
}
