package widget

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Clean makes a text from outside safe for one line of a terminal: tabs and line ends become a space, other
// control characters, escape sequences and characters that change the direction of writing are
// shown as "␛[31m", "\u202e" and the like, broken UTF-8 as "�". It is the identity on plain text.
func Clean(s string) string {
	ok := true
	for _, r := range s {
		if r == unicode.ReplacementChar || !plain(r) {
			ok = false
			break
		}
	}
	if ok {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			b.WriteByte(' ')
		case r < 0x20:
			b.WriteRune('␀' + r)
		case r == 0x7f:
			b.WriteRune('␡')
		case plain(r):
			b.WriteRune(r)
		default:
			b.WriteString(escaped(r))
		}
	}
	return b.String()
}

// plain reports whether a character may reach the terminal as it is. Joiners and variation selectors
// belong to emoji and scripts and stay; the no-break space is the pictures' own and is shown as a space
// would be, so it stays too.
func plain(r rune) bool {
	switch {
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		return false
	case r < 0x2000:
		return r != 0xad && r != 0x061c && r != 0x180e
	case r == 0x200c || r == 0x200d:
		return true
	}
	return !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

func escaped(r rune) string {
	const digits = "0123456789abcdef"
	if r > 0xffff {
		return "\\U{" + string([]byte{digits[r>>20&15], digits[r>>16&15], digits[r>>12&15], digits[r>>8&15],
			digits[r>>4&15], digits[r&15]}) + "}"
	}
	return "\\u" + string([]byte{digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15]})
}

// Fit makes one line exactly w cells wide: cut with "…", or filled with spaces. The line may have
// styles; line ends in it become spaces.
func Fit(line string, w int) string {
	if w <= 0 {
		return ""
	}
	if strings.ContainsAny(line, "\r\n\t") {
		line = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(line)
	}
	n := ansi.StringWidth(line)
	if n > w {
		line = withoutPrivate(ansi.Truncate(line, w, "…"))
		n = ansi.StringWidth(line)
	}
	return line + strings.Repeat(" ", max(0, w-n))
}

// withoutPrivate takes private messages (ESC ^ ... ESC \) out of a line that was cut: they mark something of
// the line's full width, such as a row of a picture, which is then better left out than misplaced.
func withoutPrivate(s string) string {
	for {
		k := strings.Index(s, "\x1b^")
		if k < 0 {
			return s
		}
		e := strings.Index(s[k:], "\x1b\\")
		if e < 0 {
			return s[:k]
		}
		s = s[:k] + s[k+e+2:]
	}
}

// Right is Fit with the text at the right end.
func Right(line string, w int) string {
	if n := ansi.StringWidth(line); n < w {
		return strings.Repeat(" ", w-n) + line
	}
	return Fit(line, w)
}

// Center is Fit with the text in the middle.
func Center(line string, w int) string {
	n := ansi.StringWidth(line)
	return Fit(strings.Repeat(" ", max(0, (w-n)/2))+line, w)
}

// Block makes a text of any lines exactly w x h: lines cut or filled, lines dropped below or added.
func Block(text string, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	out := make([]string, h)
	for i := range out {
		if i < len(lines) {
			out[i] = Fit(lines[i], w)
		} else {
			out[i] = strings.Repeat(" ", w)
		}
	}
	return strings.Join(out, "\n")
}

// Wrap breaks a cleaned text at words into a block of w x h; what does not fit ends in "…".
func Wrap(text string, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	var lines []string
	for l := range strings.SplitSeq(text, "\n") {
		lines = append(lines, strings.Split(ansi.Wrap(Clean(l), w, ""), "\n")...)
	}
	if len(lines) > h {
		lines[h-1] = ansi.Truncate(lines[h-1], w-1, "") + "…"
	}
	return Block(strings.Join(lines, "\n"), w, h)
}

// Columns puts blocks of equal height side by side; gap spaces stand between them. Blocks of other
// heights are filled or cut to the first one's.
func Columns(gap int, blocks ...string) string {
	var kept [][]string
	var widths []int
	for _, b := range blocks {
		if b == "" {
			continue
		}
		ls := strings.Split(b, "\n")
		w := 0
		for _, l := range ls {
			w = max(w, ansi.StringWidth(l))
		}
		kept, widths = append(kept, ls), append(widths, w)
	}
	if len(kept) == 0 {
		return ""
	}
	out := make([]string, len(kept[0]))
	for y := range out {
		var b strings.Builder
		for i, ls := range kept {
			if i > 0 {
				b.WriteString(strings.Repeat(" ", max(gap, 0)))
			}
			l := ""
			if y < len(ls) {
				l = ls[y]
			}
			b.WriteString(l)
			b.WriteString(strings.Repeat(" ", widths[i]-ansi.StringWidth(l)))
		}
		out[y] = b.String()
	}
	return strings.Join(out, "\n")
}

// Rows puts blocks one below the other and leaves empty ones out.
func Rows(blocks ...string) string {
	var kept []string
	for _, b := range blocks {
		if b != "" {
			kept = append(kept, b)
		}
	}
	return strings.Join(kept, "\n")
}
