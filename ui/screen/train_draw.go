package screen

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// The places of pictures on the screen: two of the model's views, and two charts.
const (
	upper = iota
	lower
	chart
	second
	places
)

// pictureID is the id of a place in the store.
func pictureID(place int) int { return 1 + place }

// art is what takes time to draw: the panels of the pictures and of the chart, for one layout.
type art struct {
	lay    layout
	panels [places]string
	curves [pages]*curves
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
	pages   [2]page // of the charts
	curves  [pages]*curves
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
	o.views, o.titles, o.pages = t.views(lay), t.titles(lay), t.pages(lay)
	var points [2]int
	for i, v := range o.views {
		due := v.Version != t.seen.versions[i] && now.Sub(t.seen.pictures[i]) >= t.pace(pictureEvery)
		o.which[i] = (t.stale || due) && lay.pic[i].w > 0
	}
	for i, p := range o.pages {
		points[i] = p.points(o.series)
		due := points[i] != t.seen.points[i] && now.Sub(t.seen.charts[i]) >= t.pace(chartEvery)
		o.which[chart+i] = (t.stale || due) && lay.charts[i].w > 0
	}
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
	for i := range o.pages {
		if o.which[chart+i] {
			t.seen.charts[i], t.seen.points[i] = now, points[i]
		}
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
	if lay.single() {
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
	for i, p := range o.pages {
		if !o.which[chart+i] {
			continue
		}
		if d.art.curves[p] == nil {
			d.art.curves[p] = &curves{page: p}
		}
		d.art.curves[p].follow(o.series)
		pic, body := o.chart(chart+i, d.art.curves[p])
		d.pics[chart+i], d.art.panels[chart+i] = pic, o.panel(chart+i, body)
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
	if len(v.Captions) > 0 {
		return o.prompts(place, v, w, h)
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
