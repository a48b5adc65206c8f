package lesson

import (
	"maps"
	"math"
	"strconv"
	"strings"
)

// Check is a condition on the facts of a screen.
type Check struct{ Name, Op, Value string }

// The Ops of checks on what became of a fact since the step began: that it is another, that it grew by Value.
const (
	changed = "changed"
	grown   = "grown"
)

// operators compare two numbers, or by order two texts.
var operators = map[string]func(order int) bool{
	"=":  func(o int) bool { return o == 0 },
	"!=": func(o int) bool { return o != 0 },
	"<":  func(o int) bool { return o < 0 },
	"<=": func(o int) bool { return o <= 0 },
	">":  func(o int) bool { return o > 0 },
	">=": func(o int) bool { return o >= 0 },
}

// Holds reports whether the condition is true of the facts; was are the facts when the step began. Of a
// fact that is missing nothing is true.
func (c Check) Holds(facts, was map[string]string) bool {
	got, ok := facts[c.Name]
	if !ok {
		return false
	}
	if c.Op == changed {
		return got != was[c.Name]
	}
	if c.Op == grown {
		number := func(text string) float64 {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return math.NaN()
			}
			return v
		}
		return number(got)-number(was[c.Name]) >= number(c.Value)
	}
	want := c.Value
	if name, other := strings.CutPrefix(want, "$"); other {
		if want, ok = facts[name]; !ok {
			return false
		}
	}
	compare, ok := operators[c.Op]
	if !ok {
		return false
	}
	a, errA := strconv.ParseFloat(got, 64)
	b, errB := strconv.ParseFloat(want, 64)
	if errA == nil && errB == nil {
		switch {
		case a < b:
			return compare(-1)
		case a > b:
			return compare(1)
		case a == b:
			return compare(0)
		}
		return false // a NaN
	}
	return (c.Op == "=" || c.Op == "!=") && compare(strings.Compare(got, want))
}

// Progress is a learner's place in a lesson.
type Progress struct {
	Lesson *Lesson
	step   int
	done   []bool
	was    map[string]string // the facts when the step began; nil before they were seen
	ticks  int               // looks since the step began
}

// Begin a lesson at its first step.
func Begin(l *Lesson) *Progress { return &Progress{Lesson: l, done: make([]bool, len(l.Steps))} }

// At is the number of the step, from 0.
func (p *Progress) At() int { return p.step }

// Step is the present one.
func (p *Progress) Step() Step { return p.Lesson.Steps[p.step] }

// Done reports whether what the step asks for was done.
func (p *Progress) Done() bool { return p.done[p.step] || len(p.Step().Checks) == 0 }

// Last reports whether there is no step after this one.
func (p *Progress) Last() bool { return p.step == len(p.Lesson.Steps)-1 }

// Move goes n steps on, or back, and reports whether that is another step.
func (p *Progress) Move(n int) bool {
	to := max(0, min(p.step+n, len(p.Lesson.Steps)-1))
	if to == p.step {
		return false
	}
	p.step, p.was, p.ticks = to, nil, 0
	return true
}

// settle is how many looks the set-up of a step has to take effect.
const settle = 4

// Look takes the screen's present facts and reports whether the step was done just now. What the step's own
// set-up changes counts as the beginning.
func (p *Progress) Look(facts map[string]string) bool {
	if p.ticks++; p.ticks <= settle {
		p.was = maps.Clone(facts)
		return false
	}
	if p.done[p.step] || len(p.Step().Checks) == 0 {
		return false
	}
	for _, c := range p.Step().Checks {
		if !c.Holds(facts, p.was) {
			return false
		}
	}
	p.done[p.step] = true
	return true
}
