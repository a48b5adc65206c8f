package ops

import (
	"fmt"
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// The distances between 1 and the next number, in float32 and float64.
const (
	Eps32 = 0x1p-23
	Eps64 = 0x1p-52
)

// Tolerance is the largest error, relative to the values that went into it, of a
// result of an operator: 0 for integers and bools, else 16 eps (a few roundings
// and functions of 4 ulp) and a random walk of 4 eps per root of the number of
// values in the longest reduction.
func Tolerance(d ir.DType, reduction int, eps float64) float64 {
	if d != ir.F32 {
		return 0
	}
	return eps * (16 + 4*math.Sqrt(float64(reduction)))
}

// Diff reports the first element of got that is further from want than Tolerance
// allows, relative to the element, or to 1 where it is smaller, or to the largest
// element where values were reduced, since there large terms may cancel. With
// Eps32 the wanted values are first rounded to float32, so that overflow counts
// as such. NaN and infinities are to be met exactly.
func Diff(got, want Array, reduction int, eps float64) error {
	if !got.Type.Equal(want.Type) || got.check() != nil {
		return fmt.Errorf("got %s (%d elements), want %s", got.Type, len(got.Data), want.Type)
	}
	tol := Tolerance(want.Type.DType, reduction, eps)
	largest := 1.0
	if reduction > 1 {
		for _, w := range want.Data {
			if !math.IsNaN(w) && !math.IsInf(w, 0) {
				largest = max(largest, math.Abs(w))
			}
		}
	}
	for i, w := range want.Data {
		if eps == Eps32 && want.Type.DType == ir.F32 {
			w = float64(float32(w))
		}
		g := got.Data[i]
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		if d := math.Abs(g - w); !(d <= tol*max(largest, math.Abs(w))) || math.IsInf(w, 0) {
			return fmt.Errorf("element %d of %s: got %v, want %v within %.3g", i, want.Type, g, w, tol)
		}
	}
	return nil
}

// Reduction is the longest sum (or product, or maximum) on the way to one element
// of an operator's result, 1 without any: the length of it all in a composite
// operator, whose reductions follow each other.
func Reduction(o ir.Op, in []ir.Type) int {
	out, err := o.Infer(in)
	if err != nil {
		return 1
	}
	switch op := o.(type) {
	case interface {
		Lower([]ir.Type, ir.Type) *expr.Compute
	}:
		return ir.Elems(op.Lower(in, out).Red)
	case interface {
		Expand(*ir.Builder, []ir.Value) ir.Value
	}:
		n := 1
		b := ir.NewBuilder()
		args := make([]ir.Value, len(in))
		for i, t := range in {
			args[i] = b.Input(label(i), t)
		}
		op.Expand(b, args)
		for v := range ir.Value(b.Len()) {
			node := b.Node(v)
			types := make([]ir.Type, len(node.In))
			for i, w := range node.In {
				types[i] = b.Type(w)
			}
			n *= Reduction(node.Op, types)
		}
		return n
	}
	return 1
}
