package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// field is what a text is typed for.
type field int

// The fields: the three prompts, the value of the chosen setting, and a path.
const (
	fieldPrompt field = iota
	fieldNegative
	fieldTo
	fieldValue
	fieldPath
)

// typing is a text that is being typed.
type typing struct {
	field field
	line
	found []string // words that the last one may become
	pick  int      // the one that tab put in; -1: none yet
	stem  string   // what was left of the cursor before tab put it in
}

const mostFound = 6 // words that are offered

// words reports whether it is a prompt.
func (t *typing) words() bool { return t.field <= fieldTo }

// typeText begins to type, with a text to begin with.
func (s *Studio) typeText(f field, text string) tea.Cmd {
	s.typing = &typing{field: f, line: lineOf(text), pick: -1}
	s.history.begin()
	s.offer()
	return nil
}

func (s *Studio) typePrompt(string) tea.Cmd   { return s.typeText(fieldPrompt, s.asked.Prompt) }
func (s *Studio) typeNegative(string) tea.Cmd { return s.typeText(fieldNegative, s.asked.Negative) }
func (s *Studio) typeTo(string) tea.Cmd       { return s.typeText(fieldTo, s.asked.To) }
func (s *Studio) typePath(string) tea.Cmd     { return s.typeText(fieldPath, "") }

// typeValue has the chosen setting typed; a digit begins it.
func (s *Studio) typeValue(key string) tea.Cmd {
	text := s.chosenRow().get(s)
	if len(key) == 1 && strings.Contains("0123456789.-", key) {
		text = key
	}
	return s.typeText(fieldValue, text)
}

// Typing reports whether keys are text.
func (s *Studio) Typing() bool { return s.typing != nil }

// Type takes a key of a text: enter takes it, escape drops it, tab completes the last word, up and down go through
// what was typed before.
func (s *Studio) Type(key tea.KeyPressMsg) tea.Cmd {
	t := s.typing
	switch key.String() {
	case "esc":
		s.typing = nil
		return s.draw()
	case "enter":
		s.typing = nil
		return s.takeText(t)
	case "tab", "shift+tab":
		s.complete(key.String() == "tab")
		return nil
	case "up", "down":
		if t.words() {
			t.line = lineOf(s.history.move(t.String(), key.String() == "up"))
			s.offer()
		}
		return nil
	}
	if t.key(key) {
		s.offer()
	}
	return nil
}

// paste takes what the terminal pastes.
func (s *Studio) paste(text string) tea.Cmd {
	if s.typing != nil {
		s.typing.insert(text)
		s.offer()
	}
	return nil
}

// offer finds the words that the last one before the cursor may become: known ones that begin with it, or the
// nearest of one that is not known.
func (s *Studio) offer() {
	t := s.typing
	t.found, t.pick = nil, -1
	if s.net == nil || !t.words() {
		return
	}
	left := t.left()
	last := left[strings.LastIndexByte(left, ' ')+1:]
	if last == "" {
		return
	}
	if t.found = s.net.Complete(left, mostFound); len(t.found) == 0 {
		for _, w := range s.net.Read(last).Unknown {
			t.found = w.Nearest
		}
	}
}

// complete puts the next of the offered words in the place of the last one.
func (s *Studio) complete(forward bool) {
	t := s.typing
	if len(t.found) == 0 {
		return
	}
	if t.pick < 0 {
		t.stem = t.left()
	}
	n := len(t.found)
	switch {
	case forward:
		t.pick = (t.pick + 1) % n
	default:
		t.pick = (max(t.pick, 0) + n - 1) % n
	}
	rest := t.text[t.at:]
	left := []rune(lab.Completed(t.stem, t.found[t.pick]))
	t.text = append(append([]rune(nil), left...), rest...)
	t.at = len(left)
}

// takeText takes what was typed.
func (s *Studio) takeText(t *typing) tea.Cmd {
	text := strings.TrimSpace(t.String())
	switch t.field {
	case fieldPath:
		if text == "" {
			return nil
		}
		return s.openPath(text)
	case fieldValue:
		row := s.chosenRow()
		cmd, err := s.change(func() error { return row.set(s, text) })
		if err != nil {
			return send(Notice{Text: err.Error(), Bad: true})
		}
		return cmd
	case fieldNegative:
		s.asked.Negative = text
	case fieldTo:
		s.asked.To = text
	default:
		s.asked.Prompt = text
	}
	s.asked.typed = true
	s.history.add(text)
	s.read()
	return tea.Batch(s.keep(text), s.paint(""))
}

// keep writes a prompt to the file of prompts in the background.
func (s *Studio) keep(text string) tea.Cmd {
	if s.lab.Session == nil || text == "" {
		return nil
	}
	root := s.lab.Session.Root()
	return func() tea.Msg {
		if err := keepPrompt(root, text); err != nil {
			return Notice{Text: "the prompt is not kept for later: " + err.Error()}
		}
		return nil
	}
}

// oneLine is a text from elsewhere as it may stand in a line.
func oneLine(text string) string {
	var l line
	l.insert(text)
	return strings.TrimSpace(l.String())
}

// remark is what is to be said of the prompts, the most important first; "" where they are understood.
func (s *Studio) remark() string {
	r := s.reading
	if s.mode == studioMorph && len(r.Unknown) == 0 && !r.Cut {
		r = s.other
	}
	return remarkOn(r)
}

func remarkOn(r lab.Reading) string {
	switch {
	case len(r.Unknown) > 0:
		var all []string
		for _, w := range r.Unknown {
			text := "“" + w.Word + "”"
			if len(w.Nearest) > 0 {
				text += ": " + strings.Join(w.Nearest, ", ") + "?"
			}
			all = append(all, text)
		}
		return "not known " + strings.Join(all, " · ")
	case r.Cut:
		return "the prompt is long: only its first words are read, not those in grey"
	}
	return ""
}
