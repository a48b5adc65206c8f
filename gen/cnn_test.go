package gen_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/ops"
)

// evaluated gives the measures of a net on given inputs, in float64.
func evaluated(t *testing.T, net gen.Net, d gen.DataInfo, n int, labels []float64) map[string]ops.Array {
	t.Helper()
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	for _, m := range net.Eval(s, train.NewBatch(s, n, d.H, d.W, d.C)) {
		b.Output(m.Name, m.Value)
	}
	if l, ok := net.(gen.Featured); ok {
		_, logits := l.Features(s, train.NewBatch(s, n, d.H, d.W, d.C).X())
		b.Output("logits", logits)
	}
	g, err := b.Graph()
	require.NoError(t, err)
	in := stepInputs(g, net)
	copy(in[train.InputLabels].Data, labels)
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	return out
}

// The definitions of cross-entropy and accuracy, on the net's own logits.
func TestClassifierMeasures(t *testing.T) {
	d := gen.DataInfo{H: 9, W: 12, C: 3, Labels: 4}
	net, _ := build(t, "cnn", d, "width=3", "shift=0", "smooth=0")
	labels := []float64{0, 3, 2, -1, 1}
	out := evaluated(t, net, d, 5, labels)
	for i, l := range labels {
		row := out["logits"].Data[4*i : 4*i+4]
		sum, best := 0.0, 0
		for k, z := range row {
			sum += math.Exp(z)
			if z > row[best] {
				best = k
			}
		}
		want, right := 0.0, 0.0
		if l >= 0 {
			want = math.Log(sum) - row[int(l)]
		}
		if float64(best) == l {
			right = 1
		}
		assert.InDelta(t, want, out["test_loss"].Data[i], 1e-9, "example %d", i)
		assert.Equal(t, right, out["test_accuracy"].Data[i], "example %d", i)
	}
}

// The step of the classifier, smoothing and moved pictures included, against
// differences of its loss.
func TestClassifierGradients(t *testing.T) {
	d := gen.DataInfo{H: 8, W: 9, C: 1, Labels: 4}
	net, _ := build(t, "cnn", d, "width=2", "smooth=0.2", "dropout=0.3")
	g, minimised := stepGraph(t, net, d)
	in := stepInputs(g, net)
	base, err := ops.Eval(g, in)
	require.NoError(t, err)
	require.Len(t, minimised, 1)
	along(t, g, in, base, "loss", minimised[0])
}

// What a net shows of its layers: names, shapes, kernels, and chances that add up.
func TestLook(t *testing.T) {
	d := gen.DataInfo{H: 28, W: 28, C: 1, Labels: 10}
	net, _ := build(t, "cnn", d, "width=4")
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	var taps []nn.Tap
	s.Taps = &taps
	chances := net.(gen.Looker).Look(s, train.NewBatch(s, 2, d.H, d.W, d.C).X())
	require.NoError(t, b.Err())
	assert.Equal(t, []int{2, 10}, b.Type(chances).Shape)
	var names []string
	for _, tap := range taps {
		names = append(names, tap.Name)
		assert.Equal(t, 2, b.Type(tap.Value).Shape[0], tap.Name)
	}
	require.Len(t, taps[0].Layers, 2)
	assert.Equal(t, nn.FrameKind, taps[0].Layers[0].Kind)
	assert.Equal(t, []string{"c1", "c1 pool", "c2", "c3", "c3 pool", "c4", "c5"}, names)
	assert.Equal(t, []int{3, 3, 8, 16}, taps[5].Layers[0].Kernel.Shape)
	assert.Equal(t, []int{2, 7, 7, 16}, b.Type(taps[6].Value).Shape)
}
