package optim

import (
	"fmt"
	"math"
)

// Schedule changes the learning rate over a run. It is a pure function of the
// step; the zero value is constant.
type Schedule struct {
	Kind   string  // "constant" (or ""), "cosine", "linear" or "step"
	Warmup int     // steps of linear warm-up before all kinds
	Total  int     // steps of the run, for cosine and linear; 0: unknown, so constant
	Every  int     // step: steps between two falls
	Gamma  float64 // step: factor of each fall
	Floor  float64 // cosine, linear: the factor at the end
}

// Schedules names the kinds.
func Schedules() []string { return []string{"constant", "cosine", "linear", "step"} }

// Check reports a kind or number that makes no schedule.
func (s Schedule) Check() error {
	switch {
	case s.Warmup < 0 || s.Total < 0:
		return fmt.Errorf("schedule: warm-up of %d and %d steps in all: want 0 or more", s.Warmup, s.Total)
	case !(s.Floor >= 0 && s.Floor <= 1):
		return fmt.Errorf("schedule: floor %v: want 0 to 1", s.Floor)
	}
	switch s.Kind {
	case "", "constant", "cosine", "linear":
		return nil
	case "step":
		if s.Every < 1 || !(s.Gamma > 0 && s.Gamma <= 1) {
			return fmt.Errorf("schedule: step every %d by %v: want 1 step or more, and a factor over 0, at most 1",
				s.Every, s.Gamma)
		}
		return nil
	}
	return fmt.Errorf("schedule %q: unknown, want one of %v", s.Kind, Schedules())
}

// Factor is what the base learning rate is multiplied by at step t = 1, 2, ....
func (s Schedule) Factor(t int) float64 {
	if t <= s.Warmup {
		return float64(t) / float64(s.Warmup)
	}
	switch s.Kind {
	case "cosine":
		return s.Floor + (1-s.Floor)*0.5*(1+math.Cos(math.Pi*s.progress(t)))
	case "linear":
		return s.Floor + (1-s.Floor)*(1-s.progress(t))
	case "step":
		return math.Pow(s.Gamma, float64((t-1-s.Warmup)/s.Every))
	}
	return 1
}

// progress is 0 at the first step after the warm-up and 1 after the last one.
func (s Schedule) progress(t int) float64 {
	if s.Total <= s.Warmup {
		return 0
	}
	return min(1, float64(t-1-s.Warmup)/float64(s.Total-s.Warmup))
}
