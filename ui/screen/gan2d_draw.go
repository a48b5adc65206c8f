package screen

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// planePlaces are the pictures of the screen: the plane, and two charts.
const planePlaces = 3

// planeID is the id of a place in the store.
func planeID(place int) int { return 51 + place }

// planeArt is what takes time to draw, for one layout.
type planeArt struct {
	lay    planeLayout
	panels [planePlaces]string
	curves [2]*curves
}

// planeDrawn is the message of a finished order.
type planeDrawn struct {
	art   planeArt
	pics  [planePlaces]*picture.Picture
	fresh [planePlaces]bool
}

// planeOrder is what to draw, on another goroutine than the model's. The curves belong to it meanwhile.
type planeOrder struct {
	lay     planeLayout
	display picture.Display
	theme   theme.Theme
	state   *lab.GAN2DState
	show    PlaneLayers
	brush   *brush
	logY    bool
	other   bool
	which   [planePlaces]bool
	curves  [2]*curves
}

const (
	planeEvery = 45 * time.Millisecond
	courseWait = 350 * time.Millisecond
)

// draw begins to draw what has changed, if it is time and nothing is being drawn. A zero time means: at the
// next occasion at the latest.
func (g *GAN2D) draw(now time.Time) tea.Cmd {
	if g.drawing || g.w <= 0 || g.h <= 0 || g.game == nil {
		return nil
	}
	lay := g.layout()
	o := planeOrder{lay: lay, display: g.lab.Display, theme: g.lab.Theme, state: g.state, show: g.show,
		logY:  g.logY,
		other: g.other, curves: g.art.curves}
	if g.brush != nil {
		b := *g.brush
		b.d.Weights = append([]float32(nil), b.d.Weights...)
		o.brush = &b
	}
	if lay != g.art.lay {
		g.stale = true
	}
	news := g.state.Looked != g.seen.looked
	o.which[0] = g.stale || news && now.Sub(g.seen.plane) >= g.pace(planeEvery)
	charts := g.stale || g.state.Looked != g.seen.charts && now.Sub(g.seen.chart) >= g.pace(courseWait)
	if charts {
		o.which[1], o.which[2] = lay.charts[0].h > 0, lay.charts[1].h > 0
		if !g.stale { // one after the other: a write of one picture is short, and keys wait for it
			g.turn = 1 - g.turn
			o.which[1+g.turn] = false
		}
	}
	if o.which == [planePlaces]bool{} {
		return nil
	}
	if o.which[0] {
		g.seen.looked, g.seen.plane = g.state.Looked, now
	}
	if charts {
		g.seen.chart, g.seen.charts = now, g.state.Looked
	}
	g.drawing, g.stale = true, false
	return func() tea.Msg { return o.draw() }
}

func (g *GAN2D) pace(least time.Duration) time.Duration {
	if g.lab.Pace == nil {
		return least
	}
	return g.lab.Pace(least)
}

// take puts finished pictures on the screen.
func (g *GAN2D) take(d planeDrawn) {
	g.drawing = false
	for i := range d.fresh {
		if d.fresh[i] {
			g.art.panels[i] = d.art.panels[i]
			g.lab.Store.Publish(planeID(i), d.pics[i])
		}
	}
	g.art.lay, g.art.curves = d.art.lay, d.art.curves
}

func (o planeOrder) draw() tea.Msg {
	d := planeDrawn{art: planeArt{lay: o.lay, curves: o.curves}, fresh: o.which}
	if o.which[0] {
		var body string
		d.pics[0], body = o.plane()
		title := "the plane, as D sees it"
		if o.brush != nil {
			title = "the data that you paint"
		}
		d.art.panels[0] = widget.Box(title, body, o.lay.plane.w, o.lay.plane.h, o.brush != nil, o.theme)
	}
	for i := range o.lay.charts {
		if !o.which[1+i] {
			continue
		}
		if d.art.curves[i] == nil {
			d.art.curves[i] = &curves{}
		}
		losses := i == 0
		if o.lay.charts[1].h == 0 {
			losses = !o.other
		}
		title := "KL and JS divergence, nats"
		if losses {
			title = "loss"
		}
		if o.lay.charts[1].h == 0 {
			title += " · v the other"
		}
		var body string
		d.pics[1+i], body = o.course(i, d.art.curves[i], losses)
		a := o.lay.charts[i]
		d.art.panels[1+i] = widget.Box(title, body, a.w, a.h, false, o.theme)
	}
	return d
}

