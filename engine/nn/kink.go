package nn

import (
	"strconv"

	"mllab/compile/ir"
	"mllab/ops"
)

// KinkIn and KinkOut begin the labels of what Leaky adds to a graph that has Kinks, by the number of its use from 0, f32 of
// the shape of its x each: an input that is 1 where an undecided value is to have the slope of its other side, and an output that
// is 1 where a value is undecided; 0 elsewhere.
const (
	KinkIn  = "kink."
	KinkOut = "undecided."
)

// Kinks asks Leaky to say which of its values are so close to zero that float32 does not decide their sign, and with it
// the slope there: those of less than Near times the root of the mean square. At a kink the gradient is any between both
// slopes; two engines that round differently may take either, and both are right. What is turned takes the other slope and
// keeps its value, so that all that follows is computed as before. Values are turned one by one: of two that
// are equally close one may lie on the wrong side and the other not.
type Kinks struct {
	Near float64 // over zero
	Uses int     // of Leaky so far, which counts them
}

// Leaky maps x, f32 of any shape, to x where that is over zero and to slope x elsewhere; with a slope of 0 it is a
// rectifier (Maas et al., "Rectifier nonlinearities improve neural network acoustic models", ICML 2013).
func Leaky(s *Scope, x ir.Value, slope float64) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	if s.Kinks == nil {
		if slope == 0 {
			return ops.Relu(b, x)
		}
		return ops.LeakyRelu(b, x, slope)
	}
	n := strconv.Itoa(s.Kinks.Uses)
	s.Kinks.Uses++
	zero, one := b.Const(ir.F32, 0), b.Const(ir.F32, 1)
	rms := ops.Sqrt(b, ops.Mean(b, ops.Square(b, x)))
	near := ops.Select(b, ops.Less(b, ops.Abs(b, x), ops.Scale(b, rms, s.Kinks.Near)), one, zero)
	b.Output(KinkOut+n, near)
	turned := ops.Mul(b, near, b.Input(KinkIn+n, b.Type(x)))
	over := ops.Select(b, ops.Less(b, zero, x), one, zero)
	side := func(over ir.Value) ir.Value {
		return ops.Select(b, ops.Less(b, zero, over), x, ops.Scale(b, x, slope))
	}
	y := side(ops.Add(b, over, ops.Mul(b, turned, ops.Sub(b, one, ops.Scale(b, over, 2)))))
	return ops.Add(b, y, ops.StopGradient(b, ops.Sub(b, side(over), y))) // the value of the one side, the slope of the other
}
