package screen

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"mllab/gen"
	"mllab/ui/lab"
	"mllab/ui/widget"
)

// planeLayout says where the parts of the screen stand. It is comparable: another layout, other pictures.
type planeLayout struct {
	full, wide bool // all panels beside the plane; in two columns below the charts
	w, h       int
	plane      area
	charts     [2]area // of losses and of divergences; the second may be missing
	now, nets  area
	numbers    int    // lines of numbers, where there is no panel for them
	status     int    // lines at the end
	displayed  [2]int // pixels of a cell
}

// area is a panel's place in the View in cells.
type area struct{ x, y, w, h int }

// layout places the panels for the present size.
func (g *GAN2D) layout() planeLayout {
	l := planeLayout{w: g.w, h: g.h, status: 2, full: g.w >= fullW && g.h >= fullH}
	l.displayed = [2]int{max(1, g.lab.Display.CellW), max(1, g.lab.Display.CellH)}
	if !l.full {
		l.numbers = 2
		body := max(0, l.h-1-l.numbers-l.status)
		w := l.square(body, 24, l.w*52/100)
		l.plane = area{0, 1, w, body}
		rest := area{w + 1, 1, l.w - w - 1, body}
		if g.editing {
			l.nets = rest
		} else {
			l.charts[0] = rest
		}
		return l
	}
	body := l.h - 1 - l.status
	least := 42
	if l.wide = l.w >= 170; l.wide {
		least = 76
	}
	w := l.square(body, 40, l.w-least-1)
	l.plane = area{0, 1, w, body}
	x, rw := w+1, l.w-w-1
	const nowH = 7
	low := nowH + settingsH
	if l.wide {
		low = settingsH
	}
	top := body - low
	if top >= 13 {
		l.charts = [2]area{{x, 1, rw, (top + 1) / 2}, {x, 1 + (top+1)/2, rw, top / 2}}
	} else {
		l.charts[0] = area{x, 1, rw, top}
	}
	y := 1 + top
	if l.wide {
		nowW := rw - 1 - max(42, rw/2)
		l.now, l.nets = area{x, y, nowW, low}, area{x + nowW + 1, y, rw - nowW - 1, low}
		return l
	}
	l.now, l.nets = area{x, y, rw, nowH}, area{x, y + nowH, rw, settingsH}
	return l
}

// square is the width of a panel of so many lines whose picture, above one line of text, is a square.
func (l planeLayout) square(rows, least, most int) int {
	cols := (max(0, rows-3)*l.displayed[1] + l.displayed[0] - 1) / l.displayed[0]
	return max(least, min(cols+5, most))
}

// picture is the size of the plane's picture in cells.
func (l planeLayout) picture() (cols, rows int) {
	w, h := widget.Inner(l.plane.w, l.plane.h)
	return w - 1, h - 1
}

// planePixel is the middle of a cell of the View in pixels of the plane's square, and its side.
func (l planeLayout) planePixel(x, y int) (px, py, side float64) {
	cols, rows := l.picture()
	w, h := float64(cols*l.displayed[0]), float64(rows*l.displayed[1])
	side = min(w, h)
	px = (float64(x-l.plane.x-2)+.5)*float64(l.displayed[0]) - (w-side)/2
	py = (float64(y-l.plane.y-1)+.5)*float64(l.displayed[1]) - (h-side)/2
	return px, py, side
}

// View draws the screen.
func (g *GAN2D) View(w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	l := g.layout()
	if l.w != w || l.h != h {
		return widget.Block("", w, h) // a Resize is on its way
	}
	if g.game == nil {
		return g.nothing(w, h)
	}
	th := g.lab.Theme
	var right string
	if l.full {
		right = g.panel(1, l)
		if l.charts[1].h > 0 {
			right += "\n" + g.panel(2, l)
		}
		iw, ih := widget.Inner(l.now.w, l.now.h)
		title := "now"
		if g.state.Ghost != nil {
			title = "now ┊ the ghost"
		}
		now := widget.Box(title, g.now(iw, ih), l.now.w, l.now.h, false, th)
		if l.wide {
			right += "\n" + beside(now, g.nets(l))
		} else {
			right += "\n" + now + "\n" + g.nets(l)
		}
	} else if g.editing {
		right = g.nets(l)
	} else {
		right = g.panel(1, l)
	}
	parts := []string{g.header(w), beside(g.panel(0, l), right)}
	if l.numbers > 0 {
		parts = append(parts, g.lines(w))
	}
	text := strings.Join(append(parts, g.story(w, l.status)), "\n")
	const least = 50 // below it panels are wider than their share
	if strings.Count(text, "\n") != h-1 || w < least {
		return widget.Block(text, w, h)
	}
	return text
}

