package widget

import (
	"image"
	"math"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/ui/theme"
)

// Series is a named curve of a chart. Its colour is that of its place in the list.
type Series struct {
	Name   string
	Curve  *Curve
	Dashed bool
}

// ChartOptions says how the series are drawn. The zero value is linear, as it is, all of it.
type ChartOptions struct {
	// LogY draws the logarithm; points that are not positive are left out, and counted in the legend.
	LogY bool
	// Smooth is the factor of an exponential moving mean, 0 (none) to 0.99, for each point of the densest
	// series and over the same stretch of x for the others.
	Smooth float64
	// XMin and XMax choose a part; both zero mean all.
	XMin, XMax float64
	// YMin and YMax are the range of values; both zero mean that of what is drawn.
	YMin, YMax float64
	// Dots marks every point in a picture of the chart, for series of few.
	Dots bool
	// LegendRows is how many lines the legend may take; 0 means 1.
	LegendRows int
	// XLabel names the horizontal axis ("step").
	XLabel string
	// Empty is said where there is no point yet.
	Empty string
}

// Chart is a chart laid out in W x H cells: axes with labels, legend, and between them the plot area, which
// is drawn by Braille, or by a picture of Raster put in by Compose. It is made anew for every frame.
type Chart struct {
	W, H int
	// PlotX, PlotY, PlotW and PlotH are the plot area in cells within the block, for mouse clicks.
	PlotX, PlotY, PlotW, PlotH int

	series []Series
	opts   ChartOptions
	th     theme.Theme
	lines  []line
	x, y   axis
	labels map[int]tick // by line of the plot area
	labelW int
	text   bool // too small or empty: sentences instead of axes
	points int
}

// tick is a labelled value of the vertical axis.
type tick struct {
	v    float64
	text string
}

// line is what is drawn of a series.
type line struct {
	at         int // place in the list of series
	raw, shown []bucket
}

// The least plot area in cells; below it a chart is a line of last values for each series.
const minPlotW, minPlotH = 8, 2

// NewChart lays out a chart of w x h cells. Series without points are kept in the legend.
func NewChart(series []Series, o ChartOptions, w, h int, th theme.Theme) *Chart {
	c := &Chart{W: max(w, 0), H: max(h, 0), series: series, opts: o, th: th}
	if !(o.Smooth > 0) {
		c.opts.Smooth = 0
	}
	c.opts.Smooth = min(c.opts.Smooth, 0.999)
	c.text = !c.collect()
	c.opts.LegendRows = c.legendRows(min(o.LegendRows, c.H-1-2*minPlotH))
	c.PlotH = c.H - 1 - c.opts.LegendRows
	if c.text || c.PlotH < minPlotH {
		c.text = true
		return c
	}
	vals, labels := c.y.ticks(max(2, min(4, c.PlotH-1), (c.PlotH+1)/3))
	c.labels = map[int]tick{}
	for i, v := range vals {
		row := c.row(v)
		if _, taken := c.labels[row]; !taken {
			c.labels[row] = tick{v, labels[i]}
			c.labelW = max(c.labelW, ansi.StringWidth(labels[i]))
		}
	}
	c.PlotX = c.labelW + 1
	c.PlotW = c.W - c.PlotX
	c.text = c.PlotW < minPlotW
	return c
}

// row is the line of the plot area in which the value v lies.
func (c *Chart) row(v float64) int {
	return min(c.PlotH-1, max(0, int((1-c.y.at(v))*float64(4*c.PlotH-1)+.5)/4))
}

// collect finds the ranges and what is drawn; it is false where nothing can be.
func (c *Chart) collect() bool {
	x0, x1 := math.Inf(1), math.Inf(-1)
	for _, s := range c.series {
		if s.Curve != nil && len(s.Curve.buckets) > 0 {
			bs := s.Curve.buckets
			x0, x1 = min(x0, bs[0].x0), max(x1, bs[len(bs)-1].x1)
			c.points += s.Curve.Len()
		}
	}
	if c.opts.XMin < c.opts.XMax {
		x0, x1 = c.opts.XMin, c.opts.XMax
	}
	if x0 > x1 {
		return false
	}
	c.x = newAxis(x0, x1, false)
	lo, hi := math.Inf(1), math.Inf(-1)
	dx := math.Inf(1)
	for _, s := range c.series {
		dx = min(dx, s.Curve.spacing())
	}
	for i, s := range c.series {
		if s.Curve == nil {
			continue
		}
		l := line{at: i, raw: s.Curve.visible(x0, x1)}
		l.shown = l.raw
		if c.opts.Smooth > 0 {
			l.shown = smooth(l.raw, c.opts.Smooth, dx)
		}
		for _, b := range l.shown {
			if b.x1 < x0 || b.x0 > x1 {
				continue
			}
			if c.opts.LogY {
				lo = min(lo, b.minPos)
				if b.max > 0 {
					hi = max(hi, b.max)
				}
				continue
			}
			lo, hi = min(lo, b.min), max(hi, b.max)
		}
		c.lines = append(c.lines, l)
	}
	if lo > hi {
		return false
	}
	if c.opts.YMin < c.opts.YMax {
		lo, hi = c.opts.YMin, c.opts.YMax
	}
	c.y = newAxis(lo, hi, c.opts.LogY)
	return true
}

