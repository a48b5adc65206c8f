package screen

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

func (r *Runs) move(key string) tea.Cmd {
	rows := r.rows()
	if len(rows) == 0 {
		return nil
	}
	i := max(0, r.cursor())
	switch key {
	case "up", "k":
		i--
	case "down", "j":
		i++
	case "pgup":
		i -= 10
	case "pgdown":
		i += 10
	}
	return r.choose(rows[max(0, min(i, len(rows)-1))].id)
}

func (r *Runs) choose(id string) tea.Cmd {
	r.at, r.art.stale = id, true
	return tea.Batch(r.want(false), r.draw())
}

func (r *Runs) mark(string) tea.Cmd {
	e, ok := r.chosen()
	if !ok {
		return nil
	}
	if i := slices.Index(r.marked, e.id); i >= 0 {
		r.marked = slices.Delete(r.marked, i, i+1)
	} else if len(r.marked) == mostMarks {
		return send(Notice{Text: fmt.Sprintf("%d runs are marked: space on a marked one unmarks it", mostMarks)})
	} else {
		r.marked = append(r.marked, e.id)
	}
	r.art.stale = true
	return tea.Batch(r.want(false), r.draw())
}

func (r *Runs) clear(string) tea.Cmd {
	r.marked, r.filter, r.art.stale = nil, "", true
	return r.draw()
}

// steps are the checkpoints of all runs that are shown, rising.
func (r *Runs) steps() []int {
	var steps []int
	for _, e := range r.shown() {
		steps = append(steps, r.pasts[e.id].Steps...)
	}
	slices.Sort(steps)
	return slices.Compact(steps)
}

// scrub goes to the checkpoint before or after.
func (r *Runs) scrub(key string) tea.Cmd {
	steps := r.steps()
	if len(steps) == 0 {
		return send(Notice{Text: "this run has no checkpoint to go to yet"})
	}
	i := len(steps) - 1 // what is shown without a step
	if r.step >= 0 {
		i, _ = slices.BinarySearch(steps, r.step)
	}
	switch key {
	case "left", "h":
		i--
	case "right":
		i++
	case "home":
		i = 0
	case "end":
		i = len(steps)
	}
	r.step = -1
	if i < len(steps) {
		r.step = steps[max(0, i)]
	}
	r.art.stale = true
	return r.draw()
}

func (r *Runs) log(string) tea.Cmd {
	r.logY, r.art.stale = !r.logY, true
	return r.draw()
}

func (r *Runs) other(string) tea.Cmd {
	r.second, r.art.stale = !r.second, true
	return r.draw()
}

func (r *Runs) pause(string) tea.Cmd {
	e, ok := r.chosen()
	if !ok || e.live == nil {
		return send(Notice{Text: "this run does not train: enter opens it"})
	}
	if e.live.State().Phase == lab.Paused {
		e.live.Continue()
	} else {
		e.live.Pause()
	}
	return r.relist()
}

// find begins to write the filter.
func (r *Runs) find(string) tea.Cmd {
	r.typing, r.filter = true, ""
	return nil
}

// Typing reports whether the filter is being written.
func (r *Runs) Typing() bool { return r.typing }

// Type writes the filter.
func (r *Runs) Type(key tea.KeyPressMsg) tea.Cmd {
	const most = 40
	switch k := key.String(); {
	case k == "esc":
		r.typing, r.filter = false, ""
	case k == "enter":
		r.typing = false
	case k == "up" || k == "down":
		r.typing = false
		return r.move(k)
	case k == "backspace":
		if n := len([]rune(r.filter)); n > 0 {
			r.filter = string([]rune(r.filter)[:n-1])
		}
	case key.Text != "" && len(r.filter) < most:
		r.filter += widget.Clean(key.Text)
	}
	if rows := r.rows(); r.cursor() < 0 && len(rows) > 0 {
		return r.choose(rows[0].id)
	}
	r.art.stale = true
	return tea.Batch(r.want(false), r.draw())
}

