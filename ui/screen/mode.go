package screen

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/theme"
	"mllab/ui/widget"
)

// modesLine is the first line of a screen with modes: what is open, the most important first, and the modes at the right,
// each with the letter of its key.
func modesLine(w int, parts, modes []string, chosen int, th theme.Theme) string {
	var right []string
	for i, name := range modes {
		if i == chosen {
			right = append(right, th.Selected.Render(name))
			continue
		}
		right = append(right, th.Accent.Render(name[:1])+th.Dim.Render(name[1:]))
	}
	room := max(0, w-len(strings.Join(modes, "  "))-1)
	left, used := "", 0
	for i, part := range parts {
		part = widget.Clean(part)
		style, sep := th.Text, " · "
		if i == 0 {
			style, sep = th.Title, ""
		}
		if used += ansi.StringWidth(sep + part); i > 0 && used > room {
			break // whole or not at all
		}
		left += th.Dim.Render(sep) + style.Render(part)
	}
	return widget.Fit(widget.Fit(left, room)+" "+strings.Join(right, "  "), w)
}

// modeUnder is the mode whose name stands at column x of a modesLine.
func modeUnder(x, w int, modes []string) (i int, ok bool) {
	at := w - len(strings.Join(modes, "  "))
	for i, name := range modes {
		if x >= at && x < at+len(name) {
			return i, true
		}
		at += len(name) + 2
	}
	return 0, false
}
