package compile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/ops"
)

// TestScheduleFromOutside checks the tuner's hook: schedules found for one compilation
// are written down as text under the keys of their Computes, and another compilation
// of the graph uses what it is given for these keys, in stages of kernels as well.
func TestScheduleFromOutside(t *testing.T) {
	dev := open(t, "cpu")[0]
	b := ir.NewBuilder()
	y := ops.MatMul(b, b.Input("x", ir.Of(ir.F32, 64, 48)), b.Input("w", ir.Of(ir.F32, 48, 32)))
	b.Output("y", ops.Softmax(b, y, 1))
	g, err := b.Graph()
	require.NoError(t, err)

	log := map[string]string{}
	write := func(c *expr.Compute, m loop.Machine) (schedule.Schedule, bool) {
		log[c.Key()] = schedule.Default(c, m).String()
		return nil, false
	}
	first, err := compile.Compile(context.Background(), g, dev, compile.Options{Schedule: write})
	require.NoError(t, err)
	defer first.Close()
	require.Len(t, log, 5, "the product and four stages of the softmax")
	require.Len(t, first.Kernels(), 2)

	used, changed := map[string]bool{}, "split j 8; reorder i j.0 k j.1; vectorize j.1"
	for key, text := range log {
		if text == first.Kernels()[0].Schedule {
			log[key] = changed
		}
	}
	read := func(c *expr.Compute, _ loop.Machine) (schedule.Schedule, bool) {
		s, err := schedule.Parse(log[c.Key()])
		require.NoError(t, err)
		used[c.Key()] = true
		return s, true
	}
	second, err := compile.Compile(context.Background(), g, dev, compile.Options{Schedule: read})
	require.NoError(t, err)
	defer second.Close()
	assert.Len(t, used, 5)
	require.Len(t, second.Kernels(), 2)
	assert.Equal(t, changed, second.Kernels()[0].Schedule)
	assert.Equal(t, first.Kernels()[1].Schedule, second.Kernels()[1].Schedule)
}
