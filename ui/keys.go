package ui

import (
	"errors"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/screen"
	"mllab/ui/widget"
)

// globalKeys is the table of the keys that work on every screen. Lessons, help and quit stay in the
// line of keys at any width.
func (m *Model) globalKeys() []screen.Key {
	var press []string
	for _, e := range m.entries {
		press = append(press, string(e.Digit))
	}
	digits := press[0] + " … " + press[len(press)-1] // all of them would widen the table of keys
	bind := func(shown, help, long string, do func(string) tea.Cmd, press ...string) screen.Key {
		return screen.Key{Press: press, Binding: widget.Binding{Keys: shown, Help: help, Long: long}, Do: do}
	}
	keys := []screen.Key{
		bind("tab", "next screen", "next screen; shift+tab the one before", m.turn, "tab", "shift+tab"),
		bind(digits, "", "go to the screen with this digit", m.digit, press...),
		bind("L", "lessons", "show or hide the lessons", m.toggleLessons, "L", "f2"),
		bind("< >", "", "a step of the lesson back, or on", m.turnPage, "<", ">"),
		bind("^u ^d", "", "scroll the lesson (ctrl+u, ctrl+d)", m.scrollPage, "ctrl+u", "ctrl+d"),
		bind("ctrl+l", "", "the next language of the lessons", m.language, "ctrl+l"),
		bind("?", "help", "show or hide this list", func(string) tea.Cmd { m.help, m.page = true, 0; return nil }, "?", "f1"),
		bind("q", "quit", "quit (ctrl+c too); asks if a run would be lost", m.quit, "q", "ctrl+c"),
	}
	for i := range keys {
		switch keys[i].Help {
		case "lessons", "help", "quit":
			keys[i].Stays = true
		}
	}
	return keys
}

func (m *Model) turn(key string) tea.Cmd {
	n := len(m.screens)
	if key == "tab" {
		return m.choose((m.active + 1) % n)
	}
	return m.choose((m.active + n - 1) % n)
}

func (m *Model) digit(key string) tea.Cmd {
	for i, e := range m.entries {
		if key == string(e.Digit) {
			return m.choose(i)
		}
	}
	return nil
}

// quit leaves, or asks first if steps would be lost that can still be saved.
func (m *Model) quit(string) tea.Cmd {
	s, others := m.lab.Job.State(), m.others()
	if !losing(s) && len(others) == 0 {
		m.decided = true
		return tea.Quit
	}
	do := func(msg tea.Msg) func(string) tea.Cmd {
		return func(string) tea.Cmd { return func() tea.Msg { return msg } }
	}
	m.help = false
	m.dialog = &screen.Dialog{
		Title: "Quit",
		Text:  "This run is on no disk yet and would be lost. Save it?",
		Keys: []screen.Key{
			{Press: []string{"y", "enter"}, Do: do(saveAndQuitMsg{}),
				Binding: widget.Binding{Keys: "y", Help: "save and quit"}},
			{Press: []string{"n", "ctrl+c"}, Do: do(quitMsg{}),
				Binding: widget.Binding{Keys: "n", Help: "quit without saving"}},
		},
	}
	switch n := len(others); {
	case n > 0 && losing(s):
		m.dialog.Text = fmt.Sprintf("%d runs have steps that are on no disk and would be lost. Save them?", n+1)
	case n > 0:
		m.dialog.Text = fmt.Sprintf("Steps of %s, which screen 9 lists, are on no disk and would be lost. Save them?",
			map[bool]string{true: "another run", false: fmt.Sprintf("%d other runs", n)}[n == 1])
	case s.Dir != "":
		m.dialog.Text = "The steps since the last save would be lost. Save them?"
	}
	return nil
}

// others are the session's jobs beside the lab's that are on no disk and would be lost; one that is on disk is
// saved when it is stopped.
func (m *Model) others() []*lab.Job {
	if m.lab.Session == nil {
		return nil
	}
	var list []*lab.Job
	for _, j := range m.lab.Session.Jobs() {
		if s := j.State(); screen.Job(j) != m.lab.Job && s.Dir == "" && losing(s) {
			list = append(list, j)
		}
	}
	return list
}

// saveAll saves the lab's job, if it would lose something, and the others that would.
func (m *Model) saveAll() func() (dir string, err error) {
	var jobs []Job
	if losing(m.lab.Job.State()) {
		jobs = append(jobs, m.lab.Job.(Job))
	}
	for _, j := range m.others() {
		jobs = append(jobs, j)
	}
	return func() (dir string, err error) {
		for _, j := range jobs {
			d, e := j.Save()
			if dir == "" {
				dir = d
			}
			err = errors.Join(err, e)
		}
		return dir, err
	}
}

// losing reports whether steps would be lost that can be saved: a training that ended has closed its run.
func losing(s *lab.State) bool { return s.Unsaved && s.Step > 0 && s.Phase.Running() }

// onKey gives a key to what has it: the popup, the active screen, then the keys of every screen.
func (m *Model) onKey(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	switch {
	case m.dialog != nil:
		return m.dialogKey(key)
	case m.help:
		return m.helpKey(key)
	}
	if cmd, took := m.lessonKey(key); took && !m.small() {
		return cmd
	}
	if t, ok := m.screens[m.active].(screen.Typist); ok && !m.small() && key != "ctrl+c" && t.Typing() {
		return t.Type(msg)
	}
	if !m.small() {
		if k, ok := screen.Find(m.screens[m.active].Keys(), key); ok && k.Do != nil {
			return k.Do(key)
		}
	}
	if k, ok := screen.Find(m.keys, key); ok && k.Do != nil && (!m.small() || k.Keys == "q") {
		return k.Do(key)
	}
	return nil
}

// helpKey closes the list of keys or turns its pages.
func (m *Model) helpKey(key string) tea.Cmd {
	_, pages := m.helpText()
	switch key {
	case "ctrl+c":
		return m.quit(key)
	case "esc", "?", "q", "f1", "enter":
		m.help = false
	case "down", "j", "pgdown", "space", "right":
		m.page = min(m.page+1, pages-1)
	case "up", "k", "pgup", "left":
		m.page = max(min(m.page, pages-1)-1, 0)
	}
	return nil
}

func (m *Model) dialogKey(key string) tea.Cmd {
	if key == "esc" {
		m.dialog = nil
		return nil
	}
	k, ok := screen.Find(m.dialog.Keys, key)
	if !ok || k.Do == nil {
		return nil
	}
	return k.Do(key)
}
