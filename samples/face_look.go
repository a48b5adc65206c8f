package samples

import (
	"math"
	"slices"
)

const (
	lookSide = 32 // pixels that a face is read at; larger pictures are made smaller

	// A picture shows a face where the best drawing explains this share of what differs from its mean colour,
	// and an attribute has its value where the drawing with it is clearly nearer to the picture than that
	// with any other (1: it is that drawing, 0: it is half way), and not far from the picture itself.
	leastExplained = 0.55
	leastMargin    = 0.15
	mostStrange    = 1.1
	wallWithin     = 0.16
)

// faceReader looks for the drawing that is most like a picture.
type faceReader struct {
	pixels  []float32 // lookSide x lookSide RGB
	blurred bool      // drawings are blurred, as the picture is
	scratch []float32
}

// Look tells the face of a picture: drawings are compared with it, attribute by attribute, until none is
// nearer. Words of a face are None where there is none, or where the picture is not clear about it.
func (s *cartoons) Look(pixels []float32, side int) Truth {
	if side < lookSide || side > MaxSize || len(pixels) != 3*side*side {
		return noFace()
	}
	r := &faceReader{pixels: reduced(sane(pixels), side, lookSide), scratch: make([]float32, 3*lookSide*lookSide)}
	t := noFace()
	f, plain := r.begin()
	if wall := wallTints[f.wall]; apart(wall, topColour(r.pixels)) < wallWithin {
		t = t.put("background", walls[f.wall])
	}
	f, wrong := r.search(f, plain)
	if wrong > (1-leastExplained)*plain {
		return t
	}
	for k, a := range features {
		switch {
		case a.name == "background":
		case !f.seen(a.name):
			t = slices.DeleteFunc(t, func(x Attribute) bool { return x.Name == a.name })
		case r.clear(f, k):
			t = t.put(a.name, a.values[*a.of(&f)])
		}
	}
	return t
}

// Judge compares the face of a picture with the one that was wanted.
func (s *cartoons) Judge(want Truth, pixels []float32, side int) []Verdict {
	return compare(want, s.Look(pixels, side))
}

func noFace() Truth {
	var t Truth
	for _, a := range features {
		t = append(t, Attribute{a.name, None})
	}
	return t
}

// reduced averages a picture to a smaller side.
func reduced(img []float32, side, to int) []float32 {
	if side == to {
		return img
	}
	out := make([]float32, 3*to*to)
	for y := range to {
		for x := range to {
			y0, y1, x0, x1 := y*side/to, (y+1)*side/to, x*side/to, (x+1)*side/to
			for v := y0; v < y1; v++ {
				for u := x0; u < x1; u++ {
					for c := range 3 {
						out[3*(y*to+x)+c] += img[3*(v*side+u)+c] / float32((y1-y0)*(x1-x0))
					}
				}
			}
		}
	}
	return out
}

// topColour is the median colour of the sides of the upper half, where nothing but background is.
func topColour(img []float32) (t tint) {
	var levels [3][]float32
	for y := range lookSide / 2 {
		for _, x := range []int{0, 1, lookSide - 2, lookSide - 1} {
			for c := range levels {
				levels[c] = append(levels[c], img[3*(y*lookSide+x)+c])
			}
		}
	}
	for c := range t {
		slices.Sort(levels[c])
		t[c] = levels[c][len(levels[c])/2]
	}
	return t
}

// drawn is a face as the picture would show it.
func (r *faceReader) drawn(f face) []float32 {
	f.draw(&canvas{lookSide, r.scratch})
	if r.blurred {
		return smooth(r.scratch, lookSide)
	}
	return r.scratch
}

// wrong is the squared difference between a face and the picture.
func (r *faceReader) wrong(f face) float64 {
	sum := float32(0)
	for i, v := range r.drawn(f) {
		d := v - r.pixels[i]
		sum += d * d
	}
	return float64(sum)
}

