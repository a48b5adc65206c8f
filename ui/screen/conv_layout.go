package screen

import (
	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/widget"
)

// convLayout says where the parts of the lab stand, in cells of the View: rows 0 and 1 are text, so is the
// last. It is comparable: another layout, other pictures.
type convLayout struct {
	w, h                            int
	in, out, params, numbers, curve rect // curve is empty where there is no room
	cell                            [2]int
}

func newConvLayout(w, h int, d picture.Display) convLayout {
	l := convLayout{w: w, h: h, cell: [2]int{max(1, d.CellW), max(1, d.CellH)}}
	const top = 2
	body := h - top - 1
	full := w >= fullW && h >= fullH
	low, side := 8, max(18, min(w*29/100, 26)) // height of the numbers, width of the parameters
	switch {
	case full:
		low, side = max(15, body*40/100), 30
	case body < 17:
		low = 7
	}
	high := max(3, body-low)
	left := w - side - 1
	half := (left - 1) / 2
	l.in = rect{0, top, half, high}
	l.out = rect{half + 1, top, left - half - 1, high}
	l.params = rect{left + 1, top, side, high}
	l.numbers = rect{0, top + high, w, low}
	if full {
		l.params.h = body
		l.curve = rect{0, top + high, max(26, left*28/100), low}
		l.curve.x = left - l.curve.w
		l.numbers.w = l.curve.x - 1
	}
	return l
}

// pictureCells is the area of a picture in its panel: a line is left for the legend, a column for the
// gutter.
func pictureCells(panel rect) (cols, rows int) {
	w, h := widget.Inner(panel.w, panel.h)
	return max(0, w-1), max(0, h-1)
}

// convView is what is drawn of the lab: everything that the pictures depend on.
type convView struct {
	lay           convLayout
	result, other *lab.ConvResult
	y, x, output  int
	all, zoom     bool
	reveal        bool
}

func (c *Conv) view() convView {
	return convView{newConvLayout(c.w, c.h, c.lab.Display), c.result, c.other, c.y, c.x, c.output, c.all, c.zoom,
		c.reveal}
}

// box is the area of a panel's picture in pixels.
func (v convView) box(panel rect) rect {
	cols, rows := pictureCells(panel)
	return rect{0, 0, cols * v.lay.cell[0], rows * v.lay.cell[1]}
}

// window is the rectangle of the plane that the kernel covers. Of a transposed convolution it is that of
// the pixels which the value is made of; it is empty where there are none.
func (v convView) window() rect {
	s := v.result.Spec
	span := (s.Size-1)*s.Dilation + 1
	switch s.Kind {
	case "transposed":
		w := s.Window(v.result.Plane, v.output, v.y, v.x)
		x0, y0, x1, y1 := 1<<20, 1<<20, -1, -1
		for _, t := range w.Taps {
			if !t.Hole {
				x0, y0, x1, y1 = min(x0, t.X), min(y0, t.Y), max(x1, t.X), max(y1, t.Y)
			}
		}
		if x1 < 0 {
			return rect{}
		}
		return rect{x0, y0, x1 - x0 + 1, y1 - y0 + 1}
	case "resize":
		return rect{v.x, v.y, span, span}
	}
	return rect{v.x * s.Stride, v.y * s.Stride, span, span}
}

// input is where the plane lies in its panel.
func (v convView) input() frame {
	p := v.result.Plane
	part := rect{0, 0, p.W, p.H}
	if v.zoom {
		w := v.window()
		part = cropped(w.x+w.w/2, w.y+w.h/2, max(10, 2*max(w.w, w.h)), p.W, p.H)
	}
	return fitted(part, v.box(v.lay.in))
}

// cropped is the square of a side about a place, moved so that it lies within w x h, or all there is.
func cropped(x, y, side, w, h int) rect {
	r := rect{w: min(side, w), h: min(side, h)}
	r.x, r.y = max(0, min(x-side/2, w-r.w)), max(0, min(y-side/2, h-r.h))
	return r
}

