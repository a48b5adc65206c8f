package ui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lesson"
	"mllab/ui/screen"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// lessons is the panel beside the screens in which a learner chooses and follows one.
type lessons struct {
	all    []lesson.Lesson
	lang   string
	open   bool
	cursor int // in the list
	going  *lesson.Progress
	scroll int

	page page
}

// page is a rendered step.
type page struct {
	of    *lesson.Lesson
	step  int
	lang  string
	w     int
	dark  bool
	plain bool
	lines []string
}

// The panel takes two fifths of a wide terminal; in a narrow one it covers the screen while it is open.
const (
	besideW   = 110
	panelMost = 64
)

// words of the panel, by language.
var words = map[string]struct{ lessons, choose, todo, done, read, last, behind, screen string }{
	"en": {"lessons", "↑ ↓ choose, enter begins, ctrl+l 中文, L closes", "to do: then > goes on",
		"✓ done: > goes on", "> goes on, < goes back", "✓ the end: > chooses another lesson", "L shows the lesson",
		"L shows the screen"},
	"zh": {"课程", "↑ ↓ 选择，enter 开始，ctrl+l English，L 关闭", "完成任务后按 > 继续",
		"✓ 完成：按 > 继续", "> 下一步，< 上一步", "✓ 本课结束：按 > 选择另一课", "按 L 显示课程", "按 L 回到屏幕"},
}

// width is what the panel takes of a terminal of w columns: 0 when it is closed, or covers the screen.
func (l *lessons) width(w int) int {
	if !l.open || w < besideW {
		return 0
	}
	return min(panelMost, w*2/5)
}

// covers reports whether the panel stands in the place of the screen.
func (l *lessons) covers(w int) bool { return l.open && w < besideW }

// toggleLessons shows or hides the panel.
func (m *Model) toggleLessons(string) tea.Cmd {
	m.learn.open = !m.learn.open
	return m.redraw()
}

// language turns to the next one.
func (m *Model) language(string) tea.Cmd {
	m.learn.lang = lesson.Following(m.learn.lang)
	return nil
}

// lessonKey takes the keys that choose a lesson while the list is open, and reports whether it took this one.
func (m *Model) lessonKey(key string) (tea.Cmd, bool) {
	l := &m.learn
	if !l.open || l.going != nil {
		return nil, false
	}
	switch key {
	case "up", "k":
		l.cursor = max(0, l.cursor-1)
	case "down", "j":
		l.cursor = min(len(l.all)-1, l.cursor+1)
	case "esc":
		return m.toggleLessons(key), true
	case "enter":
		l.going = lesson.Begin(&l.all[l.cursor])
		return m.setUp(), true
	default:
		return nil, false
	}
	return nil, true
}

// turnPage goes to the next step or the one before; beyond the ends of a lesson lies the list.
func (m *Model) turnPage(key string) tea.Cmd {
	l := &m.learn
	if !l.open || l.going == nil {
		return nil
	}
	n := 1
	if key == "<" {
		n = -1
	}
	l.scroll = 0
	if l.going.Move(n) {
		return m.setUp()
	}
	l.going = nil
	return nil
}

// scrollPage moves the text of a step that is longer than the panel.
func (m *Model) scrollPage(key string) tea.Cmd {
	if key == "ctrl+u" {
		m.learn.scroll = max(0, m.learn.scroll-5)
	} else {
		m.learn.scroll += 5
	}
	return nil
}

// setUp shows the screen of the present step as the step wants it.
func (m *Model) setUp() tea.Cmd {
	p := m.learn.going
	cmds := []tea.Cmd{m.digit(string(p.Lesson.Screen))}
	s, ok := m.screens[m.active].(screen.Teachable)
	for _, set := range p.Step().Set {
		if !ok {
			break
		}
		cmd, err := s.Set(set.Name, set.Value)
		if err != nil {
			m.notice = screen.Notice{Text: err.Error(), Bad: true}
		}
		cmds = append(cmds, cmd)
	}
	return tea.Batch(cmds...)
}

// watchLearner looks whether the learner did what the step asks for.
func (m *Model) watchLearner() {
	p := m.learn.going
	if p == nil || m.entries[m.active].Digit != p.Lesson.Screen {
		return
	}
	if s, ok := m.screens[m.active].(screen.Teachable); ok && p.Look(s.Facts()) {
		m.dirty = true
		if !m.learn.open {
			m.notice = screen.Notice{Text: words[m.learn.lang].done + " — " + words[m.learn.lang].behind}
		}
	}
}

// view draws the panel.
func (l *lessons) view(w, h int, covers bool, th theme.Theme) string {
	iw, ih := widget.Inner(w, h)
	if l.going == nil {
		return widget.Box(words[l.lang].lessons, l.list(iw, ih, th), w, h, true, th)
	}
	p := l.going
	title := fmt.Sprintf("%d/%d %s", p.At()+1, len(p.Lesson.Steps), p.Lesson.Title[l.lang])
	lines := l.lines(iw, th)
	room := max(1, ih-2)
	l.scroll = max(0, min(l.scroll, len(lines)-room))
	shown := slices.Clone(lines[l.scroll:min(len(lines), l.scroll+room)])
	for len(shown) < room {
		shown = append(shown, "")
	}
	more := ""
	if len(lines) > l.scroll+room {
		more = "ctrl+d ↓"
	}
	say, style := words[l.lang].read, th.Dim
	switch {
	case p.Done() && p.Last():
		say, style = words[l.lang].last, th.Good
	case p.Done() && len(p.Step().Checks) > 0:
		say, style = words[l.lang].done, th.Good
	case !p.Done():
		say, style = words[l.lang].todo, th.Warn
	}
	if covers {
		say += " · " + words[l.lang].screen
	}
	shown = append(shown, th.Dim.Render(widget.Right(more, iw)), style.Render(widget.Fit(say, iw)))
	return widget.Box(title, strings.Join(shown, "\n"), w, h, true, th)
}

// lines are the text of the present step, rendered when it is another than before.
func (l *lessons) lines(w int, th theme.Theme) []string {
	p := l.going
	want := page{of: p.Lesson, step: p.At(), lang: l.lang, w: w, dark: th.Dark, plain: th.NoColor}
	if have := l.page; have.of != want.of || have.step != want.step || have.lang != want.lang || have.w != want.w ||
		have.dark != want.dark || have.plain != want.plain {
		want.lines = lesson.Render(p.Step().Text[l.lang], w, th)
		l.page = want
	}
	return l.page.lines
}

// list is the choice of lessons.
func (l *lessons) list(w, h int, th theme.Theme) string {
	room := max(1, h-2)
	first := max(0, min(l.cursor-room/2, len(l.all)-room))
	var lines []string
	for i := first; i < min(len(l.all), first+room); i++ {
		style := th.Text
		if i == l.cursor {
			style = th.Selected
		}
		lines = append(lines, style.Render(widget.Fit(fmt.Sprintf("%2d %s", i+1, l.all[i].Title[l.lang]), w)))
	}
	for len(lines) < room {
		lines = append(lines, "")
	}
	lines = append(lines, "", th.Dim.Render(widget.Fit(words[l.lang].choose, w)))
	return strings.Join(lines, "\n")
}
