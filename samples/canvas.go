package samples

import "math"

// tint is a colour, red, green and blue in [0,1].
type tint [3]float32

// canvas is a square RGB picture that is painted on, row-major HWC. Lengths are in parts of its side, x to the
// right and y down from the upper left corner, so a drawing is the same at every size.
type canvas struct {
	side int
	pix  []float32
}

// form is a signed distance: how far a point is from an outline, negative inside.
type form func(x, y float64) float64

// box is what a form lies within.
type box struct{ x0, y0, x1, y1 float64 }

func around(x, y, rx, ry float64) box { return box{x - rx, y - ry, x + rx, y + ry} }

// clear fills the whole picture.
func (c *canvas) clear(t tint) {
	for i := range c.pix {
		c.pix[i] = t[i%3]
	}
}

// paint fills a form; at its edge pixels are mixed by how much of them it covers.
func (c *canvas) paint(b box, f form, t tint) {
	side := float64(c.side)
	x0, x1 := c.clip(b.x0), c.clip(b.x1+1/side)
	y0, y1 := c.clip(b.y0), c.clip(b.y1+1/side)
	for y := y0; y < y1; y++ {
		row := c.pix[3*c.side*y:]
		py := (float64(y) + 0.5) / side
		for x := x0; x < x1; x++ {
			share := float32(0.5 - f((float64(x)+0.5)/side, py)*side)
			if share <= 0 {
				continue
			}
			share = min(share, 1)
			p := row[3*x : 3*x+3]
			for k := range p {
				p[k] += (t[k] - p[k]) * share
			}
		}
	}
}

// clip is the pixel in which a coordinate lies, within the picture.
func (c *canvas) clip(v float64) int {
	return int(min(max(math.Floor(v*float64(c.side)), 0), float64(c.side)))
}

// length is math.Hypot without its care for huge numbers.
func length(x, y float64) float64 { return math.Sqrt(x*x + y*y) }

func circle(x, y, r float64) (box, form) {
	return around(x, y, r, r), func(px, py float64) float64 { return length(px-x, py-y) - r }
}

// ellipse has a distance that is exact on the outline and good near it.
func ellipse(x, y, rx, ry float64) (box, form) {
	return around(x, y, rx, ry), func(px, py float64) float64 {
		dx, dy := (px-x)/rx, (py-y)/ry
		k := length(dx, dy)
		if k < 1e-9 {
			return -min(rx, ry)
		}
		return k * (k - 1) / length(dx/rx, dy/ry)
	}
}

// block is a rectangle with round corners, by its centre and half its sides.
func block(x, y, hx, hy, round float64) (box, form) {
	return around(x, y, hx, hy), func(px, py float64) float64 {
		dx, dy := math.Abs(px-x)-hx+round, math.Abs(py-y)-hy+round
		return length(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - round
	}
}

// stroke is a line with round ends.
func stroke(ax, ay, bx, by, r float64) (box, form) {
	b := box{min(ax, bx) - r, min(ay, by) - r, max(ax, bx) + r, max(ay, by) + r}
	dx, dy := bx-ax, by-ay
	square := max(dx*dx+dy*dy, 1e-12)
	return b, func(px, py float64) float64 {
		t := min(max(((px-ax)*dx+(py-ay)*dy)/square, 0), 1)
		return length(px-ax-t*dx, py-ay-t*dy) - r
	}
}

// bow is a thick arc of a parabola through (x-w, y), (x, y+sag) and (x+w, y): a smile, or with a negative sag
// its opposite.
func bow(x, y, w, sag, r float64) (box, form) {
	b := box{x - w - r, min(y, y+sag) - r, x + w + r, max(y, y+sag) + r}
	const parts = 8
	var lines [parts]form
	for i := range lines {
		t, u := 2*float64(i)/parts-1, 2*float64(i+1)/parts-1
		_, lines[i] = stroke(x+w*t, y+sag*(1-t*t), x+w*u, y+sag*(1-u*u), r)
	}
	return b, func(px, py float64) float64 {
		d := math.Inf(1)
		for _, f := range lines {
			d = min(d, f(px, py))
		}
		return d
	}
}

// both is where two forms meet, except is the first without the second.
func both(a, b form) form { return func(x, y float64) float64 { return max(a(x, y), b(x, y)) } }

func except(a, b form) form { return func(x, y float64) float64 { return max(a(x, y), -b(x, y)) } }

// above is all that is higher than y.
func above(y float64) form { return func(_, py float64) float64 { return py - y } }
