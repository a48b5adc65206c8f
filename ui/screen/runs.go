package screen

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

var _ = register(Entry{Title: "Runs", Digit: '9', New: func(l *Lab) Screen { return newRuns(l) }})

// Runs lists the runs on disk and the trainings that are alive, compares those that are marked (their
// losses in one chart, what they draw from the same noise side by side) and goes through all of it step by
// step.
type Runs struct {
	lab     *Lab
	archive archive
	keys    []Key
	w, h    int

	all     []runEntry
	listed  bool
	listing bool
	err     error
	at      string // id of the run under the cursor
	marked  []string
	filter  string
	wanted  string // name of a run to be chosen as soon as it is listed
	typing  bool
	logY    bool
	second  bool // in little room: pictures in place of losses
	busy    string
	// compared is the name of the series in the chart, "" for the losses.
	compared string

	step    int // that everything is shown at; -1: the last of each
	pasts   map[string]lab.Past
	reading map[string]bool
	read    time.Time // when live runs were read last
	art     runsArt
}

// Messages of the screen's own commands.
type (
	runsListed struct {
		all []runEntry
		err error
	}
	runRead struct {
		id   string
		past lab.Past
		err  error
	}
	runTrashed struct {
		id, where string
		err       error
	}
	runsFailed struct{ err error }
	trashRun   struct{ run runEntry }
)

const (
	listEvery = 2 * time.Second
	mostMarks = 6 // colours of series
)

func newRuns(l *Lab) *Runs {
	r := &Runs{lab: l, step: -1, pasts: map[string]lab.Past{}, reading: map[string]bool{}}
	r.art.galleries, r.art.views = map[string]*openGallery{}, map[moment]framed{}
	if l.Session != nil {
		r.archive = sessionRuns{l.Session}
	}
	bind := func(help, shown, long string, do func(string) tea.Cmd, press ...string) Key {
		return Key{Press: press, Binding: widget.Binding{Keys: shown, Help: help, Long: long}, Do: do,
			Hidden: func() bool { return len(r.all) == 0 }}
	}
	r.keys = []Key{
		bind("open", "enter", "make the run the lab's; one on disk is resumed, paused", r.open, "enter"),
		bind("mark", "space", "mark the run: marked ones are compared", r.mark, "space", " "),
		bind("scrub", "←/→", "charts and pictures at the checkpoint before or after", r.scrub,
			"left", "h", "right", "home", "end"),
		bind("fork", "f", "begin another run from this one at the step that is shown", r.fork, "f"),
		bind("filter", "/", "show runs with these words in name, model, data, parent", r.find, "/"),
		bind("delete", "d", "move the run into the trash folder; asks first", r.remove, "d"),
		bind("pause", "p", "pause a running training, or let it go on", r.pause, "p"),
		bind("log y", "l", "logarithmic scale of the losses", r.log, "l"),
		bind("", "↑/↓", "choose a run", r.move, "up", "k", "down", "j", "pgup", "pgdown"),
		bind("unmark", "esc", "unmark all runs and show all", r.clear, "esc"),
	}
	pictures := bind("pictures", "v", "pictures in place of losses, where there is room for one", r.other, "v")
	pictures.Hidden = func() bool { return len(r.all) == 0 || r.layout().full }
	r.keys = slices.Insert(r.keys, 5, pictures,
		bind("chart", "c", "compare other numbers: what is right in pictures, measures, parts of the loss", r.compare, "c"))
	return r
}

// Keys is the table of the screen's keys.
func (r *Runs) Keys() []Key { return r.keys }

// Busy reports whether something is under way that the View tells of.
func (r *Runs) Busy() bool { return r.busy != "" }

// Update takes lists, runs that were read, finished pictures, ticks and sizes.
func (r *Runs) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Show:
		r.art.stale = true
		return r.relist()
	case Hide:
		return r.closeGalleries()
	case Resize:
		r.w, r.h, r.art.stale = msg.W, msg.H, true
		return r.draw()
	case Tick:
		return r.onTick(time.Time(msg))
	case runsListed:
		r.take(msg)
		return tea.Batch(r.want(false), r.draw())
	case runRead:
		delete(r.reading, msg.id)
		if msg.err != nil {
			msg.past.Notes = append(msg.past.Notes, msg.err.Error())
		}
		r.pasts[msg.id] = msg.past
		r.art.stale = true
		return r.draw()
	case runsDrawn:
		return r.drawn(msg)
	case trashRun:
		return r.toTrash(msg.run)
	case runTrashed:
		r.busy = ""
		if msg.err != nil {
			return send(Notice{Text: msg.err.Error(), Bad: true})
		}
		r.marked = slices.DeleteFunc(r.marked, func(id string) bool { return id == msg.id })
		r.art.stale = true
		return tea.Batch(r.relist(), send(Notice{Text: "moved to " + msg.where}))
	case runsFailed:
		r.busy = ""
		return send(Notice{Text: msg.err.Error(), Bad: true})
	case runPicture:
		return r.pictured(msg)
	case runsOpened:
		r.busy = ""
	}
	return nil
}

