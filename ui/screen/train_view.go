package screen

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// View draws the screen.
func (t *Train) View(w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	l := newLayout(t)
	if l.w != w || l.h != h {
		return widget.Block("", w, h) // a Resize is on its way
	}
	th := t.lab.Theme
	parts := []string{t.header(w)}
	if l.full {
		iw, ih := widget.Inner(l.now.w, l.now.h)
		now := widget.Box("now", t.now(iw, ih), l.now.w, l.now.h, false, th)
		if t.editor != nil {
			now = widget.Box("edit", t.editText(t.editRows(), iw, ih), l.now.w, l.now.h, true, th)
		}
		left, middle := t.panel(upper, l), t.panel(chart, l)
		if l.reading {
			middle += "\n" + t.panel(second, l)
		} else {
			left += "\n" + t.panel(lower, l)
		}
		parts = append(parts, beside(left, middle, now))
	} else {
		first, second := t.lines()
		parts = append(parts, beside(t.panel(upper, l), t.panel(chart, l)),
			widget.NumbersLine(first, w, th), widget.NumbersLine(second, w, th))
	}
	text := strings.Join(append(parts, t.status(w, l.status)), "\n")
	if strings.Count(text, "\n") != h-1 {
		text = widget.Block(text, w, h)
	}
	if l.full {
		return text
	}
	return t.panelOver(text, w, h)
}

// beside puts blocks of the same height side by side. Unlike widget.Columns it measures nothing: it
// stands between a key and its answer, and all blocks are exact.
func beside(blocks ...string) string {
	lines := make([][]string, len(blocks))
	for i, b := range blocks {
		lines[i] = strings.Split(b, "\n")
	}
	var b strings.Builder
	for y := range lines[0] {
		if y > 0 {
			b.WriteByte('\n')
		}
		for i := range lines {
			if i > 0 {
				b.WriteByte(' ')
			}
			if y < len(lines[i]) {
				b.WriteString(lines[i][y])
			}
		}
	}
	return b.String()
}

// panel is what was drawn for the place, or an empty one where that was for another layout.
func (t *Train) panel(place int, l layout) string {
	if t.art.lay == l && t.art.panels[place] != "" {
		return t.art.panels[place]
	}
	s := l.place(place)
	return widget.Box("", "", s.w, s.h, false, t.lab.Theme)
}

// titles name the panels.
func (t *Train) titles(l layout) (titles [places]string) {
	for i, v := range t.views(l) {
		switch {
		case v.Columns == 2:
			titles[i] = "input │ " + widget.Clean(v.Name)
		case len(v.Captions) > 0:
			titles[i] = fitting(l.pic[i].w-10, promptsTitles(v)...)
		case v.Name == "samples":
			titles[i] = fitting(l.pic[i].w-10, "samples (fixed noise)", "samples")
		case v.Name == "" && i == upper:
			titles[i] = "pictures"
		default:
			titles[i] = widget.Clean(v.Name)
		}
		if n := len(t.state.Views); l.single() && n > 1 {
			titles[i] += " " + strconv.Itoa(t.which%n+1) + "/" + strconv.Itoa(n)
		}
	}
	for i, p := range t.pages(l) {
		titles[chart+i] = p.title()
		if i == 0 && l.reading && !l.full {
			titles[chart] += " " + strconv.Itoa(int(p)+1) + "/" + strconv.Itoa(int(pages))
		}
	}
	return titles
}

// header is the first line: what is trained on what, at the right how far it is.
func (t *Train) header(w int) string {
	s, th := t.state, t.lab.Theme
	left := th.Title.Render(widget.Clean(s.Model)) + th.Dim.Render(" · ") + th.Text.Render(widget.Clean(s.Data))
	if s.Phase == lab.NoTraining {
		left = th.Title.Render("train")
	}
	if s.Run != "" {
		left += th.Dim.Render(" · run ") + th.Text.Render(widget.Clean(s.Run))
	} else if s.Step > 0 {
		left += th.Dim.Render(" · not saved")
	}
	items := []string{t.phase()}
	if s.Step > 0 || s.Epoch > 0 {
		epoch := "epoch " + widget.Count(max(1, s.Epoch))
		if s.Epochs > 0 {
			epoch += "/" + widget.Count(s.Epochs)
		}
		items = append(items, th.Text.Render(epoch))
	}
	if s.Left > 0 && s.Phase.Running() {
		items = append(items, th.Text.Render(widget.Duration(s.Left)+" left"))
	}
	for len(items) > 1 {
		if ansi.StringWidth(left)+2+ansi.StringWidth(strings.Join(items, "   ")) <= w {
			break
		}
		items = items[:len(items)-1]
	}
	right := strings.Join(items, "   ")
	room := max(0, w-ansi.StringWidth(right)-1)
	return widget.Fit(left, room) + " " + right
}