// nothing is the screen without a game.
func (g *GAN2D) nothing(w, h int) string {
	th := g.lab.Theme
	if g.err != nil {
		return middle(widget.Wrap(g.err.Error(), min(w, 70), 5), w, h, th)
	}
	text := "Two small nets play here: one draws points, the other tells them from real ones.\n" +
		"mllab gan2d begins the game; space plays and pauses it, p shows how it fails, c cures it."
	return middle(widget.Wrap(text, min(w, 84), 6), w, h, th)
}

// panel is what was drawn for a place, or an empty one where that was for another layout.
func (g *GAN2D) panel(place int, l planeLayout) string {
	if g.art.lay == l && g.art.panels[place] != "" {
		return g.art.panels[place]
	}
	a := l.area(place)
	return widget.Box("", "", a.w, a.h, false, g.lab.Theme)
}

// area is the place of what takes time to draw: the plane, then the charts.
func (l planeLayout) area(place int) area {
	if place == 0 {
		return l.plane
	}
	return l.charts[place-1]
}

// nets is the panel of settings.
func (g *GAN2D) nets(l planeLayout) string {
	w, h := widget.Inner(l.nets.w, l.nets.h)
	return widget.Box(g.settingsTitle(), g.settings(w, h), l.nets.w, l.nets.h, g.editing, g.lab.Theme)
}

// header is the first line: the game from noise to judgement, at the right how it goes.
func (g *GAN2D) header(w int) string {
	s, th := g.state, g.lab.Theme
	c := s.Config
	dim := th.Dim.Render
	net := func(m gen.MLP) string { return fmt.Sprintf("%d×%d %s", m.Layers, m.Width, m.Act) }
	left := []string{
		th.Title.Render(widget.Clean(dataName(s.Data))) + dim(" · ") + th.Text.Render(c.Loss),
		dim(" · noise ") + th.Text.Render(strconv.Itoa(c.Latent)) + dim(" → ") + th.Series[0].Render("G ") +
			th.Text.Render(net(c.G)) + dim(" → point → ") + th.Series[1].Render("D ") + th.Text.Render(net(c.D)) +
			dim(" → real?"),
	}
	right := g.phase()
	line := left[0]
	if ansi.StringWidth(left[0]+left[1])+2+ansi.StringWidth(right) <= w {
		line += left[1]
	}
	room := max(0, w-ansi.StringWidth(right)-1)
	return widget.Fit(widget.Fit(line, room)+" "+right, w)
}

