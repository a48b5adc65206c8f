package targettest

import (
	"context"
	"time"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/schedule"
	"mllab/compile/target"
)

// Timed carries out a plan on numbers of no meaning for as long as more, told how many runs there were, says so, and
// gives the shortest run by a clock. Operands that are no floats are zeros, which as indices stay inside. The error is
// that of a nest which the device does not take, or of a run.
func Timed(d target.Device, c *expr.Compute, p *schedule.Plan, now func() time.Duration,
	more func(runs int) bool) (best time.Duration, err error) {
	s := &setup{d: d}
	defer s.close()
	var in [][]float64
	for _, t := range c.In {
		v := make([]float64, t.Elems())
		for i := range v {
			if t.DType == ir.F32 {
				v[i] = float64(i%17)/17 - 0.5
			}
		}
		in = append(in, v)
	}
	if err := s.prepare(c, p, in); err != nil {
		return 0, err
	}
	seq, err := d.Sequence(s.launches)
	if err != nil {
		return 0, err
	}
	defer seq.Close()
	best = time.Hour
	for n := 0; more(n); n++ {
		from := now()
		if err := seq.Run(context.Background()); err != nil {
			return 0, err
		}
		best = min(best, now()-from)
	}
	return best, nil
}