func (t *Train) phase() string {
	s, th := t.state, t.lab.Theme
	text := s.Phase.String()
	if s.Detail != "" && s.Phase < lab.Training {
		text += ": " + widget.Clean(s.Detail)
	}
	switch {
	case s.Phase == lab.Training:
		return th.Good.Render("● " + text)
	case s.Phase == lab.Failed:
		return th.Bad.Render("× " + text)
	case s.Phase == lab.Paused:
		return th.Warn.Render("‖ " + text)
	case s.Phase == lab.Finished:
		return th.Good.Render("✓ " + text)
	}
	return th.Accent.Render("○ " + text)
}

// status is the last line: an error, else what happened last, else what to try.
func (t *Train) status(w, h int) string {
	s, th := t.state, t.lab.Theme
	if s.Err != nil {
		return th.Bad.Render(widget.Wrap(errorText(s), w, h))
	}
	if n := len(s.Events); n > 0 {
		return widget.Fit(th.Dim.Render("step "+widget.Count(s.Events[n-1].Step)+": ")+
			th.Text.Render(widget.Clean(s.Events[n-1].Text)), w)
	}
	switch {
	case s.Phase == lab.Paused:
		return widget.Fit(th.Dim.Render("space goes on, s does one step"), w)
	case s.Phase < lab.Training:
		return widget.Fit(th.Dim.Render("the training begins by itself; ? shows every key"), w)
	case s.Phase.Running():
		return widget.Fit(th.Dim.Render("space pauses; + and - change the learning rate while it trains"), w)
	case s.Phase == lab.Finished:
		return widget.Fit(th.Dim.Render("the training is over: r begins again"), w)
	case s.Phase == lab.NoTraining:
		return widget.Fit(th.Dim.Render("nothing is trained yet: r begins a training"), w)
	}
	return widget.Fit(th.Dim.Render("r begins again"), w)
}

// errorText is the error of a training with the way on.
func errorText(s *lab.State) string {
	text := strings.Join(strings.Fields(widget.Clean(s.Err.Error())), " ")
	return text + " — r begins again, q quits"
}

// label is a name of the engine as the screen writes it.
func label(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words {
		if w == "elbo" {
			words[i] = strings.ToUpper(w)
		}
	}
	return widget.Clean(strings.Join(words, " "))
}

// rateText writes a learning rate as short as it is exact, to 3 digits.
func rateText(lr float64) string {
	for n := 1; n < 3; n++ {
		s := widget.SigDigits(lr, n)
		if v, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(v-lr) <= 1e-9*lr {
			return s
		}
	}
	return widget.Sig(lr)
}

// trend is how the mean of the last points differs from that of the points before: "▼0.3".
func trend(series []lab.Series, name string) string {
	for _, s := range series {
		if s.Name != name {
			continue
		}
		k := min(50, len(s.Y)/2)
		if k < 2 {
			return ""
		}
		m := mean(s.Y[len(s.Y)-k:])
		d := m - mean(s.Y[len(s.Y)-2*k:len(s.Y)-k])
		if math.IsNaN(d) || math.IsInf(d, 0) || math.Abs(d) <= 1e-4*math.Abs(m) {
			return ""
		}
		if d < 0 {
			return "▼" + change(-d)
		}
		return "▲" + change(d)
	}
	return ""
}

// change writes a difference in at most 4 cells, or not at all.
func change(d float64) string {
	switch {
	case d < 0.005 || d >= 9999.5:
		return ""
	case d < 0.995:
		return strconv.FormatFloat(d, 'f', 2, 64)
	case d < 9.95:
		return strconv.FormatFloat(d, 'f', 1, 64)
	}
	return strconv.FormatFloat(d, 'f', 0, 64)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// stepText is "1 412" or "1 412/9 380".
func stepText(s *lab.State) string {
	text := widget.Count(s.Step)
	if s.Steps > 0 {
		text += "/" + widget.Count(s.Steps)
	}
	return text
}

func (t *Train) losses() []widget.Number {
	var rows []widget.Number
	for _, v := range t.state.Losses {
		n := widget.Number{Key: label(v.Name), Value: widget.Sig(v.Value), Note: trend(t.state.Series, v.Name)}
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			n.Tone = widget.Bad
		}
		rows = append(rows, n)
	}
	return rows
}

func (t *Train) rateNumber() widget.Number {
	n := widget.Number{Key: "lr", Value: rateText(t.state.LR), Note: "+ -"}
	if t.wantLR > 0 && t.wantLR != t.state.LR {
		n.Value, n.Tone = rateText(t.wantLR), widget.Accent
	}
	return n
}

