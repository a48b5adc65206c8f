package ops

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// TestPhiloxKnownAnswers: the vectors of the authors' Random123 library,
// kat_vectors, philox4x32 with 10 rounds.
func TestPhiloxKnownAnswers(t *testing.T) {
	tests := []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{1<<32 - 1, 1<<32 - 1, 1<<32 - 1, 1<<32 - 1}, [2]uint32{1<<32 - 1, 1<<32 - 1},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, refPhilox(tt.counter, tt.key), "reference")
		var c [4]*expr.Expr
		for i, w := range tt.counter {
			c[i] = word(w)
		}
		got := philox(c, [2]*expr.Expr{word(tt.key[0]), word(tt.key[1])})
		for i, w := range tt.want {
			assert.Equal(t, w, uint32(int32(expr.Eval(got[i], nil))), "expression, word %d", i)
		}
	}
}

func TestRandomMoments(t *testing.T) {
	state := ints(2024, 11, 3, 0)
	const n = 20000
	moments := func(o Operator) (mean, variance float64, a Array) {
		out, err := o.Infer([]ir.Type{state.Type})
		require.NoError(t, err)
		a = o.Ref([]Array{state}, out)
		for _, v := range a.Data {
			mean += v / n
		}
		for _, v := range a.Data {
			variance += (v - mean) * (v - mean) / n
		}
		return mean, variance, a
	}
	mean, variance, u := moments(randomUniform{ir.List(n), 1})
	assert.InDelta(t, 0.5, mean, 5*math.Sqrt(1.0/12/n))
	assert.InDelta(t, 1.0/12, variance, 0.002)
	mean, variance, z := moments(randomNormal{ir.List(n), 1})
	assert.InDelta(t, 0, mean, 5/math.Sqrt(n))
	assert.InDelta(t, 1, variance, 5*math.Sqrt(2.0/n))
	for i, v := range u.Data {
		require.True(t, v >= 0 && v < 1 && v*(1<<24) == math.Trunc(v*(1<<24)))
		require.False(t, math.IsNaN(z.Data[i]) || math.IsInf(z.Data[i], 0))
	}
	_, _, other := moments(randomUniform{ir.List(n), 2})
	assert.NotEqual(t, u.Data, other.Data)
}
