package train

import (
	"fmt"
	"slices"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/ops"
)

// Step is the scope of a training step while it is traced.
type Step struct {
	*nn.Scope
	rule    optim.Rule
	clip    bool // gradients are clipped by the input "hyper.clip"
	part    part
	phase   int      // of backward and update: the number of the Minimize they belong to
	last    int      // the number of the last Minimize, known from a first trace
	calls   int      // of Minimize so far
	groups  []string // of parameters, by first use
	scalars []Knob   // that the model declared
	slots   []slot
	reduced []*nn.Param // whose gradients pass from backward to update
	report  []string
	seen    func(params []*nn.Param, grads []ir.Value)
}

// NewStep makes the scope of a step that no Loop runs: for comparing it with numbers
// from elsewhere. What the rule and the model need are inputs and outputs as in a
// loop's program; seen gets the gradients of each Minimize. The caller must call
// Finish at the end.
func NewStep(s *nn.Scope, rule optim.Rule, seen func(params []*nn.Param, grads []ir.Value)) *Step {
	s.Training = true
	return &Step{Scope: s, rule: rule, seen: seen}
}

// part says what of a step a program holds. A step is one program unless its
// gradients are to be reduced over several workers: then every Minimize makes two.
type part uint8

const (
	whole part = iota
	backward
	update
)

// slot is a state tensor of the optimiser.
type slot struct {
	label string
	t     ir.Type
}

const (
	slotKind = "opt."  // optimiser state: "opt.m.e1.weight"
	gradKind = "grad." // gradients between backward and update
	lossName = "loss"

	ruleScalars = "rule"
)

// The first parts of labels of a step's scalars.
const (
	HyperKind  = "hyper."  // what the rule needs: "hyper.rule", of a group with a name "hyper.d.rule"
	ReportKind = "report." // what is read back: "report.loss"
	scalarKind = "scalar." // what the model declared by Scalar: "scalar.beta"
)

// hyperLabel is the label of a scalar that the rule needs for a group.
func hyperLabel(group, name string) string {
	if group == "" {
		return HyperKind + name
	}
	return HyperKind + group + "." + name
}

// Minimize adds the backward pass of a scalar loss and one step of the optimiser
// on the parameters. From here on the scope gives their new values. The first loss
// is reported as "loss" unless something else was before.
func (s *Step) Minimize(loss ir.Value, params []*nn.Param) { s.MinimizeAs("", loss, params) }

// MinimizeAs is Minimize for a group of parameters with a name, such as "d": it has a
// learning rate of its own, the knob "lr.d", which is the loop's while it is 0.
func (s *Step) MinimizeAs(group string, loss ir.Value, params []*nn.Param) {
	if !slices.Contains(s.groups, group) {
		s.groups = append(s.groups, group)
	}
	if s.calls == 0 && !s.reported(lossName) {
		s.Report(lossName, loss)
	}
	call := s.calls
	s.calls++
	if s.mine(call) && s.B.Err() == nil {
		s.minimize(call, group, loss, params)
	}
	s.hold()
}

func (s *Step) minimize(call int, group string, loss ir.Value, params []*nn.Param) {
	values, grads := make([]ir.Value, len(params)), make([]ir.Value, len(params))
	for i, p := range params {
		values[i] = s.Param(p)
		if s.part == update {
			grads[i] = s.Input(gradKind+p.Name, p.Type())
		}
	}
	s.reduced = params
	if s.part != update {
		grads = grad.Of(s.B, loss, values)
	}
	if s.seen != nil && s.B.Err() == nil {
		s.seen(params, grads)
	}
	if s.part == backward {
		for i, p := range params {
			s.B.Output(gradKind+p.Name, grads[i])
		}
		return
	}
	if s.clip && s.B.Err() == nil {
		var norm ir.Value
		grads, norm = optim.Clip(s.B, grads, s.Input(hyperLabel("", knobClip), ir.Of(ir.F32)))
		s.emit("grad_norm"+suffix(call), norm)
	}
	s.Held = false
	for i, p := range params {
		s.apply(group, p, values[i], grads[i])
	}
}

