package screen

import (
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// maxLine bounds what is typed or pasted into a prompt, in bytes.
const maxLine = 1 << 14

// line is a text that is being typed, with a cursor in it.
type line struct {
	text []rune
	at   int // the cursor stands before this character
}

func lineOf(text string) line {
	r := []rune(text)
	return line{r, len(r)}
}

func (l *line) String() string { return string(l.text) }

// left is what stands before the cursor.
func (l *line) left() string { return string(l.text[:l.at]) }

// key takes a key that edits a line, and reports whether it was one.
func (l *line) key(key tea.KeyPressMsg) bool {
	switch key.String() {
	case "left", "ctrl+b":
		l.at = max(0, l.at-1)
	case "right", "ctrl+f":
		l.at = min(len(l.text), l.at+1)
	case "home", "ctrl+a":
		l.at = 0
	case "end", "ctrl+e":
		l.at = len(l.text)
	case "ctrl+left", "alt+left", "alt+b":
		l.at = l.wordLeft()
	case "ctrl+right", "alt+right", "alt+f":
		l.at = l.wordRight()
	case "backspace":
		l.cut(max(0, l.at-1), l.at)
	case "delete":
		l.cut(l.at, min(len(l.text), l.at+1))
	case "ctrl+w", "alt+backspace":
		l.cut(l.wordLeft(), l.at)
	case "ctrl+u":
		l.cut(0, l.at)
	case "ctrl+k":
		l.cut(l.at, len(l.text))
	default:
		return l.insert(key.Text)
	}
	return true
}

// insert puts a text at the cursor; what is pasted loses its line ends and control characters.
func (l *line) insert(text string) bool {
	var add []rune
	room := maxLine - len(string(l.text))
	for _, r := range text {
		if r == '\n' || r == '\t' || r == '\r' {
			r = ' '
		}
		if room -= utf8.RuneLen(r); room < 0 {
			break
		}
		if unicode.IsPrint(r) || r == '\u200d' || unicode.Is(unicode.Mn, r) {
			add = append(add, r)
		}
	}
	if len(add) == 0 {
		return text != ""
	}
	l.text = append(append(append([]rune(nil), l.text[:l.at]...), add...), l.text[l.at:]...)
	l.at += len(add)
	return true
}

func (l *line) cut(from, to int) {
	l.text = append(append([]rune(nil), l.text[:from]...), l.text[to:]...)
	l.at = from
}

func (l *line) wordLeft() int {
	i := l.at
	for i > 0 && l.text[i-1] == ' ' {
		i--
	}
	for i > 0 && l.text[i-1] != ' ' {
		i--
	}
	return i
}

func (l *line) wordRight() int {
	i := l.at
	for i < len(l.text) && l.text[i] == ' ' {
		i++
	}
	for i < len(l.text) && l.text[i] != ' ' {
		i++
	}
	return i
}
