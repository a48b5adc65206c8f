package grad_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/ops"
)

// A gradient penalty, of each kind of layer that a discriminator may have: the loss
// holds gradients by the pictures, and is differentiated by the weights.
func TestOfGradientsThroughLayers(t *testing.T) {
	tests := []struct {
		name    string
		x, w    []int
		forward func(b *ir.Builder, x, w ir.Value) ir.Value
	}{
		{"conv", []int{2, 5, 4, 2}, []int{3, 3, 2, 3}, func(b *ir.Builder, x, w ir.Value) ir.Value {
			return ops.Tanh(b, ops.Conv2D(b, x, w, ops.Conv{}))
		}},
		{"conv strided and padded", []int{2, 6, 6, 2}, []int{4, 4, 2, 3}, func(b *ir.Builder, x, w ir.Value) ir.Value {
			return ops.Silu(b, ops.Conv2D(b, x, w, ops.Conv{Stride: 2, Pad: 1}))
		}},
		{"conv in groups", []int{1, 4, 4, 4}, []int{3, 3, 2, 4}, func(b *ir.Builder, x, w ir.Value) ir.Value {
			return ops.Sigmoid(b, ops.Conv2D(b, x, w, ops.Conv{Pad: 1, Groups: 2}))
		}},
		{"transposed", []int{2, 3, 2, 2}, []int{4, 4, 2, 3}, func(b *ir.Builder, x, w ir.Value) ir.Value {
			return ops.Softplus(b, ops.ConvTranspose2D(b, x, w, ops.Conv{Stride: 2, Pad: 1}))
		}},
		{"leaky relu, twice", []int{2, 4, 4, 2}, []int{3, 3, 2, 2}, func(b *ir.Builder, x, w ir.Value) ir.Value {
			h := ops.LeakyRelu(b, ops.Conv2D(b, x, w, ops.Conv{Pad: 1}), 0.2)
			return ops.LeakyRelu(b, ops.Conv2D(b, h, w, ops.Conv{Stride: 2, Pad: 1}), 0.2)
		}},
		{"matmul", []int{3, 4}, []int{4, 5}, func(b *ir.Builder, x, w ir.Value) ir.Value {
			return ops.Gelu(b, ops.MatMul(b, x, w))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := ir.NewBuilder()
			x, w := b.Input("x", ir.Of(ir.F32, tt.x...)), b.Input("w", ir.Of(ir.F32, tt.w...))
			score := ops.Sum(b, ops.Square(b, tt.forward(b, x, w)))
			by := grad.Of(b, score, []ir.Value{x})[0]
			// Length less one, squared, as in WGAN-GP.
			length := ops.Sqrt(b, ops.Shift(b, ops.Sum(b, ops.Square(b, by)), 1e-12))
			penalty := ops.Square(b, ops.Shift(b, length, -1))
			b.Output("penalty", penalty)
			b.Output("dw", grad.Of(b, penalty, []ir.Value{w})[0])
			b.Output("dx", grad.Of(b, penalty, []ir.Value{x})[0])
			g, err := b.Graph()
			require.NoError(t, err)
			in := map[string]ops.Array{"x": pattern(g.Type(x), 0.3), "w": pattern(g.Type(w), 1.1)}
			central(t, g, in, "penalty", "x", "dx")
			central(t, g, in, "penalty", "w", "dw")
		})
	}
}

// central compares a gradient with central differences.
func central(t *testing.T, g *ir.Graph, in map[string]ops.Array, of, by, label string) {
	t.Helper()
	const h = 1e-5
	got := eval(t, g, in, label)
	for k := range in[by].Data {
		old := in[by].Data[k]
		in[by].Data[k] = old + h
		up := eval(t, g, in, of).Data[0]
		in[by].Data[k] = old - h
		down := eval(t, g, in, of).Data[0]
		in[by].Data[k] = old
		want := (up - down) / (2 * h)
		assert.InDelta(t, want, got.Data[k], 1e-5*(1+max(want, -want)), "%s[%d]", label, k)
	}
}
