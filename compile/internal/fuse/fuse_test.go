package fuse_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/internal/fuse"
	"mllab/compile/internal/rewrite"
	"mllab/compile/ir"
	"mllab/ops"
)

func program(t *testing.T, build func(b *ir.Builder)) *fuse.Program {
	t.Helper()
	b := ir.NewBuilder()
	build(b)
	g, err := b.Graph()
	require.NoError(t, err)
	for _, pass := range []func(*ir.Graph) (*ir.Graph, error){rewrite.Expand, rewrite.CSE, rewrite.DCE} {
		g, err = pass(g)
		require.NoError(t, err)
	}
	p, err := fuse.Lower(g)
	require.NoError(t, err)
	p.Split()
	require.NoError(t, p.Fuse())
	return p
}

// TestFuse says into how many kernels well-known patterns are fused, and what
// each of them gives.
func TestFuse(t *testing.T) {
	f32 := func(b *ir.Builder, name string, shape ...int) ir.Value { return b.Input(name, ir.Of(ir.F32, shape...)) }
	tests := []struct {
		name    string
		build   func(b *ir.Builder)
		kernels int
		outs    int // results of all kernels
	}{
		{"dense layer", func(b *ir.Builder) {
			y := ops.MatMul(b, f32(b, "x", 8, 16), f32(b, "w", 16, 32))
			b.Output("y", ops.Relu(b, ops.Add(b, y, f32(b, "b", 32))))
		}, 1, 1},
		{"an operand of a matmul is ready before it", func(b *ir.Builder) {
			b.Output("y", ops.MatMul(b, ops.Exp(b, f32(b, "x", 8, 16)), f32(b, "w", 16, 32)))
		}, 2, 2},
		{"a transposed operand is read in place", func(b *ir.Builder) {
			b.Output("y", ops.MatMul(b, ops.Transpose(b, f32(b, "x", 16, 8), 1, 0), f32(b, "w", 16, 32)))
		}, 1, 1},
		{"two transpositions cancel", func(b *ir.Builder) {
			x := ops.Transpose(b, ops.Transpose(b, f32(b, "x", 4, 6, 8), 2, 0, 1), 1, 2, 0)
			b.Output("y", ops.Relu(b, x))
		}, 1, 1},
		{"so they do around operators, behind a contraction", func(b *ir.Builder) {
			y := ops.Transpose(b, ops.MatMul(b, f32(b, "x", 8, 16), f32(b, "w", 16, 32)), 1, 0)
			y = ops.Relu(b, ops.Add(b, y, f32(b, "b", 32, 1)))
			b.Output("y", ops.Transpose(b, y, 1, 0))
		}, 1, 1},
		{"and before one", func(b *ir.Builder) {
			x := ops.Transpose(b, f32(b, "x", 2, 5, 6, 3), 0, 3, 1, 2)
			x = ops.Transpose(b, x, 0, 2, 3, 1)
			b.Output("y", ops.Conv2D(b, x, f32(b, "w", 3, 3, 3, 8), ops.Conv{}))
		}, 1, 1},
		{"softmax is a maximum, exponentials, their sum and quotients", func(b *ir.Builder) {
			b.Output("y", ops.Softmax(b, f32(b, "x", 8, 33), 1))
		}, 4, 4},
		{"an update of parameter and two states", func(b *ir.Builder) {
			p, m, v, g := f32(b, "p", 1000), f32(b, "m", 1000), f32(b, "v", 1000), f32(b, "g", 1000)
			m1 := ops.Add(b, ops.Scale(b, m, 0.9), ops.Scale(b, g, 0.1))
			v1 := ops.Add(b, ops.Scale(b, v, 0.999), ops.Scale(b, ops.Square(b, g), 0.001))
			step := ops.Div(b, m1, ops.Shift(b, ops.Sqrt(b, v1), 1e-8))
			b.Update("p.new", p, ops.Sub(b, p, ops.Scale(b, step, 1e-3)))
			b.Update("m.new", m, m1)
			b.Update("v.new", v, v1)
		}, 1, 3},
		{"a mean of everything has two stages", func(b *ir.Builder) {
			b.Output("y", ops.Mean(b, ops.Square(b, f32(b, "x", 128, 784)), 0, 1))
		}, 2, 2},
		{"a view costs nothing", func(b *ir.Builder) {
			b.Output("y", ops.Relu(b, ops.Reshape(b, ops.Neg(b, f32(b, "x", 6, 4)), 24)))
		}, 1, 1},
		{"a reader over finer axes stays on its own", func(b *ir.Builder) {
			b.Output("y", ops.Relu(b, ops.Reshape(b, ops.MatMul(b, f32(b, "x", 4, 9), f32(b, "w", 9, 6)), 2, 2, 6)))
		}, 2, 2},
		{"a normalisation is computed where it is read", func(b *ir.Builder) {
			x := f32(b, "x", 64, 32, 32)
			y := ops.Add(b, ops.Mul(b, x, f32(b, "scale", 32)), f32(b, "shift", 32))
			b.Output("tanh", ops.Tanh(b, ops.Transpose(b, y, 1, 0, 2)))
			b.Output("sin", ops.Sin(b, y))
		}, 2, 2},
		{"a channel's sum of everything has two stages", func(b *ir.Builder) {
			b.Output("y", ops.Sum(b, f32(b, "x", 32, 32, 32, 48), 0, 1, 2))
		}, 2, 2},
		{"a convolution's phases are where its reader is", func(b *ir.Builder) {
			x, w := f32(b, "x", 2, 4, 4, 8), f32(b, "w", 4, 4, 8, 16)
			y := ops.ConvTranspose2D(b, x, w, ops.Conv{Stride: 2, Pad: 1})
			b.Output("y", ops.Relu(b, y))
		}, 2, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := program(t, tt.build)
			outs := 0
			for _, q := range p.Pieces {
				outs += len(q.Out)
			}
			assert.Len(t, p.Pieces, tt.kernels, "%s", p)
			assert.Equal(t, tt.outs, outs, "%s", p)
		})
	}
}

