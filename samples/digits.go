package samples

import "fmt"

var _ = register(Entry{
	Name:  "digits",
	Title: "Digits",
	What:  "ten digits in ten faces, warped and inked at random; endless, 10,000 for testing",
}, func(o Options) (Source, error) {
	d, err := newDigits(o.Size, o.Seed)
	if err != nil {
		return nil, err
	}
	d.language, d.holdOut = o.Language, o.HoldOut
	return d, nil
})

// digitTests is the number of test digits, as in MNIST.
const digitTests = 10000

// digitSide is the native side of a digit; all lengths below are in pixels of that size.
const digitSide = 28

const maxDigitSide = 256

// digits draws each digit when it is asked for: white on black, as large and as centred as MNIST's.
//
// A digit is a function of one 64-bit key. Keys of the training split are even and those of the test split
// odd, whatever the seed, so no test digit can come up in training; the test split is the same for every
// seed, so figures of different runs compare. Parameters are float64 without fused operations, and pixels
// are integers: the digits are the same on every machine.
type digits struct {
	side  int
	seed  uint64
	cheb2 []float64 // the second and third Chebyshev polynomial along a side: the warp's two waves
	cheb3 []float64
	zoom  float64 // pixels of this size to one native pixel

	language string
	holdOut  bool // training shows no combination of Held
}

func newDigits(side int, seed uint64) (*digits, error) {
	if side == 0 {
		side = digitSide
	}
	if side < 8 || side > maxDigitSide {
		return nil, fmt.Errorf("size %d: want 8 to %d pixels", side, maxDigitSide)
	}
	d := &digits{side: side, seed: seed, zoom: float64(side) / digitSide}
	for i := range side {
		t := (float64(2*i+1) - float64(side)) / float64(side)
		t2 := float64(t * t)
		d.cheb2 = append(d.cheb2, float64(2*t2)-1)
		d.cheb3 = append(d.cheb3, float64(t*(float64(4*t2)-3)))
	}
	return d, nil
}

var digitNames = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

func (d *digits) Info() Info {
	return Info{
		Name: "digits", H: d.side, W: d.side, C: 1, Labels: digitNames,
		Train: Endless, Test: digitTests, Captioned: true, Source: "built in",
	}
}

func (d *digits) Example(split Split, i int, dst []float32) (int, error) {
	n := Info{Name: "digits", H: d.side, W: d.side, C: 1, Train: Endless, Test: digitTests}
	if err := checkExample(n, split, i, dst); err != nil {
		return -1, err
	}
	h, r := d.hand(split, i)
	glyph, err := glyphs[h.face][h.label]()
	if err != nil {
		return -1, err
	}
	d.draw(glyph, h, &r, dst)
	return h.label, nil
}

func (d *digits) key(split Split, n uint64) uint64 { return exampleKey(d.seed, split, n) }

// label gives every ten examples, from a multiple of ten on, each class once, in an order of their own.
func (d *digits) label(split Split, i int) int {
	k := mix(d.key(split, uint64(i/10)) ^ golden)
	order := [10]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for left := uint64(10); left > 1; left-- {
		pick := k % left
		k /= left
		order[left-1], order[pick] = order[pick], order[left-1]
	}
	return order[i%10]
}

// pen is one digit's hand: the map from its pixels to the glyph's cells, and the ink. The map is a sum of a
// part of the row and a part of the column, since the affine map and both waves are.
type pen struct {
	cu, cv, cw [maxDigitSide]int32 // of each column: cells across and down in 1/65536, level
	ru, rv, rw [maxDigitSide]int32 // of each row
	slope      int32               // levels in a 1/1024 cell of distance, in 1/65536
	rough      int32               // levels of noise at the edge
	grain      int32               // share, in 1/256, of the ink that noise takes away
}

// draw writes the picture of a hand; r is what follows it.
func (d *digits) draw(g *field, h hand, r *stream, dst []float32) {
	var p pen
	d.choose(&p, g, h, r)
	for y := range d.side {
		row := dst[y*d.side : (y+1)*d.side]
		ru, rv, rw := p.ru[y], p.rv[y], p.rw[y]
		noise := uint64(0)
		for x := range row {
			if x&7 == 0 {
				noise = r.next()
			}
			speck := int32(noise & 255)
			noise >>= 8
			u, v := ru+p.cu[x], rv+p.cv[x]
			cell, line := u>>16, v>>16
			if uint32(cell) >= fieldCells-1 || uint32(line) >= fieldCells-1 {
				row[x] = 0
				continue
			}
			at := int(line*fieldCells + cell)
			fu, fv := u>>8&255, v>>8&255
			a, b := int32(g.d[at]), int32(g.d[at+1])
			top := a<<8 + (b-a)*fu
			a, b = int32(g.d[at+fieldCells]), int32(g.d[at+fieldCells+1])
			low := a<<8 + (b-a)*fu
			dist := (top<<8 + (low-top)*fv) >> 12 // in 1/1024 cell
			level := dist*p.slope>>16 + rw + p.cw[x] + (speck-128)*p.rough>>7
			level = min(max(level, 0), 255)
			level -= level * speck * p.grain >> 16
			row[x] = byteValue[level]
		}
	}
}

