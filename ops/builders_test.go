package ops_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/ops"
)

// TestBuildersSurvive: the functions that users call record errors, whatever
// they are given, and do nothing after one.
func TestBuildersSurvive(t *testing.T) {
	calls := map[string]func(b *ir.Builder, x, y ir.Value){
		"matmul":    func(b *ir.Builder, x, y ir.Value) { ops.MatMul(b, x, y) },
		"sum":       func(b *ir.Builder, x, y ir.Value) { ops.Sum(b, x, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) },
		"sum axis":  func(b *ir.Builder, x, y ir.Value) { ops.Sum(b, x, -7) },
		"softmax":   func(b *ir.Builder, x, y ir.Value) { ops.Softmax(b, x, -5) },
		"argmax":    func(b *ir.Builder, x, y ir.Value) { ops.Argmax(b, x, 9) },
		"reshape":   func(b *ir.Builder, x, y ir.Value) { ops.Reshape(b, x, -1, 0) },
		"reshape 2": func(b *ir.Builder, x, y ir.Value) { ops.Reshape(b, x, -1, -1) },
		"reshape 3": func(b *ir.Builder, x, y ir.Value) { ops.Reshape(b, x, 1<<40, -1) },
		"reshape 4": func(b *ir.Builder, x, y ir.Value) { ops.Reshape(b, x, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1) },
		"transpose": func(b *ir.Builder, x, y ir.Value) { ops.Transpose(b, x, 5, 1) },
		"slice":     func(b *ir.Builder, x, y ir.Value) { ops.Slice(b, x, 3, 0, 1) },
		"slice 2":   func(b *ir.Builder, x, y ir.Value) { ops.SliceStep(b, x, nil, []int{1}, []int{0}) },
		"pad":       func(b *ir.Builder, x, y ir.Value) { ops.Pad(b, x, []int{-1}, nil, 0) },
		"concat":    func(b *ir.Builder, x, y ir.Value) { ops.Concat(b, 7, x, y) },
		"concat 2":  func(b *ir.Builder, x, y ir.Value) { ops.Concat(b, -1) },
		"broadcast": func(b *ir.Builder, x, y ir.Value) { ops.BroadcastTo(b, x, 1, 2) },
		"gather":    func(b *ir.Builder, x, y ir.Value) { ops.Gather(b, x, y) },
		"scatter":   func(b *ir.Builder, x, y ir.Value) { ops.ScatterAdd(b, x, y, 0) },
		"one hot":   func(b *ir.Builder, x, y ir.Value) { ops.OneHot(b, x, -3) },
		"iota":      func(b *ir.Builder, x, y ir.Value) { ops.Iota(b, ir.Bool, 0, 3) },
		"random":    func(b *ir.Builder, x, y ir.Value) { ops.RandomNormal(b, x, 1<<40, 3) },
		"conv":      func(b *ir.Builder, x, y ir.Value) { ops.Conv2D(b, x, y, ops.Conv{Stride: 2, Pad: 1}) },
		"conv 2":    func(b *ir.Builder, x, y ir.Value) { ops.Conv2D(b, x, y, ops.Conv{Pad: -1}) },
		"conv t":    func(b *ir.Builder, x, y ir.Value) { ops.ConvTranspose2D(b, x, y, ops.Conv{Stride: 2}) },
		"conv t 2":  func(b *ir.Builder, x, y ir.Value) { ops.ConvTranspose2D(b, x, y, ops.Conv{OutPad: 2}) },
		"max pool":  func(b *ir.Builder, x, y ir.Value) { ops.MaxPool2D(b, x, ops.Pool{Size: 2, Pad: 1}) },
		"avg pool":  func(b *ir.Builder, x, y ir.Value) { ops.AvgPool2D(b, x, ops.Pool{}) },
		"upsample":  func(b *ir.Builder, x, y ir.Value) { ops.Upsample2D(b, x, 0) },
		"cast":      func(b *ir.Builder, x, y ir.Value) { ops.Cast(b, x, 9) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			b := ir.NewBuilder()
			x, y := b.Input("x", ir.Of(ir.F32, 3, 4)), b.Input("y", ir.Of(ir.F32, 5))
			require.NotPanics(t, func() { call(b, x, y) })
			require.Error(t, b.Err())
			assert.Contains(t, b.Err().Error(), "builders_test.go:")
			was, n := b.Err(), b.Len()
			require.NotPanics(t, func() { call(b, ir.None, ir.None) })
			assert.Equal(t, was, b.Err())
			assert.Equal(t, n, b.Len())
		})
	}
}

