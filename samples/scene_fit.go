package samples

import (
	"cmp"
	"math"
	"slices"
)

// cover is how much of each pixel around an area its ink covers.
type cover struct {
	side           int
	x0, y0, x1, y1 int       // pixels that are looked at
	share          []float64 // of each of them; NaN where another object is
	x, y, total    float64   // centre of mass, in parts of the side, and sum
	laid           []float64 // what an outline covers: scratch
}

func newCover(img []float32, side int, ground, ink tint, a area, hues []int) *cover {
	c := &cover{side: side, x0: side, y0: side}
	for _, p := range a.cells {
		x, y := p%side, p/side
		c.x0, c.x1, c.y0, c.y1 = min(c.x0, x), max(c.x1, x+1), min(c.y0, y), max(c.y1, y+1)
	}
	margin := side/16 + 1
	c.x0, c.y0 = max(c.x0-margin, 0), max(c.y0-margin, 0)
	c.x1, c.y1 = min(c.x1+margin, side), min(c.y1+margin, side)
	mine := make(map[int]bool, len(a.cells))
	for _, p := range a.cells {
		mine[p] = true
	}
	length := max(apart(ink, ground), 0.05)
	for y := c.y0; y < c.y1; y++ {
		for x := c.x0; x < c.x1; x++ {
			p := y*side + x
			share := 0.0
			for k := range ink {
				share += float64((img[3*p+k] - ground[k]) * (ink[k] - ground[k]))
			}
			share = min(max(share/(3*length*length), 0), 1)
			if !mine[p] && hues[p] >= 0 && hues[p] != a.hue {
				share = math.NaN()
			} else {
				c.total += share
				c.x += share * (float64(x) + 0.5)
				c.y += share * (float64(y) + 0.5)
			}
			c.share = append(c.share, share)
		}
	}
	c.total = max(c.total, 1e-9)
	c.x, c.y = c.x/c.total/float64(side), c.y/c.total/float64(side)
	return c
}

// fitted is a kind laid over an area as well as it goes.
type fitted struct {
	object
	wrong float64 // squared difference of what is covered, as a share of it
}

// kindArea is the area of each kind with radius 1, and kindLow how far its centre of mass lies below the
// middle.
var (
	kindArea = [...]float64{math.Pi, 1.76 * 1.76, 2.0, 2.36}
	kindLow  = [...]float64{0, 0, 0.2, 0}
)

// compete lays every kind over the area roughly and the two that suit it best well, sharp and blurred.
func (c *cover) compete() (best, second fitted) {
	var all []fitted
	for kind := range ShapeKinds {
		o := object{kind: kind, r: math.Sqrt(c.total/kindArea[kind]) / float64(c.side)}
		o.x, o.y = c.x, c.y-kindLow[kind]*o.r
		all = append(all, c.fit(o, false, 0.16, 0.07))
	}
	better := func(a, b fitted) int { return cmp.Compare(a.wrong, b.wrong) }
	slices.SortStableFunc(all, better)
	all = all[:2]
	for k, rough := range all {
		sharp, blurred := c.fit(rough.object, false, 0.05, 0.012), c.fit(rough.object, true, 0.1, 0.012)
		all[k] = sharp
		if blurred.wrong < sharp.wrong {
			all[k] = blurred
		}
	}
	slices.SortStableFunc(all, better)
	return all[0], all[1]
}

// fit moves, scales and turns an outline in steps that get smaller, in parts of its radius.
func (c *cover) fit(o object, blurred bool, from, to float64) fitted {
	best := c.wrong(o, blurred)
	for step := from; step > to; step /= 2 {
		for again := true; again; {
			again = false
			for move := range 8 {
				next := o.moved(move/2, step*float64(2*(move%2)-1))
				if w := c.wrong(next, blurred); w < best*0.999 {
					o, best, again = next, w, true
				}
			}
		}
	}
	return fitted{o, best}
}

// moved changes one of the four numbers by a step that is in parts of the radius.
func (o object) moved(which int, step float64) object {
	switch which {
	case 0:
		o.x += step * o.r
	case 1:
		o.y += step * o.r
	case 2:
		o.r += step * o.r
	case 3:
		o.turn = min(max(o.turn+step/2, -0.07), 0.07)
	}
	return o
}

// wrong compares an outline with what is covered.
func (c *cover) wrong(o object, blurred bool) float64 {
	_, f := o.form()
	side, w := float64(c.side), c.x1-c.x0
	c.laid = c.laid[:0]
	for y := c.y0; y < c.y1; y++ {
		for x := c.x0; x < c.x1; x++ {
			share := 0.5 - f((float64(x)+0.5)/side, (float64(y)+0.5)/side)*side
			if share < 0 {
				share = 0
			} else if share > 1 {
				share = 1
			}
			c.laid = append(c.laid, share)
		}
	}
	if blurred {
		soften(c.laid, w)
	}
	sum := 0.0
	for i, share := range c.share {
		if d := share - c.laid[i]; d == d {
			sum += d * d
		}
	}
	return sum / c.total
}

// soften blurs rows of w values as smooth does.
func soften(v []float64, w int) {
	line := func(first, stride, n int) {
		last := v[first]
		for k := 1; k+1 < n; k++ {
			at := first + k*stride
			now := v[at]
			v[at] = (last + 2*now + v[at+stride]) / 4
			last = now
		}
	}
	for y := range len(v) / w {
		line(y*w, 1, w)
	}
	for x := range w {
		line(x, w, len(v)/w)
	}
}
