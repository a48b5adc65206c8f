package cpu

import (
	"fmt"
	"testing"

	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

func TestExam(t *testing.T) {
	for _, isa := range isas() {
		for _, o := range []target.Options{{ISA: isa, Threads: 2, Share: true, Guard: true, Front: true},
			{ISA: isa, Threads: 1, Guard: true}} {
			name := fmt.Sprintf("%s %d threads", isa, o.Threads)
			t.Run(name, func(t *testing.T) {
				targettest.Exam(t, func() (target.Device, error) { return Target{}.Open(o) })
			})
		}
	}
}
