package screen

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// runsID is the id of a place of the screen in the store: two pictures, then the chart.
func runsID(place int) int { return 901 + place }

const runsChart = 2

// moment is a run at a checkpoint. Era is another one after every event of a running training: it may have been
// rewound, and be other pictures at the same step, or have other settings.
type moment struct {
	id   string
	step int
	era  int
}

// framed is what a run drew at a checkpoint, or why nothing.
type framed struct {
	view lab.View
	err  error
}

// runsArt is what takes time to draw, and what it is drawn from.
type runsArt struct {
	lay       runsLayout
	panels    [3]string
	drawing   bool
	stale     bool
	rendering bool
	galleries map[string]*openGallery
	views     map[moment]framed
}

// mostViews bounds the pictures that are kept for scrubbing.
const mostViews = 64

// openGallery is a gallery that is opened by the first command that needs it.
type openGallery struct {
	era    int
	mu     sync.Mutex
	open   func() (gallery, error)
	g      gallery
	err    error
	opened bool
	closed bool
}

// draw opens the gallery if need be and draws.
func (o *openGallery) draw(step int) (lab.View, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.opened && !o.closed {
		o.g, o.err = o.open()
		o.opened = true
	}
	if o.err != nil || o.closed {
		return lab.View{}, o.err
	}
	return o.g.Draw(context.Background(), step)
}

func (o *openGallery) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if o.g != nil {
		o.g.Close()
		o.g = nil
	}
}

// runPicture is the message of a picture that was drawn.
type runPicture struct {
	at moment
	framed
}

// moments are the two marked runs that are seen side by side, each at its checkpoint.
func (r *Runs) moments() (list []moment) {
	for _, e := range r.shown() {
		if len(r.marked) == 0 || len(list) == 2 {
			break
		}
		steps := r.pasts[e.id].Steps
		step := -1
		if len(steps) > 0 {
			step = steps[len(steps)-1]
		}
		if r.step >= 0 {
			step = atMost(steps, r.step)
		}
		list = append(list, moment{e.id, step, len(r.pasts[e.id].Events)})
	}
	return list
}

// render draws a picture that is missing, in the background, one after the other.
func (r *Runs) render() tea.Cmd {
	if r.art.rendering || r.archive == nil {
		return nil
	}
	for _, m := range r.moments() {
		if _, known := r.art.views[m]; known || m.step < 0 {
			continue
		}
		var old func()
		if g := r.art.galleries[m.id]; g != nil && g.era != m.era {
			old = r.closeGallery(m.id)
		}
		g := r.art.galleries[m.id]
		if g == nil {
			e, a := r.entry(m.id), r.archive
			g = &openGallery{era: m.era, open: func() (gallery, error) { return a.gallery(context.Background(), e) }}
			r.art.galleries[m.id] = g
		}
		r.art.rendering = true
		return func() tea.Msg {
			if old != nil {
				old()
			}
			v, err := g.draw(m.step)
			return runPicture{m, framed{v, err}}
		}
	}
	return nil
}

func (r *Runs) entry(id string) runEntry {
	for _, e := range r.all {
		if e.id == id {
			return e
		}
	}
	return runEntry{id: id}
}

// pictured keeps a picture and shows it.
func (r *Runs) pictured(p runPicture) tea.Cmd {
	if len(r.art.views) >= mostViews {
		r.art.views = map[moment]framed{}
	}
	r.art.views[p.at] = p.framed
	r.art.rendering, r.art.stale = false, true
	return tea.Batch(r.draw(), r.release())
}

// release closes galleries of runs that are not compared any more.
func (r *Runs) release() tea.Cmd {
	keep := map[string]bool{}
	for _, m := range r.moments() {
		keep[m.id] = true
	}
	for id := range r.art.galleries {
		if keep[id] {
			continue
		}
		if shut := r.closeGallery(id); shut != nil {
			return func() tea.Msg { shut(); return nil }
		}
	}
	return nil
}

// runsDrawn is the message of a finished order.
type runsDrawn struct {
	lay    runsLayout
	panels [3]string
	pics   [3]*picture.Picture
}

// runsOrder is what to draw on another goroutine than the model's.
type runsOrder struct {
	lay      runsLayout
	display  picture.Display
	theme    theme.Theme
	lines    []widget.Series
	from, to float64
	logY     bool
	title    string
	titles   [2]string
	views    [2]framed
	texts    [2]string // in place of a picture
}

