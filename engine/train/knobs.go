package train

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"mllab/engine"
	"mllab/engine/optim"
	"mllab/engine/run"
)

// Knob is a hyper-parameter that can be turned while the loop runs.
type Knob = optim.Knob

// Limits of a learning rate as a knob.
const (
	leastLR = 1e-30
	mostLR  = math.MaxFloat32
)

// Names of the loop's own knobs. A group's learning rate is ownLR and its name.
const (
	knobLR   = "lr"
	ownLR    = "lr."
	knobClip = "clip"
	knobEMA  = "ema"
)

// dials are the knobs of a loop and what follows from how they were turned. Loop.mu
// guards them.
type dials struct {
	knobs   []Knob // lr, the groups' rates (0: as lr), the rule's, clip, ema, the model's
	initial []float64
	groups  []string // names of the groups of parameters, "" for one that has none
	rates   []int    // the knob of each group's own rate, -1: none
	rule    int      // the first of the rule's knobs
	since   []int    // of the rule's knobs: the step after which the value has been this
	before  []float64
	now     optim.Now
	inputs  []input   // that a step's scalars go to
	scalars []float32 // the values: of each group, then of the knobs after the rule's
}

// newDials makes the knobs of a step that was traced.
func newDials(o Options, s *Step) (dials, error) {
	d := dials{groups: s.groups}
	add := func(k Knob) int {
		d.knobs = append(d.knobs, k)
		return len(d.knobs) - 1
	}
	add(Knob{Name: knobLR, What: "learning rate", Value: o.LR, Min: leastLR, Max: mostLR, Log: true})
	for _, name := range s.groups {
		at := -1
		if name != "" {
			at = add(Knob{Name: ownLR + name, What: "learning rate of " + name + ", 0: as lr",
				Value: o.Rates[name], Max: mostLR, Log: true})
		}
		d.rates = append(d.rates, at)
	}
	d.rule = len(d.knobs)
	for _, k := range o.Rule.Knobs() {
		add(k)
		d.now.Knobs = append(d.now.Knobs, k.Value)
	}
	d.since, d.before = make([]int, len(d.now.Knobs)), make([]float64, len(d.now.Knobs))
	d.now.Logs = make([]float64, len(d.now.Knobs))
	reach := func(label string, n int) {
		at := len(d.scalars)
		d.inputs = append(d.inputs, input{label, at, at + n})
		d.scalars = append(d.scalars, make([]float32, n)...)
	}
	for _, g := range s.groups {
		reach(hyperLabel(g, ruleScalars), len(o.Rule.Scalars()))
	}
	if o.Clip > 0 {
		add(Knob{Name: knobClip, What: "largest norm of all gradients, 0: any", Value: o.Clip, Max: 1e9, Log: true})
		reach(hyperLabel("", knobClip), 1)
	}
	if o.EMA > 0 {
		add(Knob{Name: knobEMA, What: "decay of the averaged parameters", Value: o.EMA, Max: optim.MaxDecay,
			Decay: true})
		reach(hyperLabel("", knobEMA), 1)
	}
	for _, k := range s.scalars {
		add(k)
		reach(scalarKind+k.Name, 1)
	}
	seen := map[string]bool{}
	for _, k := range d.knobs {
		if seen[k.Name] {
			return d, fmt.Errorf("two knobs are named %q: want another name for the model's scalar", k.Name)
		}
		seen[k.Name] = true
		d.initial = append(d.initial, k.Value)
	}
	return d, nil
}

// find gives the place of a knob, -1 where there is none of the name.
func (d *dials) find(name string) int {
	for i := range d.knobs {
		if d.knobs[i].Name == name {
			return i
		}
	}
	return -1
}

// turn gives a knob another value after a number of steps.
func (d *dials) turn(at int, v float64, step int) {
	if k := at - d.rule; k >= 0 && k < len(d.since) && v != d.knobs[at].Value {
		d.before[k] = d.logs(k, step)
		d.since[k] = step
	}
	d.knobs[at].Value = v
}

// logs is the sum of the logarithms of the rule's knob k over the steps up to one.
func (d *dials) logs(k, step int) float64 {
	n := step - d.since[k]
	if n <= 0 {
		return d.before[k] // n log 0 would be no number
	}
	return d.before[k] + float64(n)*math.Log(d.knobs[d.rule+k].Value)
}

// forget sets the history of the knobs to that of a state that is zero after a step.
func (d *dials) forget(step int) {
	for k := range d.since {
		d.since[k], d.before[k] = step, 0
	}
}

