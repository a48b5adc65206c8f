package targettest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/loop"
	"mllab/compile/schedule"
)

// TestCases: the battery is whole, its Computes valid and their names unique.
func TestCases(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Cases() {
		require.NoError(t, c.C.Verify())
		require.False(t, names[c.Name], "%s twice", c.Name)
		names[c.Name] = true
	}
	require.GreaterOrEqual(t, len(names), 200)
	for _, must := range []string{
		"unary_erf", "binary_pow", "int_mulhi", "casts", "philox", "gather", "pad", "row_max_f32_17",
		"column_prod_i32_31", "matmul_tn_17x20x45", "conv4x4s2", "conv_padded", "batched_nt",
	} {
		assert.True(t, names[must], "%s is missing", must)
	}
}

func TestDiffers(t *testing.T) {
	c := Contraction(1, 3, 100, false, false)
	want := [][]float64{{1, math.Inf(1), math.NaN()}}
	assert.Empty(t, Differs(c, [][]float64{{1.00001, math.Inf(1), math.NaN()}}, want))
	for _, got := range [][]float64{
		{1.0001, math.Inf(1), math.NaN()}, {1, 3e38, math.NaN()}, {1, math.Inf(-1), math.NaN()},
		{1, math.Inf(1), 0}, {math.NaN(), math.Inf(1), math.NaN()},
	} {
		assert.NotEmpty(t, Differs(c, [][]float64{got}, want), "%v", got)
	}
	assert.Contains(t, Describe(c, nil, loop.Machine{Name: "m"}),
		"machine m, schedule: \nkernel matmul_nn_1x3x100")
	abs, rel := Tolerance(1)
	assert.Less(t, abs, 2e-6)
	assert.Less(t, rel, 5e-6)
	_, err := schedule.Apply(c, nil, loop.Machine{})
	require.NoError(t, err)
}
