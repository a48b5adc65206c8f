package screen

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/ui/widget"
)

// View draws the screen.
func (l *Latent) View(w, h int) string {
	switch {
	case w <= 0 || h <= 0:
		return ""
	case l.net == nil:
		return l.welcome(w, h)
	}
	lay := newLatentLayout(l.w, l.h, l.lab.Display)
	if lay.w != w || lay.h != h {
		return widget.Block("", w, h) // a Resize is on its way
	}
	var right string
	if lay.full {
		right = strings.Join([]string{
			beside(l.panel(placeAt, lay), l.factsPanel(lay.place[placeFacts])),
			l.panel(placeNear, lay), l.panel(placeStrip, lay), l.barsPanel(lay.place[placeBars]),
		}, "\n")
	} else {
		f, b := lay.place[placeFacts], lay.place[placeBars]
		right = strings.Join([]string{l.panel(l.chosen(lay), lay), l.factLines(f.w, f.h), l.barLines(b.w, b.h)}, "\n")
		if lay.tall {
			right = l.panel(placeAt, lay) + "\n" + right
		}
	}
	text := strings.Join([]string{l.header(w), beside(l.panel(placeBig, lay), right), l.status(w)}, "\n")
	const sureW, sureH = 48, 16 // from here on all parts are exact, and need not be measured
	if w < sureW || h < sureH || strings.Count(text, "\n") != h-1 {
		return widget.Block(text, w, h)
	}
	return text
}

// panel is what was drawn for a place, or an empty one where that was for another layout.
func (l *Latent) panel(place int, lay latentLayout) string {
	if l.art.lay == lay && l.art.panels[place] != "" {
		return l.art.panels[place]
	}
	r := lay.place[place]
	return widget.Box("", "", r.w, r.h, place == placeBig, l.lab.Theme)
}

// header is the first line: whose codes these are, and the modes at the right.
func (l *Latent) header(w int) string {
	s := l.space
	parts := []string{s.Run, s.Model, filepath.Base(s.Data), "step " + widget.Count(s.Step)}
	return modesLine(w, parts, latentModeNames[:], int(l.mode), l.lab.Theme)
}

// status is the last line: a path that is typed, what is being opened, or what to do in this mode.
func (l *Latent) status(w int) string {
	th := l.lab.Theme
	switch {
	case l.prompt != nil:
		return l.promptLine(w)
	case l.opening != "":
		return widget.Fit(th.Accent.Render(l.progress()), w)
	}
	return widget.Fit(th.Dim.Render(fitting(w, l.hints()...)), w)
}

// hints say what to do in the present mode, the longest first.
func (l *Latent) hints() []string {
	from, to := widget.Clean(l.space.Class(l.labels[0])), widget.Clean(l.space.Class(l.labels[1]))
	switch {
	case l.mode == traverse && l.flat:
		return []string{"every picture is drawn from its place on the plane: a click goes there; f: single dimensions",
			"drawn from places on the plane: a click goes there", "a click goes there"}
	case l.mode == traverse:
		return []string{"one number of the code at a time: ↑ ↓ choose which, ← → change it, a click goes there",
			"↑ ↓ choose a number of the code, ← → change it", "↑ ↓ ← →"}
	case l.mode == interpolate:
		return []string{"space marks A, then B; comma and point walk along the path; s bends or straightens it",
			"space marks A, then B; , and . walk along; s bends the path", "space marks A, then B"}
	case l.mode == attribute:
		adds := "+ adds what makes a " + to + " of a " + from + ", - takes it away"
		return []string{adds + "; b and n choose the two labels", adds, "+ and - change the strength"}
	case l.mode == sketch:
		return []string{"draw: what the net makes of it appears at the right; backspace clears, e explores from there",
			"draw: the net's own version appears at the right", "draw"}
	}
	if l.space.Sampled {
		return []string{"click or move, and the net draws what lies there; enter goes to the nearest drawn code",
			"click or move: the net draws what lies there"}
	}
	return []string{"click or move: the net draws what lies there; enter goes to the nearest picture, o opens yours",
		"click or move: the net draws what lies there; o opens your picture", "click or move: the net draws"}
}

