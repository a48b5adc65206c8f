package widget

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/ui/theme"
)

// Inner is the size of the body of a Box of w x h: two cells less at either side, a line above and below.
func Inner(w, h int) (int, int) { return max(0, w-4), max(0, h-2) }

// Box is a panel with rounded corners, the title in the upper border, bright where it has the focus. The
// body is cut or filled to Inner(w, h). The title is cleaned; the body may have styles and pictures.
func Box(title, body string, w, h int, focused bool, th theme.Theme) string {
	if w < 5 || h < 2 {
		return Block("", w, h)
	}
	line := th.Border
	if focused {
		line = th.Focus
	}
	top := border("╭", "╮", titleText(title, focused, th), "", w, line)
	bottom := line.Render("╰" + strings.Repeat("─", w-2) + "╯")
	iw, ih := Inner(w, h)
	if ih == 0 {
		return top + "\n" + bottom
	}
	return top + "\n" + side(Block(body, iw, ih), line) + "\n" + bottom
}

func titleText(title string, focused bool, th theme.Theme) string {
	if title == "" {
		return ""
	}
	s := th.Title
	if focused {
		s = th.Focus
	}
	return s.Render(Clean(title))
}

// side puts the vertical borders and a blank beside every line.
func side(body string, line lipgloss.Style) string {
	l, r := line.Render("│")+" ", " "+line.Render("│")
	lines := strings.Split(body, "\n")
	for i := range lines {
		lines[i] = l + lines[i] + r
	}
	return strings.Join(lines, "\n")
}

// border is a horizontal border with a text near the left corner and one near the right one. Where both
// do not fit, the right one is left out; where the left one does not fit, it is cut.
func border(lc, rc, left, right string, w int, line lipgloss.Style) string {
	space := w - 4 // the corners, and one piece of line beside each
	lw, rw := label(left), label(right)
	if lw+rw > space && lw > 0 || rw > space {
		right, rw = "", 0
	}
	if lw > space {
		left, lw = ansi.Truncate(left, max(0, space-2), "…"), 0
		if lw = label(left); lw <= 2 {
			left, lw = "", 0
		}
	}
	var b strings.Builder
	b.WriteString(line.Render(lc + "─"))
	if lw > 0 {
		b.WriteString(" " + left + " ")
	}
	b.WriteString(line.Render(strings.Repeat("─", max(0, space-lw-rw))))
	if rw > 0 {
		b.WriteString(" " + right + " ")
	}
	b.WriteString(line.Render("─" + rc))
	return b.String()
}

// label is the width of a text in a border with the blanks around it.
func label(s string) int {
	if s == "" {
		return 0
	}
	return ansi.StringWidth(s) + 2
}

// Popup is the frame of something laid over the screen: a Box with the focus. The body may have styles.
func Popup(title, body string, w, h int, th theme.Theme) string {
	return Box(title, body, w, h, true, th)
}

// Overlay lays a block over a screen with its upper left corner at column x, line y; see Middle.
// Pictures of the screen below must have been prepared by picture.Store.Occlude.
func Overlay(screen, block string, x, y int) string {
	if block == "" {
		return screen
	}
	return lipgloss.NewCompositor(lipgloss.NewLayer(screen), lipgloss.NewLayer(block).X(x).Y(y).Z(1)).Render()
}

// Middle is the corner of a block of bw x bh in the middle of w x h.
func Middle(bw, bh, w, h int) (x, y int) { return max(0, (w-bw)/2), max(0, (h-bh)/2) }

// TabsLine is the first line of the screen: the program's name, the tabs with the active one marked, and,
// where there is room, a text at the right. Tabs that do not fit are left out whole, the active one never.
func TabsLine(name string, tabs []string, active int, right string, w int, th theme.Theme) string {
	if w < 4 {
		return Fit("", w)
	}
	left := th.Title.Render(Clean(name))
	room := w - 6 - ansi.StringWidth(left)
	if t := Tabs(tabs, active, room, th); strings.TrimSpace(ansi.Strip(t)) != "" {
		left += th.Border.Render(" ─ ") + strings.TrimRight(t, " ")
	}
	if right = Clean(right); right != "" {
		right = th.Dim.Render(right)
	}
	return border("╭", "╮", left, right, w, th.Border)
}

// Tabs is a line of w cells with the names of tabs; see TabsLine.
func Tabs(tabs []string, active, w int, th theme.Theme) string {
	parts := make([]string, len(tabs))
	sum := 0
	for i, t := range tabs {
		parts[i] = Clean(t)
		sum += ansi.StringWidth(parts[i]) + 2
	}
	first, last := 0, len(parts)
	for last-first > 1 && sum-2 > w { // drop the farther end
		drop := last - 1
		if active-first > last-1-active {
			drop = first
		}
		sum -= ansi.StringWidth(parts[drop]) + 2
		if drop == first {
			first++
		} else {
			last--
		}
	}
	var b strings.Builder
	for i := first; i < last; i++ {
		if i > first {
			b.WriteString("  ")
		}
		if i == active {
			b.WriteString(th.Selected.Render(parts[i]))
		} else {
			b.WriteString(th.Dim.Render(parts[i]))
		}
	}
	return Fit(b.String(), w)
}

// TabAt returns the tab under column x of a TabsLine, for mouse clicks.
func TabAt(name string, tabs []string, active, w, x int, th theme.Theme) (i int, ok bool) {
	line := ansi.Strip(TabsLine(name, tabs, active, "", w, th))
	for i, t := range tabs {
		k := strings.Index(line, Clean(t))
		if k < 0 {
			continue
		}
		at := ansi.StringWidth(line[:k])
		if x >= at && x < at+ansi.StringWidth(Clean(t)) {
			return i, true
		}
	}
	return 0, false
}

// Sides puts the borders of the screen beside the body of w-2 x h cells between TabsLine and KeysLine.
func Sides(body string, w, h int, th theme.Theme) string {
	if w < 3 || h <= 0 {
		return Block("", w, h)
	}
	bar := th.Border.Render("│")
	lines := strings.Split(Block(body, w-2, h), "\n")
	for i := range lines {
		lines[i] = bar + lines[i] + bar
	}
	return strings.Join(lines, "\n")
}