// dataName is the title of built-in data, or the last part of a path.
func dataName(name string) string {
	for _, e := range lab.GAN2DData() {
		if e.Name == name {
			return e.Title
		}
	}
	return name[strings.LastIndexAny(name, `/\`)+1:]
}

func (g *GAN2D) phase() string {
	s, th := g.state, g.lab.Theme
	at := "step " + widget.Count(s.Step)
	switch {
	case g.brush != nil:
		return th.Accent.Render("✎ painting")
	case s.Phase == lab.Training:
		pace := s.Speed + "/s"
		switch s.Speed {
		case "slow":
			pace = "slow motion"
		case "full":
			pace = widget.Count(roughly(s.Rate)) + "/s"
		}
		return th.Good.Render("● playing "+pace) + "  " + th.Text.Render(at)
	case s.Phase == lab.Paused && s.Step < s.Newest:
		return th.Warn.Render(fmt.Sprintf("‖ rewound to %s of %s", widget.Count(s.Step), widget.Count(s.Newest)))
	case s.Phase == lab.Paused:
		return th.Warn.Render("‖ paused") + "  " + th.Text.Render(at)
	case s.Phase == lab.Compiling:
		return th.Accent.Render("○ compiling " + widget.Clean(s.Detail))
	case s.Phase == lab.Failed:
		return th.Bad.Render("× failed")
	}
	return th.Accent.Render("○ " + s.Phase.String())
}

// pairs are the numbers of now, in two columns; those of the ghost stand behind a bar.
func (g *GAN2D) pairs() (left, right []widget.Number) {
	s := g.state
	sig := func(v float64) string { return widget.SigDigits(v, 2) }
	row := func(key string, f func(gen.Scores2D, gen.Measure2D) string) widget.Number {
		n := widget.Number{Key: key, Value: f(s.Scores, s.Measure)}
		if s.Ghost != nil {
			n.Value += "┊" + f(s.Ghost.Scores, s.Ghost.Measure)
		}
		return n
	}
	left = []widget.Number{
		row("D real", func(c gen.Scores2D, _ gen.Measure2D) string { return sig(c.Real) }),
		row("D fake", func(c gen.Scores2D, _ gen.Measure2D) string { return sig(c.Fake) }),
		row("loss D", func(c gen.Scores2D, _ gen.Measure2D) string { return sig(c.LossD) }),
		row("loss G", func(c gen.Scores2D, _ gen.Measure2D) string { return sig(c.LossG) }),
		{Key: "push", Value: sig(s.Push)},
		{Key: "D took", Value: widget.Count(s.Clock.D)}, {Key: "G took", Value: widget.Count(s.Clock.G)},
		{Key: "seed", Value: strconv.FormatUint(s.Seed, 10)},
	}
	if m := s.Measure; m.Modes > 0 {
		modes := row("modes", func(_ gen.Scores2D, m gen.Measure2D) string {
			return fmt.Sprintf("%d/%d", m.Covered, m.Modes)
		})
		if m.Covered == m.Modes {
			modes.Tone = widget.Good
		}
		right = append(right, modes, row("quality", func(_ gen.Scores2D, m gen.Measure2D) string {
			return strings.TrimSpace(widget.Percent(m.Quality))
		}))
	}
	right = append(right,
		row("KL", func(_ gen.Scores2D, m gen.Measure2D) string { return sig(m.KL) }),
		row("JS", func(_ gen.Scores2D, m gen.Measure2D) string { return sig(m.JS) }),
		widget.Number{Key: "moves/s", Value: strconv.Itoa(roughly(s.Rate))},
		widget.Number{Key: "back to", Value: widget.Count(s.Oldest)},
		widget.Number{Key: "elapsed", Value: widget.Duration(s.Elapsed.Round(time.Second))})
	return left, right
}

// now is the panel of numbers.
func (g *GAN2D) now(w, h int) string {
	left, right := g.pairs()
	half := (w - 2) / 2
	th := g.lab.Theme
	return beside(widget.Numbers(left, half, h, th), strings.TrimSuffix(strings.Repeat("\n", h), "\n"),
		widget.Numbers(right, w-2-half, h, th))
}

// lines are the numbers in two lines, for small sizes.
func (g *GAN2D) lines(w int) string {
	left, right := g.pairs()
	return widget.NumbersLine(left, w, g.lab.Theme) + "\n" + widget.NumbersLine(right, w, g.lab.Theme)
}

// story is the last lines: an error, what the last step did, what happened, or what the preset shows.
func (g *GAN2D) story(w, h int) string {
	s, th := g.state, g.lab.Theme
	switch {
	case s.Err != nil:
		text := strings.Join(strings.Fields(widget.Clean(s.Err.Error())), " ")
		return th.Bad.Render(widget.Wrap(text+" — r begins again, [ goes back", w, h))
	case g.brush != nil:
		return th.Text.Render(widget.Wrap("Paint where real points shall lie: space or the left button; x or the "+
			"right one erases. +/- brush, c clears, esc ends. The game learns it now.", w, h))
	}
	event := ""
	if n := len(s.Events); n > 0 {
		e := s.Events[n-1]
		event = th.Dim.Render("step "+widget.Count(e.Step)+": ") + th.Text.Render(widget.Clean(e.Text))
	}
	if g.told != "" {
		event = th.Text.Render(g.told)
	}
	if s.Phase == lab.Paused || s.Speed == "slow" {
		if text := moved(s); text != "" {
			return th.Text.Render(widget.Wrap(text, w, h))
		}
	}
	p, err := gen.FindPreset2D(s.Preset)
	if err != nil {
		return widget.Block(event, w, h)
	}
	text, lead := p.What, p.Title+": "
	if s.Cured {
		text, lead = p.Cure, "the cure: "
	} else if p.Cure != "" {
		text += " c" + nbsp + "cures" + nbsp + "it."
	}
	lines := strings.Split(strings.TrimRight(
		strings.ReplaceAll(widget.Wrap(lead+text, w, h), nbsp, " "), " \n"), "\n")
	for i := range lines {
		lines[i] = th.Text.Render(strings.TrimRight(lines[i], " "))
		if i == 0 {
			lines[i] = th.Title.Render(lead[:len(lead)-1]) + strings.TrimPrefix(lines[i], lead[:len(lead)-1])
			lines[i] = strings.Replace(lines[i], lead[:len(lead)-1]+" ", " ", 1)
		}
	}
	if len(lines) < h && event != "" {
		lines = append(lines, event)
	}
	return widget.Block(strings.Join(lines, "\n"), w, h)
}

// moved says what the last move did, for slow motion and single steps.
func moved(s *lab.GAN2DState) string {
	if s.Step == 0 {
		return ""
	}
	switch s.Last {
	case lab.MoveD:
		return "D has learned: the colours moved, towards orange at real points and blue at fake ones. The " +
			"fake points stood still."
	case lab.MoveG:
		return "G has learned: the fake points moved along their arrows, uphill on D's colours. D stood still."
	}
	return "Both have learned: first D, whose colours moved; then G, whose fake points followed the arrows."
}
