package lab

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"mllab/engine/train"
	"mllab/gen"
)

// Knob is a hyper-parameter that can be changed while a job trains.
type Knob = train.Knob

// knobLR is the knob that every job has.
const knobLR = "lr"

// Set changes a hyper-parameter from the next step on, without compiling anything
// anew, and records it in the run's history. State.Knobs lists what there is.
func (j *Job) Set(name string, value float64) error {
	var err error
	j.control(func() { err = j.set(name, value) })
	return err
}

// SetLR is Set of the learning rate; a rate that is not over 0 changes nothing.
func (j *Job) SetLR(lr float64) { _ = j.Set(knobLR, lr) }

// set is Set with j.mu held.
func (j *Job) set(name string, value float64) error {
	switch {
	case !j.st.Phase.Running():
		return fmt.Errorf("%s: the training is over", name)
	case j.loop == nil && name != knobLR:
		return fmt.Errorf("%s: nothing is trained yet: wait until the step is compiled", name)
	case j.loop == nil:
		if !(value > 0) || math.IsInf(value, 0) {
			return errors.New("learning rate: want a number over 0")
		}
		old := j.st.LR
		j.wantLR, j.st.LR = value, value
		j.event(turned(name, old, value))
		return nil
	}
	old, _ := knobOf(j.st.Knobs, name)
	if err := j.loop.Set(name, value); err != nil {
		return err
	}
	j.knobs()
	if value != old.Value {
		j.event(turned(name, old.Value, value))
	}
	return nil
}

// knobs takes the loop's knobs and the plan's settings into the state. j.mu is held.
func (j *Job) knobs() {
	j.st.Knobs, j.st.LR, j.st.Settings = j.loop.Knobs(), j.loop.LR(), j.plan.settings.Map()
}

func knobOf(list []Knob, name string) (Knob, bool) {
	for _, k := range list {
		if k.Name == name {
			return k, true
		}
	}
	return Knob{}, false
}

// turned is the line of history of a knob: "beta 1 -> 4 (you)".
func turned(name string, old, value float64) string {
	text := func(v float64) string {
		if v == 0 && strings.HasPrefix(name, knobLR+".") {
			return "as lr"
		}
		return short(v)
	}
	return fmt.Sprintf("%s %s -> %s (you)", name, text(old), text(value))
}

// kept is the plan with knobs as they were turned, for a run that begins with them,
// and a line of history where they differ from the plan's. A knob that no setting
// stands for is in the run's checkpoints alone.
func (p plan) kept(knobs []Knob) (plan, string, error) {
	given := p.settings.Map()
	var changed []string
	for _, k := range knobs {
		key := gen.KnobSetting(k.Name)
		old, err := strconv.ParseFloat(given[key], 64)
		if k.Name == knobLR {
			old, err, p.o.LR = p.o.LR, nil, k.Value
		}
		if err != nil || old == k.Value {
			continue
		}
		changed = append(changed, k.Name+" "+short(k.Value))
		if k.Name != knobLR {
			given[key] = strconv.FormatFloat(k.Value, 'g', -1, 64)
		}
	}
	s, err := p.model.Choose(given)
	if err != nil || len(changed) == 0 {
		return p, "", err
	}
	p.settings, p.o.Settings = s, given
	return p, "begins with " + strings.Join(changed, ", ") + " (kept)", nil
}

// short writes a number with three digits, small ones as 5e-4, and as many as it takes
// to tell it from 1.
func short(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x > 0.99 && x < 1:
		return strconv.FormatFloat(x, 'g', 6, 64)
	case x >= 0.01 && x < 1000:
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', 2, 64), "e")
	digits = strings.TrimRight(strings.TrimRight(digits, "0"), ".")
	n, _ := strconv.Atoi(exponent)
	return digits + "e" + strconv.Itoa(n)
}
