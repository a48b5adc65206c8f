package screen

import (
	"fmt"
	"strings"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// promptsTitles name pictures that were painted after words, the longest first.
func promptsTitles(v lab.View) []string {
	judged, right := 0, 0
	for _, c := range v.Captions {
		if c.Judged {
			judged++
		}
		if c.Right {
			right++
		}
	}
	name := widget.Clean(v.Name)
	if judged == 0 {
		return []string{name + " (fixed noise)", name}
	}
	count := fmt.Sprintf(" · %d/%d right", right, judged)
	return []string{name + " (fixed noise)" + count, name + count, name}
}

// Words beside a picture need so many cells in a line.
const leastWords = 14

// slot is the size in cells of a picture in a list, with its words beside it.
type slot struct{ cols, rows int }

// slotFor chooses how large pictures of w x h pixels are in a box of cols x rows cells: enlarged as much as leaves room
// for eight of them, or at least as they are for four; where they are too large for that, made smaller.
func slotFor(w, h, cols, rows int, d picture.Display) slot {
	cellW, cellH := d.Pixels(1, 1)
	at := func(k, part int) slot {
		return slot{(w*k/part + cellW - 1) / cellW, (h*k/part + cellH - 1) / cellH}
	}
	fits := func(s slot, count int) bool {
		return s.rows > 0 && rows/s.rows >= count && cols-s.cols-1 >= leastWords
	}
	const enough, least = 8, 4
	for k := max(3, rows*cellH/max(1, h)); k >= 1; k-- {
		count := enough
		if k <= 2 {
			count = least
		}
		if s := at(k, 1); fits(s, count) {
			return s
		}
	}
	for part := 2; part <= 8; part++ {
		if s := at(1, part); fits(s, 2) {
			return s
		}
	}
	return slot{min(max(1, cols-1), 8), min(max(1, rows), 4)}
}

// chosen are the numbers of n pictures out of those that were painted, a quarter of them of what training never shows,
// which stand last.
func chosen(all []lab.Caption, n int) (at []int) {
	held := 0
	for _, c := range all {
		if c.Held {
			held++
		}
	}
	n = min(n, len(all))
	late := min(held, (n+3)/4)
	late = max(late, n-(len(all)-held))
	for i := range all {
		if !all[i].Held && len(at) < n-late {
			at = append(at, i)
		}
	}
	for i := range all {
		if all[i].Held && len(at) < n {
			at = append(at, i)
		}
	}
	return at
}

// prompts draws pictures one below the other with the words that they were painted after beside them.
func (o order) prompts(place int, v lab.View, w, h int) (*picture.Picture, string) {
	s := slotFor(v.W, v.H, w, h, o.display)
	at := chosen(v.Captions, min(v.N, h/s.rows))
	if len(at) == 0 {
		return nil, ""
	}
	boxW, boxH := o.display.Pixels(s.cols, s.rows)
	m := newMosaic(boxW, boxH*len(at), v.W, v.H, v.C, o.theme)
	one := v.H * v.W * v.C
	gap := 0
	if o.display.Graphics() {
		gap = 2 // between one picture and the next
	}
	tw, th := fitTile(v.W, v.H, boxW, boxH)
	if th > boxH-gap && tw%v.W != 0 {
		tw, th = fitTile(v.W, v.H, boxW-gap, boxH-gap)
	}
	var text []string
	for i, k := range at {
		if (k+1)*one <= len(v.Pixels) {
			m.put(tile{x: 0, y: i*boxH + (boxH-th)/2, w: tw, h: th}, v.Pixels[k*one:(k+1)*one])
		}
		text = append(text, strings.Split(beneath(v.Captions[k], w-s.cols-2, s.rows, o.theme), "\n")...)
	}
	p := picture.New(picture.FromImage(m.im), s.cols, s.rows*len(at), o.display)
	lines := strings.Split(p.Cells(pictureID(place), nil), "\n")
	for i := range lines {
		lines[i] += " " + text[i]
	}
	return p, strings.Join(lines, "\n")
}

// beneath is a caption in w x h cells: a mark whether all of it is in the picture, the words, and whether training
// never shows such a picture.
func beneath(c lab.Caption, w, h int, th theme.Theme) string {
	mark := "  "
	switch {
	case c.Judged && c.Right:
		mark = th.Good.Render("✓ ")
	case c.Judged:
		mark = th.Dim.Render("× ")
	}
	room := h
	if c.Held && h > 1 {
		room--
	}
	words := strings.Split(widget.Wrap(widget.Clean(c.Text), max(1, w-2), room), "\n")
	for len(words) > 1 && strings.TrimSpace(words[len(words)-1]) == "" {
		words = words[:len(words)-1]
	}
	var lines []string
	for i, line := range words {
		if i > 0 {
			mark = "  "
		}
		lines = append(lines, mark+th.Text.Render(line))
	}
	if c.Held && h > 1 {
		lines = append(lines, "  "+th.Warn.Render("held out"))
	}
	return widget.Block(strings.Join(lines, "\n"), w, h)
}
