package cpu

import (
	"testing"

	"golang.org/x/sys/cpu"

	"mllab/compile/internal/amd64"
	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

// TestFewRegisters examines code for processors with fewer vector registers than there are, so that values are
// repeated, made again and spilled everywhere.
func TestFewRegisters(t *testing.T) {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		t.Skip("no AVX2 here")
	}
	few := amd64.AVX2
	few.Registers = 8
	targettest.Exam(t, func() (target.Device, error) {
		return &Device{threads: 1, enc: native{few}, guard: behind, pool: newPool(1)}, nil
	})
}
