package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// runList is the list of runs that a screen with nothing open shows.
type runList struct {
	names  [][]string // name, model, data, steps
	err    error
	chosen int
}

// savedRuns are runs that were listed, or why they were not.
type savedRuns struct {
	names [][]string // as in runList
	err   error
}

// listRuns lists the saved runs of a session whose model is wanted.
func listRuns(s *lab.Session, wanted func(model string) bool) savedRuns {
	all, err := s.Runs()
	m := savedRuns{err: err}
	for _, r := range all {
		if r.Saved >= 0 && wanted(r.Config.Model) {
			m.names = append(m.names, []string{r.Name, r.Config.Model, r.Config.Data, widget.Count(int(r.Saved))})
		}
	}
	return m
}

func (r *runList) take(m savedRuns) {
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

// page is the lines of a screen with nothing open: what would be here, the keys that make it so, and the runs, or what
// is said where there are none.
func (r *runList) page(th theme.Theme, title, about string, keys [][2]string, none string, w int) []string {
	lines := []string{th.Title.Render(title), ""}
	for _, line := range strings.Split(widget.Wrap(about, min(w, 84), 3), "\n") {
		lines = append(lines, th.Text.Render(strings.TrimRight(line, " ")))
	}
	lines = append(lines, "")
	for _, k := range keys {
		lines = append(lines, th.Accent.Render(widget.Fit(k[0], 7))+th.Text.Render(k[1]))
	}
	lines = append(lines, "")
	switch {
	case r.err != nil:
		return append(lines, th.Bad.Render(widget.Clean(r.err.Error())))
	case len(r.names) == 0:
		return append(lines, th.Dim.Render(none))
	}
	cols := []widget.Column{{Title: "run", Min: 8}, {Title: "model"}, {Title: "data", Min: 6}, {Title: "step", Number: true}}
	return append(lines, widget.Table(cols, r.names, r.chosen, min(w, 84), r.rows()+1, th))
}
