package screen

import (
	"math"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/gen"
	"mllab/ui/lab"
	"mllab/ui/widget"
)

// editor is the panel of hyper-parameters, which change at once, and of settings, which compile the step anew.
type editor struct {
	row   int
	typed string            // what is being written into the row
	picks map[string]string // settings chosen and not compiled yet
}

// editKeys are the keys of the panel; while it is open they come by Type.
func (t *Train) editKeys(bind func(help, shown, long string, do func(string) tea.Cmd, press ...string) Key) []Key {
	keys := []Key{
		bind("edit", "↑↓ +/-", "edit: choose, step; or digits and enter", t.editKey,
			"up", "down", "backspace", "enter", "esc"),
	}
	for i := range keys {
		keys[i].Hidden = func() bool { return t.editor == nil }
	}
	return keys
}

func (t *Train) edit(string) tea.Cmd {
	t.follow(t.lab.Job.State())
	switch {
	case t.editor != nil:
		t.editor = nil
	case !t.state.Phase.Running():
		return send(Notice{Text: overText})
	case len(t.state.Knobs) == 0:
		return send(Notice{Text: "the step is being compiled: its numbers can be changed in a moment"})
	default:
		t.editor = &editor{picks: map[string]string{}}
	}
	return nil
}

// Typing reports whether the panel is open: it takes digits.
func (t *Train) Typing() bool { return t.editor != nil }

// Type gives a key to the panel.
func (t *Train) Type(key tea.KeyPressMsg) tea.Cmd { return t.editKey(key.String()) }

// editRow is a line of the panel.
type editRow struct {
	knob    lab.Knob
	setting gen.Setting // with a Key where the row is a setting
	value   string
}

// editRows lists the knobs, then the settings that are none.
func (t *Train) editRows() []editRow {
	var rows []editRow
	knobs := map[string]bool{"lr": true}
	for _, k := range t.state.Knobs {
		knobs[gen.KnobSetting(k.Name)] = true
		rows = append(rows, editRow{knob: k, value: knobText(k)})
	}
	m, err := gen.Find(t.state.Model)
	if err != nil || t.state.Settings == nil {
		return rows
	}
	for _, s := range m.Settings() {
		if !knobs[s.Key] {
			rows = append(rows, editRow{setting: s, value: t.state.Settings[s.Key]})
		}
	}
	return rows
}

// knobText writes the value of a knob.
func knobText(k lab.Knob) string {
	switch {
	case k.Value == 0 && strings.HasPrefix(k.Name, "lr."):
		return "as lr"
	case k.Value == 0 && k.Name == "clip":
		return "any"
	case k.Decay || k.Value == 0:
		return strconv.FormatFloat(k.Value, 'g', 6, 64)
	}
	return rateText(k.Value)
}

func (t *Train) editKey(key string) tea.Cmd {
	t.follow(t.lab.Job.State())
	e, rows := t.editor, t.editRows()
	if e == nil || len(rows) == 0 {
		t.editor = nil
		return nil
	}
	e.row = min(e.row, len(rows)-1)
	switch {
	case key == "enter":
		return t.accept(rows[e.row])
	case key == "esc" && e.typed != "", key == "backspace" && e.typed != "":
		e.typed = e.typed[:len(e.typed)-1]
		if key == "esc" {
			e.typed = ""
		}
	case e.writes(key):
		if len(e.typed) < 12 {
			e.typed += key
		}
	case key == "esc" || key == "q":
		t.editor = nil
	case key == "e":
		t.editor = nil
	case key == "up" || key == "k" || key == "shift+tab":
		e.row, e.typed = (e.row+len(rows)-1)%len(rows), ""
	case key == "down" || key == "j" || key == "tab":
		e.row, e.typed = (e.row+1)%len(rows), ""
	case key == "+" || key == "=" || key == "-" || key == "right" || key == "left":
		return t.nudge(rows[e.row], key != "-" && key != "left")
	case key == "space" || key == " ":
		return t.pause(key)
	}
	return nil
}

// writes reports whether a key is part of the number that is being written.
func (e *editor) writes(key string) bool {
	if len(key) != 1 {
		return false
	}
	if strings.Contains("0123456789.", key) {
		return true
	}
	exponent := strings.HasSuffix(e.typed, "e")
	return key == "e" && e.typed != "" && !strings.Contains(e.typed, "e") || (key == "-" || key == "+") && exponent
}

// accept sets the row to what was typed; a setting without anything typed is compiled as it was picked.
func (t *Train) accept(r editRow) tea.Cmd {
	e, text := t.editor, t.editor.typed
	e.typed = ""
	if r.setting.Key != "" {
		if text == "" {
			text = e.picks[r.setting.Key]
		}
		if text == "" {
			return nil
		}
		delete(e.picks, r.setting.Key)
		return t.control(func(j controlled) error { return j.Change(map[string]string{r.setting.Key: text}) })
	}
	if text == "" {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return send(Notice{Text: r.knob.Name + " " + text + ": want a number such as 5e-4", Bad: true})
	}
	return t.turnTo(r.knob, v)
}

