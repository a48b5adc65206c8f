package targettest

import (
	"errors"
	"flag"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/interp"
)

// Long asks for the big sweep of random schedules.
var Long = flag.Bool("long", false, "many more random schedules")

// Exam examines a target. It skips, with the reason, where the device is missing.
func Exam(t *testing.T, dev func() (target.Device, error)) {
	d, err := dev()
	if errors.Is(err, target.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer func() { assert.NoError(t, d.Close()) }()
	t.Run("cases", func(t *testing.T) { examCases(t, d) })
}

// Cases lists every Compute of the examination.
func Cases() []Case {
	return append(contractions(), reductions()...)
}

func examCases(t *testing.T, d target.Device) {
	oracle, err := interp.Target{}.Open(target.Options{})
	require.NoError(t, err)
	draws := 3
	if *Long {
		draws = 60
	}
	m := d.Machine()
	for n, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			r := rand.New(rand.NewSource(int64(n)))
			in := c.Inputs(r)
			want := reference(t, oracle, &c, in)
			check(t, d, &c, schedule.Default(c.C, m), m, in, want)
			for range draws {
				check(t, d, &c, schedule.Random(r, c.C, m), m, in, want)
			}
		})
	}
}

// reference runs the interpreter under the plain schedule, and the definition.
func reference(t *testing.T, oracle target.Device, c *Case, in [][]float64) [][]float64 {
	p, err := schedule.Apply(c.C, nil, oracle.Machine())
	require.NoError(t, err)
	want, err := Run(oracle, c.C, p, in)
	require.NoError(t, err)
	slow, err := c.C.Flat().Run(in)
	require.NoError(t, err)
	require.Empty(t, Differs(c.C, want, slow), "the interpreter is wrong:\n%s", Describe(c.C, nil, oracle.Machine()))
	return want
}

// check runs one schedule. A target may reject a nest, but not that of Default.
func check(t *testing.T, d target.Device, c *Case, s schedule.Schedule, m loop.Machine, in, want [][]float64) {
	t.Helper()
	p, err := schedule.Apply(c.C, s, m)
	require.NoError(t, err, "%s", Describe(c.C, s, m))
	got, err := Run(d, c.C, p, in)
	if errors.Is(err, target.ErrRejected) && s.String() != schedule.Default(c.C, m).String() {
		return
	}
	require.NoError(t, err, "%s", Describe(c.C, s, m))
	if diff := Differs(c.C, got, want); diff != "" {
		t.Fatalf("%s\n%s", diff, Describe(c.C, s, m))
	}
}
