package screen

import (
	"fmt"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// Facts of the training for lessons: phase, step, lr, model, data, epoch, loss, each part of the loss as
// "loss.kl", measures of the test set as "test.NAME", flops (GFLOP/s of the steps), peak (that of the device) and
// steps.by_hand, single steps since the screen was set up.
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
	for _, v := range s.Metrics {
		f["test."+v.Name] = number(v.Value)
	}
	return f
}

// Set changes the training: model (another one begins a training on the built-in digits), lr, pause.
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
	default:
		return nil, fmt.Errorf("train: %q cannot be set: want model, lr or pause", name)
	}
	return nil, nil
}
