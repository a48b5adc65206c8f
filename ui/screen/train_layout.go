package screen

import (
	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
)

// size is one of a panel in cells.
type size struct{ w, h int }

// layout says where the parts of the Train screen stand. It is comparable: another layout, other pictures.
type layout struct {
	full      bool // all panels side by side, else one picture and numbers in lines
	reading   bool // of a net that reads: one high panel of pictures with their words, and two charts
	w, h      int
	status    int // lines for the event or the error
	pic       [2]size
	charts    [2]size
	now       size
	numbers   int    // lines of numbers
	displayed [2]int // pixels of a cell
}

// From this size of the View on, which is smaller than the terminal by the frame, all panels are shown.
const (
	fullW = 116
	fullH = 28
)

func newLayout(t *Train) layout {
	l := layout{w: t.w, h: t.h, status: 1, full: t.w >= fullW && t.h >= fullH, reading: captioned(t.state)}
	l.displayed = [2]int{max(1, t.lab.Display.CellW), max(1, t.lab.Display.CellH)}
	if t.state.Err != nil {
		n := (ansi.StringWidth(errorText(t.state)) + t.w) / max(1, t.w)
		l.status = max(1, min(n, 3))
	}
	body := t.h - 1 - l.status
	if l.full {
		l.now = size{30, body}
		top := (body + 1) / 2
		w := l.squareW(top-2, 36, (t.w-l.now.w-2)*52/100)
		right := t.w - w - l.now.w - 2
		if l.reading {
			l.pic[upper] = size{w, body}
			l.charts = [2]size{{right, top}, {right, body - top}}
			return l
		}
		l.pic = [2]size{{w, top}, {w, body - top}}
		l.charts[0] = size{right, body}
		return l
	}
	l.numbers = 2
	body = max(0, body-l.numbers)
	w := l.squareW(body-2, 24, t.w*46/100)
	l.pic[upper] = size{w, body}
	l.charts[0] = size{t.w - w - 1, body}
	return l
}

// captioned reports whether a training's pictures are painted after words.
func captioned(s *lab.State) bool {
	for _, v := range s.Views {
		if len(v.Captions) > 0 {
			return true
		}
	}
	return false
}

// single reports whether one picture is shown at a time.
func (l layout) single() bool { return !l.full || l.reading }

// squareW is the width of a panel whose picture of that many rows is a square, within bounds.
func (l layout) squareW(rows, least, most int) int {
	cols := (rows*l.displayed[1] + l.displayed[0] - 1) / l.displayed[0]
	return max(least, min(cols+5, most))
}

// place is the size of a panel; of one that is not shown it has no width.
func (l layout) place(i int) size {
	if i >= chart {
		return l.charts[i-chart]
	}
	return l.pic[i]
}
