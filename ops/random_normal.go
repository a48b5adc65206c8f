package ops

import (
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type randomNormal struct {
	Shape  ir.Ints
	Stream int
}

var _ = register(randomNormal{})

// RandomNormal gives independent numbers of the standard normal distribution, of
// the given shape, by the method of Box and Muller (1958). State and stream are
// those of RandomUniform; the random bits are the same on every target, the
// numbers as near as its log, sqrt and cos.
func RandomNormal(b *ir.Builder, state ir.Value, stream int, shape ...int) ir.Value {
	return b.Apply(randomNormal{list(b, "random_normal", shape), stream}, state)
}

func (randomNormal) Name() string { return "random_normal" }

func (o randomNormal) Infer(in []ir.Type) (ir.Type, error) {
	return inferRandom(o, in, o.Shape, o.Stream)
}

// Lower is sqrt(-2 log u) cos(2 pi v) with u in (0, 1] and v in [0, 1).
func (o randomNormal) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	w := draws(out, o.Stream)
	r := expr.Un(expr.Sqrt, expr.Times(expr.Un(expr.Log, unit(w[0], 1)), expr.Float(-2)))
	angle := expr.Times(unit(w[1], 0), expr.Float(2*math.Pi))
	return expr.Map(in, out, expr.Times(r, expr.Un(expr.Cos, angle)))
}

func (o randomNormal) Ref(in []Array, out ir.Type) Array {
	a := NewArray(out)
	for i := range a.Data {
		w := refDraws(in[0], o.Stream, i)
		u, v := float64(w[0]>>8+1)/(1<<24), float64(w[1]>>8)/(1<<24)
		a.Data[i] = math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
	}
	return a
}

func (randomNormal) Samples() []Sample {
	return randomSamples(func(shape ir.Ints, stream int) Operator { return randomNormal{shape, stream} })
}
