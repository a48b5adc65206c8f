package screen

import (
	"math"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// The places of pictures on the screen: two of the model's views, and the chart.
const (
	upper = iota
	lower
	chart
	places
)

// pictureID is the id of a place in the store.
func pictureID(place int) int { return 1 + place }

// art is what takes time to draw: the panels of the pictures and of the chart, for one layout.
type art struct {
	lay    layout
	panels [places]string
	curves *curves
}

// drawn is the message of a finished order.
type drawn struct {
	art   art
	pics  [places]*picture.Picture
	fresh [places]bool // which places were drawn anew
}

// order is what to draw, on another goroutine than the model's. The curves belong to it meanwhile.
type order struct {
	lay     layout
	display picture.Display
	theme   theme.Theme
	views   [chart]lab.View
	series  []lab.Series
	logY    bool
	which   [places]bool
	titles  [places]string
	curves  *curves
}

// draw begins to draw what has changed, if it is time and nothing is being drawn. A zero time means: at
// the next occasion at the latest.
func (t *Train) draw(now time.Time) tea.Cmd {
	if t.drawing || t.w <= 0 || t.h <= 0 {
		return nil
	}
	lay := newLayout(t)
	o := order{lay: lay, display: t.lab.Display, theme: t.lab.Theme, series: t.state.Series,
		logY: t.logY, curves: t.art.curves}
	if lay != t.art.lay {
		t.stale = true
	}
	o.views, o.titles = t.views(lay), t.titles(lay)
	points := 0
	for _, s := range o.series {
		points += len(s.X)
	}
	for i, v := range o.views {
		due := v.Version != t.seen.versions[i] && now.Sub(t.seen.pictures[i]) >= t.pace(pictureEvery)
		o.which[i] = t.stale || due
	}
	changed := points != t.seen.points
	o.which[chart] = t.stale || changed && now.Sub(t.seen.chart) >= t.pace(chartEvery)
	if !t.stale {
		o.which = t.turn.next(o.which)
	}
	if o.which == [places]bool{} {
		return nil
	}
	for i, v := range o.views {
		if o.which[i] {
			t.seen.versions[i], t.seen.pictures[i] = v.Version, now
		}
	}
	if o.which[chart] {
		t.seen.chart, t.seen.points = now, points
	}
	t.drawing, t.stale = true, false
	return func() tea.Msg { return o.draw() }
}

// turn lets one place after the other be drawn: a write of one picture is short, and keys wait for it.
type turn int

func (t *turn) next(due [places]bool) (one [places]bool) {
	for i := range places {
		if p := (int(*t) + i) % places; due[p] {
			*t = turn(p + 1)
			one[p] = true
			break
		}
	}
	return one
}

func (t *Train) pace(least time.Duration) time.Duration {
	if t.lab.Pace == nil {
		return least
	}
	return t.lab.Pace(least)
}

// views are the model's views in the two places, or the chosen one in the first.
func (t *Train) views(lay layout) (v [chart]lab.View) {
	list := t.state.Views
	if len(list) == 0 {
		return v
	}
	if !lay.full {
		v[upper] = list[t.which%len(list)]
		return v
	}
	copy(v[:], list)
	return v
}

// take puts finished pictures on the screen.
func (t *Train) take(d drawn) {
	t.drawing = false
	for i := range d.fresh {
		if d.fresh[i] {
			t.art.panels[i] = d.art.panels[i]
			t.lab.Store.Publish(pictureID(i), d.pics[i])
		}
	}
	t.art.lay, t.art.curves = d.art.lay, d.art.curves
}

func (o order) draw() tea.Msg {
	d := drawn{art: art{lay: o.lay, curves: o.curves}, fresh: o.which}
	for i, v := range o.views {
		if o.which[i] {
			pic, body := o.view(i, v)
			d.pics[i], d.art.panels[i] = pic, o.panel(i, body)
		}
	}
	if o.which[chart] {
		if d.art.curves == nil {
			d.art.curves = &curves{}
		}
		d.art.curves.follow(o.series)
		pic, body := o.chart(d.art.curves)
		d.pics[chart], d.art.panels[chart] = pic, o.panel(chart, body)
	}
	return d
}

func (o order) panel(place int, body string) string {
	s := o.lay.place(place)
	return widget.Box(o.titles[place], body, s.w, s.h, false, o.theme)
}

// view draws a set of pictures into its place.
func (o order) view(place int, v lab.View) (*picture.Picture, string) {
	w, h := widget.Inner(o.lay.pic[place].w, o.lay.pic[place].h)
	cols := w - 1 // the gutter
	if cols < 1 || h < 1 {
		return nil, ""
	}
	if v.N == 0 || v.H*v.W*v.C == 0 {
		text := "pictures of what the net has learned appear here after the first step"
		return nil, middle(widget.Wrap(text, min(w, 34), 3), w, h, o.theme)
	}
	boxW, boxH := o.display.Pixels(cols, h)
	n, c := arrange(v, boxW, boxH)
	g := picture.GridOptions{W: v.W, H: v.H, Channels: v.C, Columns: c, Min: 6}
	pixels := v.Pixels[:min(len(v.Pixels), n*v.H*v.W*v.C)]
	p := picture.New(picture.Grid(pixels, g, boxW, boxH), cols, h, o.display)
	return p, p.Cells(pictureID(place), nil)
}

// arrange says how many of the view's pictures are shown in a box of pixels, and in how many columns: as
// large as a whole factor allows while enough are shown, in full rows, what belongs together side
// by side. Where not enough fit at one pixel a value, all are shown, made smaller; columns is then that of
// the view.
func arrange(v lab.View, w, h int) (n, columns int) {
	const enough, least = 20, 12
	unit := max(1, v.Columns)
	for s := max(1, min(w/v.W, h/v.H)); s >= 1; s-- {
		most, rows := (w+1)/(v.W*s+1), (h+1)/(v.H*s+1)
		n, fill := 0, -1
		for c := unit; c <= most; c += unit {
			r := min(rows, v.N/c)
			f := min(255*c*v.W*s/w, 255*r*v.H*s/h)
			if r*c > n || r*c == n && f > fill {
				n, columns, fill = r*c, c, f
			}
		}
		if n >= min(v.N/unit*unit, enough) || s == 1 && n >= least {
			return n, columns
		}
	}
	if unit > 1 {
		return v.N, unit
	}
	return v.N, 0
}

// chart draws the losses, as a picture where there are pixels.
func (o order) chart(cs *curves) (*picture.Picture, string) {
	w, h := widget.Inner(o.lay.chart.w, o.lay.chart.h)
	opts := widget.ChartOptions{LogY: o.logY, Smooth: 0.9, XLabel: "step",
		Empty: "the losses of every step are drawn here"}
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
	return p, c.Compose(p.Cells(pictureID(chart), nil))
}

// curves are the series of a run, collected as they grow.
type curves struct {
	list []widget.Series
	read []lab.Series // as they were when they were read last
}

// stretch is the range of steps that the chart shows. Its end grows by a quarter at a time: between, what is
// drawn stays where it is, and only the rows of the newest points are sent to the terminal again.
func (c *curves) stretch() (from, to float64) {
	from = math.Inf(1)
	for _, s := range c.read {
		if n := len(s.X); n > 0 {
			from, to = min(from, s.X[0]), max(to, s.X[n-1])
		}
	}
	if !(to > from) {
		return 0, 0
	}
	end := 20.0
	for end < to {
		end *= 1.25
	}
	return from, math.Ceil(end)
}

// follow adds the points that are new. A run that began again, or is another one, begins new curves.
func (c *curves) follow(series []lab.Series) {
	if !c.continues(series) {
		c.list, c.read = nil, nil
	}
	for i, s := range series {
		from := 0
		if i == len(c.list) {
			c.list = append(c.list, widget.Series{Name: label(s.Name), Curve: &widget.Curve{},
				Dashed: strings.HasPrefix(s.Name, "test") || strings.HasPrefix(s.Name, ghostPrefix)})
		} else {
			from = len(c.read[i].X)
		}
		for k := from; k < min(len(s.X), len(s.Y)); k++ {
			c.list[i].Curve.Add(s.X[k], s.Y[k])
		}
	}
	c.read = series
}

// continues reports whether series are what was read, and more.
func (c *curves) continues(series []lab.Series) bool {
	if len(series) < len(c.read) {
		return false
	}
	for i, old := range c.read {
		s, n := series[i], len(old.X)
		if s.Name != old.Name || len(s.X) < n || n > 0 && (s.X[0] != old.X[0] || s.Y[0] != old.Y[0] ||
			s.X[n-1] != old.X[n-1] || s.Y[n-1] != old.Y[n-1]) {
			return false
		}
	}
	return true
}
