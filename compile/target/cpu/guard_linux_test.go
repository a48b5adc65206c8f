package cpu

import (
	"context"
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/loop"
	"mllab/compile/target"
)

// copied copies n elements by vectors of so many lanes.
func copied(n, lanes int) *loop.Nest {
	i := lin(at(0), lanes, at(1))
	nest := &loop.Nest{Name: "copied", Vars: []string{"io", "i"}, Bufs: []loop.Buf{{Name: "x", Elems: n},
		{Name: "y", Elems: n, Role: loop.Out}}}
	nest.Body = []loop.Stmt{split(0, n, lanes, loop.Serial, func(w int) []loop.Stmt {
		return nested([]loop.Stmt{&loop.Store{Buf: 1, Index: i, Value: get(0, i)}},
			loop.For{Var: 1, N: w, Kind: loop.Vector})
	})}
	return nest
}

// TestGuards: one element that is read or written behind a buffer faults with Guard, and one before it with Front, by
// whole vectors, by their tails and one at a time. What stays inside does not. Since nests that leave their buffers are
// refused before there is code, the code is right here and the addresses that it is given are off by one.
func TestGuards(t *testing.T) {
	for _, isa := range isas() {
		for off, front := range map[int]bool{4: false, -4: true} {
			d := open(t, target.Options{ISA: isa, Threads: 1, Guard: true, Front: front})
			for _, n := range []int{1, 3, 8, 16, 17, 32, 61, 1024, 2048} {
				for _, lanes := range []int{1, 8, 16, 32} {
					nest := copied(n, lanes)
					seq := prepare(t, d, nest, fill(nest, 1)).seq.(*sequence)
					require.NoError(t, seq.Run(context.Background()))
					args := seq.steps[0].args
					for i, what := range []string{"read", "written"} {
						right := args[i]
						args[i] = unsafe.Add(right, off)
						assert.ErrorContains(t, seq.Run(context.Background()), "kernel copied: fault",
							fmt.Sprintf("%s, %d elements by %d, %s %d bytes off", isa, n, lanes, what, off))
						args[i] = right
					}
					require.NoError(t, seq.Run(context.Background()))
				}
			}
		}
	}
}
