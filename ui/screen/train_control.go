package screen

import (
	"strconv"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// controlled is a job whose past and hyper-parameters are in the user's hand; *lab.Job is one. No method
// blocks.
type controlled interface {
	Set(name string, value float64) error
	Change(settings map[string]string) error
	Rewind(step int) error
}

// overText is what a key says that needs a training, after its end.
const overText = "the training is over: r begins a new one, 9 lists the runs"

// controlKeys are the keys of rewinding, forking and editing.
func (t *Train) controlKeys(bind func(help, shown, long string, do func(string) tea.Cmd, press ...string) Key) []Key {
	return []Key{
		bind("rewind", "[ ]", "pause at the checkpoint before, or after", t.travel, "[", "]"),
		bind("fork", "f", "fork: begin a second run from here", t.fork, "f"),
		bind("edit", "e", "change hyper-parameters and settings", t.edit, "e"),
	}
}

// travel rewinds to the next checkpoint before the present step, or forward to the one after.
func (t *Train) travel(key string) tea.Cmd {
	t.follow(t.lab.Job.State())
	job, ok := t.lab.Job.(controlled)
	if !ok || !t.state.Phase.Running() {
		return send(Notice{Text: overText})
	}
	from := t.state.Step
	if t.wantStep != nil {
		from = *t.wantStep
	}
	to, found := neighbour(t.state.Checkpoints, from, key == "]")
	if !found {
		text := "there is no earlier checkpoint"
		if key == "]" {
			text = "there is no later checkpoint: space goes on"
		}
		return send(Notice{Text: text})
	}
	t.lab.Job.Pause()
	if err := job.Rewind(to); err != nil {
		return send(Notice{Text: err.Error(), Bad: true})
	}
	t.wantStep = &to
	return nil
}

// neighbour is the nearest checkpoint before a step, or after it.
func neighbour(list []lab.Checkpoint, step int, after bool) (to int, found bool) {
	for _, c := range list {
		if after && c.Step > step {
			return c.Step, true
		}
		if !after && c.Step < step {
			to, found = c.Step, true
		}
	}
	return to, found
}

// fork begins a second training here and makes it the lab's; the first goes on.
func (t *Train) fork(string) tea.Cmd {
	t.follow(t.lab.Job.State())
	job, ok := t.lab.Job.(*lab.Job)
	session := t.lab.Session
	if !ok || session == nil || !t.state.Phase.Running() {
		return send(Notice{Text: overText})
	}
	return func() tea.Msg {
		f, err := session.Fork(job, -1)
		if err != nil {
			return Notice{Text: err.Error(), Bad: true}
		}
		return UseJob{f}
	}
}

// past tells in the panel of numbers what there is to go back to.
func (t *Train) past() []widget.Number {
	var rows []widget.Number
	if n := len(t.state.Checkpoints); n > 0 {
		bytes := int64(0)
		for _, c := range t.state.Checkpoints {
			bytes += c.Bytes
		}
		rows = append(rows, widget.Number{Key: "checkpoints", Value: strconv.Itoa(n), Note: "[ ]"})
		if bytes > 0 {
			rows = append(rows, widget.Number{Key: "snapshots", Value: widget.Bytes(bytes)})
		}
	}
	return rows
}