// TestNames checks that kernels are named after what they do first and last.
func TestNames(t *testing.T) {
	p := program(t, func(b *ir.Builder) {
		x := b.Input("x", ir.Of(ir.F32, 8, 16))
		y := ops.MatMul(b, x, b.Input("w", ir.Of(ir.F32, 16, 4)))
		b.Output("y", ops.Tanh(b, ops.Shift(b, y, 1)))
	})
	require.Len(t, p.Pieces, 1)
	assert.Equal(t, "matmul-tanh", p.Pieces[0].C.Name)
	assert.True(t, strings.Contains(p.String(), "joined"), "the notes say what was fused:\n%s", p)
}

// TestLarge checks that fusing a deep graph takes no more than a moment: a chain
// of 3,000 operators that all read one value as well.
func TestLarge(t *testing.T) {
	p := program(t, func(b *ir.Builder) {
		x := b.Input("x", ir.Of(ir.F32, 4, 8))
		w := b.Input("w", ir.Of(ir.F32, 8, 8))
		y := x
		for i := range 1000 {
			y = ops.Add(b, ops.Relu(b, y), x)
			if i%10 == 0 {
				y = ops.MatMul(b, y, w)
			}
		}
		b.Output("y", y)
	})
	assert.Less(t, len(p.Pieces), 400)
}

// A product of early values that gives something late, such as a gradient, makes what reads its early results late as
// well: joining a reader to the other product here would be a circle, which numbers of values alone do not show.
func TestEpiloguesMakeNoCircle(t *testing.T) {
	p := program(t, func(b *ir.Builder) {
		square := func(name string) ir.Value { return b.Input(name, ir.Of(ir.F32, 16, 16)) }
		first := ops.Tanh(b, ops.MatMul(b, square("x"), square("w")))
		between := ops.MatMul(b, first, square("u"))
		other := ops.Exp(b, ops.MatMul(b, square("y"), square("v")))
		b.Output("late", ops.Neg(b, ops.Mul(b, first, other)))
		b.Output("circle", ops.Mul(b, other, ops.MatMul(b, between, square("r"))))
	})
	assert.GreaterOrEqual(t, len(p.Pieces), 4)
}

// TestExplain: notes say what was fused, and why not more.
func TestExplain(t *testing.T) {
	f32 := func(b *ir.Builder, name string, shape ...int) ir.Value { return b.Input(name, ir.Of(ir.F32, shape...)) }
	p := program(t, func(b *ir.Builder) {
		x := ops.Exp(b, f32(b, "x", 8, 16))
		y := ops.Relu(b, ops.Add(b, ops.MatMul(b, x, f32(b, "w", 16, 32)), f32(b, "b", 32)))
		b.Output("y", y)
		b.Output("z", ops.Tanh(b, ops.Reshape(b, ops.MatMul(b, y, f32(b, "u", 32, 24)), 8, 2, 12)))
	})
	for _, want := range []string{
		"joined add-relu", "apart from exp: a reduction reads it several times", "apart from matmul-relu: both are reductions",
		"apart from matmul: [8 2 12] does not run over [8 24]",
	} {
		assert.Contains(t, p.String(), want)
	}
}
