package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/gen"
	"mllab/ui/widget"
)

// studioRuns is the message of runs that were listed.
type studioRuns savedRuns

// reads reports whether a model takes text.
func reads(model string) bool {
	m, err := gen.Find(model)
	return err == nil && m.Reads
}

// findRuns lists the session's runs that read, in the background.
func (s *Studio) findRuns() tea.Cmd {
	session := s.lab.Session
	if session == nil {
		return nil
	}
	return func() tea.Msg { return studioRuns(listRuns(session, reads)) }
}

// showList shows the runs that can be opened over what is open.
func (s *Studio) showList(string) tea.Cmd {
	s.listing = true
	return s.findRuns()
}

func (s *Studio) pickRun(string) tea.Cmd {
	if len(s.list.names) == 0 {
		return send(Notice{Text: "there is no saved run that reads yet: mllab train t2i --data shapes trains one"})
	}
	return s.begin(s.list.names[s.list.chosen][0])
}

// welcome is the screen without an open net, or with the list of runs: what would be here, and the keys that make it so.
func (s *Studio) welcome(w, h int) string {
	th := s.lab.Theme
	lines := s.list.page(th, "studio", "A net that reads paints what a sentence says: it begins with noise and takes away, "+
		"step by step, what is not the picture. Here you type the sentence, watch the picture come to be, and see where the net "+
		"looked for each word.", [][2]string{{"enter", "open the run that is chosen below"},
		{"o", "open a run, or a picture that was painted here, by its path"}, {"r", "open the run that is trained now"}},
		"no run that reads is saved yet: mllab train t2i --data shapes", w)
	if s.failed != nil && s.opening == "" { // below the list, whose place is known to the mouse
		lines = append(lines, "")
		for _, line := range strings.Split(widget.Wrap(s.failed.Error(), min(w, 84), 3), "\n") {
			lines = append(lines, th.Warn.Render(strings.TrimRight(line, " ")))
		}
	}
	foot := ""
	if s.typing != nil || s.opening != "" {
		foot = s.status(w)
	}
	body := widget.Block(strings.Join(lines, "\n"), w, max(0, h-1))
	return widget.Block(body+"\n"+foot, w, h)
}