// at computes the scalars for step t = 1, 2, ... and gives the base learning rate,
// after the schedule.
func (d *dials) at(t int, o *Options) (lr float64) {
	factor := o.Schedule.Factor(t)
	for k := range d.since {
		d.now.Knobs[k] = d.knobs[d.rule+k].Value
		d.now.Logs[k] = d.logs(k, t)
	}
	lr = d.knobs[0].Value * factor
	free := d.knobs[d.rule+len(d.since):]
	rest := d.scalars[:len(d.scalars)-len(free)]
	n := len(rest) / max(1, len(d.groups))
	for _, own := range d.rates {
		d.now.LR = lr
		if own >= 0 && d.knobs[own].Value > 0 {
			d.now.LR = d.knobs[own].Value * factor
		}
		o.Rule.Numbers(d.now, rest[:n])
		rest = rest[n:]
	}
	for i, k := range free {
		v := float32(k.Value)
		switch {
		case k.Name == knobEMA:
			v = optim.EMARest(t, k.Value)
		case k.Name == knobClip && k.Value == 0:
			v = math.MaxFloat32
		}
		d.scalars[len(d.scalars)-len(free)+i] = v
	}
	return lr
}

// Knobs lists what can be turned while the loop runs, with the present values.
func (l *Loop) Knobs() []Knob {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Knob(nil), l.dials.knobs...)
}

// Set turns a knob. It applies from the next step on, and nothing is compiled anew.
func (l *Loop) Set(name string, v float64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.dials.find(name)
	if at < 0 {
		var names []string
		for _, k := range l.dials.knobs {
			names = append(names, k.Name)
		}
		return fmt.Errorf("%q cannot be changed while this model trains: want one of %s", name,
			strings.Join(names, ", "))
	}
	if err := l.dials.knobs[at].Check(v); err != nil {
		return err
	}
	l.dials.turn(at, v, l.begun)
	return nil
}

// The first parts of a checkpoint's extra keys that tell of knobs.
const (
	extraKnob   = "knob."   // its value
	extraCourse = "course." // of one that was turned: the step, and the sum of logarithms before
)

// keep writes the knobs into a checkpoint's extra words.
func (d *dials) keep(extra map[string]string) {
	for i, k := range d.knobs {
		if i > 0 { // the learning rate has a field of its own
			extra[extraKnob+k.Name] = strconv.FormatFloat(k.Value, 'g', -1, 64)
		}
	}
	for k, since := range d.since {
		if since != 0 || d.before[k] != 0 {
			extra[extraCourse+d.knobs[d.rule+k].Name] = strconv.Itoa(since) + " " +
				strconv.FormatFloat(d.before[k], 'g', -1, 64)
		}
	}
}

// restored gives the dials of a checkpoint. What it does not tell of is as it was in
// the beginning; what this loop cannot turn is passed over.
func (d dials) restored(ck run.Checkpoint) (dials, error) {
	d.knobs = append([]Knob(nil), d.knobs...)
	d.since, d.before = make([]int, len(d.since)), make([]float64, len(d.before))
	bad := func(key string) error {
		return fmt.Errorf("checkpoint of step %d: its %s is %q, which this loop cannot have: "+
			"it is of another model or damaged", ck.Step, key, ck.Extra[key])
	}
	for i := range d.knobs {
		k := &d.knobs[i]
		k.Value = d.initial[i]
		if i == 0 {
			k.Value = ck.LR
			continue
		}
		if text, ok := ck.Extra[extraKnob+k.Name]; ok {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || k.Check(v) != nil {
				return d, bad(extraKnob + k.Name)
			}
			k.Value = v
		}
	}
	for k := range d.since {
		key := extraCourse + d.knobs[d.rule+k].Name
		text, ok := ck.Extra[key]
		if !ok {
			continue
		}
		since, before, _ := strings.Cut(text, " ")
		var err1, err2 error
		d.since[k], err1 = strconv.Atoi(since)
		d.before[k], err2 = strconv.ParseFloat(before, 64)
		if err1 != nil || err2 != nil || d.since[k] < 0 || int64(d.since[k]) > ck.Step || !(d.before[k] <= 0) {
			return d, bad(key)
		}
	}
	return d, nil
}

// input is a scalar input of a program, or several in one, and which of a step's
// scalars go there.
type input struct {
	label    string
	from, to int
}

// number is an input that a program has.
type number struct {
	tensor   *engine.Tensor
	from, to int
}
