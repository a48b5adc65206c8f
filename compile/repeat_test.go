package compile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/target"
	"mllab/ops"
)

// TestSameBytes checks that a graph compiled anew gives the very bytes that it gave
// before, with one thread and with two: nothing depends on which thread is faster, or
// on the order of a map.
func TestSameBytes(t *testing.T) {
	tg, err := target.Find("cpu")
	require.NoError(t, err)
	for _, threads := range []int{1, 2} {
		dev, err := tg.Open(target.Options{Threads: threads})
		require.NoError(t, err)
		for seed := range uint64(6) {
			g, err := randomImages(seed)
			require.NoError(t, err)
			in := randomInputs(g, seed)
			var first map[string]ops.Array
			for range 3 {
				got, err := execute(dev, g, in, 5)
				require.NoError(t, err)
				if first == nil {
					first = got
				}
				assert.Equal(t, first, got, "seed %d, %d threads", seed, threads)
			}
		}
		require.NoError(t, dev.Close())
	}
}