// Scalar declares a number of the model that can be changed while it trains, such as
// the weight of a term of the loss: an f32 input of no dimension, and a knob of the
// loop. Its name is by custom that of the setting that it begins at.
func (s *Step) Scalar(name, what string, value, least, most float64) ir.Value {
	k := Knob{Name: name, What: what, Value: value, Min: least, Max: most, Log: true}
	if err := k.Check(value); err != nil {
		return s.B.Fail(err)
	}
	if !slices.ContainsFunc(s.scalars, func(old Knob) bool { return old.Name == name }) {
		s.scalars = append(s.scalars, k)
	}
	return s.Input(scalarKind+name, ir.Of(ir.F32))
}

// Scalars lists by the label of its input what the model declared by Scalar.
func (s *Step) Scalars() map[string]float64 {
	list := map[string]float64{}
	for _, k := range s.scalars {
		list[scalarKind+k.Name] = k.Value
	}
	return list
}

// mine reports whether what is traced after a number of calls of Minimize belongs
// to the program.
func (s *Step) mine(call int) bool { return s.part == whole || min(call, s.last) == s.phase }

// hold lets the model update its buffers in one of the programs alone.
func (s *Step) hold() { s.Held = s.part == update || !s.mine(s.calls) }

func suffix(call int) string {
	if call == 0 {
		return ""
	}
	return fmt.Sprint(call + 1)
}

// apply adds the rule for one parameter.
func (s *Step) apply(group string, p *nn.Param, v, g ir.Value) {
	var state, scalars []ir.Value
	var labels []string
	for _, name := range s.rule.Slots() {
		label := slotKind + name + "." + p.Name
		labels = append(labels, label)
		s.slots = append(s.slots, slot{label, p.Type()})
		state = append(state, s.Input(label, p.Type()))
	}
	// One input for all scalars: a kernel can have but so many buffers, and with one for
	// each the update would not be part of the weight gradient's kernel any more.
	names := s.rule.Scalars()
	all := s.Input(hyperLabel(group, ruleScalars), ir.Of(ir.F32, len(names)))
	if s.B.Err() != nil {
		return
	}
	for i := range names {
		scalars = append(scalars, ops.Reshape(s.B, ops.Slice(s.B, all, 0, i, i+1)))
	}
	next, nextState := s.rule.Update(s.B, v, g, state, scalars)
	for i, label := range labels {
		s.B.Update("new."+label, state[i], nextState[i])
	}
	s.Update(p, next)
}

// Report shows a scalar of the step under a name beside the loss: "recon".
func (s *Step) Report(name string, v ir.Value) {
	if s.B.Err() == nil && s.part != update && s.mine(s.calls) {
		s.emit(name, v)
	}
}

func (s *Step) emit(name string, v ir.Value) {
	t := s.B.Type(v)
	if s.B.Err() == nil && (t.DType != ir.F32 || t.Elems() != 1) {
		s.B.Fail(fmt.Errorf("report of %s: it is %s of shape %s, want one f32 value", name, t.DType,
			ir.ShapeString(t.Shape)))
		return
	}
	if t.Rank() > 0 {
		v = ops.Reshape(s.B, v)
	}
	s.B.Output(ReportKind+name, v)
	s.report = append(s.report, name)
}

func (s *Step) reported(name string) bool {
	for _, n := range s.report {
		if n == name {
			return true
		}
	}
	return false
}

// average adds the averaged copies of the trained parameters.
func (s *Step) average(params []*nn.Param) {
	rest := s.Input(hyperLabel("", knobEMA), ir.Of(ir.F32))
	for _, p := range params {
		label := nn.EMAKind + p.Name
		s.slots = append(s.slots, slot{label, p.Type()})
		old := s.Input(label, p.Type())
		s.B.Update("new."+label, old, optim.EMA(s.B, old, s.Param(p), rest))
	}
}
