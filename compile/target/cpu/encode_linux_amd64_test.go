package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/internal/amd64"
	"mllab/compile/internal/vec"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target/targettest"
)

// TestEncode encodes contractions by their default schedules for every instruction set, also for those that
// this processor does not have: none is rejected, and sums of sums fit beside the tiles.
func TestEncode(t *testing.T) {
	list := []*expr.Compute{
		convolution(8, 14, 64, 64, 3, 1), convolution(8, 8, 128, 128, 3, 0), convolution(8, 14, 3, 64, 3, 1),
		convolution(32, 16, 128, 64, 1, 0), targettest.Contraction(512, 512, 512, false, false),
		targettest.Contraction(512, 512, 512, true, false), targettest.Contraction(400, 784, 128, false, true),
		updated(32, 16, 64, 64, 3, 1), updated(32, 8, 256, 128, 3, 1), updated(64, 4, 128, 256, 4, 2),
		updated(32, 32, 3, 32, 3, 1), updated(32, 32, 64, 32, 3, 1),
	}
	for _, isa := range []amd64.ISA{amd64.AVX512, amd64.AVX2} {
		m := native{isa}.machine()
		m.Threads, m.L1, m.L2 = 2, 32<<10, 512<<10
		for _, c := range list {
			s := schedule.Default(c, m)
			plan, err := schedule.Apply(c, s, m)
			require.NoError(t, err)
			for _, k := range plan.Kernels {
				code, err := assembled(k.Nest, isa)
				require.NoError(t, err, "%s: %s", isa.Name, s)
				require.LessOrEqual(t, code.Regs, isa.Registers)
			}
		}
	}
}

func assembled(n *loop.Nest, isa amd64.ISA) (*amd64.Code, error) {
	p, err := vec.Build(n, isa.Features())
	if err != nil {
		return nil, err
	}
	return amd64.Compile(p, isa, false)
}
