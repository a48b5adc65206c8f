package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// A tap knows its value and the layers on the way, and changes nothing of the graph.
func TestTap(t *testing.T) {
	ps := nn.NewParams()
	conv := nn.NewConv2d(ps, "c", 3, 1, 4, ops.Conv{Stride: 2, Pad: 1})
	up := nn.NewConvTranspose2dNoBias(ps, "t", 4, 4, 2, ops.Conv{Stride: 2, Pad: 1})
	trace := func(taps *[]nn.Tap) string {
		b := ir.NewBuilder()
		s := nn.NewScope(b)
		s.Taps = taps
		x := conv.Apply(s, b.Input("x", ir.Of(ir.F32, 2, 8, 8, 1)))
		x = nn.MaxPool2d(s, s.Tap("c", ops.Relu(b, x)), ops.Pool{Size: 2})
		b.Output("y", s.Tap("t", up.Apply(s, x)))
		g, err := b.Graph()
		require.NoError(t, err)
		return g.String()
	}
	var taps []nn.Tap
	assert.Equal(t, trace(nil), trace(&taps))
	require.Len(t, taps, 2)
	assert.Equal(t, "c", taps[0].Name)
	assert.Equal(t, []nn.Layer{layer(nn.ConvKind, conv.W, 3, 2, 1, 1)}, taps[0].Layers)
	assert.Equal(t, []nn.Layer{
		layer(nn.PoolKind, nil, 2, 2, 0, 1), layer(nn.TransposedKind, up.W, 4, 1, 1, 2),
	}, taps[1].Layers)
}

func layer(kind string, w *nn.Param, size, stride, pad, up int) nn.Layer {
	return nn.Layer{Kind: kind, Kernel: w, Size: size, Stride: stride, Pad: pad, Dilation: 1, Up: up}
}
