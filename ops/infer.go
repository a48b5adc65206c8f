package ops

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"mllab/compile/ir"
)

// operands checks how many operands an operator got.
func operands(o ir.Op, in []ir.Type, want int) error {
	if len(in) != want {
		return fmt.Errorf("%s: want %d operands, got %d", o.Name(), want, len(in))
	}
	return nil
}

// isType refuses element types other than the wanted ones.
func isType(o ir.Op, label string, t ir.Type, want ...ir.DType) error {
	if slices.Contains(want, t.DType) {
		return nil
	}
	names := make([]string, len(want))
	for i, w := range want {
		names[i] = w.String()
	}
	return fmt.Errorf("%s: %s=%s%s: want %s", o.Name(), label, t.DType, ir.ShapeString(t.Shape),
		strings.Join(names, " or "))
}

// inferMap is the rule of elementwise operators: n operands of one element type,
// one of want, whose shapes broadcast.
func inferMap(o ir.Op, in []ir.Type, n int, want ...ir.DType) (ir.Type, error) {
	if err := operands(o, in, n); err != nil {
		return ir.Type{}, err
	}
	out := ir.Type{DType: in[0].DType}
	for i, t := range in {
		if err := isType(o, label(i), t, want...); err != nil {
			return ir.Type{}, err
		}
		if t.DType != out.DType {
			return ir.Type{}, misfit(o, in, "operands of one element type")
		}
		shape, ok := broadcast(out.Shape, t.Shape)
		if !ok {
			return ir.Type{}, misfit(o, in, "shapes that broadcast")
		}
		out.Shape = shape
	}
	return out, nil
}

// misfit says that operands do not go together, naming all of them.
func misfit(o ir.Op, in []ir.Type, want string, labels ...string) error {
	name := func(i int) string {
		if i < len(labels) {
			return labels[i]
		}
		return label(i)
	}
	s := fmt.Sprintf("%s: %s=%s does not fit", o.Name(), name(0), in[0])
	for i, t := range in[1:] {
		s += fmt.Sprintf(" %s=%s", name(i+1), t)
	}
	return fmt.Errorf("%s: want %s", s, want)
}

func label(i int) string {
	if i < 3 {
		return "xyz"[i : i+1]
	}
	return fmt.Sprintf("x%d", i)
}

// broadcast joins two shapes as NumPy does: aligned at the last dimension, where
// a dimension of 1 is stretched to the other's.
func broadcast(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	lead := len(a) - len(b)
	for d, n := range b {
		switch m := &out[lead+d]; {
		case *m == 1:
			*m = n
		case n != 1 && n != *m:
			return nil, false
		}
	}
	return out, true
}

// list makes an attribute of integers, and records an error where they do not fit.
func list(b *ir.Builder, name string, v []int) ir.Ints {
	for _, x := range v {
		if len(v) > ir.MaxRank || x > math.MaxInt32 || x < math.MinInt32 {
			b.Fail(fmt.Errorf("%s: want at most %d integers of 32 bits, got %d", name, ir.MaxRank, len(v)))
			return ir.Ints{}
		}
	}
	return ir.List(v...)
}

// axesOf makes a list of axes of x: sorted, counted from the end where negative,
// all of them when none is given.
func axesOf(b *ir.Builder, name string, x ir.Value, axes []int) ir.Ints {
	rank := b.Type(x).Rank()
	if len(axes) == 0 {
		for d := range rank {
			axes = append(axes, d)
		}
		return list(b, name, axes)
	}
	axes = slices.Clone(axes)
	for i, a := range axes {
		if a < 0 {
			axes[i] = a + rank
		}
	}
	slices.Sort(axes)
	return list(b, name, axes)
}

// axisOf is one axis, counted from the end where negative.
func axisOf(b *ir.Builder, x ir.Value, axis int) int {
	if axis < 0 {
		return axis + b.Type(x).Rank()
	}
	return axis
}
