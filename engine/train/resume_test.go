package train_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/target"
	_ "mllab/compile/target/cpu"
	"mllab/engine"
	"mllab/engine/train"
)

// The toy's end state is the same bits whether or not the run was cut in two, on
// devices that compile, and the same numbers as on the interpreter.
func TestResumeOnDevices(t *testing.T) {
	ctx := context.Background()
	o := options()
	o.Steps = 6
	slow := newLoop(t, newToy(), toyData{}, o)
	require.NoError(t, slow.Run(ctx))
	want := checkpoint(t, slow)
	for _, name := range []string{"cpu", "interp"} {
		t.Run(name, func(t *testing.T) {
			eng, err := engine.Open(name, target.Options{})
			if errors.Is(err, target.ErrUnavailable) {
				t.Skip(err)
			}
			require.NoError(t, err)
			defer eng.Close()
			loop := func(steps int) *train.Loop {
				o.Steps = steps
				l, err := train.New(ctx, eng, newToy(), toyData{}, o)
				require.NoError(t, err)
				return l
			}
			straight := loop(6)
			defer straight.Close()
			require.NoError(t, straight.Run(ctx))
			first := loop(3)
			defer first.Close()
			require.NoError(t, first.Run(ctx))
			second := loop(6)
			defer second.Close()
			require.NoError(t, second.Restore(checkpoint(t, first)))
			require.NoError(t, second.Run(ctx))
			got := checkpoint(t, straight)
			assert.Equal(t, got, checkpoint(t, second))
			for i, w := range want.Tensors {
				assert.InDeltaSlice(t, w.F32, got.Tensors[i].F32, 1e-4, w.Name)
			}
		})
	}
}
