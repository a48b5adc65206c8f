package expr_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// TestSubst checks that axes are replaced all at once, also where what is left
// of an expression folds to an axis that was put in.
func TestSubst(t *testing.T) {
	e := expr.Plus(expr.Times(expr.At(2), expr.Int(1)), expr.At(1)) // i2 + i1
	got := expr.Subst(e, []*expr.Expr{nil, expr.Int(0), expr.At(1)})
	assert.Equal(t, "i1", got.String())

	swapped := expr.Subst(expr.Minus(expr.At(0), expr.At(1)), []*expr.Expr{expr.At(1), expr.At(0)})
	assert.Equal(t, "(i1 - i0)", swapped.String())
}

// TestAffine checks what is and what is not a linear form.
func TestAffine(t *testing.T) {
	i, j := expr.At(0), expr.At(1)
	l, ok := expr.Affine(expr.Minus(expr.Times(expr.Plus(i, expr.Int(3)), expr.Int(4)), expr.Times(expr.Int(2), j)))
	require.True(t, ok)
	assert.Equal(t, expr.Linear{Const: 12, Terms: []expr.Term{{Axis: 0, Coef: 4}, {Axis: 1, Coef: -2}}}, l)
	assert.Equal(t, 4, l.Coef(0))
	assert.Zero(t, l.Coef(7))
	_, ok = expr.Affine(expr.Times(i, j))
	assert.False(t, ok, "a product of axes is not affine")
	_, ok = expr.Affine(expr.Bin(expr.Mod, i, expr.Int(3)))
	assert.False(t, ok)
	l, ok = expr.Affine(expr.Minus(i, i))
	require.True(t, ok)
	assert.Empty(t, l.Terms, "terms that cancel go")
}

// TestFlat checks that row-major indices are made once, for every rank.
func TestFlat(t *testing.T) {
	in := []ir.Type{ir.Of(ir.F32), ir.Of(ir.F32, 5), ir.Of(ir.F32, 4, 5)}
	value := expr.Plus(expr.Get(0, ir.F32), expr.Plus(expr.Get(1, ir.F32, expr.At(1)),
		expr.Get(2, ir.F32, expr.At(0), expr.At(1))))
	c := expr.Map(in, ir.Of(ir.F32, 4, 5), value)
	require.NoError(t, c.Verify())
	once := c.Flat()
	require.NoError(t, once.Verify())
	assert.Equal(t, "(x0[0] + (x1[i1] + x2[((i0*5) + i1)]))", once.Outs[0].String())
	assert.Equal(t, once.Outs[0].String(), once.Flat().Outs[0].String())

	data := [][]float64{{1}, {10, 20, 30, 40, 50}, make([]float64, 20)}
	for i := range data[2] {
		data[2][i] = float64(100 * i)
	}
	a, err := c.Run(data)
	require.NoError(t, err)
	b, err := once.Run(data)
	require.NoError(t, err)
	assert.Equal(t, a, b)
	assert.Equal(t, 1901.0+50, a[0][19])
}

// TestIntegers pins the semantics that every target must share.
func TestIntegers(t *testing.T) {
	tests := []struct {
		op   expr.Op
		a, b int32
		want int32
	}{
		{expr.Add, 1<<31 - 1, 1, -1 << 31},
		{expr.Mul, 1 << 20, 1 << 20, 0},
		{expr.Div, -7, 2, -4},
		{expr.Mod, -7, 3, 2},
		{expr.MulHi, -1, -1, -2},
		{expr.Shr, -1, 28, 15},
		{expr.Shl, 3, 30, -1 << 30},
		{expr.Lt, -1, 0, 1},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, expr.IntOp(tt.op, tt.a, tt.b), "%d %s %d", tt.a, tt.op, tt.b)
	}
}

// TestVerify names what a malformed Compute gets wrong.
func TestVerify(t *testing.T) {
	x := []ir.Type{ir.Of(ir.F32, 3)}
	tests := map[string]*expr.Compute{
		"axis 1 out of 1":           expr.Map(x, ir.Of(ir.F32, 3), expr.Get(0, ir.F32, expr.At(1))),
		"load of operand 2 out of":  expr.Map(x, ir.Of(ir.F32, 3), expr.Get(2, ir.F32, expr.At(0))),
		"output 0 is i32, want f32": expr.Map(x, ir.Of(ir.F32, 3), expr.At(0)),
		"acc where there is none":   expr.Map(x, ir.Of(ir.F32, 3), expr.Reduced(ir.F32)),
		"with an index of f32":      expr.Map(x, ir.Of(ir.F32, 3), expr.Get(0, ir.F32, expr.Float(1))),
	}
	for want, c := range tests {
		assert.ErrorContains(t, c.Verify(), want)
	}
}
