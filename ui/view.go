package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/ui/picture"
	"mllab/ui/screen"
	"mllab/ui/widget"
)

const programName = "mllab"

// View is the screen as it was drawn last; it is drawn anew when something changed.
func (m *Model) View() tea.View {
	if m.dirty {
		m.content, m.dirty = picture.Seal(m.draw()), false
	}
	v := tea.NewView(m.content)
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	return v
}

// draw is the whole screen.
func (m *Model) draw() string {
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	if m.small() {
		return m.tooSmall()
	}
	th := m.lab.Theme
	w, h := m.room()
	body := m.body(w, h)
	if m.notice.Text != "" && len(body) > 0 {
		style := th.Good
		if m.notice.Bad {
			style = th.Bad
		}
		body[len(body)-1] = style.Render(widget.Fit(widget.Clean(m.notice.Text), m.w-4))
	}
	side := th.Border.Render("│") // widget.Sides would measure every line once more
	for i := range body {
		body[i] = side + " " + body[i] + " " + side
	}
	content := strings.Join([]string{
		widget.TabsLine(programName, m.tabs(), m.active, m.state.Device, m.w, th),
		strings.Join(body, "\n"),
		widget.KeysLine(m.bindings(), m.w, th),
	}, "\n")
	switch {
	case m.dialog != nil:
		return m.over(content, m.dialog.Title, m.dialogText())
	case m.help:
		text, _ := m.helpText()
		return m.over(content, "Keys", text)
	}
	return content
}

// body is what stands inside the frame: the active screen, a lesson, or both.
func (m *Model) body(w, h int) []string {
	if m.learn.covers(m.w) {
		return strings.Split(m.learn.view(w, h, true, m.lab.Theme), "\n")
	}
	body := strings.Split(m.screens[m.active].View(w, h), "\n")
	if panel := m.learn.width(m.w); panel > 0 {
		for i, line := range strings.Split(m.learn.view(panel, h, false, m.lab.Theme), "\n") {
			if i < len(body) {
				body[i] += " " + line
			}
		}
	}
	return body
}

// over lays a popup over the middle of the screen.
func (m *Model) over(content, title, text string) string {
	lines := strings.Split(text, "\n")
	w := 0
	for _, l := range lines {
		w = max(w, ansi.StringWidth(l))
	}
	w, h := min(w+4, m.w-4), min(len(lines)+2, m.h-2)
	x, y := widget.Middle(w, h, m.w, m.h)
	if m.lab.Store != nil {
		content = m.lab.Store.Occlude(content, y, y+h)
	}
	return widget.Overlay(content, widget.Popup(title, text, w, h, m.lab.Theme), x, y)
}

func (m *Model) dialogText() string {
	th := m.lab.Theme
	wide := min(56, m.w-12)
	var lines []string
	for _, l := range strings.Split(ansi.Wrap(widget.Clean(m.dialog.Text), wide, ""), "\n") {
		lines = append(lines, th.Text.Render(l))
	}
	lines = append(lines, "")
	if m.saving {
		return strings.Join(append(lines, th.Accent.Render("saving …")), "\n")
	}
	for _, b := range append(screen.Bindings(m.dialog.Keys, false), widget.Binding{Keys: "esc", Help: "stay"}) {
		lines = append(lines, th.Accent.Render(widget.Fit(b.Keys, 5))+th.Text.Render(b.Help))
	}
	return strings.Join(lines, "\n")
}

// helpText is the popup of all keys, made of the tables that handle them, and how many pages it has.
func (m *Model) helpText() (text string, pages int) {
	groups := []widget.KeyGroup{
		{Title: m.entries[m.active].Title, Bindings: screen.Bindings(m.screens[m.active].Keys(), true)},
		{Title: "Everywhere", Bindings: append(screen.Bindings(m.keys, true),
			widget.Binding{Keys: "esc", Help: "close", Long: "close what lies over the screen"})},
	}
	lines, w := 0, 0
	for _, g := range groups {
		lines += len(g.Bindings) + 2
		for _, b := range g.Bindings {
			w = max(w, ansi.StringWidth(b.Help), ansi.StringWidth(b.Long))
		}
	}
	return widget.Help(groups, min(w+12, m.w-8), min(lines-1, m.h-4), m.page, m.lab.Theme)
}

func (m *Model) tabs() []string {
	tabs := make([]string, len(m.entries))
	for i, e := range m.entries {
		tabs[i] = string(e.Digit) + " " + e.Title
	}
	return tabs
}

func (m *Model) bindings() []widget.Binding {
	return append(screen.Bindings(m.screens[m.active].Keys(), false), screen.Bindings(m.keys, false)...)
}

// tooSmall is a sentence for terminals in which nothing else has room, as long as fits.
func (m *Model) tooSmall() string {
	texts := []string{
		fmt.Sprintf("mllab needs %d x %d cells; this terminal has %d x %d. The training goes on; q quits.",
			leastW, leastH, m.w, m.h),
		fmt.Sprintf("mllab needs %d x %d cells; q quits.", leastW, leastH),
		fmt.Sprintf("needs %dx%d", leastW, leastH),
		fmt.Sprintf("%dx%d", leastW, leastH),
	}
	switch {
	case m.saving:
		texts = []string{"saving …"}
	case m.dialog != nil:
		texts = []string{m.dialog.Text + " y saves, n does not, esc stays.", "Save? y n esc", "y n esc"}
	case m.notice.Text != "" && m.notice.Bad:
		texts = append([]string{m.notice.Text}, texts[1:]...)
	}
	var lines []string
	for _, text := range texts {
		lines = strings.Split(ansi.Wrap(widget.Clean(text), min(m.w, 44), ""), "\n")
		if len(lines) <= m.h {
			break
		}
	}
	for i := range lines {
		lines[i] = widget.Center(lines[i], m.w)
	}
	top := max(0, (m.h-len(lines))/2)
	return widget.Block(strings.Repeat("\n", top)+strings.Join(lines, "\n"), m.w, m.h)
}
