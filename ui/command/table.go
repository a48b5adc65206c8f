package command

import (
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/widget"
)

func width(s string) int { return ansi.StringWidth(s) }

// table writes rows under titles, in columns as wide as they need. On a terminal a
// line that is too long is cut; a pipe gets all of it.
func (a *app) table(titles []string, rows [][]string) error {
	all := append([][]string{titles}, rows...)
	widths := make([]int, len(titles))
	for _, row := range all {
		for i, cell := range row {
			row[i] = widget.Clean(cell)
			widths[i] = max(widths[i], width(row[i]))
		}
	}
	limit := 0
	if a.out.terminal() {
		limit, _ = a.out.size()
	}
	var b strings.Builder
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
		}
		text := strings.TrimRight(line.String(), " ")
		if limit > 0 {
			text = ansi.Truncate(text, limit, "…")
		}
		b.WriteString(text + "\n")
	}
	_, err := io.WriteString(a.out, b.String())
	return err
}
