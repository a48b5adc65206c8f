package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// legend names the series and what is special, in LegendRows lines; items that do not fit are left out whole.
func (c *Chart) legend() string {
	items, room := c.items(), c.W-c.labelW-1
	lines := make([]string, c.opts.LegendRows)
	for i := range lines {
		n := len(items)
		if i < len(lines)-1 {
			n = inLine(items, room)
		}
		lines[i] = Fit(strings.Repeat(" ", c.labelW+1)+joinWhole(items[:n], "  ", room), c.W)
		items = items[n:]
	}
	return strings.Join(lines, "\n")
}

// legendRows is how many lines the legend needs, at most so many and at least one.
func (c *Chart) legendRows(most int) int {
	const usual = 6 // cells of the axis' labels, which are not known yet
	rows, items := 1, c.items()
	for rows < most {
		if items = items[inLine(items, c.W-usual):]; len(items) == 0 {
			break
		}
		rows++
	}
	return rows
}

// inLine is how many of the items stand in a line of w cells: one at least, if there is any.
func inLine(items []string, w int) int {
	n := len(items)
	for n > 1 && ansi.StringWidth(strings.Join(items[:n], "  ")) > w {
		n--
	}
	return n
}

// items are the names of the series with their strokes, and the notes.
func (c *Chart) items() []string {
	var items []string
	for i, s := range c.series {
		dash := "──"
		if c.dashed(i) {
			dash = "┄┄"
		}
		items = append(items, c.th.SeriesStyle(i).Render(dash)+" "+c.th.Text.Render(Clean(s.Name)))
	}
	for _, n := range c.notes() {
		items = append(items, c.th.Dim.Render(n))
	}
	return items
}

// notes are remarks on what is drawn and what is not.
func (c *Chart) notes() []string {
	var notes []string
	skipped, low := 0, 0
	for _, s := range c.series {
		if s.Curve == nil {
			continue
		}
		skipped += s.Curve.Skipped()
		for _, b := range s.Curve.buckets {
			low += b.nonPositive
		}
	}
	if skipped > 0 {
		notes = append(notes, Count(skipped)+" nan or inf")
	}
	if c.opts.LogY {
		if low > 0 {
			notes = append(notes, Count(low)+" not positive")
		}
		notes = append(notes, "log y")
	}
	if c.opts.Smooth > 0 {
		notes = append(notes, "smooth "+SigDigits(c.opts.Smooth, 2))
	}
	return notes
}

// joinWhole joins the items that fit into w cells.
func joinWhole(items []string, sep string, w int) string {
	var b strings.Builder
	used := 0
	for _, it := range items {
		n := ansi.StringWidth(it)
		if used > 0 {
			n += len(sep)
		}
		if used+n > w {
			continue
		}
		if used > 0 {
			b.WriteString(sep)
		}
		b.WriteString(it)
		used += n
	}
	return b.String()
}
