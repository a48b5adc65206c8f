package targettest

import (
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
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
	t.Run("memory", func(t *testing.T) { examMemory(t, d) })
	t.Run("sequence", func(t *testing.T) { examSequence(t, d) })
	t.Run("aliasing", func(t *testing.T) { examAliasing(t, d) })
	t.Run("regressions", func(t *testing.T) { examRegressions(t, d) })
	t.Run("cases", func(t *testing.T) { examCases(t, d) })
}

// Cases lists every Compute of the examination.
func Cases() []Case {
	return append(append(append(kinds(), maps()...), reductions()...), contractions()...)
}

func examCases(t *testing.T, d target.Device) {
	oracle, err := interp.Target{}.Open(target.Options{})
	require.NoError(t, err)
	draws := 2
	if *Long {
		draws = 60
	}
	m := d.Machine()
	for n, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			r := rand.New(rand.NewSource(int64(n)))
			in, want := reference(t, oracle, &c, int64(n))
			check(t, d, &c, schedule.Default(c.C, m), m, in, want)
			for range draws {
				check(t, d, &c, schedule.Random(r, c.C, m), m, in, want)
			}
		})
	}
}

// references keeps what reference found, since several machines may be examined
// in one process.
var references sync.Map

// reference runs the interpreter under the plain schedule, checked against the
// definition of the Compute.
func reference(t *testing.T, oracle target.Device, c *Case, seed int64) (in, want [][]float64) {
	t.Helper()
	in = c.Inputs(rand.New(rand.NewSource(seed)))
	key := fmt.Sprint(c.Name, " ", seed)
	if known, ok := references.Load(key); ok {
		return in, known.([][]float64)
	}
	p, err := schedule.Apply(c.C, nil, oracle.Machine())
	require.NoError(t, err)
	want, err = Run(oracle, c.C, p, in)
	require.NoError(t, err)
	if ir.Elems(c.C.Axes)*ir.Elems(c.C.Red) < 1<<17 { // the definition takes a microsecond a term
		slow, err := c.C.Flat().Run(in)
		require.NoError(t, err)
		require.Empty(t, Differs(c.C, want, slow), "the interpreter is wrong:\n%s",
			Describe(c.C, nil, oracle.Machine()))
	}
	references.Store(key, want)
	return in, want
}

// check runs one schedule. A target may reject a nest, but not that of Default.
func check(t *testing.T, d target.Device, c *Case, s schedule.Schedule, m loop.Machine,
	in, want [][]float64) {
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
