package widget

import (
	"image"
	"image/color"
	"math"
)

// shades is the number of steps from the background to a line's full colour.
const shades = 15

// The first colours of a raster's palette: background and grid; then shades colours a series.
const backIndex, gridIndex, lineIndex = 0, 1, 2

func (c *Chart) raster(w, h, cellW, cellH int) *image.Paletted {
	im := image.NewPaletted(image.Rect(0, 0, w, h), c.palette())
	for _, t := range c.labels {
		y := min(h-1, max(0, int((1-c.y.at(t.v))*float64(h-1)+.5)))
		for x := 0; x < w; x += 2 {
			im.Pix[y*im.Stride+x] = gridIndex
		}
	}
	thick := max(1, float64(min(cellW, cellH))/6)
	for _, l := range c.lines {
		if c.opts.Smooth > 0 {
			c.stroke(im, l.at, c.spans(l.raw, w, h), thick*0.7, 0.3)
		}
	}
	for _, l := range c.lines {
		c.stroke(im, l.at, c.spans(l.shown, w, h), thick, 1)
		if c.opts.Dots {
			c.dots(im, l, int(thick+.5))
		}
	}
	return im
}

// dots marks every point of a line by a square that reaches r pixels to each side.
func (c *Chart) dots(im *image.Paletted, l line, r int) {
	w, h := im.Rect.Dx(), im.Rect.Dy()
	k := byte(lineIndex + l.at%max(1, (256-lineIndex)/shades)*shades + shades - 1)
	for _, b := range l.shown {
		x, y := column(c.x.at(b.x0)*float64(w-1)), column((1-c.y.at(b.first))*float64(h-1))
		for py := max(0, y-r); py <= min(h-1, y+r); py++ {
			for px := max(0, x-r); px <= min(w-1, x+r); px++ {
				im.Pix[py*im.Stride+px] = k
			}
		}
	}
}

// palette has each series' colour in steps of its cover over the background.
func (c *Chart) palette() color.Palette {
	back := c.th.Colors.Background
	p := color.Palette{back, mix(back, c.th.Colors.Border, 0.4)}
	for i := range min(len(c.series), (256-lineIndex)/shades) {
		for s := 1; s <= shades; s++ {
			p = append(p, mix(back, c.th.SeriesColor(i), float64(s)/shades))
		}
	}
	return p
}

func mix(a, b color.RGBA, f float64) color.RGBA {
	m := func(x, y byte) byte { return byte(float64(x)*(1-f) + float64(y)*f + .5) }
	return color.RGBA{R: m(a.R, b.R), G: m(a.G, b.G), B: m(a.B, b.B), A: 255}
}

// stroke covers each column's span, widened by half the thickness across the line, with the part of each
// pixel that lies within; strength scales the colour.
func (c *Chart) stroke(im *image.Paletted, at int, spans []span, thick, strength float64) {
	series := at % max(1, (256-lineIndex)/shades)
	if series >= len(c.series) {
		return
	}
	w, h := im.Rect.Dx(), im.Rect.Dy()
	first := lineIndex + series*shades
	period := max(2, w/40)
	for x, s := range spans {
		if s.lo > s.hi || c.dashed(at) && x/period%2 == 1 {
			continue
		}
		slope := min(s.hi-s.lo, 4) // a steep line is wider along the column
		pad := thick / 2 * math.Sqrt(1+slope*slope/4)
		lo, hi := s.lo+.5-pad, s.hi+.5+pad
		for y := max(0, int(math.Floor(lo))); y <= min(h-1, int(math.Ceil(hi))-1); y++ {
			cover := min(hi, float64(y+1)) - max(lo, float64(y))
			k := int(min(cover, 1)*strength*shades + .5)
			if k <= 0 {
				continue
			}
			p := &im.Pix[y*im.Stride+x]
			old := int(*p) - first
			if old >= 0 && old < shades && old+1 >= k {
				continue
			}
			*p = byte(first + k - 1)
		}
	}
}
