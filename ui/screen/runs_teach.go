package screen

import (
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Facts of the list for lessons: runs, live (trainings among them), forks, marked, chosen and its parent, step that all
// is shown at (-1: the last), filter.
func (r *Runs) Facts() map[string]string {
	live, forks := 0, 0
	for _, e := range r.all {
		if e.live != nil {
			live++
		}
		if e.parent != "" {
			forks++
		}
	}
	e, _ := r.chosen()
	return map[string]string{
		"runs": strconv.Itoa(len(r.all)), "live": strconv.Itoa(live), "forks": strconv.Itoa(forks),
		"marked": strconv.Itoa(len(r.marked)), "chosen": e.name, "parent": e.parent, "step": strconv.Itoa(r.step),
		"filter": r.filter,
	}
}

// Set changes the filter, or chooses a run by its name with "open".
func (r *Runs) Set(name, value string) (tea.Cmd, error) {
	switch name {
	case "filter":
		r.filter, r.art.stale = strings.TrimSpace(value), true
		return r.draw(), nil
	case "open":
		if !r.listed {
			r.wanted = value
			return r.relist(), nil
		}
		for _, e := range r.all {
			if e.name == value {
				return r.choose(e.id), nil
			}
		}
		return nil, fmt.Errorf("runs: there is none of the name %q", value)
	}
	return nil, fmt.Errorf("runs: %q cannot be set: want filter or open", name)
}
