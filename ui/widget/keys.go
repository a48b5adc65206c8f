package widget

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/theme"
)

// Binding is a key, or several as they are shown ("+/-"), and what it does in a word or two.
type Binding struct {
	Keys, Help string
	// Long is the sentence for the help screen; empty means Help.
	Long string
	// Stays says that the line of keys drops it last.
	Stays bool
}

// KeyGroup is a part of the help screen.
type KeyGroup struct {
	Title    string
	Bindings []Binding
}

// KeysLine is the last line of the screen: the keys of what has the focus, in order of importance. Those
// that do not fit are left out whole, from the end, and those that stay last of all.
func KeysLine(bindings []Binding, w int, th theme.Theme) string {
	if w < 4 {
		return Fit("", w)
	}
	return border("╰", "╯", Keys(bindings, w-6, th), "", w, th.Border)
}

// Keys is the text of KeysLine, at most w cells wide.
func Keys(bindings []Binding, w int, th theme.Theme) string {
	list := make([]Binding, 0, len(bindings))
	sum := 0
	for _, b := range bindings {
		b.Keys, b.Help = Clean(b.Keys), Clean(b.Help)
		list = append(list, b)
		sum += b.width()
	}
	for len(list) > 0 && sum-3 > w {
		drop := len(list) - 1
		for drop > 0 && list[drop].Stays {
			drop--
		}
		if list[drop].Stays {
			drop = len(list) - 1
		}
		sum -= list[drop].width()
		list = append(list[:drop:drop], list[drop+1:]...)
	}
	parts := make([]string, len(list))
	for i, b := range list {
		parts[i] = th.Accent.Render(b.Keys) + " " + th.Text.Render(b.Help)
	}
	return strings.Join(parts, th.Dim.Render(" · "))
}

// width is that of the binding in a line with the separator behind it.
func (b Binding) width() int { return ansi.StringWidth(b.Keys) + 1 + ansi.StringWidth(b.Help) + 3 }

// Help is a page, counted from 0, of the table of all keys in w x h, in as many columns as fit, groups kept together
// where possible, and how many pages there are. Where there are several, the last line says which this is; beyond the
// last it is the last.
func Help(groups []KeyGroup, w, h, page int, th theme.Theme) (text string, pages int) {
	if w <= 0 || h <= 0 {
		return "", 1
	}
	keyW, textW := 0, 0
	for _, g := range groups {
		for _, b := range g.Bindings {
			keyW = max(keyW, ansi.StringWidth(Clean(b.Keys)))
			textW = max(textW, ansi.StringWidth(Clean(b.long())))
		}
	}
	keyW = min(keyW, max(1, w/2))
	colW := min(w, keyW+2+textW)
	var cols [][]string
	for _, g := range groups {
		part := g.lines(keyW, colW, th)
		if n := len(cols); n > 0 && len(cols[n-1])+1+len(part) <= h {
			cols[n-1] = append(append(cols[n-1], ""), part...)
			continue
		}
		cols = append(cols, part)
	}
	fit := max(1, (w+3)/(colW+3))
	if fit >= len(cols) && (len(cols) == 0 || len(cols[0]) <= h) {
		return Block(Columns(3, blocks(cols, colW, h)...), w, h), 1
	}
	if whole := reflow(cols, h); len(whole) <= fit {
		return Block(Columns(3, blocks(whole, colW, h)...), w, h), 1
	}
	cols = reflow(cols, max(1, h-1))
	pages = (len(cols) + fit - 1) / fit
	page = min(max(page, 0), pages-1)
	text = Block(Columns(3, blocks(cols[page*fit:min((page+1)*fit, len(cols))], colW, h)...), w, h)
	lines := strings.Split(text, "\n")
	lines[h-1] = Fit(th.Dim.Render(fmt.Sprintf("page %d of %d · ↓ ↑ turn", page+1, pages)), w)
	return strings.Join(lines, "\n"), pages
}

// blocks makes each column w x h.
func blocks(cols [][]string, w, h int) []string {
	all := make([]string, len(cols))
	for i, c := range cols {
		all[i] = Block(strings.Join(c, "\n"), w, h)
	}
	return all
}

// reflow cuts the columns into pieces of h lines.
func reflow(cols [][]string, h int) [][]string {
	var all []string
	for i, c := range cols {
		if i > 0 {
			all = append(all, "")
		}
		all = append(all, c...)
	}
	var out [][]string
	for len(all) > 0 {
		n := min(h, len(all))
		out = append(out, all[:n])
		all = all[n:]
	}
	return out
}

func (b Binding) long() string {
	if b.Long != "" {
		return b.Long
	}
	return b.Help
}

func (g KeyGroup) lines(keyW, w int, th theme.Theme) []string {
	var out []string
	if g.Title != "" {
		out = append(out, Fit(th.Title.Render(Clean(g.Title)), w))
	}
	for _, b := range g.Bindings {
		key := Fit(th.Accent.Render(Clean(b.Keys)), keyW)
		out = append(out, Fit(key+"  "+th.Text.Render(Clean(b.long())), w))
	}
	return out
}
