package opencl

import (
	"errors"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/targettest"
)

// TestExam is the whole examination. A driver takes a good part of a second for
// each of its hundreds of kernels, so it is sat with -long; TestSample is a part.
func TestExam(t *testing.T) {
	if !*targettest.Long {
		t.Skip("minutes of compiling: go test ./compile/target/opencl -run Exam -long")
	}
	targettest.Exam(t, func() (target.Device, error) { return platform{}.Open(target.Options{}) })
}

// TestSample takes some cases of the examination, each under the default and a
// random schedule, as one program, against the definition of their Compute.
func TestSample(t *testing.T) {
	d := openFirst(t)
	m := d.Machine()
	const every = 17
	type trial struct {
		c targettest.Case
		p *schedule.Plan
		s schedule.Schedule
	}
	var trials []trial
	var nests []*loop.Nest
	r := rand.New(rand.NewSource(1))
	for i, c := range targettest.Cases() {
		if i%every != 0 {
			continue
		}
		for _, s := range []schedule.Schedule{schedule.Default(c.C, m), schedule.Random(r, c.C, m)} {
			p, err := schedule.Apply(c.C, s, m)
			require.NoError(t, err)
			trials = append(trials, trial{c, p, s})
			for _, k := range p.Kernels {
				nests = append(nests, k.Nest)
			}
		}
	}
	require.GreaterOrEqual(t, len(trials), 10)
	if _, err := d.CompileAll(nests); !errors.Is(err, target.ErrRejected) {
		require.NoError(t, err)
	}
	for _, x := range trials {
		in := x.c.Inputs(r)
		want, err := x.c.C.Flat().Run(in)
		require.NoError(t, err)
		got, err := targettest.Run(d, x.c.C, x.p, in)
		if errors.Is(err, target.ErrRejected) && x.s.String() != schedule.Default(x.c.C, m).String() {
			continue
		}
		require.NoError(t, err, targettest.Describe(x.c.C, x.s, m))
		require.Empty(t, targettest.Differs(x.c.C, got, want), targettest.Describe(x.c.C, x.s, m))
	}
}
