package samples

import (
	"fmt"
	"math"
)

var _ = register(Entry{
	Name:  "shapes",
	Title: "Shapes",
	What:  "a circle, square, triangle or cross in a colour, a size and a place, with a caption; endless",
}, func(o Options) (Source, error) { return newShapes(o) })

const (
	shapeTests = 10000
	shapeSide  = 32 // native
)

// The words for what a Shape can be, in the order of its fields' numbers.
var (
	ShapeKinds       = []string{"circle", "square", "triangle", "cross"}
	ShapeColours     = []string{"red", "green", "blue", "yellow", "purple", "orange"}
	ShapeSizes       = []string{"small", "large"}
	ShapeColumns     = []string{"left", "centre", "right"}
	ShapeRows        = []string{"top", "middle", "bottom"}
	ShapeBackgrounds = []string{"black", "grey", "white"}
)

// Shape is the truth about a picture of one object: numbers into the lists above.
type Shape struct {
	Kind, Colour, Size int
	X, Y               int // column and row, each a third of the picture
	Background         int
}

// Shapes is a source whose pictures show one Shape each.
type Shapes interface {
	Source
	Captioner
	// Shape is what example i of a split shows.
	Shape(split Split, i int) Shape
}

// shapes draws each picture when it is asked for. Keys of the splits are even and odd,
// as those of digits are, so no test picture comes up in training.
type shapes struct {
	side     int
	seed     uint64
	language string
}

func newShapes(o Options) (*shapes, error) {
	side := o.Size
	if side == 0 {
		side = shapeSide
	}
	if side < 8 || side > 256 {
		return nil, fmt.Errorf("size %d: want 8 to 256 pixels", side)
	}
	return &shapes{side, o.Seed, o.Language}, nil
}

func (s *shapes) Info() Info {
	return Info{
		Name: "shapes", H: s.side, W: s.side, C: 3, Labels: ShapeKinds, Train: Endless, Test: shapeTests,
		Captioned: true, Source: "built in",
	}
}

// hand is the source of all that is drawn by chance in an example: first its Shape, which in training is no
// combination that is held out.
func (s *shapes) hand(split Split, i int) (Shape, stream) {
	r := stream{exampleKey(s.seed, split, uint64(i))}
	pick := func(words []string) int { return int(r.next() % uint64(len(words))) }
	for {
		h := Shape{
			Kind: pick(ShapeKinds), Colour: pick(ShapeColours), Size: pick(ShapeSizes), X: pick(ShapeColumns),
			Y: pick(ShapeRows), Background: pick(ShapeBackgrounds),
		}
		if split == Test || !heldShape(h.Kind, h.Colour, h.Size) {
			return h, r
		}
	}
}

func (s *shapes) Shape(split Split, i int) Shape {
	shape, _ := s.hand(split, i)
	return shape
}

func (s *shapes) Example(split Split, i int, dst []float32) (int, error) {
	n := Info{Name: "shapes", H: s.side, W: s.side, C: 3, Train: Endless, Test: shapeTests}
	if err := checkExample(n, split, i, dst); err != nil {
		return -1, err
	}
	shape, r := s.hand(split, i)
	shape.draw(s.side, &r, dst)
	return shape.Kind, nil
}

// Caption words the truth in one of many ways. Size, colour and kind are always said;
// place and background in most captions.
func (s *shapes) Caption(split Split, i int) string {
	n := Info{Name: "shapes", H: 1, W: 1, C: 1, Train: Endless, Test: shapeTests}
	if checkExample(n, split, i, make([]float32, 1)) != nil {
		return ""
	}
	shape, r := s.hand(split, i)
	r.state = mix(r.state ^ golden) // another stream than that of the drawing
	if s.language == Chinese || s.language == Both && r.chance(0.5) {
		one := shape.scene()
		return one.chinese(&r)
	}
	return shape.caption(&r)
}

// Draw draws the shape as a picture of side x side RGB pixels into dst, [H W 3] in
// [0,1]. The seed decides about what the words leave open: exact place, radius, turn
// and shade.
func (h Shape) Draw(side int, seed uint64, dst []float32) error {
	if len(dst) != side*side*3 || side < 1 {
		return fmt.Errorf("samples: shape of %d pixels: room for %d values, want %d", side, len(dst), side*side*3)
	}
	for _, f := range []struct {
		name  string
		at    int
		words []string
	}{
		{"kind", h.Kind, ShapeKinds}, {"colour", h.Colour, ShapeColours}, {"size", h.Size, ShapeSizes},
		{"column", h.X, ShapeColumns}, {"row", h.Y, ShapeRows}, {"background", h.Background, ShapeBackgrounds},
	} {
		if f.at < 0 || f.at >= len(f.words) {
			return fmt.Errorf("samples: shape: %s %d: want 0 to %d", f.name, f.at, len(f.words)-1)
		}
	}
	r := stream{mix(seed + golden)}
	h.draw(side, &r, dst)
	return nil
}

