package screen

import (
	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// netLayout says where the panels of the page stand, in cells. It is comparable.
type netLayout struct {
	w, h, list                              int // list: lines of layers above the maps
	maps, input, unit, kernel, strong, text rect
	full                                    bool
	cell                                    [2]int
}

func newNetLayout(w, h, layers int, d picture.Display) netLayout {
	l := netLayout{w: w, h: h, cell: [2]int{max(1, d.CellW), max(1, d.CellH)}, full: w >= fullW && h >= fullH}
	body := h - 2
	left := w * 46 / 100
	l.maps = rect{0, 1, left, body}
	l.list = min(layers, 8, max(2, (body-2)/4))
	x, right := left+1, w-left-1
	half := (right - 1) / 2
	top := body * 52 / 100
	if l.full {
		top = body * 42 / 100
	}
	l.input, l.unit = rect{x, 1, half, top}, rect{x + half + 1, 1, right - half - 1, top}
	y := 1 + top
	if l.full {
		mid := (body - top) * 52 / 100
		l.kernel, l.strong = rect{x, y, half, mid}, rect{x + half + 1, y, right - half - 1, mid}
		y += mid
		l.text = rect{x, y, right, body - top - mid}
		return l
	}
	l.kernel = rect{x, y, half, body - top}
	l.text = rect{x + half + 1, y, right - half - 1, body - top}
	return l
}

func (n *net) layout() netLayout {
	layers := 0
	if n.maps != nil {
		layers = len(n.maps.Layers)
	}
	return newNetLayout(n.w, n.h, layers, n.lab.Display)
}

// inner is the area of a panel's picture, with lines of text taken off above.
func (l netLayout) inner(panel rect, lines int) (cols, rows int) {
	w, h := widget.Inner(panel.w, panel.h)
	return max(0, w-1), max(0, h-lines)
}

func (l netLayout) box(panel rect, lines int) rect {
	cols, rows := l.inner(panel, lines)
	return rect{0, 0, cols * l.cell[0], rows * l.cell[1]}
}

// netArt are the pictures of the page, and what they were drawn of.
type netArt struct {
	lay   netLayout
	of    *lab.Maps
	cells [5]string
	pics  [5]*picture.Picture
}

// The pictures of the page.
const (
	netMaps = iota
	netInput
	netUnit
	netKernel
	netStrong
)

// netID is the id of a picture in the store.
func netID(i int) int { return 410 + i }

type netDrawn struct{ art netArt }

// netView is all that the pictures depend on.
type netView struct {
	lay                  netLayout
	maps                 *lab.Maps
	layer, channel, y, x int
	patch, onStrong      bool
	strong               []lab.Strong
}

func (n *net) netView() netView {
	v := netView{n.layout(), n.maps, n.layer, n.channel, n.y, n.x, n.patch, n.onStrong, n.strong}
	if n.strongOf != n.mapName() {
		v.strong = nil
	}
	return v
}

// draw begins to draw the page on another goroutine.
func (n *net) draw() tea.Cmd {
	if n.drawing || n.chosen() == nil || n.w <= 0 || n.h <= 0 || !n.on {
		return nil
	}
	n.drawing, n.stale = true, false
	v, d, th := n.netView(), n.lab.Display, n.lab.Theme
	return func() tea.Msg {
		a := netArt{lay: v.lay, of: v.maps}
		put := func(i int, panel rect, lines int, img *picture.Image) {
			cols, rows := v.lay.inner(panel, lines)
			if img == nil || cols < 1 || rows < 1 {
				return
			}
			a.pics[i] = picture.New(img, cols, rows, d)
			a.cells[i] = a.pics[i].Cells(netID(i), nil)
		}
		put(netMaps, v.lay.maps, v.lay.list, v.drawMaps(d, th))
		put(netInput, v.lay.input, 0, v.drawInput(d, th))
		put(netUnit, v.lay.unit, 0, v.drawUnit(d, th))
		strong := v.drawStrong(d, th)
		switch {
		case v.lay.full:
			put(netKernel, v.lay.kernel, 0, v.drawKernel(d, th))
			put(netStrong, v.lay.strong, 0, strong)
		case v.onStrong && strong != nil:
			put(netKernel, v.lay.kernel, 0, strong)
		default:
			put(netKernel, v.lay.kernel, 0, v.drawKernel(d, th))
		}
		return netDrawn{a}
	}
}

func (n *net) take(d netDrawn) {
	n.drawing = false
	n.art = d.art
	for i, p := range d.art.pics {
		if n.lab.Store != nil {
			n.lab.Store.Publish(netID(i), p)
		}
	}
	if n.art.lay != n.layout() {
		n.stale = true
	}
}

// spread places n pictures of a size in a box, in rows, as large as they get.
func spread(n int, part, box rect, gap int) []frame {
	columns, best := 1, 0.0
	for c := 1; c <= n; c++ {
		rows := (n + c - 1) / c
		s := min(float64(box.w-gap*(c-1))/float64(c*part.w), float64(box.h-gap*(rows-1))/float64(rows*part.h))
		if s > best {
			columns, best = c, s
		}
	}
	rows := (n + columns - 1) / columns
	w, h := (box.w-gap*(columns-1))/columns, (box.h-gap*(rows-1))/rows
	list := make([]frame, n)
	for i := range list {
		at := rect{box.x + i%columns*(w+gap), box.y + i/columns*(h+gap), w, h}
		list[i] = fitted(part, at)
	}
	return list
}

// mapGap is the distance of two maps in pixels.
func (l netLayout) mapGap() int { return max(1, l.cell[0]/4) }

// frames are the places of the maps of the chosen layer.
func (v netView) frames() []frame {
	l := v.maps.Layers[v.layer]
	return spread(l.C, rect{0, 0, l.W, l.H}, v.box(), v.lay.mapGap())
}

func (v netView) box() rect { return v.lay.box(v.lay.maps, v.lay.list) }

// layerScale is one scale for all maps of a layer.
func layerScale(l lab.MapLayer) valueScale {
	var lo, hi float32
	for _, x := range l.Values {
		lo, hi = min(lo, x), max(hi, x)
	}
	return scaled(float64(lo), float64(hi))
}

func (s valueScale) palette() *picture.Palette {
	if s.signed {
		return paintSigned
	}
	return paintGrey
}

// index is the colour of a value.
func (s valueScale) index(v float32) byte {
	if s.signed {
		return level(v, -s.hi, s.hi, picture.Levels+1)
	}
	return level(v, 0, s.hi, picture.Levels)
}

func (v netView) paintMap(c *paper, f frame, l lab.MapLayer, channel int, s valueScale) {
	g := grid{values: l.Values, w: l.W, c: l.C}
	c.paint(f, func(_, _, x0, y0, x1, y1 int) byte { return s.index(g.mean(channel, x0, y0, x1, y1)) })
}

func (v netView) drawMaps(d picture.Display, th theme.Theme) *picture.Image {
	l := v.maps.Layers[v.layer]
	s := layerScale(l)
	box := v.box()
	c := newPaper(box.w, box.h, max(1, unit(d)/2), s.palette(), back(th))
	frames := v.frames()
	for i, f := range frames {
		v.paintMap(c, f, l, i, s)
	}
	if v.channel < len(frames) {
		c.ring(grown(frames[v.channel].to, c.unit), c.unit, c.ink[markWindow])
	}
	return c.img
}

func grown(r rect, by int) rect { return rect{r.x - by, r.y - by, r.w + 2*by, r.h + 2*by} }

func (v netView) drawUnit(d picture.Display, th theme.Theme) *picture.Image {
	l := v.maps.Layers[v.layer]
	s := layerScale(l)
	box := v.lay.box(v.lay.unit, 0)
	c := newPaper(box.w, box.h, unit(d), s.palette(), back(th))
	f := v.unitFrame()
	v.paintMap(c, f, l, v.channel, s)
	c.outline(f.pixels(rect{v.x, v.y, 1, 1}), markWindow)
	return c.img
}

func (v netView) unitFrame() frame {
	l := v.maps.Layers[v.layer]
	return fitted(rect{0, 0, l.W, l.H}, v.lay.box(v.lay.unit, 0))
}

// fieldOf is the part of the input that a value of a layer sees, within the picture; ok is false where that
// is not known.
func fieldOf(f lab.Field, y, x, h, w int) (r rect, ok bool) {
	if f.Size == 0 {
		return rect{}, false
	}
	x0, y0 := f.Start+x*f.Jump, f.Start+y*f.Jump
	x1, y1 := min(w, x0+f.Size), min(h, y0+f.Size)
	x0, y0 = max(0, x0), max(0, y0)
	return rect{x0, y0, max(1, x1-x0), max(1, y1-y0)}, true
}

func (v netView) drawInput(d picture.Display, th theme.Theme) *picture.Image {
	in := v.maps.Input
	r, ok := fieldOf(v.maps.Layers[v.layer].Field, v.y, v.x, in.H, in.W)
	part := rect{0, 0, in.W, in.H}
	if ok && v.patch {
		part = r
	}
	box := v.lay.box(v.lay.input, 0)
	c := newPaper(box.w, box.h, unit(d), viewPalette(in), back(th))
	f := fitted(part, box)
	paintView(c, f, in)
	if ok && !v.patch {
		c.outline(f.pixels(r), markWindow)
	}
	return c.img
}

func viewPalette(v lab.View) *picture.Palette {
	if v.C == 3 {
		return paintColor
	}
	return paintGrey
}

// paintView paints the first picture of a view.
func paintView(c *paper, f frame, v lab.View) {
	g := grid{values: v.Pixels, w: v.W, c: v.C}
	c.paint(f, func(px, py, x0, y0, x1, y1 int) byte {
		if v.C == 3 {
			return picture.Dither(g.mean(0, x0, y0, x1, y1), g.mean(1, x0, y0, x1, y1), g.mean(2, x0, y0, x1, y1),
				px, py)
		}
		return level(g.mean(0, x0, y0, x1, y1), 0, 1, picture.Levels)
	})
}

// drawKernel draws the kernel of the chosen map: a square for each map that it reads; nil without one.
func (v netView) drawKernel(d picture.Display, th theme.Theme) *picture.Image {
	l := v.maps.Layers[v.layer]
	if len(l.Kernel) == 0 || l.R < 1 || l.S < 1 {
		return nil
	}
	// [Cin R S] of this map
	values := make([]float32, l.Cin*l.R*l.S)
	s := valueScale{signed: true, hi: 1e-6}
	for i := range values {
		ci, tap := i/(l.R*l.S), i%(l.R*l.S)
		values[i] = l.Kernel[(tap*l.Cin+ci)*l.C+v.channel]
		s.hi = max(s.hi, values[i], -values[i])
	}
	box := v.lay.box(v.lay.kernel, 0)
	c := newPaper(box.w, box.h, 1, s.palette(), back(th))
	for ci, f := range spread(l.Cin, rect{0, 0, l.S, l.R}, box, v.lay.mapGap()) {
		g := grid{values: values[ci*l.R*l.S:], w: l.S, c: 1}
		c.paint(f, func(_, _, x0, y0, x1, y1 int) byte { return s.index(g.mean(0, x0, y0, x1, y1)) })
	}
	return c.img
}

// drawStrong draws the pictures that the map answers to most, with the part that does it; nil without any.
func (v netView) drawStrong(d picture.Display, th theme.Theme) *picture.Image {
	if len(v.strong) == 0 {
		return nil
	}
	panel := v.lay.strong
	if !v.lay.full {
		panel = v.lay.kernel
	}
	box := v.lay.box(panel, 0)
	first := v.strong[0].Picture
	c := newPaper(box.w, box.h, max(1, unit(d)/2), viewPalette(first), back(th))
	for i, f := range spread(len(v.strong), rect{0, 0, first.W, first.H}, box, v.lay.mapGap()) {
		s := v.strong[i]
		paintView(c, f, s.Picture)
		if r, ok := fieldOf(v.maps.Layers[v.layer].Field, s.Y, s.X, first.H, first.W); ok {
			c.ring(f.pixels(r), c.unit, c.ink[markWindow])
		}
	}
	return c.img
}

// mouse chooses layers, maps and values, and turns the wheel through the examples.
func (n *net) mouse(m Mouse) tea.Cmd {
	if n.chosen() == nil || n.w <= 0 || m.Kind == Release {
		return nil
	}
	v := n.netView()
	cw, ch := v.lay.cell[0], v.lay.cell[1]
	pixel := func(panel rect, lines int) (px, py int) {
		return (m.X-panel.x-2)*cw + cw/2, (m.Y-panel.y-1-lines)*ch + ch/2
	}
	switch {
	case m.Kind == WheelUp || m.Kind == WheelDown:
		key := map[bool]string{true: "]", false: "["}[m.Kind == WheelUp]
		if v.lay.maps.has(m.X, m.Y) {
			return n.move(map[bool]string{true: "up", false: "down"}[m.Kind == WheelUp])
		}
		return n.nextExample(key)
	case v.lay.maps.has(m.X, m.Y):
		if line := m.Y - v.lay.maps.y - 1; line < v.lay.list {
			i := firstShown(n.layer, len(n.maps.Layers), v.lay.list) + line
			if line >= 0 && i < len(n.maps.Layers) {
				n.choose(i, n.channel, n.y, n.x)
			}
			return n.draw()
		}
		px, py := pixel(v.lay.maps, v.lay.list)
		for i, f := range v.frames() {
			if x, y, ok := f.at(px, py); ok {
				n.choose(n.layer, i, y, x)
			}
		}
	case v.lay.unit.has(m.X, m.Y):
		px, py := pixel(v.lay.unit, 0)
		if x, y, ok := v.unitFrame().at(px, py); ok {
			n.choose(n.layer, n.channel, y, x)
		}
	case v.lay.input.has(m.X, m.Y) && m.Kind == Press:
		return n.togglePatch("")
	}
	return n.draw()
}
