package screen

import (
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// Facts of the training for lessons: phase, step, lr, model, data, epoch, loss, each part of the loss as
// "loss.kl", measures of the test set as "test.NAME", flops (GFLOP/s of the steps), peak (that of the device) and
// steps.by_hand, single steps since the screen was set up; each knob as "knob.beta".
func (t *Train) Facts() map[string]string {
	s := t.lab.Job.State()
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	f := map[string]string{
		"phase": s.Phase.String(), "step": strconv.Itoa(s.Step), "epoch": strconv.Itoa(s.Epoch), "lr": number(s.LR),
		"model": s.Model, "data": s.Data, "flops": number(s.FLOPs / 1e9), "peak": number(s.Peak / 1e9),
		"steps.by_hand": strconv.Itoa(t.byHand),
	}
	for i, v := range s.Losses {
		if i == 0 {
			f["loss"] = number(v.Value)
		}
		f["loss."+v.Name] = number(v.Value)
	}
	for _, k := range s.Knobs {
		f["knob."+k.Name] = number(k.Value)
	}
	for _, v := range s.Metrics {
		f["test."+v.Name] = number(v.Value)
	}
	return f
}

// Set changes the training: model (another one begins a training on the built-in digits), lr, pause, and each knob
// as "knob.beta".
func (t *Train) Set(name, value string) (tea.Cmd, error) {
	s := t.lab.Job.State()
	switch name {
	case "model":
		if s.Model == value && s.Phase.Running() {
			return nil, nil
		}
		return send(Begin{lab.TrainOptions{Model: value}}), nil
	case "lr":
		lr, err := strconv.ParseFloat(value, 64)
		if err != nil || !(lr > 0) {
			return nil, fmt.Errorf("lr %q: want a number over 0", value)
		}
		t.wantLR = lr
		t.lab.Job.SetLR(lr)
	case "pause":
		t.byHand = 0
		switch value {
		case "yes":
			t.lab.Job.Pause()
		case "no":
			t.lab.Job.Continue()
		default:
			return nil, fmt.Errorf("pause %q: want yes or no", value)
		}
	case "open":
		return nil, fmt.Errorf("train: %q cannot be opened here: want a run in screen 9", value)
	default:
		if knob, ok := strings.CutPrefix(name, "knob."); ok {
			return nil, t.turnKnob(knob, value)
		}
		return nil, fmt.Errorf("train: %q cannot be set: want model, lr, pause or knob.NAME", name)
	}
	return nil, nil
}

// turnKnob sets a hyper-parameter, of a training that has it by now.
func (t *Train) turnKnob(name, value string) error {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return fmt.Errorf("%s %q: want a number", name, value)
	}
	j, ok := t.lab.Job.(interface{ Set(string, float64) error })
	if s := t.lab.Job.State(); !ok || len(s.Knobs) == 0 || !s.Phase.Running() {
		return nil // one that begins has its own value as soon as the step is compiled
	}
	return j.Set(name, v)
}
