package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type randomUniform struct {
	Shape  ir.Ints
	Stream int
}

var _ = register(randomUniform{})

// RandomUniform gives independent numbers from [0, 1), multiples of 2^-24, of
// the given shape. The state is I32 [4]: two words of seed, a step, and 0; the
// same state and stream give the same numbers on every target, and another step
// or stream gives numbers independent of them.
func RandomUniform(b *ir.Builder, state ir.Value, stream int, shape ...int) ir.Value {
	return b.Apply(randomUniform{list(b, "random_uniform", shape), stream}, state)
}

func (randomUniform) Name() string { return "random_uniform" }

func (o randomUniform) Infer(in []ir.Type) (ir.Type, error) {
	return inferRandom(o, in, o.Shape, o.Stream)
}

func (o randomUniform) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	return expr.Map(in, out, unit(draws(out, o.Stream)[0], 0))
}

func (o randomUniform) Ref(in []Array, out ir.Type) Array {
	a := NewArray(out)
	for i := range a.Data {
		a.Data[i] = float64(refDraws(in[0], o.Stream, i)[0]>>8) / (1 << 24)
	}
	return a
}

func (randomUniform) Samples() []Sample {
	return randomSamples(func(shape ir.Ints, stream int) Operator { return randomUniform{shape, stream} })
}