func TestBuilderShapes(t *testing.T) {
	f := func(shape ...int) ir.Type { return ir.Of(ir.F32, shape...) }
	tests := []struct {
		name string
		in   []ir.Type
		call func(b *ir.Builder, in []ir.Value) ir.Value
		want []int
	}{
		{"conv k4s2p1", []ir.Type{f(2, 28, 28, 1), f(4, 4, 1, 32)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.Conv2D(b, in[0], in[1], ops.Conv{Stride: 2, Pad: 1})
		}, []int{2, 14, 14, 32}},
		{"conv depthwise", []ir.Type{f(2, 9, 9, 6), f(3, 3, 1, 6)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.Conv2D(b, in[0], in[1], ops.Conv{Pad: 1, Groups: 6})
		}, []int{2, 9, 9, 6}},
		{"transposed k4s2p1", []ir.Type{f(2, 7, 7, 64), f(4, 4, 64, 32)},
			func(b *ir.Builder, in []ir.Value) ir.Value {
				return ops.ConvTranspose2D(b, in[0], in[1], ops.Conv{Stride: 2, Pad: 1})
			}, []int{2, 14, 14, 32}},
		{"transposed k3s2p1o1", []ir.Type{f(2, 7, 7, 3), f(3, 3, 3, 5)},
			func(b *ir.Builder, in []ir.Value) ir.Value {
				return ops.ConvTranspose2D(b, in[0], in[1], ops.Conv{Stride: 2, Pad: 1, OutPad: 1})
			}, []int{2, 14, 14, 5}},
		{"transposed k2s2o1", []ir.Type{f(1, 3, 3, 3), f(2, 2, 3, 5)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.ConvTranspose2D(b, in[0], in[1], ops.Conv{Stride: 2, OutPad: 1})
		}, []int{1, 7, 7, 5}},
		{"max pool k3s2p1", []ir.Type{f(1, 8, 8, 3)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.MaxPool2D(b, in[0], ops.Pool{Size: 3, Stride: 2, Pad: 1})
		}, []int{1, 4, 4, 3}},
		{"matmul of a sequence", []ir.Type{f(2, 5, 8), f(8, 3)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.MatMul(b, in[0], in[1])
		}, []int{2, 5, 3}},
		{"mean of the last two", []ir.Type{f(2, 5, 8)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.Mean(b, in[0], -1, -2)
		}, []int{2}},
		{"one hot", []ir.Type{ir.Of(ir.I32, 4, 2)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.OneHot(b, in[0], 10)
		}, []int{4, 2, 10}},
		{"reshape to the rest", []ir.Type{f(2, 5, 8)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.Reshape(b, in[0], 4, -1)
		}, []int{4, 20}},
		{"binary cross-entropy", []ir.Type{f(2, 5), f(2, 5)}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.BCEWithLogits(b, in[0], in[1])
		}, []int{2, 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := ir.NewBuilder()
			var in []ir.Value
			for i, x := range tt.in {
				in = append(in, b.Input(string(rune('a'+i)), x))
			}
			v := tt.call(b, in)
			require.NoError(t, b.Err())
			assert.Equal(t, tt.want, b.Type(v).Shape)
			b.Output("y", v)
			_, err := b.Graph()
			assert.NoError(t, err)
		})
	}
}

// eval computes one value of inputs named a, b, ...
func eval(t *testing.T, in []ops.Array, call func(b *ir.Builder, in []ir.Value) ir.Value) ops.Array {
	b := ir.NewBuilder()
	var vs []ir.Value
	given := map[string]ops.Array{}
	for i, x := range in {
		label := string(rune('a' + i))
		vs = append(vs, b.Input(label, x.Type))
		given[label] = x
	}
	b.Output("y", call(b, vs))
	g, err := b.Graph()
	require.NoError(t, err)
	out, err := ops.Eval(g, given)
	require.NoError(t, err)
	return out["y"]
}

// TestConvolutionsByHand: results small enough to be worked out on paper.
func TestConvolutionsByHand(t *testing.T) {
	x := ops.Array{Type: ir.Of(ir.F32, 1, 2, 2, 1), Data: []float64{1, 2, 3, 4}}
	kernel := ops.Array{Type: ir.Of(ir.F32, 2, 2, 1, 1), Data: []float64{1, 2, 3, 4}}
	conv := func(c ops.Conv) []float64 {
		return eval(t, []ops.Array{x, kernel}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.Conv2D(b, in[0], in[1], c)
		}).Data
	}
	assert.Equal(t, []float64{30}, conv(ops.Conv{}))
	assert.Equal(t, []float64{4, 11, 6, 14, 30, 14, 6, 11, 4}, conv(ops.Conv{Pad: 1}))
	assert.Equal(t, []float64{4, 6, 6, 4}, conv(ops.Conv{Pad: 1, Stride: 2}))
	spread := func(c ops.Conv) []float64 {
		return eval(t, []ops.Array{x, kernel}, func(b *ir.Builder, in []ir.Value) ir.Value {
			return ops.ConvTranspose2D(b, in[0], in[1], c)
		}).Data
	}
	assert.Equal(t, []float64{1, 2, 2, 4, 3, 4, 6, 8, 3, 6, 4, 8, 9, 12, 12, 16}, spread(ops.Conv{Stride: 2}))
	assert.Equal(t, []float64{4, 6, 6, 4}, spread(ops.Conv{Stride: 2, Pad: 1}))
	assert.Equal(t, []float64{1, 4, 4, 6, 20, 16, 9, 24, 16}, spread(ops.Conv{}))
}

// TestLosses: the binary cross-entropy of probabilities, and one-hot rows.
func TestLosses(t *testing.T) {
	v := func(x ...float64) ops.Array { return ops.Array{Type: ir.Of(ir.F32, len(x)), Data: x} }
	bce := eval(t, []ops.Array{v(0, 2, -2, 500), v(1, 1, 1, 1)}, func(b *ir.Builder, in []ir.Value) ir.Value {
		return ops.BCEWithLogits(b, in[0], in[1])
	})
	assert.InDeltaSlice(t, []float64{math.Ln2, -math.Log(0.880797077977882), -math.Log(0.119202922022118), 0},
		bce.Data, 1e-12)
	index := ops.Array{Type: ir.Of(ir.I32, 3), Data: []float64{2, 0, 9}}
	hot := eval(t, []ops.Array{index}, func(b *ir.Builder, in []ir.Value) ir.Value {
		return ops.OneHot(b, in[0], 3)
	})
	assert.Equal(t, []float64{0, 0, 1, 1, 0, 0, 0, 0, 0}, hot.Data)
}
