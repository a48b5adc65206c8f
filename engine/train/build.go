package train

import (
	"context"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
)

// program is one part of a step: all of it, or a backward pass or an update.
type program struct {
	*engine.Program
	part      part
	x, labels *engine.Tensor // nil where the model has no use for them
	tokens    *engine.Tensor
	rng       *engine.Tensor
	numbers   []number
	grads     []Gradient
}

// report is a scalar that is read back.
type report struct {
	name   string
	tensor *engine.Tensor
}

// trace builds the graph of a part of the step.
func (l *Loop) trace(p part, phase, last int) (*Step, *ir.Graph, error) {
	b := ir.NewBuilder()
	s := NewStep(nn.NewScope(b), l.o.Rule, nil)
	s.clip, s.part, s.phase, s.last = l.o.Clip > 0, p, phase, last
	s.hold()
	l.model.Step(s, NewBatch(s.Scope, l.o.Batch, l.o.H, l.o.W, l.o.C))
	if b.Err() == nil && s.calls == 0 {
		return nil, nil, fmt.Errorf("the model's step minimises nothing: want a call of Minimize")
	}
	if l.o.EMA > 0 && (p == whole || p == update && phase == last) {
		s.average(l.model.Params().Trainable())
	}
	s.Finish()
	g, err := b.Graph()
	return s, g, err
}

// build traces and compiles the step, and allocates its state.
func (l *Loop) build(ctx context.Context) error {
	s, g, err := l.trace(whole, 0, 0)
	if err != nil {
		return err
	}
	if l.dials, err = newDials(l.o, s); err != nil {
		return err
	}
	if l.state, err = NewState(l.eng, l.model.Params(), l.o.EMA > 0); err != nil {
		return err
	}
	for _, slot := range s.slots {
		if err := l.state.add(slot.label, slot.t); err != nil {
			return err
		}
	}
	if l.o.Reduce == nil {
		return l.load(ctx, "step", s, g, nil)
	}
	for phase := range s.calls {
		back, g, err := l.trace(backward, phase, s.calls-1)
		if err != nil {
			return err
		}
		if err := l.load(ctx, fmt.Sprintf("backward%s", suffix(phase)), back, g, l.state.tensors); err != nil {
			return err
		}
		bind := map[string]*engine.Tensor{}
		for label, t := range l.state.tensors {
			bind[label] = t
		}
		for _, grad := range l.programs[len(l.programs)-1].grads {
			bind[gradKind+grad.Param] = grad.Tensor
		}
		up, g, err := l.trace(update, phase, s.calls-1)
		if err != nil {
			return err
		}
		if err := l.load(ctx, fmt.Sprintf("update%s", suffix(phase)), up, g, bind); err != nil {
			return err
		}
	}
	return nil
}

// load compiles one program and finds its inputs and reports.
func (l *Loop) load(ctx context.Context, name string, s *Step, g *ir.Graph,
	bind map[string]*engine.Tensor) error {
	if bind == nil {
		bind = l.state.tensors
	}
	compiled, err := l.eng.Load(ctx, name, bind, g)
	if err != nil {
		return err
	}
	p := program{Program: compiled, part: s.part}
	l.programs = append(l.programs, p)
	at := &l.programs[len(l.programs)-1]
	inputs := map[string]bool{}
	for _, v := range g.Inputs() {
		inputs[g.Node(v).Op.(ir.Input).Label] = true
	}
	find := func(label string) (*engine.Tensor, error) {
		if !inputs[label] {
			return nil, nil
		}
		return compiled.Tensor(label)
	}
	if s.part != update {
		if at.x, err = find(InputX); err == nil {
			at.labels, err = find(InputLabels)
		}
		if err == nil {
			at.tokens, err = find(InputTokens)
		}
		if err == nil {
			at.rng, err = find(nn.RandomIn)
		}
	}
	if err == nil {
		err = l.findNumbers(at, find)
	}
	if err == nil && s.part == backward {
		err = l.findGradients(at, s)
	}
	for _, n := range s.report {
		t, e := compiled.Tensor(ReportKind + n)
		if err == nil {
			err = e
		}
		l.reports = append(l.reports, report{n, t})
	}
	return err
}

func (l *Loop) findNumbers(p *program, find func(string) (*engine.Tensor, error)) error {
	for _, in := range l.dials.inputs {
		t, err := find(in.label)
		if err != nil {
			return err
		}
		if t != nil {
			p.numbers = append(p.numbers, number{t, in.from, in.to})
		}
	}
	return nil
}

func (l *Loop) findGradients(p *program, s *Step) error {
	for _, q := range s.reduced {
		t, err := p.Tensor(gradKind + q.Name)
		if err != nil {
			return err
		}
		p.grads = append(p.grads, Gradient{q.Name, t})
	}
	return nil
}
