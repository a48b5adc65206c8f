package ops

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
)

func TestInferErrors(t *testing.T) {
	f := func(shape ...int) ir.Type { return ir.Of(ir.F32, shape...) }
	i := func(shape ...int) ir.Type { return ir.Of(ir.I32, shape...) }
	tests := []struct {
		op   ir.Op
		in   []ir.Type
		want string
	}{
		{matmul{}, []ir.Type{f(128, 784), f(400, 784)}, "matmul: x=[128 784] does not fit w=[400 784]: want one K"},
		{matmul{}, []ir.Type{f(784), f(784, 3)}, "matmul: x=[784] does not fit w=[784 3]: want f32 matrices"},
		{matmul{}, []ir.Type{f(2, 3, 4), f(3, 4, 5)},
			"matmul: x=[2 3 4] does not fit w=[3 4 5]: want leading dimensions that broadcast"},
		{add{}, []ir.Type{f(3, 4), f(5)}, "add: x=[3 4] does not fit y=[5]: want shapes that broadcast"},
		{add{}, []ir.Type{f(3), i(3)}, "add: x=[3] does not fit y=i32[3]: want operands of one element type"},
		{add{}, []ir.Type{f(3)}, "add: want 2 operands, got 1"},
		{tanh{}, []ir.Type{i(3)}, "tanh: x=i32[3]: want f32"},
		{selection{}, []ir.Type{f(3), f(3), f(3)}, "select: c=f32[3]: want bool"},
		{sum{Axes: ir.List(2)}, []ir.Type{f(3, 4)},
			"sum: axes [2] do not fit x=[3 4]: want each axis of 0..1 at most once"},
		{sum{Axes: ir.List(0)}, []ir.Type{ir.Of(ir.Bool, 3)}, "sum: x=bool[3]: want f32 or i32"},
		{argmax{Axis: 1}, []ir.Type{f(3)}, "argmax: axis 1 does not fit x=[3]: want 0..0"},
		{reshape{ir.List(4, 3)}, []ir.Type{f(5)}, "reshape: x=[5] has 5 elements: want 12 for shape [4 3]"},
		{transpose{ir.List(0, 0)}, []ir.Type{f(5, 2)},
			"transpose: permutation [0 0] does not fit x=[5 2]: want each of 0..1 once"},
		{broadcastTo{ir.List(3)}, []ir.Type{f(5)},
			"broadcast_to: x=[5] does not fit shape [3]: want each dimension equal or 1"},
		{slice{ir.List(1), ir.List(9), ir.List(1)}, []ir.Type{f(5)},
			"slice: axis 0 from 1 to 9 by 1 does not fit x=[5]: want 0 <= start < stop <= 5 and step >= 1"},
		{concat{0}, []ir.Type{f(3, 2), f(3, 4)},
			"concat: x=[3 2] does not fit y=[3 4]: want one shape but for axis 0"},
		{gather{}, []ir.Type{f(3, 2), f(3)},
			"gather: table=[3 2] does not fit index=[3]: want table [V D...] and i32 index [I...]"},
		{conv2d{1, 1, 1, false}, []ir.Type{f(1, 28, 28, 3), f(3, 3, 4, 8)},
			"conv2d: x=[1 28 28 3] does not fit w=[3 3 4 8]: want x [N H W C] and w [R S C/G K] of one C"},
		{conv2d{1, 1, 1, false}, []ir.Type{f(1, 2, 2, 3), f(3, 3, 3, 8)},
			"conv2d: x=[1 2 2 3] is smaller than w=[3 3 3 8] with dilation 1: want more padding"},
		{maxPool2d{2, 2}, []ir.Type{f(3, 4)}, "max_pool2d: x=[3 4]: want f32 [N H W C]"},
		{randomNormal{}, []ir.Type{i(2)},
			"random_normal: state=i32[2]: want i32[4] of seed (two words), step and 0"},
	}
	for _, tt := range tests {
		_, err := tt.op.Infer(tt.in)
		assert.EqualError(t, err, tt.want)
	}
}

// TestInferSurvives: operators with any attributes refuse random operands
// without a panic, and lower what they accept.
func TestInferSurvives(t *testing.T) {
	accepted := map[string]bool{}
	for _, e := range All() {
		ops := []Operator{e.Op}
		for _, s := range e.Op.Samples() {
			ops = append(ops, s.Op)
		}
		for k, o := range ops {
			for try := range 50 {
				in := randomTypes(uint64(k*1000+try), len(e.Op.Samples()[0].In))
				require.NotPanics(t, func() {
					out, err := o.Infer(in)
					if err != nil || !positive(out) {
						return
					}
					accepted[e.Name] = true
					build(t, o, in, out)
				}, "%s %v", ir.OpString(o), in)
			}
		}
	}
	assert.Greater(t, len(accepted), 30, "%v", accepted)
}

// build lowers or expands, and takes the gradient.
func build(t *testing.T, o Operator, in []ir.Type, out ir.Type) {
	for _, x := range in {
		if !positive(x) {
			return
		}
	}
	b := ir.NewBuilder()
	args := make([]ir.Value, len(in))
	for i, x := range in {
		args[i] = b.Input(label(i), x)
	}
	if l, ok := o.(lowerer); ok {
		require.NoError(t, l.Lower(in, out).Verify(), ir.OpString(o))
	} else {
		require.True(t, b.Type(o.(expander).Expand(b, args)).Equal(out), ir.OpString(o))
	}
	if d, ok := o.(differentiable); ok && out.DType == ir.F32 {
		d.VJP(b, args, b.Apply(o, args...), b.Input("g", out))
	}
	require.NoError(t, b.Err(), ir.OpString(o))
}

func positive(t ir.Type) bool {
	for _, n := range t.Shape {
		if n <= 0 {
			return false
		}
	}
	return t.Rank() <= ir.MaxRank
}

// randomTypes are about n types of small shapes, some of them nonsense.
func randomTypes(seed uint64, n int) []ir.Type {
	next := 0
	pick := func(n int) int {
		next++
		return int(hash(seed, next) % uint64(n))
	}
	if pick(10) == 0 {
		n = pick(4)
	}
	ts := make([]ir.Type, n)
	same := pick(2) == 0
	for i := range ts {
		if same && i > 0 {
			ts[i] = ts[0]
			continue
		}
		ts[i].DType = ir.DType([]int{0, 0, 0, 0, 1, 1, 2}[pick(7)])
		for range pick(6) {
			ts[i].Shape = append(ts[i].Shape, []int{1, 1, 2, 3, 4, 5, 7, 0, -1}[pick(7+pick(3))])
		}
	}
	return ts
}
