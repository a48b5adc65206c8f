package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/widget"
)

// latentRuns is the message of runs that were listed.
type latentRuns savedRuns

// findRuns lists the session's runs in the background.
func (l *Latent) findRuns() tea.Cmd {
	s := l.lab.Session
	if s == nil {
		return nil
	}
	return func() tea.Msg { return latentRuns(listRuns(s, func(string) bool { return true })) }
}

func (l *Latent) pickRun(string) tea.Cmd {
	if len(l.list.names) == 0 {
		return send(Notice{Text: "there is no saved run yet: 1 shows the training, w saves it"})
	}
	return l.begin(l.list.names[l.list.chosen][0])
}

// welcome is the screen without an open net: what would be here, and the keys that make it so.
func (l *Latent) welcome(w, h int) string {
	th := l.lab.Theme
	lines := l.list.page(th, "latent space", "A net that draws pictures keeps what it knows of them in a few numbers, the "+
		"code. Here you walk through the space of its codes: where the test pictures lie, what the net draws between them, "+
		"what each number is for.", [][2]string{{"r", "look into the running training, as it is now"},
		{"enter", "open the run that is chosen below"}, {"o", "open a run by its path"}},
		"no run is saved yet: mllab train vae, or w on the screen Train", w)
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