// tried are the attributes that are tried in all their combinations, since one hides or changes what
// another looks like.
var tried = [][]int{
	{1, 2}, {8, 9}, {0}, {5}, {6, 7}, {4, 3}, {10}, {0, 5}, {5, 6, 7}, {1, 8}, {2, 5}, {4, 6},
}

// begin is a face to begin with, before the background of the picture, and how wrong a picture without a face
// is, of the mean colour alone.
func (r *faceReader) begin() (f face, plain float64) {
	f = face{x: 0.5, y: 0.6, wide: 0.285, high: 0.33}
	ground, nearest := topColour(r.pixels), math.Inf(1)
	for k, t := range wallTints {
		if d := apart(ground, t); d < nearest {
			f.wall, nearest = k, d
		}
	}
	var sum, square [3]float64
	for i, v := range r.pixels {
		sum[i%3] += float64(v)
		square[i%3] += float64(v) * float64(v)
	}
	for c, s := range sum {
		plain += square[c] - s*s/(lookSide*lookSide)
	}
	return f, plain
}

// search gives the best face and how wrong it is. It soon gives up on what is no face.
func (r *faceReader) search(f face, plain float64) (face, float64) {
	best := r.wrong(f)
	for round := range 5 {
		before := f
		for _, group := range tried {
			f, best = r.try(f, best, group)
		}
		same := round > 0 && f == before // the rest is a matter of where the head is
		for _, step := range []float64{0.02, 0.01, 0.005}[min(round, 1):] {
			f, best = r.move(f, best, step)
		}
		r.blurred = !r.blurred // sharp or blurred: what is nearer now
		if other := r.wrong(f); other < best {
			best = other
		} else {
			r.blurred = !r.blurred
		}
		if same || best > 0.8*plain {
			break
		}
	}
	return f, best
}

// try replaces some attributes by all their combinations, and keeps the best.
func (r *faceReader) try(f face, best float64, group []int) (face, float64) {
	total := 1
	for _, k := range group {
		total *= len(features[k].values)
	}
	for n := range total {
		next := f
		for _, k := range group {
			*features[k].of(&next) = n % len(features[k].values)
			n /= len(features[k].values)
		}
		if !next.possible() || next == f {
			continue
		}
		if w := r.wrong(next); w < best {
			f, best = next, w
		}
	}
	return f, best
}

// possible says whether chooseFace may draw the face.
func (f *face) possible() bool {
	return !(f.hair == mohawk && f.hat != 0) && !(f.expression == surprised && f.mouth == 0)
}

// move shifts and scales the head while that makes it better.
func (r *faceReader) move(f face, best, step float64) (face, float64) {
	for again := true; again; {
		again = false
		for k := range 8 {
			next := f
			v := []*float64{&next.x, &next.y, &next.wide, &next.high}[k/2]
			*v += step * float64(2*(k%2)-1)
			if next.wide < 0.2 || next.wide > 0.36 || next.high < 0.24 || next.high > 0.42 ||
				math.Abs(next.x-0.5) > 0.1 || math.Abs(next.y-0.6) > 0.1 {
				continue
			}
			if w := r.wrong(next); w < best*0.9995 {
				f, best, again = next, w, true
			}
		}
	}
	return f, best
}

// clear says whether the picture tells the value of an attribute from all others.
func (r *faceReader) clear(f face, feature int) bool {
	mine := slices.Clone(r.drawn(f))
	for k := range features[feature].values {
		next := f
		*features[feature].of(&next) = k
		if next == f || next.hair == mohawk && f.hat != 0 { // which a hat would hide
			continue
		}
		var apart, residual, along float64
		for i, v := range r.drawn(next) {
			d := float64(v - mine[i])
			if d > -0.04 && d < 0.04 {
				continue
			}
			e := float64(r.pixels[i] - mine[i])
			apart += d * d
			residual += e * e
			along += e * d
		}
		if apart == 0 || 1-2*along/apart < leastMargin || residual > mostStrange*apart {
			return false
		}
	}
	return true
}
