package screen

import (
	"math"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// The ids of the lab's pictures in the store.
const (
	convInputID = 400 + iota
	convOutputID
	convCurveID
)

// convArt is what takes time to draw, for one layout.
type convArt struct {
	lay            convLayout
	in, out, curve string // cells of the pictures
	inPic, outPic  *picture.Picture
	curvePic       *picture.Picture // nil where the curve is drawn with characters
}

// convDrawn is the message of a finished drawing.
type convDrawn struct{ art convArt }

// draw begins to draw what the lab shows at present, on another goroutine.
func (c *Conv) draw() tea.Cmd {
	if c.drawing || c.result == nil || c.w <= 0 || c.h <= 0 || c.page != pageLab {
		return nil
	}
	c.drawing, c.stale = true, false
	v, d, th := c.view(), c.lab.Display, c.lab.Theme
	return func() tea.Msg {
		a := convArt{lay: v.lay}
		a.inPic, a.in = place(v.drawInput(d, th), v.lay.in, convInputID, d)
		a.outPic, a.out = place(v.drawOutput(d, th), v.lay.out, convOutputID, d)
		a.curvePic, a.curve = v.drawCurve(d, th)
		return convDrawn{a}
	}
}

// take puts finished pictures on the screen.
func (c *Conv) take(d convDrawn) {
	c.drawing = false
	c.art = d.art
	if c.lab.Store != nil {
		c.lab.Store.Publish(convInputID, d.art.inPic)
		c.lab.Store.Publish(convOutputID, d.art.outPic)
		c.lab.Store.Publish(convCurveID, d.art.curvePic)
	}
	if c.art.lay != newConvLayout(c.w, c.h, c.lab.Display) {
		c.stale = true
	}
}

// place makes the picture of a panel from an image of exactly its pixels.
func place(img *picture.Image, panel rect, id int, d picture.Display) (*picture.Picture, string) {
	cols, rows := pictureCells(panel)
	if cols < 1 || rows < 1 {
		return nil, ""
	}
	p := picture.New(img, cols, rows, d)
	return p, p.Cells(id, nil)
}

// back is the colour of the terminal behind a picture.
func back(th theme.Theme) [3]byte {
	b := th.Colors.Background
	return [3]byte{b.R, b.G, b.B}
}

// unit is the thickness of a thin line for a display.
func unit(d picture.Display) int {
	if !d.Graphics() {
		return 1
	}
	return max(2, d.CellW/5)
}

// drawInput draws what the kernel slides over, and the window on it.
func (v convView) drawInput(d picture.Display, th theme.Theme) *picture.Image {
	p, f := v.result.Plane, v.input()
	box := v.box(v.lay.in)
	pal := paintGrey
	if p.C == 3 {
		pal = paintColor
	}
	c := newPaper(box.w, box.h, unit(d), pal, back(th))
	inside := rect{p.Top, p.Top, p.InW, p.InH}
	g := grid{values: p.Values, w: p.W, c: p.C}
	c.paint(f, func(px, py, x0, y0, x1, y1 int) byte {
		padding := !inside.has((x0+x1)/2, (y0+y1)/2)
		if p.C == 1 {
			k := level(g.mean(0, x0, y0, x1, y1), 0, 1, picture.Levels)
			if padding {
				k += picture.Levels
			}
			return k
		}
		r, gr, b := g.mean(0, x0, y0, x1, y1), g.mean(1, x0, y0, x1, y1), g.mean(2, x0, y0, x1, y1)
		if padding {
			r, gr, b = .07+.55*r, .12+.65*gr, .28+.7*b
		}
		return picture.Dither(r, gr, b, px, py)
	})
	if p.Top > 0 && d.Graphics() {
		c.ring(f.pixels(inside), 1, c.ink[markFrame])
	}
	w := v.window()
	s := v.result.Spec
	one := f.pixels(rect{f.part.x, f.part.y, 1, 1})
	if s.Dilation > 1 && s.Kind != "transposed" && one.w >= 3*c.unit {
		for _, t := range s.Window(p, v.output, v.y, v.x).Taps[:s.Size*s.Size] {
			at := f.pixels(rect{t.X, t.Y, 1, 1})
			c.ring(rect{at.x + 1, at.y + 1, at.w - 2, at.h - 2}, c.unit, c.ink[markWindow])
		}
	}
	if w.w > 0 {
		c.outline(f.pixels(w), markWindow)
	}
	return c.img
}

// drawOutput draws the maps, and the value of the window marked on each.
func (v convView) drawOutput(d picture.Display, th theme.Theme) *picture.Image {
	box := v.box(v.lay.out)
	pal := paintGrey
	switch {
	case v.all && v.other == nil && v.colour():
		pal = paintColor
	case mapScale(v.result).signed || v.other != nil && mapScale(v.other).signed:
		pal = paintSigned
	}
	c := newPaper(box.w, box.h, unit(d), pal, back(th))
	tiles := v.tiles()
	for _, t := range tiles {
		v.drawTile(c, t, pal)
	}
	for _, t := range tiles {
		y, x := v.pixel(t.of)
		at := t.pixels(rect{x, y, 1, 1})
		if c.unit = unit(d); at.w < 2*c.unit {
			c.unit = 1
		}
		c.outline(at, markWindow)
		c.unit = unit(d)
		if len(tiles) > 1 && t.output == v.output && v.other == nil {
			c.ring(t.to, c.unit, c.ink[markFrame])
		}
	}
	return c.img
}

func (v convView) drawTile(c *paper, t mapTile, pal *picture.Palette) {
	r := t.of
	sc := mapScale(r)
	if v.other != nil && !sc.signed { // each as bright as it gets
		sc.hi = float32(max(r.Maps[t.output].Max, 1e-6))
	}
	g := grid{values: r.Out, w: r.Sizes.OutW, c: len(r.Maps)}
	py, px := v.pixel(r)
	c.paint(t.frame, func(cx, cy, x0, y0, x1, y1 int) byte {
		if v.reveal && (y0 > py || y0 == py && x0 > px) {
			return c.ink[markVeil]
		}
		switch {
		case pal == paintColor:
			return picture.Dither(g.mean(0, x0, y0, x1, y1)/sc.hi, g.mean(1, x0, y0, x1, y1)/sc.hi,
				g.mean(2, x0, y0, x1, y1)/sc.hi, cx, cy)
		case pal == paintSigned:
			return level(g.mean(t.output, x0, y0, x1, y1), -sc.hi, sc.hi, picture.Levels+1)
		}
		return level(g.mean(t.output, x0, y0, x1, y1), 0, sc.hi, picture.Levels)
	})
}

// drawCurve is the activation as a chart, with a line at the present sum.
func (v convView) drawCurve(d picture.Display, th theme.Theme) (*picture.Picture, string) {
	w, h := widget.Inner(v.lay.curve.w, v.lay.curve.h)
	if w < 1 || h < 1 {
		return nil, ""
	}
	r := v.result
	pre := float64(r.Pre[(v.y*r.Sizes.W+v.x)*len(r.Maps)+v.output])
	reach := 4.0
	for reach < math.Abs(pre) {
		reach *= 2
	}
	curve, here := &widget.Curve{}, &widget.Curve{}
	const n = 160
	for i := range n + 1 {
		x := reach * (2*float64(i)/n - 1)
		curve.Add(x, lab.ConvActivate(r.Spec.Activation, x))
	}
	here.Add(pre, 0)
	here.Add(pre, lab.ConvActivate(r.Spec.Activation, pre))
	name := r.Spec.Activation
	if name == "none" {
		name = "y = x"
	}
	list := []widget.Series{{Name: name, Curve: curve}, {Name: "this sum", Curve: here}}
	c := widget.NewChart(list, widget.ChartOptions{XMin: -reach, XMax: reach, XLabel: "sum"}, w, h, th)
	cols, rows := c.PictureSize()
	if !d.Graphics() || cols < 1 || rows < 1 {
		return nil, c.Braille()
	}
	img := c.Raster(d.CellW, d.CellH)
	if img == nil {
		return nil, c.Braille()
	}
	p := picture.New(picture.FromImage(img), cols, rows, d)
	return p, c.Compose(p.Cells(convCurveID, nil))
}

// Mouse moves the window by a click or a drag on either picture, chooses a parameter or a weight, and
// changes both with the wheel.
func (c *Conv) Mouse(m Mouse) tea.Cmd {
	if c.page == pageNet {
		return c.net.mouse(m)
	}
	if c.result == nil || c.w <= 0 || m.Kind == Release {
		return nil
	}
	l := newConvLayout(c.w, c.h, c.lab.Display)
	switch {
	case l.in.has(m.X, m.Y):
		return c.pointInput(m)
	case l.out.has(m.X, m.Y):
		return c.pointOutput(m)
	case l.params.has(m.X, m.Y):
		return c.pointParams(m, l)
	case l.numbers.has(m.X, m.Y):
		return c.pointKernel(m, l)
	}
	return nil
}

// cellMiddle is the pixel in the middle of a cell of a panel's picture.
func cellMiddle(m Mouse, panel rect, l convLayout) (px, py int) {
	return (m.X-panel.x-2)*l.cell[0] + l.cell[0]/2, (m.Y-panel.y-1)*l.cell[1] + l.cell[1]/2
}

func (c *Conv) pointInput(m Mouse) tea.Cmd {
	v := c.view()
	if m.Kind == WheelUp || m.Kind == WheelDown {
		c.zoom, c.stale = m.Kind == WheelUp, true
		return c.draw()
	}
	px, py := cellMiddle(m, v.lay.in, v.lay)
	x, y, ok := v.input().at(px, py)
	if !ok {
		return nil
	}
	c.playing, c.reveal = false, false
	c.focus, c.pick = onWindow, -1
	my, mx := v.under(y, x)
	c.move(my, mx)
	return c.draw()
}

func (c *Conv) pointOutput(m Mouse) tea.Cmd {
	v := c.view()
	if m.Kind == WheelUp || m.Kind == WheelDown {
		c.zoom, c.stale = m.Kind == WheelUp, true
		return c.draw()
	}
	px, py := cellMiddle(m, v.lay.out, v.lay)
	for _, t := range v.tiles() {
		x, y, ok := t.at(px, py)
		if !ok {
			continue
		}
		c.playing, c.reveal = false, false
		c.focus, c.pick = onWindow, -1
		c.output = max(0, t.output)
		if s := t.of.Spec; s.Pool != "none" {
			y, x = y*s.PoolStride, x*s.PoolStride
		}
		if z, first := t.of.Sizes, c.result.Sizes; t.of != c.result {
			y, x = y*first.H/max(1, z.H), x*first.W/max(1, z.W)
		}
		c.move(y, x)
		return c.draw()
	}
	return nil
}
