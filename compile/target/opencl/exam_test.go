package opencl

import (
	"testing"

	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

func TestExam(t *testing.T) {
	targettest.Exam(t, func() (target.Device, error) { return platform{}.Open(target.Options{}) })
}
