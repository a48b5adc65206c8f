package screen

import (
	"fmt"
	"math"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// page is what a chart of the Train screen shows: the losses, and of a net that reads the shares of right attributes and
// the losses at levels of noise. The zero value takes the losses.
type page uint8

const (
	lossPage page = iota
	rightPage
	levelPage
	pages
)

// Beginnings of the names of series that have a page of their own; see lab for what they are.
const (
	rightPrefix = "acc_"
	heldPrefix  = "held_"
	levelPrefix = "test_loss_"
)

func (p page) title() string {
	return [...]string{"loss", "right in the pictures (%)", "loss by noise (test)"}[p]
}

// empty is what the page says before there is anything to draw.
func (p page) empty() string {
	return [...]string{
		"the losses of every step are drawn here",
		"how many attributes of the prompts are in the pictures is drawn here, those of combinations that training " +
			"never shows apart; it is measured now and then",
		"the loss on test pictures with little noise and with much is drawn here, if the model tells it",
	}[p]
}

// takes reports whether a series is on the page.
func (p page) takes(name string) bool {
	right := strings.HasPrefix(name, rightPrefix) || strings.HasPrefix(name, heldPrefix)
	level := strings.HasPrefix(name, levelPrefix)
	return right == (p == rightPage) && level == (p == levelPage)
}

// points counts those of the page.
func (p page) points(all []lab.Series) (n int) {
	for _, s := range all {
		if p.takes(s.Name) {
			n += len(s.X)
		}
	}
	return n
}

// of lists the series that are on the page.
func (p page) of(all []lab.Series) (list []lab.Series) {
	for _, s := range all {
		if p.takes(s.Name) {
			list = append(list, s)
		}
	}
	return list
}

// line is an empty curve for a series.
func (p page) line(name string) widget.Series {
	dashed := strings.HasPrefix(name, "test") && p == lossPage || strings.HasPrefix(name, ghostPrefix) ||
		strings.HasPrefix(name, heldPrefix)
	return widget.Series{Name: p.label(name), Curve: &widget.Curve{}, Dashed: dashed}
}

// label is a series as the page names it.
func (p page) label(name string) string {
	if level, ok := strings.CutPrefix(name, levelPrefix); ok {
		return label(level) + "% noise"
	}
	if rest, ok := strings.CutPrefix(name, rightPrefix); ok {
		return label(rest)
	}
	if strings.HasPrefix(name, heldPrefix) {
		return "held out"
	}
	return label(name)
}

// value is a number as the page draws it.
func (p page) value(v float64) float64 {
	if p == rightPage {
		return 100 * v
	}
	return v
}

// pages are those of the charts in their places: the losses first where there are two charts.
func (t *Train) pages(l layout) [2]page {
	at := t.page % pages
	switch {
	case !l.reading:
		return [2]page{}
	case !l.full:
		return [2]page{at}
	case at == lossPage:
		at = rightPage
	}
	return [2]page{lossPage, at}
}

// turnPage shows another chart.
func (t *Train) turnPage(string) tea.Cmd {
	l := newLayout(t)
	switch {
	case !l.full:
		t.page = (t.page + 1) % pages
	case t.pages(l)[1] == rightPage:
		t.page = levelPage
	default:
		t.page = rightPage
	}
	t.stale = true
	return t.draw(time.Time{})
}

// tests are the measures of the test set beside the losses; losses at levels of noise are in a chart alone.
func (t *Train) tests() (rows []widget.Number) {
	for _, m := range t.state.Metrics {
		switch {
		case levelPage.takes(m.Name):
		case rightPage.takes(m.Name):
			rows = append(rows, widget.Number{Key: rightPage.label(m.Name), Value: strings.TrimSpace(widget.Percent(m.Value))})
		default:
			name, _ := strings.CutPrefix(m.Name, "test_")
			rows = append(rows, widget.Number{Key: label(name), Value: widget.Sig(m.Value), Note: "test"})
		}
	}
	return rows
}

// chart draws curves in their place, as a picture where there are pixels.
func (o order) chart(place int, cs *curves) (*picture.Picture, string) {
	s := o.lay.place(place)
	w, h := widget.Inner(s.w, s.h)
	opts := widget.ChartOptions{LogY: o.logY, XLabel: "step", Empty: cs.page.empty()}
	switch cs.page {
	case lossPage:
		opts.Smooth = 0.9
	case rightPage:
		opts.LogY, opts.YMax, opts.LegendRows = false, 100, min(4, max(1, h/4))
	case levelPage:
		opts.LegendRows = min(3, max(1, h/6))
	}
	opts.Dots = cs.few()
	opts.XMin, opts.XMax = cs.stretch()
	c := widget.NewChart(cs.named(), opts, w, h, o.theme)
	cols, rows := c.PictureSize()
	if !o.display.Graphics() || cols < 1 || rows < 1 {
		return nil, c.Braille()
	}
	img := c.Raster(o.display.CellW, o.display.CellH)
	if img == nil {
		return nil, c.Braille()
	}
	p := picture.New(picture.FromImage(img), cols, rows, o.display)
	return p, c.Compose(p.Cells(pictureID(place), nil))
}

// curves are the series of a run on a page, collected as they grow.
type curves struct {
	page page
	list []widget.Series
	read []lab.Series // as they were when they were read last
}

// named are the curves with their last values in the legend, where these are few and coarse.
func (c *curves) named() []widget.Series {
	if c.page != rightPage {
		return c.list
	}
	list := append([]widget.Series(nil), c.list...)
	for i := range list {
		if _, v, ok := list[i].Curve.Last(); ok {
			list[i].Name += fmt.Sprintf(" %.0f", v)
		}
		list[i].Dashed = list[i].Dashed || i >= theme.SeriesCount // colours begin again
	}
	return list
}

// few reports whether the points of a page are so few that each should be seen.
func (c *curves) few() bool {
	const most = 30
	for _, s := range c.read {
		if len(s.X) > most {
			return false
		}
	}
	return c.page != lossPage
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
func (c *curves) follow(all []lab.Series) {
	series := c.page.of(all)
	if !c.continues(series) {
		c.list, c.read = nil, nil
	}
	for i, s := range series {
		from := 0
		if i == len(c.list) {
			c.list = append(c.list, c.page.line(s.Name))
		} else {
			from = len(c.read[i].X)
		}
		for k := from; k < min(len(s.X), len(s.Y)); k++ {
			c.list[i].Curve.Add(s.X[k], c.page.value(s.Y[k]))
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