func (l *Latent) promptLine(w int) string {
	th := l.lab.Theme
	label := "run or picture: "
	text := []rune(widget.Clean(l.prompt.text))
	room := max(1, w-len(label)-1)
	if len(text) > room {
		text = append([]rune("…"), text[len(text)-room+1:]...)
	}
	return widget.Fit(th.Accent.Render(label)+th.Text.Render(string(text))+th.Selected.Render(" "), w)
}

// progress says what is being opened, and at which stage that is.
func (l *Latent) progress() string {
	text := "opening " + widget.Clean(l.opening)
	if stage := l.stage.Load(); stage != nil {
		text += ": " + widget.Clean(*stage)
	}
	return text
}

func (l *Latent) factsPanel(r rect) string {
	w, h := widget.Inner(r.w, r.h)
	return widget.Box(latentModeNames[l.mode], widget.Numbers(l.facts(), w, h, l.lab.Theme), r.w, r.h, false,
		l.lab.Theme)
}

// factLines are the numbers in h lines, for small sizes.
func (l *Latent) factLines(w, h int) string {
	list := l.facts()
	lines := make([]string, h)
	for i := range lines {
		n, used := 0, -3
		for n < len(list) {
			if used += 3 + ansi.StringWidth(list[n].Key+" "+list[n].Value); used > w || list[n].Key == "" {
				break
			}
			n++
		}
		lines[i] = widget.NumbersLine(list[:n], w, l.lab.Theme)
		list = list[n:]
	}
	return strings.Join(lines, "\n")
}

// facts are the numbers of the code at the cursor, the most important first.
func (l *Latent) facts() []widget.Number {
	code := l.point(l.space)
	x, y := l.plane.Project(code)
	var list []widget.Number
	if len(l.art.near) > 0 {
		n := l.art.near[0]
		if name := l.space.Class(l.space.Labels[n.Index]); name != "" {
			list = append(list, widget.Number{Key: "nearest", Value: name, Tone: widget.Accent})
		}
		list = append(list, widget.Number{Key: "distance", Value: number(n.Distance)})
	}
	value := widget.Number{Key: fmt.Sprintf("z%d", l.dim), Value: number(float64(code[l.dim])),
		Tone: widget.Accent}
	switch l.mode {
	case attribute:
		name := l.space.Class(l.labels[0]) + " → " + l.space.Class(l.labels[1])
		list = append([]widget.Number{{Key: name, Value: fmt.Sprintf("%+.2f", l.strength), Tone: widget.Accent}},
			list...)
	case interpolate:
		path := "line"
		if l.spherical {
			path = "arc"
		}
		list = append([]widget.Number{{Key: "path", Value: path, Tone: widget.Accent}}, list...)
		if same(l.code, l.way) {
			list = append(list[:1:1], append([]widget.Number{{Key: "A to B", Value: widget.Percent(l.along),
				Tone: widget.Accent}}, list[1:]...)...)
		}
	case traverse:
		list = append([]widget.Number{value}, list...)
	}
	list = append(list, widget.Number{Key: l.plane.X, Value: number(x)},
		widget.Number{Key: l.plane.Y, Value: number(y)})
	if l.mode != traverse {
		list = append(list, value)
	}
	if l.space.KL != nil {
		list = append(list, widget.Number{Key: "its KL", Value: widget.Sig(l.space.KL[l.dim])})
	}
	list = append(list, widget.Number{Key: "length", Value: number(length(code))})
	if l.space.KL != nil {
		list = append(list, widget.Number{}, widget.Number{Key: "dims", Value: strconv.Itoa(l.space.Dims)},
			widget.Number{Key: "dead", Value: strconv.Itoa(len(l.space.Dead))},
			widget.Number{Key: "KL", Value: widget.Sig(l.space.TotalKL())})
	} else {
		list = append(list, widget.Number{}, widget.Number{Key: "dims", Value: strconv.Itoa(l.space.Dims)})
	}
	return list
}