// open makes the chosen run the lab's job and shows it.
func (r *Runs) open(string) tea.Cmd {
	e, ok := r.chosen()
	if !ok || r.busy != "" {
		return nil
	}
	if e.problem != "" {
		return send(Notice{Text: "run " + e.name + ": " + e.problem, Bad: true})
	}
	return r.begin("opening "+e.name, func() (Job, error) { return r.archive.use(e) })
}

// fork begins another run from the chosen one, at the step that is shown.
func (r *Runs) fork(string) tea.Cmd {
	e, ok := r.chosen()
	if !ok || r.busy != "" {
		return nil
	}
	if e.problem != "" {
		return send(Notice{Text: "run " + e.name + ": " + e.problem, Bad: true})
	}
	step := -1
	if r.step >= 0 {
		step = atMost(r.pasts[e.id].Steps, r.step)
		if step < 0 {
			return send(Notice{Text: fmt.Sprintf("%s has no checkpoint up to step %d: → goes on", e.name, r.step)})
		}
	}
	return r.begin("forking "+e.name, func() (Job, error) { return r.archive.fork(e, step) })
}

// atMost is the largest of rising steps up to one; -1 where there is none.
func atMost(steps []int, step int) int {
	i, found := slices.BinarySearch(steps, step)
	if found {
		return step
	}
	if i == 0 {
		return -1
	}
	return steps[i-1]
}

// begin does something that gives a job, which becomes the lab's.
func (r *Runs) begin(what string, do func() (Job, error)) tea.Cmd {
	r.busy = what
	return func() tea.Msg {
		j, err := do()
		if err != nil {
			return runsFailed{err}
		}
		return tea.BatchMsg{send(UseJob{j}), send(Goto{'1'}), send(runsOpened{})}
	}
}

// runsOpened says that a job was begun and handed over.
type runsOpened struct{}

// remove asks whether the chosen run is to be deleted.
func (r *Runs) remove(string) tea.Cmd {
	e, ok := r.chosen()
	switch {
	case !ok:
		return nil
	case e.live != nil:
		return send(Notice{Text: "this run is training: it can be deleted when it has ended"})
	}
	return send(Dialog{
		Title: "Delete",
		Text: "Delete run " + widget.Clean(e.name) + " (" + widget.Clean(e.model) + ", step " + widget.Count(e.step) +
			")? It is moved into the folder .trash beside the runs.",
		Keys: []Key{{Press: []string{"y"}, Binding: widget.Binding{Keys: "y", Help: "delete"},
			Do: func(string) tea.Cmd { return tea.Batch(send(Close{}), send(trashRun{e})) }}},
	})
}

func (r *Runs) toTrash(e runEntry) tea.Cmd {
	r.busy = "deleting " + e.name
	a := r.archive
	delete(r.pasts, e.id)
	shut := r.closeGallery(e.id)
	return func() tea.Msg {
		if shut != nil {
			shut()
		}
		where, err := a.trash(e)
		return runTrashed{e.id, where, err}
	}
}

// Mouse chooses a run by a click, marks it by the right button, and scrubs by the wheel.
func (r *Runs) Mouse(m Mouse) tea.Cmd {
	rows, l := r.rows(), r.layout()
	switch m.Kind {
	case WheelUp, WheelDown:
		inList := m.X < l.list.w && m.Y > 0 && m.Y <= l.list.h
		key := map[bool]map[MouseKind]string{
			true:  {WheelUp: "up", WheelDown: "down"},
			false: {WheelUp: "left", WheelDown: "right"},
		}[inList][m.Kind]
		if inList {
			return r.move(key)
		}
		return r.scrub(key)
	case Press:
		i, ok := widget.TableRow(len(rows), max(0, r.cursor()), l.list.h-2, m.Y-2)
		if !ok || i < 0 || m.X >= l.list.w {
			return nil
		}
		cmd := r.choose(rows[i].id)
		if m.Button == tea.MouseRight {
			return tea.Batch(cmd, r.mark(""))
		}
		return cmd
	}
	return nil
}