// draw begins to draw what has changed, if nothing is being drawn.
func (r *Runs) draw() tea.Cmd {
	more := r.render()
	if r.art.drawing || !r.art.stale || r.w <= 0 || r.h <= 0 {
		return more
	}
	o := runsOrder{lay: r.layout(), display: r.lab.Display, theme: r.lab.Theme, logY: r.logY, title: r.comparedTitle()}
	o.from, o.to = math.Inf(1), 0
	shown := r.shown()
	for _, e := range shown {
		line, page := r.line(r.pasts[e.id].Series), r.comparedPage()
		name := widget.Clean(e.name)
		if len(r.marked) == 0 {
			name = page.label(line.Name)
		}
		if n := len(line.X); n > 0 {
			o.from, o.to = min(o.from, line.X[0]), max(o.to, line.X[n-1])
		}
		c := &widget.Curve{}
		for i := range line.X {
			if r.step < 0 || line.X[i] <= float64(r.step) {
				c.Add(line.X[i], page.value(line.Y[i]))
			}
		}
		o.lines = append(o.lines, widget.Series{Name: name, Curve: c})
	}
	if r.step >= 0 {
		o.title += " up to step " + widget.Count(r.step)
	}
	list := r.moments()
	for i := range o.views {
		o.titles[i] = "pictures"
		o.texts[i] = "space marks a run: what it draws is shown here; mark two to compare them"
		if i < len(list) {
			m := list[i]
			o.titles[i] = widget.Clean(r.entry(m.id).name)
			o.texts[i] = "drawing …"
			if m.step < 0 {
				o.texts[i] = "no checkpoint up to this step"
			} else {
				name, step := o.titles[i], widget.Count(m.step)
				o.titles[i] = fitting(o.lay.pics[i].w-6, name+" · step "+step, name+" · "+step, "step "+step, step)
			}
			o.views[i] = r.art.views[m]
		}
	}
	r.art.drawing, r.art.stale = true, false
	return tea.Batch(more, func() tea.Msg { return o.draw() })
}

// mainLine is the series that stands for a run: its loss.
func mainLine(all []lab.Series) lab.Series {
	for _, s := range all {
		if s.Name == "loss" {
			return s
		}
	}
	for _, s := range all {
		if strings.HasPrefix(s.Name, "loss") {
			return s
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return lab.Series{}
}

// drawn puts finished pictures on the screen.
func (r *Runs) drawn(d runsDrawn) tea.Cmd {
	r.art.drawing = false
	r.art.lay, r.art.panels = d.lay, d.panels
	if r.lab.Store != nil {
		for i, p := range d.pics {
			r.lab.Store.Publish(runsID(i), p)
		}
	}
	return r.draw()
}

func (o runsOrder) draw() runsDrawn {
	d := runsDrawn{lay: o.lay}
	for i := range o.views {
		s := o.lay.pics[i]
		if s.w <= 0 {
			continue
		}
		var body string
		d.pics[i], body = o.view(i, s)
		d.panels[i] = widget.Box(o.titles[i], body, s.w, s.h, false, o.theme)
	}
	if s := o.lay.chart; s.w > 0 {
		var body string
		d.pics[runsChart], body = o.chart(s)
		d.panels[runsChart] = widget.Box(o.title, body, s.w, s.h, false, o.theme)
	}
	return d
}

func (o runsOrder) view(i int, s size) (*picture.Picture, string) {
	w, h := widget.Inner(s.w, s.h)
	cols := w - 1 // the gutter
	v, text := o.views[i].view, o.texts[i]
	if o.views[i].err != nil {
		text = widget.Clean(o.views[i].err.Error())
	}
	if cols < 1 || h < 1 || v.N == 0 || o.views[i].err != nil {
		return nil, middle(widget.Wrap(text, max(1, min(w, 40)), max(1, h)), w, h, o.theme)
	}
	boxW, boxH := o.display.Pixels(cols, h)
	n, c := arrange(v, boxW, boxH)
	g := picture.GridOptions{W: v.W, H: v.H, Channels: v.C, Columns: c, Min: 6}
	pixels := v.Pixels[:min(len(v.Pixels), n*v.H*v.W*v.C)]
	p := picture.New(picture.Grid(pixels, g, boxW, boxH), cols, h, o.display)
	return p, p.Cells(runsID(i), nil)
}

// few reports whether the runs have so few points that each should be seen.
func (o runsOrder) few() bool {
	const most = 100
	return !slices.ContainsFunc(o.lines, func(s widget.Series) bool { return s.Curve.Len() > most })
}

func (o runsOrder) chart(s size) (*picture.Picture, string) {
	w, h := widget.Inner(s.w, s.h)
	opts := widget.ChartOptions{LogY: o.logY, XLabel: "step", Smooth: 0.9, Dots: o.few(),
		Empty: "the losses of the chosen run are drawn here"}
	if opts.Dots {
		opts.Smooth = 0
	}
	if o.to > o.from {
		opts.XMin, opts.XMax = o.from, o.to
	}
	c := widget.NewChart(o.lines, opts, w, h, o.theme)
	cols, rows := c.PictureSize()
	if !o.display.Graphics() || cols < 1 || rows < 1 {
		return nil, c.Braille()
	}
	img := c.Raster(o.display.CellW, o.display.CellH)
	if img == nil {
		return nil, c.Braille()
	}
	p := picture.New(picture.FromImage(img), cols, rows, o.display)
	return p, c.Compose(p.Cells(runsID(runsChart), nil))
}