// String is the chart drawn with characters.
func (c *Chart) String() string { return c.Braille() }

// PictureSize is the size in cells of the picture that Compose takes: one column less than the plot
// area, for the gutter of the picture's cells. It is 0, 0 where the chart has no plot area.
func (c *Chart) PictureSize() (cols, rows int) {
	if c.text {
		return 0, 0
	}
	return c.PlotW - 1, c.PlotH
}

// Compose puts the cells of a picture of the plot area (PlotH lines) between the axes.
func (c *Chart) Compose(plot string) string {
	if c.W == 0 || c.H == 0 {
		return ""
	}
	if c.text {
		return c.sentences()
	}
	rows := strings.Split(plot, "\n")
	out := make([]string, 0, c.H)
	for y := range c.PlotH {
		label, tick := c.labels[y].text, "│"
		if label != "" {
			tick = "┤"
		}
		body := ""
		if y < len(rows) {
			body = rows[y]
		}
		out = append(out, c.th.Dim.Render(Right(label, c.labelW))+c.th.Border.Render(tick)+Fit(body, c.PlotW))
	}
	out = append(out, c.xLine(), c.legend())
	return strings.Join(out, "\n")
}

// xLine is the horizontal axis with its labels in it, each whole and around its place.
func (c *Chart) xLine() string {
	cells := []rune(strings.Repeat("─", c.PlotW))
	used := make([]bool, c.PlotW)
	put := func(text string, at int) bool {
		r := []rune(text)
		at = max(0, min(at, c.PlotW-len(r)))
		for i := max(0, at-1); i < min(c.PlotW, at+len(r)+1); i++ {
			if used[i] {
				return false
			}
		}
		if len(r) > c.PlotW {
			return false
		}
		copy(cells[at:], r)
		for i := range r {
			used[at+i] = true
		}
		return true
	}
	if name := Clean(c.opts.XLabel); name != "" && ansi.StringWidth(name)+8 <= c.PlotW &&
		ansi.StringWidth(name) == len([]rune(name)) {
		put(name, c.PlotW-len([]rune(name)))
	}
	vals, labels := c.x.ticks(max(2, c.PlotW/9))
	for i, v := range vals {
		if f := c.x.at(v); f >= 0 && f <= 1 {
			put(labels[i], int(f*float64(c.PlotW-1))-len(labels[i])/2)
		}
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", c.labelW) + c.th.Border.Render("└"))
	for i := 0; i < len(cells); {
		j := i
		for j < len(cells) && used[j] == used[i] {
			j++
		}
		style := c.th.Border
		if used[i] {
			style = c.th.Dim
		}
		b.WriteString(style.Render(string(cells[i:j])))
		i = j
	}
	return b.String()
}

// sentences stand for a chart that has no points or no room.
func (c *Chart) sentences() string {
	var lines []string
	if c.points == 0 {
		text := c.opts.Empty
		if text == "" {
			text = "no points yet"
		}
		for _, n := range c.notes() {
			if strings.Contains(n, "nan") {
				text += " (" + n + ")"
			}
		}
		lines = strings.Split(ansi.Wrap(Clean(text), c.W, ""), "\n")
		for i := range lines {
			lines[i] = Center(c.th.Dim.Render(lines[i]), c.W)
		}
		return Block(strings.Repeat("\n", max(0, (c.H-len(lines))/2))+strings.Join(lines, "\n"), c.W, c.H)
	}
	for i, s := range c.series {
		if s.Curve == nil {
			continue
		}
		if _, v, ok := s.Curve.Last(); ok {
			name, num := Clean(s.Name), Sig(v)
			w := max(0, c.W-ansi.StringWidth(num)-1)
			lines = append(lines, Fit(c.th.SeriesStyle(i).Render(Fit(name,
				min(w, ansi.StringWidth(name))))+" "+
				whole(num, c.W), c.W))
		}
	}
	if len(c.lines) > 0 && c.y == (axis{}) && c.opts.LogY {
		lines = append(lines, c.th.Dim.Render("nothing positive to draw on a log axis"))
	}
	return Block(strings.Join(lines, "\n"), c.W, c.H)
}

// span is the extent of a line in one column, in rows from above; lo > hi where there is nothing.
type span struct{ lo, hi float64 }

// spans traces buckets over n columns and m rows.
func (c *Chart) spans(bs []bucket, n, m int) []span {
	out := make([]span, n)
	for i := range out {
		out[i] = span{math.Inf(1), math.Inf(-1)}
	}
	px := func(x float64) float64 { return c.x.at(x) * float64(n-1) }
	py := func(v float64) float64 { return (1 - c.y.at(v)) * float64(m-1) }
	widen := func(col int, a, b float64) {
		if col >= 0 && col < n {
			out[col].lo, out[col].hi = min(out[col].lo, a, b), max(out[col].hi, a, b)
		}
	}
	joined := false
	var lastX, lastY float64
	for _, b := range bs {
		first, last, lo := b.first, b.last, b.min
		if c.opts.LogY {
			if b.max <= 0 {
				joined = false
				continue
			}
			lo = b.minPos
			first, last = max(first, lo), max(last, lo)
		}
		x0, x1 := px(b.x0), px(b.x1)
		if joined && !b.gap {
			segment(lastX, lastY, x0, py(first), n, widen)
		}
		segment(x0, py(first), x1, py(last), n, widen)
		widen(column((x0+x1)/2), py(lo), py(b.max))
		joined, lastX, lastY = true, x1, py(last)
	}
	return out
}

func column(x float64) int { return int(math.Floor(max(-1, min(x, 1e6)) + .5)) }

// segment widens the columns between two points by what the line between them covers in each.
func segment(x0, y0, x1, y1 float64, n int, widen func(col int, a, b float64)) {
	a, b := column(x0), column(x1)
	if a == b {
		widen(a, y0, y1)
		return
	}
	at := func(x float64) float64 { return y0 + (y1-y0)*(max(x0, min(x, x1))-x0)/(x1-x0) }
	for col := max(a, 0); col <= min(b, n-1); col++ {
		widen(col, at(float64(col)-.5), at(float64(col)+.5))
	}
}

// Braille is the whole chart drawn with characters of 2 x 4 dots.
func (c *Chart) Braille() string {
	if c.text || c.W == 0 || c.H == 0 {
		return c.Compose("")
	}
	dots := make([]rune, c.PlotW*c.PlotH)
	owner := make([]int, len(dots))
	n, m := 2*c.PlotW, 4*c.PlotH
	for _, l := range c.lines { // later series lie on top
		for x, s := range c.spans(l.shown, n, m) {
			if s.lo > s.hi || c.dashed(l.at) && x/3%2 == 1 {
				continue
			}
			for y := max(0, int(s.lo+.5)); y <= min(m-1, int(s.hi+.5)); y++ {
				k := y/4*c.PlotW + x/2
				dots[k] |= brailleBit[y%4][x%2]
				owner[k] = l.at
			}
		}
	}
	rows := make([]string, c.PlotH)
	for y := range rows {
		rows[y] = paint(dots[y*c.PlotW:(y+1)*c.PlotW], owner[y*c.PlotW:], c.th)
	}
	return c.Compose(strings.Join(rows, "\n"))
}

// dashed reports whether a series is drawn with gaps. Without colours every second one is.
func (c *Chart) dashed(i int) bool { return c.series[i].Dashed || c.th.NoColor && i%2 == 1 }

// brailleBit are the dots of U+2800, by row and column.
var brailleBit = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

func paint(dots []rune, owner []int, th theme.Theme) string {
	var b strings.Builder
	for i := 0; i < len(dots); {
		j := i
		var text []rune
		for j < len(dots) && (dots[j] == 0) == (dots[i] == 0) && (dots[j] == 0 || owner[j] == owner[i]) {
			r := ' '
			if dots[j] != 0 {
				r = 0x2800 + dots[j]
			}
			text = append(text, r)
			j++
		}
		style := lipgloss.NewStyle()
		if dots[i] != 0 {
			style = th.SeriesStyle(owner[i])
		}
		b.WriteString(style.Render(string(text)))
		i = j
	}
	return b.String()
}

// Raster draws the plot area for a picture of PictureSize cells of cellW x cellH pixels: antialiased lines,
// a faint grid at the labels, with smoothing the raw values behind. The picture is opaque, on the theme's
// background, and has at most 256 colours. It is nil where the chart has no plot area.
func (c *Chart) Raster(cellW, cellH int) *image.Paletted {
	cols, rows := c.PictureSize()
	if cols <= 0 || rows <= 0 || cellW <= 0 || cellH <= 0 {
		return nil
	}
	return c.raster(cols*cellW, rows*cellH, cellW, cellH)
}