// mapTile is a map in the panel of the output: of which result, and which of its maps; -1 stands for three
// that are shown as colours.
type mapTile struct {
	frame
	of     *lab.ConvResult
	output int
}

// pixel is the value that a tile shows for the window: pooled, the square that it belongs to.
func (v convView) pixel(r *lab.ConvResult) (y, x int) {
	z := r.Sizes
	y, x = v.y, v.x
	if first := v.result.Sizes; r != v.result { // of other size: the same place
		y, x = y*z.H/max(1, first.H), x*z.W/max(1, first.W)
	}
	if r.Spec.Pool != "none" {
		y, x = y/r.Spec.PoolStride, x/r.Spec.PoolStride
	}
	return min(y, z.OutH-1), min(x, z.OutW-1)
}

// tiles are the maps in the panel of the output.
func (v convView) tiles() []mapTile {
	box := v.box(v.lay.out)
	r := v.result
	k := len(r.Maps)
	if v.other != nil {
		gap := v.lay.cell[0]
		half := (box.w - gap) / 2
		o := min(v.output, k-1)
		first, second := mapTile{of: r, output: o}, mapTile{of: v.other, output: o}
		if r.Spec.Kind == "resize" {
			first.of, second.of = second.of, first.of
		}
		first.frame = fitted(v.part(first.of), rect{0, 0, half, box.h})
		second.frame = fitted(v.part(second.of), rect{half + gap, 0, half, box.h})
		return []mapTile{first, second}
	}
	if v.all && v.colour() {
		return []mapTile{{fitted(v.part(r), box), r, -1}}
	}
	if !v.all || k == 1 {
		return []mapTile{{fitted(v.part(r), box), r, v.output}}
	}
	var list []mapTile
	for i, f := range spread(k, v.part(r), box, max(1, v.lay.cell[0]/3)) {
		list = append(list, mapTile{f, r, i})
	}
	return list
}

// colour reports whether the maps are those of three colours, each made of its own channel.
func (v convView) colour() bool {
	s := v.result.Spec
	return s.Depthwise && s.Channels == 3 && !mapScale(v.result).signed
}

// part is what is shown of a result's maps.
func (v convView) part(r *lab.ConvResult) rect {
	z := r.Sizes
	if !v.zoom {
		return rect{0, 0, z.OutW, z.OutH}
	}
	y, x := v.pixel(r)
	return cropped(x, y, 12, z.OutW, z.OutH)
}

// valueScale says how values are coloured: signed ones about zero up to hi, others from 0 to hi, those below
// zero as zero.
type valueScale struct {
	signed bool
	below  bool // some are below zero
	hi     float32
}

// scaled is the scale of values from lo to hi. Where hardly any is below zero, as in a sharpened picture,
// they look best as a picture.
func scaled(lo, hi float64) valueScale {
	if lo < -1e-6 && -lo > hi/4 {
		return valueScale{true, true, float32(max(-lo, hi))}
	}
	return valueScale{false, lo < -1e-6, float32(max(hi, 1e-6))}
}

// mapScale is one scale for all maps of a result, so that they can be compared.
func mapScale(r *lab.ConvResult) valueScale {
	lo, hi := 0.0, 0.0
	for _, m := range r.Maps {
		lo, hi = min(lo, m.Min), max(hi, m.Max)
	}
	s := scaled(lo, hi)
	if !s.signed && (hi <= 0 || hi > 0.3 && hi <= 1) { // as bright as a picture would be
		s.hi = 1
	}
	return s
}

// under is the place of the map whose window lies at a place of the plane.
func (v convView) under(y, x int) (my, mx int) {
	s := v.result.Spec
	span := (s.Size-1)*s.Dilation + 1
	switch s.Kind {
	case "transposed":
		return y*s.Stride + span/2 - s.Pad, x*s.Stride + span/2 - s.Pad
	case "resize":
		return y - span/2, x - span/2
	}
	return (y - span/2 + s.Stride/2) / s.Stride, (x - span/2 + s.Stride/2) / s.Stride
}
