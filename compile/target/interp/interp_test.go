package interp_test

import (
	"testing"

	"mllab/compile/loop"
	"mllab/compile/target"
	"mllab/compile/target/interp"
	"mllab/compile/target/targettest"
)

func TestExam(t *testing.T) {
	targettest.Exam(t, func() (target.Device, error) { return interp.Target{}.Open(target.Options{}) })
}

// as is the interpreter with the schedules of another machine.
type as struct {
	target.Device
	m loop.Machine
}

func (a as) Machine() loop.Machine { return a.m }

func TestExamAsOthers(t *testing.T) {
	for _, m := range []loop.Machine{
		{Kind: loop.CPU, Name: "avx512", Lanes: 16, Registers: 32, Threads: 2, L1: 32 << 10, L2: 1 << 20},
		{Kind: loop.CPU, Name: "avx2", Lanes: 8, Registers: 16, Threads: 4, L1: 32 << 10, L2: 1 << 20},
		{Kind: loop.GPU, Name: "gpu", Lanes: 1, Threads: 8, Group: 256},
	} {
		t.Run(m.Name, func(t *testing.T) {
			targettest.Exam(t, func() (target.Device, error) {
				d, err := interp.Target{}.Open(target.Options{})
				return as{d, m}, err
			})
		})
	}
}
