package samples

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// found is an object that was found in a picture.
type found struct {
	kind, colour, size, place string  // None where it cannot be told
	x, y                      float64 // in parts of the side
}

const (
	mostFound = 4 // objects that are looked at; more is "more"

	// Colours of shapes are told from the neutral backgrounds by chroma, the largest level less the smallest.
	leastChroma = 0.22  // of a pixel of a shape, after smoothing
	leastApart  = 0.1   // of a pixel of a shape from the background
	leastShape  = 0.009 // share of the picture that a shape takes
	mostShape   = 0.4
	hueCosine   = 0.965 // of the angle, 15 degrees, within which a colour has its name
	greyWithin  = 0.17  // distance within which a background has its name

	// A shape has its name where its outline explains the picture, and clearly better than another's.
	mostUnexplained = 0.22
	clearlyBetter   = 0.85
)

// look finds the shapes of a scene: pixels are sorted by hue into areas that hang together, each kind is
// fitted to each area, and the one that explains it best counts. It returns the background, too.
func (l layout) look(pixels []float32, side int) ([]found, string) {
	if side < 8 || side > MaxSize || len(pixels) != 3*side*side {
		return nil, None
	}
	img := sane(pixels)
	ground := borderColour(img, side)
	name := None
	best := greyWithin
	for i, g := range groundLevels {
		if d := apart(ground, levels(g)); d < best {
			best, name = d, ShapeBackgrounds[i]
		}
	}
	hues := hueMap(smooth(img, side), side, ground)
	var all []found
	for _, a := range areas(hues, side) {
		share := float64(len(a.cells)) / float64(side*side)
		if share < leastShape || share > mostShape || len(all) == mostFound {
			continue
		}
		all = append(all, l.identify(img, side, ground, a, hues))
	}
	return all, name
}

// sane is a copy of the pixels with nothing in it but numbers from 0 to 1.
func sane(pixels []float32) []float32 {
	out := make([]float32, len(pixels))
	for i, v := range pixels {
		if v > 0 { // not NaN
			out[i] = min(v, 1)
		}
	}
	return out
}

// smooth is the picture with each pixel mixed with its eight neighbours, 4:2:1, so that noise has less colour.
func smooth(img []float32, side int) []float32 {
	out := make([]float32, len(img))
	for y := range side {
		for x := range side {
			var sum [3]float32
			weight := float32(0)
			for dy := max(y-1, 0); dy <= min(y+1, side-1); dy++ {
				for dx := max(x-1, 0); dx <= min(x+1, side-1); dx++ {
					w := float32((2 - abs(dy-y)) * (2 - abs(dx-x)))
					weight += w
					for c := range sum {
						sum[c] += w * img[3*(dy*side+dx)+c]
					}
				}
			}
			for c := range sum {
				out[3*(y*side+x)+c] = sum[c] / weight
			}
		}
	}
	return out
}

func abs(i int) int { return max(i, -i) }

// borderColour is the median of the pixels at the edge.
func borderColour(img []float32, side int) (t tint) {
	var levels [3][]float32
	for i := range side {
		for _, p := range [4]int{i, (side-1)*side + i, i * side, i*side + side - 1} {
			for c := range levels {
				levels[c] = append(levels[c], img[3*p+c])
			}
		}
	}
	for c := range t {
		slices.Sort(levels[c])
		t[c] = levels[c][len(levels[c])/2]
	}
	return t
}

// apart is the root mean square difference of two colours.
func apart(a, b tint) float64 {
	sum := 0.0
	for c := range a {
		d := float64(a[c] - b[c])
		sum += d * d
	}
	return math.Sqrt(sum / 3)
}

// hue is the direction of a colour away from grey, of length 1, and its chroma.
func hue(t tint) (direction [3]float64, chroma float64) {
	mean := float64(t[0]+t[1]+t[2]) / 3
	length := 0.0
	for c := range t {
		direction[c] = float64(t[c]) - mean
		length += direction[c] * direction[c]
	}
	length = max(math.Sqrt(length), 1e-9)
	for c := range direction {
		direction[c] /= length
	}
	return direction, float64(max(t[0], t[1], t[2]) - min(t[0], t[1], t[2]))
}

// nearestHue is the number of the colour whose hue is nearest, and the cosine of the angle between.
func nearestHue(t tint) (colour int, cosine float64) {
	cosine = -2
	direction, _ := hue(t)
	for i, l := range shapeLevels {
		other, _ := hue(levels(l))
		if dot := direction[0]*other[0] + direction[1]*other[1] + direction[2]*other[2]; dot > cosine {
			colour, cosine = i, dot
		}
	}
	return colour, cosine
}

// hueMap is the nearest colour of each pixel, -1 for those that are as good as grey, or as the background.
func hueMap(img []float32, side int, ground tint) []int {
	m := make([]int, side*side)
	for p := range m {
		t := tint(img[3*p : 3*p+3])
		m[p] = -1
		if _, chroma := hue(t); chroma > leastChroma && apart(t, ground) > leastApart {
			m[p], _ = nearestHue(t)
		}
	}
	return m
}

// area is a set of pixels of one colour that hang together.
type area struct {
	hue   int
	cells []int
}