// onTick lists anew now and then, and follows live runs that are shown.
func (r *Runs) onTick(now time.Time) tea.Cmd {
	if now.Sub(r.read) < listEvery {
		return r.draw()
	}
	r.read = now
	return tea.Batch(r.relist(), r.want(true), r.draw())
}

func (r *Runs) relist() tea.Cmd {
	if r.archive == nil || r.listing {
		return nil
	}
	r.listing = true
	a := r.archive
	return func() tea.Msg {
		all, err := a.list()
		return runsListed{all, err}
	}
}

// take puts a new list in the place of the old one; the cursor stays on its run.
func (r *Runs) take(m runsListed) {
	for _, e := range m.all { // what was read of a run that went on since is old
		for _, old := range r.all {
			if old.id == e.id && e.live == nil && (old.live != nil || old.step != e.step) {
				delete(r.pasts, e.id)
			}
		}
		if r.wanted != "" && e.name == r.wanted {
			r.at, r.wanted, r.art.stale = e.id, "", true
		}
	}
	r.all, r.err, r.listed, r.listing = m.all, m.err, true, false
	known := func(id string) bool {
		return slices.ContainsFunc(r.all, func(e runEntry) bool { return e.id == id })
	}
	r.marked = slices.DeleteFunc(r.marked, func(id string) bool { return !known(id) })
	if rows := r.rows(); !known(r.at) && len(rows) > 0 {
		r.at = rows[0].id
	}
}

// rows are the runs that pass the filter.
func (r *Runs) rows() []runEntry {
	words := strings.Fields(strings.ToLower(r.filter))
	if len(words) == 0 {
		return r.all
	}
	var rows []runEntry
	for _, e := range r.all {
		text := strings.ToLower(strings.Join([]string{e.name, e.model, e.data, e.state, e.parent}, " "))
		fits := true
		for _, w := range words {
			fits = fits && strings.Contains(text, w)
		}
		if fits {
			rows = append(rows, e)
		}
	}
	return rows
}

// cursor is the place of the chosen run among the rows, -1 where there is none.
func (r *Runs) cursor() int {
	return slices.IndexFunc(r.rows(), func(e runEntry) bool { return e.id == r.at })
}

func (r *Runs) chosen() (runEntry, bool) {
	rows, i := r.rows(), r.cursor()
	if i < 0 {
		return runEntry{}, false
	}
	return rows[i], true
}

// shown are the runs that are compared: the marked ones, else the chosen one.
func (r *Runs) shown() []runEntry {
	var list []runEntry
	for _, id := range r.marked {
		for _, e := range r.all {
			if e.id == id {
				list = append(list, e)
			}
		}
	}
	if e, ok := r.chosen(); ok && len(list) == 0 {
		list = append(list, e)
	}
	return list
}

// want reads what is shown and was not read yet, with live also the running trainings.
func (r *Runs) want(live bool) tea.Cmd {
	var cmds []tea.Cmd
	for _, e := range r.shown() {
		_, known := r.pasts[e.id]
		if r.reading[e.id] || known && (!live || e.live == nil) {
			continue
		}
		r.reading[e.id] = true
		a := r.archive
		cmds = append(cmds, func() tea.Msg {
			p, err := a.past(e)
			return runRead{e.id, p, err}
		})
	}
	return tea.Batch(cmds...)
}

// closeGalleries frees the devices that pictures are drawn on.
func (r *Runs) closeGalleries() tea.Cmd {
	var shut []func()
	for id := range r.art.galleries {
		if f := r.closeGallery(id); f != nil {
			shut = append(shut, f)
		}
	}
	if len(shut) == 0 {
		return nil
	}
	return func() tea.Msg {
		for _, f := range shut {
			f()
		}
		return nil
	}
}

// closeGallery forgets a gallery and gives what closes it, which may wait.
func (r *Runs) closeGallery(id string) func() {
	g := r.art.galleries[id]
	delete(r.art.galleries, id)
	if g == nil {
		return nil
	}
	return g.close
}