// Levels of red, green and blue.
var (
	shapeLevels = [][3]float64{
		{220, 40, 40}, {30, 190, 50}, {50, 90, 235}, {240, 215, 50}, {160, 60, 200}, {245, 140, 30},
	}
	groundLevels = [][3]float64{{16, 16, 20}, {105, 105, 108}, {240, 240, 236}}
)

// draw writes the picture. Products are rounded one by one, and pixels are bytes, so
// that it is the same on every machine.
func (h Shape) draw(side int, r *stream, dst []float32) {
	// As shares of the side: large shapes lie nearer to the middle, so that all are whole.
	radius, step := r.around(0.135, 0.01), 0.25
	if h.Size == 1 {
		radius, step = r.around(0.22, 0.015), 0.18
	}
	cx := 0.5 + float64(step*float64(h.X-1)) + r.around(0, 0.015)
	cy := 0.5 + float64(step*float64(h.Y-1)) + r.around(0, 0.015)
	// A turn of up to 7 degrees, by its half angle's tangent.
	t := r.around(0, 0.06)
	t2 := float64(t * t)
	cos, sin := (1-t2)/(1+t2), 2*t/(1+t2)
	shade, glow := r.around(0, 14), r.around(0, 10)
	pixels := float64(side)
	scale := radius * pixels
	for y := range side {
		for x := range side {
			dx := (float64(float64(x)+0.5) - float64(cx*pixels)) / scale
			dy := (float64(float64(y)+0.5) - float64(cy*pixels)) / scale
			u := float64(dx*cos) + float64(dy*sin)
			v := float64(dy*cos) - float64(dx*sin)
			cover := min(max(0.5-float64(outside(h.Kind, u, v)*scale), 0), 1)
			at := 3 * (y*side + x)
			for c := range 3 {
				ground := groundLevels[h.Background][c] + glow
				ink := shapeLevels[h.Colour][c] + shade
				level := ground + float64((ink-ground)*cover)
				dst[at+c] = byteValue[int(min(max(level, 0), 255)+0.5)]
			}
		}
	}
}

// outside is how far a point lies outside a shape of about radius 1, below 0
// inside.
func outside(kind int, x, y float64) float64 {
	ax, ay := math.Abs(x), math.Abs(y)
	switch kind {
	case 0:
		return math.Sqrt(float64(x*x)+float64(y*y)) - 1
	case 1:
		return max(ax, ay) - 0.88
	case 2: // one corner up
		const r = 0.62 // of the circle within
		y -= 0.2       // between its centre of mass and that of its box
		return max(y, float64(0.8660254037844386*ax)-float64(0.5*y)) - r
	}
	const bar = 0.36
	return min(max(ax-bar, ay-1), max(ax-1, ay-bar))
}

// place is where the shape is, in words: "top left", "centre".
func (h Shape) place() string {
	column, row := ShapeColumns[h.X], ShapeRows[h.Y]
	switch {
	case h.X == 1 && h.Y == 1:
		return "centre"
	case h.X == 1:
		return row
	case h.Y == 1:
		return column
	}
	return row + " " + column
}

func (h Shape) caption(r *stream) string {
	what := ShapeSizes[h.Size] + " " + ShapeColours[h.Colour] + " " + ShapeKinds[h.Kind]
	ground, place := ShapeBackgrounds[h.Background], h.place()
	at := "at the " + place
	switch place {
	case "left", "right":
		at = "on the " + place
	case "centre":
		at = "in the centre"
	case "top left", "top right", "bottom left", "bottom right":
		at = "in the " + place + " corner"
	}
	switch r.next() % 8 {
	case 0:
		return "a " + what + " " + at + " on a " + ground + " background"
	case 1:
		return what + ", " + place + ", " + ground + " background"
	case 2:
		return "there is a " + what + " " + at + ", the background is " + ground
	case 3:
		return "on " + ground + ": a " + what + " " + at
	case 4:
		return "a " + what + " " + at
	case 5:
		return "a " + what + " on " + ground
	case 6:
		return "a picture of a " + what + " " + at + ", " + ground + " behind it"
	}
	return what + " " + at
}
