package ir_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
)

// same is an operator of one operand that keeps its type.
type same struct{ K int }

func (same) Name() string { return "same" }
func (s same) Infer(in []ir.Type) (ir.Type, error) {
	if len(in) != 1 {
		return ir.Type{}, errors.New("same: want one operand")
	}
	return in[0], nil
}

// TestErrorsStick checks that the first error is kept, with the line here, and
// that everything after it does nothing.
func TestErrorsStick(t *testing.T) {
	b := ir.NewBuilder()
	x := b.Input("x", ir.Of(ir.F32, 2))
	require.Equal(t, ir.None, b.Apply(same{}, x, x))
	first := b.Err()
	require.ErrorContains(t, first, "ir_test.go:")
	require.ErrorContains(t, first, "same: want one operand")
	assert.Equal(t, ir.None, b.Apply(same{}, x))
	assert.Equal(t, ir.Type{}, b.Type(ir.None))
	_, err := b.Graph()
	assert.Equal(t, first, err)
}

// TestShapes checks which shapes a value may have.
func TestShapes(t *testing.T) {
	for want, shape := range map[string][]int{
		"has an empty dimension":         {3, 0},
		"more than 2147483647 elements":  {math.MaxInt32, 2},
		"9 dimensions, at most 8":        {1, 1, 1, 1, 1, 1, 1, 1, 1},
		"shape [-1] has an empty dimens": {-1},
	} {
		b := ir.NewBuilder()
		b.Input("x", ir.Of(ir.F32, shape...))
		assert.ErrorContains(t, b.Err(), want)
	}
}

// TestVerify checks what a graph refuses.
func TestVerify(t *testing.T) {
	b := ir.NewBuilder()
	_, err := b.Graph()
	require.ErrorContains(t, err, "it has no output")

	build := func(f func(b *ir.Builder, x ir.Value)) error {
		b := ir.NewBuilder()
		f(b, b.Input("x", ir.Of(ir.F32, 2)))
		_, err := b.Graph()
		return err
	}
	assert.NoError(t, build(func(b *ir.Builder, x ir.Value) { b.Update("x.new", x, b.Apply(same{}, x)) }))
	assert.ErrorContains(t, build(func(b *ir.Builder, x ir.Value) {
		b.Output("y", b.Input("x", ir.Of(ir.F32, 2)))
	}), `second input named "x"`)
	assert.ErrorContains(t, build(func(b *ir.Builder, x ir.Value) {
		b.Output("y", x)
		b.Output("y", x)
	}), `second output named "y"`)
	assert.ErrorContains(t, build(func(b *ir.Builder, x ir.Value) {
		b.Update("n", x, b.Const(ir.F32, 1))
	}), "does not fit input of type [2]")
}

// TestOpsCompare checks that operators are equal exactly when their attributes
// are, lists included.
func TestOpsCompare(t *testing.T) {
	type op struct{ Axes ir.Ints }
	assert.True(t, any(op{ir.List(0, 2)}) == any(op{ir.List(0, 2)}))
	assert.False(t, any(op{ir.List(0, 2)}) == any(op{ir.List(0, 2, 0)}))
	l := ir.List(4, -1)
	assert.Equal(t, []int{4, -1}, l.Slice())
	assert.True(t, l.Has(-1))
	assert.False(t, l.Has(0))
	assert.Equal(t, "[4 -1]", l.String())
}
