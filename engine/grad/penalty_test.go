package grad_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/ops"
)

// critic is a net whose slope by its input is penalised: params are its weights, x its input, and the value
// is one number an example, [N].
type critic func(b *ir.Builder) (y, x ir.Value, params []ir.Value)

// penalised adds to a graph WGAN-GP's penalty mean (|dy/dx| - 1)² as "p", and its gradients by the weights as
// "d0", "d1", ...: gradients of a function of gradients.
func penalised(t *testing.T, net critic) (g *ir.Graph, in map[string]ops.Array, labels []string) {
	t.Helper()
	b := ir.NewBuilder()
	y, x, params := net(b)
	dx := grad.Of(b, ops.Sum(b, y), []ir.Value{x})[0]
	var axes []int
	for d := 1; d < b.Type(x).Rank(); d++ {
		axes = append(axes, d)
	}
	length := ops.Sqrt(b, ops.Shift(b, ops.Sum(b, ops.Square(b, dx), axes...), 1e-12))
	p := ops.Mean(b, ops.Square(b, ops.Shift(b, length, -1)))
	b.Output("p", p)
	for i, d := range grad.Of(b, p, params) {
		b.Output("d"+string(rune('0'+i)), d)
		labels = append(labels, b.Node(params[i]).Op.(ir.Input).Label)
	}
	g, err := b.Graph()
	require.NoError(t, err)
	in = map[string]ops.Array{}
	for i, v := range g.Inputs() {
		in[g.Node(v).Op.(ir.Input).Label] = pattern(g.Type(v), float64(i))
	}
	return g, in, labels
}

// checkSecond compares them with central differences of the penalty.
func checkSecond(t *testing.T, name string, net critic) {
	t.Helper()
	g, in, labels := penalised(t, net)
	const h = 1e-5
	for i, label := range labels {
		got := eval(t, g, in, "d"+string(rune('0'+i)))
		nonzero := false
		for k := range in[label].Data {
			old := in[label].Data[k]
			in[label].Data[k] = old + h
			up := eval(t, g, in, "p").Data[0]
			in[label].Data[k] = old - h
			down := eval(t, g, in, "p").Data[0]
			in[label].Data[k] = old
			assert.InDelta(t, (up-down)/(2*h), got.Data[k], 1e-7, "%s: %s[%d]", name, label, k)
			nonzero = nonzero || math.Abs(got.Data[k]) > 1e-6
		}
		assert.True(t, nonzero, "%s: the penalty depends on %s", name, label)
	}
}

// TestPenaltyOfPerceptrons: a gradient penalty through every activation that the nets on the plane have.
func TestPenaltyOfPerceptrons(t *testing.T) {
	for name, act := range map[string]func(b *ir.Builder, x ir.Value) ir.Value{
		"relu": ops.Relu, "tanh": ops.Tanh, "sigmoid": ops.Sigmoid, "silu": ops.Silu, "gelu": ops.Gelu,
		"softplus": ops.Softplus,
		"leaky":    func(b *ir.Builder, x ir.Value) ir.Value { return ops.LeakyRelu(b, x, 0.2) },
	} {
		checkSecond(t, name, func(b *ir.Builder) (y, x ir.Value, params []ir.Value) {
			x = b.Input("x", ir.Of(ir.F32, 5, 2))
			h := x
			for i, size := range [][2]int{{2, 6}, {6, 4}, {4, 1}} {
				w := b.Input("w"+string(rune('1'+i)), ir.Of(ir.F32, size[0], size[1]))
				c := b.Input("c"+string(rune('1'+i)), ir.Of(ir.F32, size[1]))
				h = ops.Add(b, ops.MatMul(b, h, w), c)
				params = append(params, w)
				if i < 2 {
					h = act(b, h)
				}
			}
			return ops.Reshape(b, h, 5), x, params
		})
	}
}

// TestPenaltyOfConvolutions: the same of a net of strided convolutions, as a discriminator of pictures is.
func TestPenaltyOfConvolutions(t *testing.T) {
	for name, down := range map[string]func(b *ir.Builder, x, w ir.Value) ir.Value{
		"strided": func(b *ir.Builder, x, w ir.Value) ir.Value {
			return ops.Conv2D(b, x, w, ops.Conv{Stride: 2, Pad: 1})
		},
		"pooled": func(b *ir.Builder, x, w ir.Value) ir.Value {
			return ops.AvgPool2D(b, ops.Conv2D(b, x, w, ops.Conv{Pad: 1}), ops.Pool{Size: 2, Stride: 2})
		},
	} {
		checkSecond(t, name, func(b *ir.Builder) (y, x ir.Value, params []ir.Value) {
			x = b.Input("x", ir.Of(ir.F32, 2, 8, 8, 1))
			w1 := b.Input("w1", ir.Of(ir.F32, 3, 3, 1, 3))
			w2 := b.Input("w2", ir.Of(ir.F32, 3, 3, 3, 2))
			w3 := b.Input("w3", ir.Of(ir.F32, 8, 1))
			h := ops.LeakyRelu(b, down(b, x, w1), 0.2)
			h = ops.LeakyRelu(b, down(b, h, w2), 0.2)
			return ops.Reshape(b, ops.MatMul(b, ops.Reshape(b, h, 2, 8), w3), 2), x, []ir.Value{w1, w2, w3}
		})
	}
}

// TestPenaltyThroughNorms: layer norm, and batch statistics, whose slope mixes the examples of a batch.
func TestPenaltyThroughNorms(t *testing.T) {
	for name, axis := range map[string]int{"layer": -1, "batch": 0} {
		checkSecond(t, name, func(b *ir.Builder) (y, x ir.Value, params []ir.Value) {
			x = b.Input("x", ir.Of(ir.F32, 6, 3))
			w1, w2 := b.Input("w1", ir.Of(ir.F32, 3, 4)), b.Input("w2", ir.Of(ir.F32, 4, 1))
			h := ops.MatMul(b, x, w1)
			h = ops.Sub(b, h, ops.MeanKeep(b, h, axis))
			h = ops.Mul(b, h, ops.Rsqrt(b, ops.Shift(b, ops.MeanKeep(b, ops.Square(b, h), axis), 1e-3)))
			return ops.Reshape(b, ops.MatMul(b, ops.Tanh(b, h), w2), 6), x, []ir.Value{w1, w2}
		})
	}
}