// hand is the part of a digit's parameters that words can be found for. Lengths are in native pixels.
type hand struct {
	label, face           int
	height, stretch, lean float64 // lean is to the right
	tan                   float64 // of half the angle that it is turned by, clockwise
	shiftX, shiftY        float64
	stroke, blur          float64 // wanted width of the stroke, and of the ramp from black to white
}

// hand is that of an example, and the stream that its other parameters are drawn from.
func (d *digits) hand(split Split, i int) (hand, stream) {
	label, key := d.label(split, i), d.key(split, uint64(i))
	for {
		r := stream{key}
		h := chooseHand(label, &r)
		if !d.holdOut || split == Test || !heldDigit(h) {
			return h, r
		}
		key = mix(key) << 1
	}
}

func chooseHand(label int, r *stream) hand {
	h := hand{label: label, face: int(r.next() % uint64(len(faces)))}
	h.height = r.around(18.2, 2.5)
	h.stretch = r.around(1.05, 0.25)
	h.lean = r.around(0.05, 0.32) // to the right, mostly, as hands lean
	h.tan = r.around(0, 0.11)     // 12 degrees
	h.shiftX, h.shiftY = r.around(0, 1.8), r.around(0, 1.4)
	h.stroke = r.around(2.5, 1.1)
	h.blur = min(r.around(1.5, 0.5), float64(0.7*h.stroke))
	return h
}

// growth is how far the outline of a glyph is moved out to have about the stroke that is wanted.
func (h hand) growth(g *field) float64 {
	return min(max(float64((h.stroke-float64(g.stem*(h.height/g.h)))/2), -0.9), 1.1)
}

// choose draws the other parameters of one digit.
func (d *digits) choose(p *pen, g *field, h hand, r *stream) {
	tan := h.tan
	cos, sin := (1-float64(tan*tan))/(1+float64(tan*tan)), float64(2*tan)/(1+float64(tan*tan))

	// Glyph to picture: stretch, lean, turn, scale. m is that matrix, and its inverse is what is drawn with.
	scale := float64(h.height/g.h) * d.zoom
	ax, ay := h.stretch, 0.0
	bx, by := -h.lean, 1.0
	m00, m01 := float64(cos*ax)-float64(sin*ay), float64(cos*bx)-float64(sin*by)
	m10, m11 := float64(sin*ax)+float64(cos*ay), float64(sin*bx)+float64(cos*by)
	det := float64((float64(m00*m11) - float64(m01*m10)) * scale)
	i00, i01, i10, i11 := m11/det, -m01/det, -m10/det, m00/det

	const one = 1 << 16
	waves := func(across float64) (a, b float64) { // in cells, two to a native pixel
		return r.around(0, float64(4.2*across)), r.around(0, float64(2.6*across))
	}
	u2, u3 := waves(0.4) // along its own axis a wave stretches, across it bends
	v2, v3 := waves(1)
	s2, s3 := waves(1)
	t2, t3 := waves(0.4)
	press, turnX, turnY := r.around(0, 0.5), r.around(0, 30), r.around(0, 30) // pixels, levels, levels

	cx := float64(d.side)/2 + float64((0.5+h.shiftX)*d.zoom) // MNIST's mean is half a pixel off the middle
	cy := float64(d.side)/2 + float64((0.5+h.shiftY)*d.zoom)
	levels := 255 / float64(h.blur*d.zoom) // to a pixel of distance
	grow := h.growth(g) + float64(0.3*press)
	level := 127.5 + float64(float64(grow*d.zoom)*levels)
	for k := range d.side {
		x, y := float64(k)+0.5-cx, float64(k)+0.5-cy
		a, b := d.cheb2[k], d.cheb3[k]
		p.cu[k] = int32((g.cx - 0.5 + float64(i00*x) + float64(u2*a) + float64(u3*b)) * one)
		p.cv[k] = int32((g.cy - 0.5 + float64(i10*x) + float64(v2*a) + float64(v3*b)) * one)
		p.ru[k] = int32((float64(i01*y) + float64(s2*a) + float64(s3*b)) * one)
		p.rv[k] = int32((float64(i11*y) + float64(t2*a) + float64(t3*b)) * one)
		p.cw[k] = int32(level + float64(turnX*a))
		p.rw[k] = int32(float64(turnY * b))
	}
	p.slope = int32(float64(scale*levels) * 64) // 65536 / 1024
	p.rough = int32(r.uniform() * 26)
	p.grain = int32(r.uniform() * 24)
}