// length is the Euclidean norm of a code.
func length(code []float32) float64 {
	sum := 0.0
	for _, v := range code {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// bars is the order in which dimensions are shown: as they are where all have room, else by divergence.
func (l *Latent) bars() []int {
	lay := newLatentLayout(l.w, l.h, l.lab.Display)
	w := lay.place[placeBars].w
	if lay.full {
		w, _ = widget.Inner(w, 3)
	}
	if l.space.Dims > max(1, w) {
		return l.space.ByKL()
	}
	order := make([]int, l.space.Dims)
	for i := range order {
		order[i] = i
	}
	return order
}

func (l *Latent) barsPanel(r rect) string {
	w, h := widget.Inner(r.w, r.h)
	title := "code at the cursor, by dimension"
	if kl := l.space.KL; kl != nil {
		most := 0.0
		for _, v := range kl {
			most = max(most, v)
		}
		title = fmt.Sprintf("KL by dimension · 0 to %s nats · %d dead", widget.Sig(most), len(l.space.Dead))
		if len(title) > r.w-6 {
			title = fmt.Sprintf("KL · %d dead", len(l.space.Dead))
		}
	}
	return widget.Box(title, l.barLines(w, h), r.w, r.h, false, l.lab.Theme)
}

// barWidth is the width of a bar with the blank behind it, for a width in cells.
func (l *Latent) barWidth(w int) int { return max(1, min(w/max(1, l.space.Dims), 3)) }

// barLines draws a bar a dimension in w x h cells, the last line names the chosen one.
func (l *Latent) barLines(w, h int) string {
	if w < 1 || h < 1 {
		return ""
	}
	th, order := l.lab.Theme, l.bars()
	step := l.barWidth(w)
	order = order[:min(len(order), w/step)]
	values := l.barValues()
	most := 1e-9
	for _, v := range values {
		most = max(most, v)
	}
	rows := max(1, h-1)
	lines := make([]string, 0, h)
	dead := map[int]bool{}
	for _, d := range l.space.Dead {
		dead[d] = true
	}
	for y := range rows {
		var b strings.Builder
		for _, d := range order {
			style := th.SeriesStyle(0)
			if d == l.dim {
				style = th.Accent
			}
			text := barCell(values[d]/most, rows, y)
			if dead[d] && y == rows-1 {
				style, text = th.Warn, "×"
			}
			b.WriteString(barText(style, text, step))
		}
		lines = append(lines, widget.Fit(b.String(), w))
	}
	if h > 1 {
		lines = append(lines, l.barName(order, step, w))
	}
	return strings.Join(lines, "\n")
}

func barText(style lipgloss.Style, text string, step int) string {
	wide := max(1, step-1)
	if text == " " {
		return strings.Repeat(" ", step)
	}
	return style.Render(strings.Repeat(text, wide)) + strings.Repeat(" ", step-wide)
}

// barCell is the character of a bar of a height of 0 to 1 in row y of rows, counted from above.
func barCell(v float64, rows, y int) string {
	const eighths = " ▁▂▃▄▅▆▇█"
	n := int(v*float64(rows*8)+.5) - (rows-1-y)*8
	return string([]rune(eighths)[max(0, min(n, 8))])
}

// barName is the line below the bars: the chosen dimension under its bar.
func (l *Latent) barName(order []int, step, w int) string {
	at := 0
	for i, d := range order {
		if d == l.dim {
			at = i * step
		}
	}
	name := fmt.Sprintf("▲ z%d", l.dim)
	if l.space.KL != nil {
		name += " " + widget.Sig(l.space.KL[l.dim]) + " nats"
	}
	wide := ansi.StringWidth(name)
	if at+wide > w { // to the left of the mark
		name = strings.TrimPrefix(name, "▲ ") + " ▲"
		at = max(0, at+1-wide)
	}
	return widget.Fit(strings.Repeat(" ", at)+l.lab.Theme.Accent.Render(name), w)
}

// barValues are the heights of the bars: the divergence, or of a net without an encoder the size of the code at
// the cursor.
func (l *Latent) barValues() []float64 {
	if l.space.KL != nil {
		return l.space.KL
	}
	values := make([]float64, l.space.Dims)
	for d, v := range l.point(l.space) {
		values[d] = math.Abs(float64(v))
	}
	return values
}