// plane draws the picture with its legend below.
func (o planeOrder) plane() (*picture.Picture, string) {
	cols, rows := o.lay.picture()
	if cols < 1 || rows < 1 {
		return nil, ""
	}
	w, h := o.display.Pixels(cols, rows)
	side := min(w, h)
	var img *picture.Image
	switch {
	case o.brush != nil:
		c := newSketch2D(side, o.theme)
		c.brushed(*o.brush)
		const some = 200 // of the points that learn it meanwhile
		c.points(o.state.Look.Fakes, some, fakeColor)
		img = picture.FromImage(c.im)
	default:
		img = picture.FromImage(DrawPlane(o.state, side, o.show, o.theme))
	}
	p := picture.New(img, cols, rows, o.display)
	return p, p.Cells(planeID(0), nil) + "\n" + o.legend(cols+1)
}

// legend names the colours, and what they are worth.
func (o planeOrder) legend(w int) string {
	th, ink := o.theme, inkOf(o.theme)
	style := func(hex lipgloss.Style, s string) string { return hex.Render(s) }
	colour := func(c interface{ RGBA() (r, g, b, a uint32) }) lipgloss.Style {
		if th.NoColor {
			return lipgloss.NewStyle()
		}
		return lipgloss.NewStyle().Foreground(lipgloss.Color(hexText(c)))
	}
	var items []string
	add := func(on bool, c interface{ RGBA() (r, g, b, a uint32) }, mark, name string) {
		if on {
			items = append(items, style(colour(c), mark)+" "+th.Text.Render(name))
		}
	}
	playing := o.brush == nil
	add(o.show.Real && playing, ink.realPoint, "●", "real")
	add(o.show.Fake || !playing, ink.fakePoint, "●", "fake")
	add(o.show.Ghost && o.state.Ghost != nil, ink.ghost, "●", "ghost")
	if o.show.Heat && playing {
		op := opinionOf(o.state)
		bar := ""
		for k := range 5 {
			bar += style(colour(ink.heatColor(float64(k)/2-1)), "█")
		}
		items = append(items, th.Dim.Render("D "+short2(op.lo)+" ")+bar+th.Dim.Render(" "+short2(op.hi)))
	}
	add(o.show.Mesh && playing, ink.mesh, "╱", "G's grid")
	add(o.show.Arrows && playing, ink.arrow, "→", "push")
	if o.brush != nil {
		items = append(items, style(colour(ink.heatColor(1)), "█")+" "+th.Text.Render("painted"))
	}
	line := ""
	for _, it := range items {
		next := it
		if line != "" {
			next = line + " " + it
		}
		if w >= 50 && line != "" {
			next = line + "  " + it
		}
		if lipgloss.Width(next) <= w {
			line = next
		}
	}
	return widget.Fit(line, w)
}

// short2 is a number with two digits, as short as that goes.
func short2(v float64) string { return strconv.FormatFloat(v, 'g', 2, 64) }

func hexText(c interface{ RGBA() (r, g, b, a uint32) }) string {
	const digits = "0123456789abcdef"
	r, gr, b, _ := c.RGBA()
	out := []byte{'#'}
	for _, v := range []uint32{r >> 8, gr >> 8, b >> 8} {
		out = append(out, digits[v>>4&15], digits[v&15])
	}
	return string(out)
}

// course draws a chart, as a picture where there are pixels.
func (o planeOrder) course(i int, cs *curves, losses bool) (*picture.Picture, string) {
	cs.follow(courses(o.state, losses))
	a := o.lay.charts[i]
	w, h := widget.Inner(a.w, a.h)
	// Divergences fall by orders of magnitude; losses may be below zero.
	opts := widget.ChartOptions{LogY: o.logY != !losses, XLabel: "step",
		Empty: "the course of the game is drawn here"}
	if losses {
		opts.Smooth = 0.9
	}
	opts.XMin, opts.XMax = cs.stretch()
	c := widget.NewChart(cs.list, opts, w, h, o.theme)
	cols, rows := c.PictureSize()
	if !o.display.Graphics() || cols < 1 || rows < 1 {
		return nil, c.Braille()
	}
	img := c.Raster(o.display.CellW, o.display.CellH)
	if img == nil {
		return nil, c.Braille()
	}
	p := picture.New(picture.FromImage(img), cols, rows, o.display)
	return p, c.Compose(p.Cells(planeID(1+i), nil))
}

// courses are the series of a chart: those of the game, then those of its ghost.
func courses(s *lab.GAN2DState, losses bool) []lab.Series {
	names := []string{"KL", "JS"}
	if losses {
		names = []string{"loss G", "loss D"}
	}
	var list []lab.Series
	add := func(all []lab.Series, prefix string) {
		for _, name := range names {
			for _, line := range all {
				if line.Name == name {
					line.Name = prefix + strings.TrimPrefix(name, "loss ")
					list = append(list, line)
				}
			}
		}
	}
	add(s.Series, "")
	if s.Ghost != nil {
		add(s.Ghost.Series, ghostPrefix)
	}
	return list
}

// ghostPrefix begins the names of a ghost's series, which are dashed.
const ghostPrefix = "ghost "
