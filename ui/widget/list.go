package widget

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/ui/theme"
)

// Tone is what a number or a row means, as a colour.
type Tone int

// The tones, named after the theme's tokens.
const (
	Plain Tone = iota
	Dim
	Accent
	Good
	Warn
	Bad
)

func (t Tone) style(th theme.Theme) lipgloss.Style {
	switch t {
	case Dim:
		return th.Dim
	case Accent:
		return th.Accent
	case Good:
		return th.Good
	case Warn:
		return th.Warn
	case Bad:
		return th.Bad
	}
	return th.Text
}

// Number is a line of Numbers: what it is, its value with the unit, and a remark such as a trend.
type Number struct {
	Key, Value, Note string
	Tone             Tone
}

// Numbers lists keys at the left and values in a column, right aligned, so that digits stand below digits.
// Where the width does not suffice, remarks are left out first, then keys are cut; a value that has
// no room is shown as "…", never in part. Rows beyond h are left out.
func Numbers(rows []Number, w, h int, th theme.Theme) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	keyW, valueW, noteW := 0, 0, 0
	for _, r := range rows {
		keyW = max(keyW, ansi.StringWidth(Clean(r.Key)))
		valueW = max(valueW, ansi.StringWidth(Clean(r.Value)))
		noteW = max(noteW, ansi.StringWidth(Clean(r.Note)))
	}
	if noteW > 0 && keyW+2+valueW+2+noteW > w {
		noteW = 0
	}
	valueW = min(valueW, w)
	keyW = min(keyW, max(0, w-valueW-1))
	gap := min(2, w-keyW-valueW)
	if keyW == 0 {
		gap = 0
	}
	lines := make([]string, 0, min(len(rows), h))
	for _, r := range rows[:min(len(rows), h)] {
		l := Fit(th.Dim.Render(Clean(r.Key)), keyW) + strings.Repeat(" ", gap) +
			Right(r.Tone.style(th).Render(whole(Clean(r.Value), valueW)), valueW)
		if noteW > 0 && r.Note != "" {
			l += "  " + th.Dim.Render(Clean(r.Note))
		}
		lines = append(lines, l)
	}
	return Block(strings.Join(lines, "\n"), w, h)
}

// NumbersLine is Numbers in one line, for small screens: "loss 112 · lr 1e-3". Those that do not fit are
// left out whole, from the end.
func NumbersLine(rows []Number, w int, th theme.Theme) string {
	var b strings.Builder
	used := 0
	for _, r := range rows {
		k, v := Clean(r.Key), strings.TrimSpace(Clean(r.Value))
		n := ansi.StringWidth(k) + 1 + ansi.StringWidth(v)
		if used > 0 {
			n += 3
		}
		if used+n > w {
			break
		}
		if used > 0 {
			b.WriteString(th.Dim.Render(" · "))
		}
		b.WriteString(th.Dim.Render(k) + " " + r.Tone.style(th).Render(v))
		used += n
	}
	return Fit(b.String(), w)
}

// whole is the text where it fits, or "…".
func whole(s string, w int) string {
	if ansi.StringWidth(s) <= w {
		return s
	}
	return "…"
}

// Bar is a gauge of exactly w cells, such as "▇▇▇▇▇▇▁▁  82%": a fraction of 0 to 1 (values outside are
// clamped, NaN is empty). Below 6 cells the per cents are left out.
func Bar(frac float64, w int, th theme.Theme) string {
	if w <= 0 {
		return ""
	}
	f := frac
	if !(f > 0) {
		f = 0
	}
	f = min(f, 1)
	n, text := w, ""
	if w >= 6 {
		n, text = w-5, " "+Percent(max(-0.99, min(frac, 9.99))) // three digits fit
	}
	full := int(f*float64(n) + .5)
	return th.Accent.Render(strings.Repeat("▇", full)) + th.Dim.Render(strings.Repeat("▁",
		n-full)) + th.Text.Render(text)
}

// Column is a column of a Table. Numbers are right aligned and shown whole or as "…"; Min is its least width,
// below which, from the right, columns are left out.
type Column struct {
	Title  string
	Number bool
	Min    int
}

// Table shows rows of texts under titles in w x h, with the row cursor marked (-1 for none) and kept in
// view. The widest text column gives way first when the width does not suffice.
func Table(cols []Column, rows [][]string, cursor, w, h int, th theme.Theme) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	widths := columnWidths(cols, rows, w)
	lines := []string{tableLine(cols, widths, titles(cols), w, th.Dim)}
	room := max(0, h-1)
	first := max(0, min(cursor-room/2, len(rows)-room))
	for i := first; i < min(first+room, len(rows)); i++ {
		style := th.Text
		if i == cursor {
			style = th.Selected
		}
		lines = append(lines, tableLine(cols, widths, rows[i], w, style))
	}
	return Block(strings.Join(lines, "\n"), w, h)
}

// TableRow returns the row of a Table of this height that stands on line y of it, for mouse clicks.
func TableRow(rows, cursor, h, y int) (i int, ok bool) {
	room := max(0, h-1)
	i = max(0, min(cursor-room/2, rows-room)) + y - 1
	return i, y >= 1 && y < h && i < rows
}

func titles(cols []Column) []string {
	t := make([]string, len(cols))
	for i, c := range cols {
		t[i] = c.Title
	}
	return t
}

// columnWidths gives each column what its texts need, then takes from the widest text columns; columns
// that get no width are not shown.
func columnWidths(cols []Column, rows [][]string, w int) []int {
	widths := make([]int, len(cols))
	for i, c := range cols {
		widths[i] = max(1, ansi.StringWidth(Clean(c.Title)))
		for _, r := range rows {
			if i < len(r) {
				widths[i] = max(widths[i], ansi.StringWidth(Clean(r[i])))
			}
		}
	}
	for shown := len(cols); shown > 0; shown-- {
		used := 2 * (shown - 1)
		for _, x := range widths[:shown] {
			used += x
		}
		for used > w {
			k := -1
			for i := range shown {
				if !cols[i].Number && widths[i] > max(cols[i].Min, 4) && (k < 0 || widths[i] > widths[k]) {
					k = i
				}
			}
			if k < 0 {
				break
			}
			widths[k]--
			used--
		}
		if used <= w || shown == 1 {
			clear(widths[shown:])
			widths[0] = min(widths[0], w)
			return widths
		}
	}
	return widths
}

func tableLine(cols []Column, widths []int, cells []string, w int, style lipgloss.Style) string {
	var b strings.Builder
	for i, c := range cols {
		if widths[i] == 0 {
			continue
		}
		text := ""
		if i < len(cells) {
			text = Clean(cells[i])
		}
		if i > 0 {
			b.WriteString("  ")
		}
		if c.Number {
			b.WriteString(Right(whole(text, widths[i]), widths[i]))
		} else {
			b.WriteString(Fit(text, widths[i]))
		}
	}
	return style.Render(Fit(b.String(), w))
}
