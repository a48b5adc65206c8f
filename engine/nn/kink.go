package nn

import (
	"strconv"

	"mllab/compile/ir"
	"mllab/ops"
)

// KinkIn and KinkOut begin the labels of what Leaky adds to a graph that has Kinks, by the number of its use from 0, f32
// [KinkParts] each: an input that is 1 where undecided values are to be taken on their other side, and an output of how many
// there are; both by how far the values are from zero, in equal parts of the bound.
const (
	KinkIn    = "kink."
	KinkOut   = "undecided."
	KinkParts = 8
)

// Kinks asks Leaky to say which of its values are so close to zero that float32 does not decide their sign, and with it
// the slope there: those of less than Near times the root of the mean square. At a kink the gradient is any between both
// slopes; two engines that round differently may take either, and both are right.
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
	turns := b.Input(KinkIn+n, ir.Of(ir.F32, KinkParts))
	below, turned := zero, zero // values in the parts so far, and those of them that are turned
	var counts []ir.Value
	for i := range KinkParts {
		bound := ops.Scale(b, rms, s.Kinks.Near*float64(i+1)/KinkParts)
		all := ops.Select(b, ops.Less(b, ops.Abs(b, x), bound), one, zero)
		part := ops.Sub(b, all, below)
		counts = append(counts, ops.Reshape(b, ops.Sum(b, part), 1))
		turned = ops.Add(b, turned, ops.Mul(b, part, ops.Slice(b, turns, 0, i, i+1)))
		below = all
	}
	b.Output(KinkOut+n, ops.Concat(b, 0, counts...))
	over := ops.Select(b, ops.Less(b, zero, x), one, zero)
	over = ops.Add(b, over, ops.Mul(b, turned, ops.Sub(b, one, ops.Scale(b, over, 2))))
	return ops.Mul(b, x, ops.Shift(b, ops.Scale(b, over, 1-slope), slope))
}
