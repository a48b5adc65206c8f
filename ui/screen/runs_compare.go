package screen

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// series lists by which numbers the runs that are shown can be compared beside their loss: what is right in pictures
// after prompts first, then the others in the order in which the runs have them.
func (r *Runs) series() []string {
	var right, rest []string
	for _, e := range r.shown() {
		all := r.pasts[e.id].Series
		main := mainLine(all).Name
		for _, s := range all {
			switch {
			case s.Name == main || slices.Contains(right, s.Name) || slices.Contains(rest, s.Name):
			case rightPage.takes(s.Name):
				right = append(right, s.Name)
			default:
				rest = append(rest, s.Name)
			}
		}
	}
	return append(right, rest...)
}

// compare shows the next of the numbers that the runs have, after the last the losses again.
func (r *Runs) compare(string) tea.Cmd {
	names := r.series()
	if len(names) == 0 {
		return send(Notice{Text: "of these runs nothing but a loss is kept"})
	}
	at := slices.Index(names, r.compared) + 1 // of the loss it is 0
	r.compared = ""
	if at < len(names) {
		r.compared = names[at]
	}
	r.art.stale = true
	return r.draw()
}

// line is the series of a run that is compared, empty where it has none of that name.
func (r *Runs) line(all []lab.Series) lab.Series {
	if r.compared == "" {
		return mainLine(all)
	}
	for _, s := range all {
		if s.Name == r.compared {
			return s
		}
	}
	return lab.Series{Name: r.compared}
}

// comparedPage is the page of the Train screen that has the series: it knows what to call it.
func (r *Runs) comparedPage() page {
	for p := range pages {
		if p.takes(r.compared) {
			return p
		}
	}
	return lossPage
}

// comparedTitle names the chart.
func (r *Runs) comparedTitle() string {
	switch {
	case r.compared == "":
		return "loss"
	case r.comparedPage() == rightPage:
		return "right, " + rightPage.label(r.compared) + " (%)"
	}
	return strings.TrimSpace(r.comparedPage().label(r.compared))
}