func (t *Train) turnTo(k lab.Knob, v float64) tea.Cmd {
	return t.control(func(j controlled) error { return j.Set(k.Name, v) })
}

// control does something to the job, and says why where that cannot be.
func (t *Train) control(do func(controlled) error) tea.Cmd {
	j, ok := t.lab.Job.(controlled)
	if !ok {
		return send(Notice{Text: overText})
	}
	if err := do(j); err != nil {
		return send(Notice{Text: err.Error(), Bad: true})
	}
	t.follow(t.lab.Job.State())
	return nil
}

// nudge steps a knob, or picks the next value of a setting.
func (t *Train) nudge(r editRow, up bool) tea.Cmd {
	e := t.editor
	e.typed = ""
	if r.setting.Key == "" {
		return t.turnTo(r.knob, rung(r.knob, up, t.state.LR))
	}
	value := r.value
	if p, ok := e.picks[r.setting.Key]; ok {
		value = p
	}
	next := value
	if c := r.setting.Choices; c != nil {
		at := 0
		for i := range c {
			if c[i] == value {
				at = i
			}
		}
		next = c[(at+len(c)+map[bool]int{true: 1, false: -1}[up])%len(c)]
	} else if v, err := strconv.ParseFloat(value, 64); err == nil {
		next = strconv.FormatFloat(ladderIn(v, up, 1e-8, 1e9), 'g', -1, 64)
		if r.setting.Check(next) != nil {
			next = value
		}
	}
	e.picks[r.setting.Key] = next
	return nil
}

// rung is the next value of a knob: on the ladder 1, 2, 5, 10, or for a decay with its distance from 1 on it. From
// 0, which means off, a ladder begins at a value that does something.
func rung(k lab.Knob, up bool, lr float64) float64 {
	const off, first = 1e-6, 1e-3
	v := k.Value
	switch {
	case k.Decay:
		rest := ladderIn(1-v, !up, 1e-5, 1)
		v = math.Round((1-rest)*1e6) / 1e6
	case v == 0 && !up, v <= off && !up && k.Min == 0:
		v = 0
	case v == 0 && strings.HasPrefix(k.Name, "lr."):
		v = lr
	case v == 0:
		v = first
	default:
		v = ladderIn(v, up, 1e-12, 1e9)
	}
	return max(k.Min, min(v, k.Max))
}

// panelOver lays the open panel over a screen that has no place of its own for it.
func (t *Train) panelOver(text string, w, h int) string {
	if t.editor == nil {
		return text
	}
	rows := t.editRows()
	bw := min(46, w)
	bh := min(len(rows)+6, h-1)
	iw, ih := widget.Inner(bw, bh)
	body := t.editText(rows, iw, ih)
	x, y := max(0, w-bw), max(0, min(1, h-bh))
	if t.lab.Store != nil {
		text = t.lab.Store.Occlude(text, y, y+bh)
	}
	return widget.Overlay(text, widget.Popup("edit", body, bw, bh, t.lab.Theme), x, y)
}

// editText is the inside of the panel: rows around the chosen one, what it is, and the keys.
func (t *Train) editText(rows []editRow, w, h int) string {
	if len(rows) == 0 {
		return ""
	}
	e, th := t.editor, t.lab.Theme
	at := min(e.row, len(rows)-1)
	r := rows[at]
	what, keys := r.knob.What, "+/- steps it, or digits and enter; esc closes"
	if r.setting.Key != "" {
		what, keys = r.setting.What, "+/- picks, enter compiles anew; esc closes"
	}
	var below []string
	for _, text := range []string{what, keys} {
		for _, line := range strings.Split(ansi.Wrap(widget.Clean(text), w, ""), "\n") {
			below = append(below, th.Dim.Render(widget.Fit(line, w)))
		}
	}
	const mostBelow = 4
	below = below[:min(len(below), mostBelow, max(0, h-2))]
	room := max(1, h-1-len(below))
	first := max(0, min(at-room/2, len(rows)-room))
	var lines []string
	for i := first; i < min(first+room, len(rows)); i++ {
		lines = append(lines, t.editLine(rows[i], i == at, w))
	}
	return strings.Join(append(append(lines, ""), below...), "\n")
}

// editLine is a row of the panel.
func (t *Train) editLine(r editRow, chosen bool, w int) string {
	e, th := t.editor, t.lab.Theme
	name, value, style := r.knob.Name, r.value, th.Text
	if r.setting.Key != "" {
		name, style = r.setting.Key, th.Dim
		if p, ok := e.picks[name]; ok && p != value {
			value += " → " + p
		}
	}
	if chosen {
		style = th.Selected
		if e.typed != "" {
			value = e.typed + "▏"
		}
	}
	const nameW = 12
	return style.Render(widget.Fit(widget.Fit(name, nameW)+widget.Right(widget.Clean(value), max(0, w-nameW)), w))
}