// areas lists the areas of a map, the largest first. Pixels of -1 are in none.
func areas(m []int, side int) []area {
	seen := make([]bool, len(m))
	var all []area
	for start, h := range m {
		if h < 0 || seen[start] {
			continue
		}
		a := area{hue: h}
		queue := []int{start}
		seen[start] = true
		for len(queue) > 0 {
			p := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			a.cells = append(a.cells, p)
			for _, q := range beside(p, side) {
				if q >= 0 && !seen[q] && m[q] == h {
					seen[q] = true
					queue = append(queue, q)
				}
			}
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(a, b area) int { return cmp.Compare(len(b.cells), len(a.cells)) })
	return all
}

// beside lists the four neighbours of a pixel, -1 where the picture ends.
func beside(p, side int) [4]int {
	n := [4]int{p - side, p + side, p - 1, p + 1}
	if p < side {
		n[0] = -1
	}
	if p >= side*(side-1) {
		n[1] = -1
	}
	if p%side == 0 {
		n[2] = -1
	}
	if p%side == side-1 {
		n[3] = -1
	}
	return n
}

// identify names what an area shows.
func (l layout) identify(img []float32, side int, ground tint, a area, hues []int) found {
	f := found{kind: None, colour: None, size: None, place: None}
	ink := inkOf(img, ground, a)
	if colour, cosine := nearestHue(ink); cosine >= hueCosine && brightEnough(ink, colour) {
		f.colour = ShapeColours[colour]
	}
	c := newCover(img, side, ground, ink, a, hues)
	f.x, f.y = c.x, c.y
	best, second := c.compete()
	f.x, f.y = best.x, best.y
	if best.wrong > mostUnexplained {
		return f
	}
	if best.wrong < clearlyBetter*second.wrong {
		f.kind = ShapeKinds[best.kind]
	}
	small, large := l.radius[0], l.radius[1]
	if best.r < 0.6*small || best.r > 1.5*large {
		return f
	}
	size := 0
	if best.r > math.Sqrt(small*large) {
		size = 1
	}
	f.size = ShapeSizes[size]
	column, row := l.cell(object{x: f.x, y: f.y, size: size})
	f.place = Shape{X: column, Y: row}.place()
	return f
}

// brightEnough says whether a colour is about as light as the one that it is named after.
func brightEnough(ink tint, colour int) bool { return apart(ink, levels(shapeLevels[colour])) < 0.25 }

// inkOf is the mean colour of that half of an area that is furthest from the background.
func inkOf(img []float32, ground tint, a area) (ink tint) {
	far := func(p int) float64 { return apart(ground, tint(img[3*p:3*p+3])) }
	cells := slices.Clone(a.cells)
	slices.SortStableFunc(cells, func(p, q int) int { return cmp.Compare(far(q), far(p)) })
	cells = cells[len(cells)/8 : max(len(cells)*5/8, len(cells)/8+1)] // the very furthest are noise
	for _, p := range cells {
		for c := range ink {
			ink[c] += img[3*p+c] / float32(len(cells))
		}
	}
	return ink
}

// Look tells the shapes of a picture, the largest first.
func (s *scenes) Look(pixels []float32, side int) Truth { return sceneLayout.tell(pixels, side) }

// Judge compares the shapes of a picture with those that were wanted.
func (s *scenes) Judge(want Truth, pixels []float32, side int) []Verdict {
	return sceneLayout.judge(want, pixels, side)
}

func (l layout) tell(pixels []float32, side int) Truth {
	all, ground := l.look(pixels, side)
	return foundTruth(all, ground)
}

func foundTruth(all []found, ground string) Truth {
	var t Truth
	for k, f := range all[:min(len(all), mostFound)] {
		t = append(t, Attribute{nth("shape", k), f.kind}, Attribute{nth("colour", k), f.colour},
			Attribute{nth("size", k), f.size}, Attribute{nth("position", k), f.place})
	}
	if len(all) == 0 {
		t = append(t, Attribute{"shape", None}, Attribute{"colour", None}, Attribute{"size", None},
			Attribute{"position", None})
	}
	if len(all) > 1 {
		t = t.put("relation", lies(all[1].x-all[0].x, all[1].y-all[0].y))
	}
	return append(t, Attribute{"objects", countWord(len(all))}, Attribute{"background", ground})
}

func countWord(n int) string {
	switch {
	case n == 0:
		return None
	case n < mostFound:
		return fmt.Sprint(n)
	}
	return "more"
}

// judge gives the wanted objects those of the picture, in the order in which most is right.
func (l layout) judge(want Truth, pixels []float32, side int) []Verdict {
	all, ground := l.look(pixels, side)
	count := countWord(len(all))
	all = all[:min(len(all), mostFound)]
	for len(all) < maxWanted {
		all = append(all, found{None, None, None, None, math.NaN(), math.NaN()})
	}
	var best []Verdict
	most := -1
	each(len(all), func(order []int) {
		var got []found
		for _, k := range order {
			got = append(got, all[k])
		}
		t := foundTruth(got, ground).put("objects", count)
		t = t.put("relation", cmp.Or(lies(got[1].x-got[0].x, got[1].y-got[0].y), None))
		vs := compare(want, t)
		right := 0
		for _, v := range vs {
			if v.Right {
				right++
			}
		}
		if right > most {
			best, most = vs, right
		}
	})
	return best
}

// each calls do with every order of n things.
func each(n int, do func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var next func(int)
	next = func(k int) {
		if k == n {
			do(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			next(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	next(0)
}
