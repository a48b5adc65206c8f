package ops

import (
	"fmt"

	"mllab/compile/ir"
)

type argmax struct {
	Axis     int
	KeepDims bool
}

var _ = register(argmax{})

// Argmax gives the I32 position of the largest value along an axis, which is
// dropped: the first one of several, the last position where all are NaN.
func Argmax(b *ir.Builder, x ir.Value, axis int) ir.Value {
	return b.Apply(argmax{Axis: axisOf(b, x, axis)}, x)
}

func (argmax) Name() string { return "argmax" }

func (o argmax) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	if err := hasAxis(o, in[0], o.Axis); err != nil {
		return ir.Type{}, err
	}
	t, err := inferReduce(o, in, ir.List(o.Axis), o.KeepDims, ir.F32, ir.I32)
	return ir.Type{DType: ir.I32, Shape: t.Shape}, err
}

// hasAxis refuses an axis that x does not have.
func hasAxis(o ir.Op, x ir.Type, axis int) error {
	if axis >= 0 && axis < x.Rank() {
		return nil
	}
	return fmt.Errorf("%s: axis %d does not fit x=%s: want 0..%d", o.Name(), axis, x, x.Rank()-1)
}

// Expand finds the least position whose value equals the maximum.
func (o argmax) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	shape := b.Type(in[0]).Shape
	n := shape[o.Axis]
	line := make([]int, len(shape))
	for d := range line {
		line[d] = 1
	}
	line[o.Axis] = n
	hit := Equal(b, in[0], MaxKeep(b, in[0], o.Axis))
	last := b.Const(ir.I32, float64(n-1))
	first := Select(b, hit, Iota(b, ir.I32, o.Axis, line...), last)
	return b.Apply(minOf{ir.List(o.Axis), o.KeepDims}, first)
}

func (o argmax) Ref(in []Array, out ir.Type) Array {
	x := in[0]
	shape := x.Type.Shape
	lines := ir.Type{Shape: reduced(shape, ir.List(o.Axis), true)}
	best := fill(lines, func(at []int) float64 {
		from := append([]int(nil), at...)
		best := 0
		for i := range shape[o.Axis] {
			from[o.Axis] = i
			v := x.At(from...)
			from[o.Axis] = best
			if v > x.At(from...) {
				best = i
			}
		}
		return float64(best)
	})
	return Array{out, best.Data}
}

func (argmax) Samples() []Sample {
	return []Sample{
		at(argmax{0, false}, distinct(17)), at(argmax{1, false}, distinct(5, 33)),
		at(argmax{0, true}, distinct(3, 70)), at(argmax{1, true}, distinct(2, 7, 5)),
		at(argmax{0, false}, vec(1, 3, 3, -2)), at(argmax{1, false}, drawInts(1, -3, 3, 3, 17)),
		at(argmax{0, false}, distinct(1)),
	}
}
