package ops_test

import (
	"errors"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"mllab/compile/target"
	"mllab/ops"
)

// TestRandomConvolutions compares convolutions of random sizes and attributes with
// their Ref, on the processor and in the interpreter.
func TestRandomConvolutions(t *testing.T) {
	n, channels := 12, 24
	if *long {
		n, channels = 300, 70
	}
	for _, d := range devices() {
		if d.target == "opencl" || d.opt.ISA == "go" {
			continue
		}
		t.Run(d.target+d.opt.ISA, func(t *testing.T) {
			tg, err := target.Find(d.target)
			require.NoError(t, err)
			dev, err := tg.Open(d.opt)
			if errors.Is(err, target.ErrUnavailable) {
				t.Skipf("%v", err)
			}
			require.NoError(t, err)
			defer dev.Close()
			r := rand.New(rand.NewSource(int64(len(d.opt.ISA))))
			for range n / 6 {
				conform(t, dev, ops.RandomConvs(r, 6, channels))
			}
		})
	}
}
