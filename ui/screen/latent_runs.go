package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/widget"
)

// runList is the list of runs of the empty screen.
type runList struct {
	names  [][]string // name, model, data, steps
	err    error
	chosen int
}

// latentRuns is the message of runs that were listed.
type latentRuns struct {
	names [][]string
	err   error
}

// findRuns lists the session's runs in the background.
func (l *Latent) findRuns() tea.Cmd {
	s := l.lab.Session
	if s == nil {
		return nil
	}
	return func() tea.Msg {
		all, err := s.Runs()
		m := latentRuns{err: err}
		for _, r := range all {
			if r.Saved >= 0 {
				m.names = append(m.names, []string{r.Name, r.Config.Model, r.Config.Data, widget.Count(int(r.Saved))})
			}
		}
		return m
	}
}

func (r *runList) take(m latentRuns) {
	r.names, r.err = m.names, m.err
	r.chosen = max(0, min(r.chosen, len(r.names)-1))
}

func (r *runList) move(key string) tea.Cmd {
	if key == "up" || key == "k" {
		r.chosen = max(0, r.chosen-1)
	} else {
		r.chosen = max(0, min(r.chosen+1, len(r.names)-1))
	}
	return nil
}

// click chooses the run on a line of the View.
func (r *runList) click(y int) tea.Cmd {
	if i, ok := widget.TableRow(len(r.names), r.chosen, r.rows()+1, y-firstRun+1); ok && i >= 0 {
		r.chosen = i
	}
	return nil
}

// rows is how many runs are shown.
func (r *runList) rows() int { return min(len(r.names), mostRuns) }

const (
	mostRuns = 10
	firstRun = 11 // line of the View that the first run stands on
)

func (l *Latent) pickRun(string) tea.Cmd {
	if len(l.list.names) == 0 {
		return send(Notice{Text: "there is no saved run yet: 1 shows the training, w saves it"})
	}
	return l.begin(l.list.names[l.list.chosen][0])
}

// welcome is the screen without an open net: what would be here, and the keys that make it so.
func (l *Latent) welcome(w, h int) string {
	th := l.lab.Theme
	text := widget.Wrap("A net that draws pictures keeps what it knows of them in a few numbers, the code. Here you "+
		"walk through the space of its codes: where the test pictures lie, what the net draws between them, what "+
		"each number is for.", min(w, 84), 3)
	lines := []string{th.Title.Render("latent space"), ""}
	for _, line := range strings.Split(text, "\n") {
		lines = append(lines, th.Text.Render(strings.TrimRight(line, " ")))
	}
	lines = append(lines, "")
	for _, k := range [][2]string{{"r", "look into the running training, as it is now"},
		{"enter", "open the run that is chosen below"}, {"o", "open a run by its path"}} {
		lines = append(lines, th.Accent.Render(widget.Fit(k[0], 7))+th.Text.Render(k[1]))
	}
	lines = append(lines, "")
	switch {
	case l.list.err != nil:
		lines = append(lines, th.Bad.Render(widget.Clean(l.list.err.Error())))
	case len(l.list.names) == 0:
		lines = append(lines, th.Dim.Render("no run is saved yet: mllab train vae, or w on the screen Train"))
	default:
		cols := []widget.Column{{Title: "run", Min: 8}, {Title: "model"}, {Title: "data", Min: 6},
			{Title: "step", Number: true}}
		lines = append(lines, widget.Table(cols, l.list.names, l.list.chosen, min(w, 84),
			l.list.rows()+1, th))
	}
	foot := ""
	switch {
	case l.prompt != nil:
		foot = l.promptLine(w)
	case l.opening != "":
		foot = th.Accent.Render(l.progress())
	case l.failed != nil:
		foot = th.Bad.Render(widget.Clean(l.failed.Error()))
	}
	body := widget.Block(strings.Join(lines, "\n"), w, max(0, h-1))
	return widget.Block(body+"\n"+foot, w, h)
}