// now is the panel of the numbers of the present step, as groups with an empty line between.
func (t *Train) now(w, h int) string {
	s, th := t.state, t.lab.Theme
	progress := []widget.Number{{Key: "step", Value: widget.Count(s.Step)}}
	if s.Steps > 0 {
		progress = append(progress, widget.Number{Key: "of", Value: widget.Count(s.Steps)})
	}
	if s.Elapsed > 0 {
		progress = append(progress, widget.Number{Key: "elapsed", Value: widget.Duration(s.Elapsed)})
	}
	speed := []widget.Number{t.rateNumber(), {Key: "batch", Value: widget.Count(s.Batch)}}
	if s.ImagesPerSecond > 0 {
		speed = append(speed, widget.Number{Key: "images/s", Value: widget.Count(roughly(s.ImagesPerSecond))})
	}
	if s.StepTime > 0 {
		speed = append(speed, widget.Number{Key: "ms/step",
			Value: widget.Sig(float64(s.StepTime) / float64(time.Millisecond))})
	}
	var memory []widget.Number
	tests := t.tests()
	memory = append(t.memory(), t.past()...)
	groups := [][]widget.Number{progress, t.losses(), tests, speed, memory}
	var all []widget.Number
	for _, g := range groups {
		if len(g) > 0 {
			all = append(all, append(g, widget.Number{})...)
		}
	}
	text := strings.Split(widget.Numbers(all, w, len(all), th), "\n")
	gauge := t.gauge(w)
	if gauge != "" {
		text = append(text, gauge, "")
	}
	if len(text) > h { // the empty lines go first
		kept := text[:0]
		for _, line := range text {
			if strings.TrimSpace(ansi.Strip(line)) != "" {
				kept = append(kept, line)
			}
		}
		text = kept
	}
	if room := h - len(text); room >= 3 && len(s.Events) > 1 {
		text = append(text, th.Title.Render("history"))
		for _, e := range s.Events[max(0, len(s.Events)-room+1):] {
			text = append(text, th.Dim.Render(widget.Count(e.Step)+" ")+th.Text.Render(widget.Clean(e.Text)))
		}
	}
	return widget.Block(strings.Join(text, "\n"), w, h)
}

// gauge is the rate of float32 operations beside the device's peak.
func (t *Train) gauge(w int) string {
	s, th := t.state, t.lab.Theme
	if s.FLOPs <= 0 {
		return ""
	}
	text := strings.TrimSpace(widget.Eng(s.FLOPs, "FLOP/s"))
	if s.Peak <= 0 {
		return th.Text.Render(text)
	}
	return th.Text.Render(text) + " " + widget.Bar(s.FLOPs/s.Peak, w-ansi.StringWidth(text)-1, th)
}

func (t *Train) memory() []widget.Number {
	var rows []widget.Number
	if t.state.ProcessBytes > 0 {
		rows = append(rows, widget.Number{Key: "memory", Value: widget.Bytes(t.state.ProcessBytes)})
	}
	if t.state.DeviceBytes > 0 {
		rows = append(rows, widget.Number{Key: "device", Value: widget.Bytes(t.state.DeviceBytes)})
	}
	return rows
}

// roughly rounds to 3 significant digits, so that a rate can be read while it changes.
func roughly(v float64) int {
	unit := math.Pow(10, math.Max(0, math.Floor(math.Log10(math.Max(v, 1)))-2))
	return int(math.Round(v/unit) * unit)
}

// lines are the numbers in two lines, for small sizes.
func (t *Train) lines() (first, second []widget.Number) {
	s := t.state
	first = append([]widget.Number{{Key: "step", Value: stepText(s)}}, t.losses()...)
	first = append(first, t.rateNumber())
	if s.ImagesPerSecond > 0 {
		second = append(second, widget.Number{Key: "images/s", Value: widget.Count(roughly(s.ImagesPerSecond))})
	}
	if s.FLOPs > 0 {
		v := strings.TrimSpace(widget.Eng(s.FLOPs, "FLOP/s"))
		if s.Peak > 0 {
			v += " " + strings.TrimSpace(widget.Percent(s.FLOPs/s.Peak))
		}
		second = append(second, widget.Number{Key: "rate", Value: v})
	}
	second = append(second, t.memory()[:min(1, len(t.memory()))]...)
	if s.Elapsed > 0 {
		second = append(second, widget.Number{Key: "elapsed", Value: widget.Duration(s.Elapsed.Round(time.Second))})
	}
	return first, second
}

// middle puts a block of dim text in the middle of w x h.
func middle(text string, w, h int, th theme.Theme) string {
	lines := strings.Split(text, "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	for i := range lines {
		lines[i] = widget.Center(th.Dim.Render(strings.TrimRight(lines[i], " ")), w)
	}
	return widget.Block(strings.Repeat("\n", max(0, (h-len(lines))/2))+strings.Join(lines, "\n"), w, h)
}
