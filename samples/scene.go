package samples

import (
	"fmt"
	"math"
	"slices"
)

var _ = register(Entry{
	Name:  "scenes",
	Title: "Scenes",
	What:  "one to three shapes a picture, with captions in English or Chinese that say how they lie; endless",
}, func(o Options) (Source, error) { return newScenes(o) })

// scene is what is in a picture of shapes.
type scene struct {
	ground  int      // into ShapeBackgrounds
	objects []object // one to three
	free    bool     // the objects are anywhere: no words for their places
}

// object is one shape of a scene: numbers into the lists of words, and where exactly it is.
type object struct {
	kind, colour, size int
	column, row        int
	x, y, r            float64 // in parts of the side; the radius as outside takes it
	turn               float64 // tangent of half the angle
}

// layout is how large shapes are and where they lie, in parts of the side. A picture of one has more room.
type layout struct {
	radius [2]float64 // of ShapeSizes, typical
	step   [2]float64 // from the middle to the outer columns and rows, by size
}

var (
	singleLayout = layout{[2]float64{0.135, 0.225}, [2]float64{0.25, 0.17}} // as Shape.draw has it
	sceneLayout  = layout{[2]float64{0.13, 0.195}, [2]float64{0.28, 0.24}}
)

const (
	sceneTests = 10000
	sceneSide  = 32   // native
	sceneGap   = 0.05 // least distance of two shapes
	sceneEdge  = 0.03 // and to the edge of the picture
	// sceneAlone is how many pictures of one object a training begins with; after twice as many, all are as they come.
	// What words mean and where things are is learned of one, and how to keep two apart after that (Bengio et al.,
	// "Curriculum learning", ICML 2009).
	sceneAlone = 150_000
)

// heldShape says which kinds, colours and sizes do not come together in training: 6 of the 48, of all kinds,
// one of each colour and three of each size, so that each word is learnt, and each pair of words but these.
func heldShape(kind, colour, size int) bool { return (kind+colour+4*size)%8 == 2 }

// scenes draws each picture when it is asked for. Keys of the splits are even and odd, as those of digits
// are, so no test picture comes up in training.
type scenes struct {
	side     int
	seed     uint64
	language string
}

func newScenes(o Options) (*scenes, error) {
	s := &scenes{o.Size, o.Seed, o.Language}
	if s.side == 0 {
		s.side = sceneSide
	}
	if s.side < 16 || s.side > 256 {
		return nil, fmt.Errorf("size %d: want 16 to 256 pixels", s.side)
	}
	return s, nil
}

func (s *scenes) Info() Info {
	return Info{
		Name: "scenes", H: s.side, W: s.side, C: 3, Train: Endless, Test: sceneTests,
		Captioned: true, Source: "built in",
	}
}

// scene is what example i shows, and the stream that the caption is drawn from.
func (s *scenes) scene(split Split, i int) (scene, stream) {
	key := exampleKey(s.seed, split, uint64(i))
	r := stream{key}
	alone := 0.0
	if n, ok := seen(i); ok && split == Train {
		alone = min(max(2-float64(n)/sceneAlone, 0), 1)
	}
	for {
		if sc := chooseScene(&r, alone); split == Test || !sc.held() {
			return sc, stream{mix(key ^ golden)}
		}
	}
}

func (s *scenes) Example(split Split, i int, dst []float32) (int, error) {
	if err := checkExample(s.Info(), split, i, dst); err != nil {
		return -1, err
	}
	sc, _ := s.scene(split, i)
	sc.draw(&canvas{s.side, dst})
	return -1, nil
}

func (s *scenes) exists(split Split, i int) bool {
	return i >= 0 && (split == Train || split == Test && i < sceneTests)
}

// Caption words the scene in one of many ways, in the language that was asked for.
func (s *scenes) Caption(split Split, i int) string {
	if !s.exists(split, i) {
		return ""
	}
	sc, r := s.scene(split, i)
	return sc.caption(&r, s.language)
}

// Truth is all of the scene; the places of free objects are left open, and so is a relation that words would
// not be clear about.
func (s *scenes) Truth(split Split, i int) Truth {
	if !s.exists(split, i) {
		return nil
	}
	sc, _ := s.scene(split, i)
	return sc.truth()
}

// chooseScene draws a scene by chance: a share of alone shows one object, the others one to three.
func chooseScene(r *stream, alone float64) scene {
	s := scene{ground: r.below(len(ShapeBackgrounds)), free: r.chance(0.25)}
	n := 1
	switch u := r.uniform(); {
	case alone > 0 && r.chance(alone):
	case u > 0.8:
		n = 3
	case u > 0.4:
		n = 2
	}
	for tries := 0; len(s.objects) < n; tries++ {
		if tries == 200 { // the first took the room
			s.objects, tries = nil, 0
		}
		if o := chooseObject(r, s.free); s.fits(o) {
			s.objects = append(s.objects, o)
		}
	}
	if n > 1 {
		if rel := s.relation(0, 1); rel == "right of" || rel == "below" {
			s.objects[0], s.objects[1] = s.objects[1], s.objects[0]
		}
	}
	return s
}

func chooseObject(r *stream, free bool) object {
	o := object{
		kind: r.below(len(ShapeKinds)), colour: r.below(len(ShapeColours)), size: r.below(len(ShapeSizes)),
		column: r.below(3), row: r.below(3), turn: r.around(0, 0.06),
	}
	o.r = r.around(sceneLayout.radius[o.size], 0.06*sceneLayout.radius[o.size])
	step := sceneLayout.step[o.size]
	o.x = 0.5 + step*float64(o.column-1) + r.around(0, 0.025)
	o.y = 0.5 + step*float64(o.row-1) + r.around(0, 0.025)
	if free {
		margin := 1.1*o.r + sceneEdge
		o.x, o.y = margin+r.uniform()*(1-2*margin), margin+r.uniform()*(1-2*margin)
		o.column, o.row = sceneLayout.cell(o)
	}
	return o
}

// cell is the column and row that a place counts as.
func (l layout) cell(o object) (column, row int) {
	third := func(v float64) int { return min(max(int(math.Round((v-0.5)/l.step[o.size])), -1), 1) + 1 }
	return third(o.x), third(o.y)
}

// fits says whether an object has room beside those that are there, and cannot be taken for one of them.
func (s *scene) fits(o object) bool {
	for _, p := range s.objects {
		if p.kind == o.kind && p.colour == o.colour || !s.free && p.column == o.column && p.row == o.row {
			return false
		}
		if math.Hypot(p.x-o.x, p.y-o.y) < 1.05*(p.r+o.r)+sceneGap {
			return false
		}
	}
	return true
}

func (s *scene) held() bool {
	for _, o := range s.objects {
		if heldShape(o.kind, o.colour, o.size) {
			return true
		}
	}
	return false
}

// relation is how object i lies to object j, "" where neither word is clear.
func (s *scene) relation(i, j int) string {
	a, b := s.objects[i], s.objects[j]
	return lies(b.x-a.x, b.y-a.y)
}

// lies is the word for an object from which another is dx to the right and dy down.
func lies(dx, dy float64) string {
	switch ax, ay := math.Abs(dx), math.Abs(dy); {
	case ax > ay+0.12 && dx > 0:
		return "left of"
	case ax > ay+0.12:
		return "right of"
	case ay > ax+0.12 && dy > 0:
		return "above"
	case ay > ax+0.12:
		return "below"
	}
	return ""
}

// nth is the name of an attribute of object k.
func nth(name string, k int) string {
	if k == 0 {
		return name
	}
	return name + " " + string(rune('1'+k))
}

func (s *scene) truth() Truth {
	var t Truth
	for k, o := range s.objects {
		t = append(t, Attribute{nth("shape", k), ShapeKinds[o.kind]},
			Attribute{nth("colour", k), ShapeColours[o.colour]}, Attribute{nth("size", k), ShapeSizes[o.size]})
		if !s.free {
			t = t.put(nth("position", k), Shape{X: o.column, Y: o.row}.place())
		}
	}
	if len(s.objects) > 1 {
		t = t.put("relation", s.relation(0, 1))
	}
	return append(t, Attribute{"objects", fmt.Sprint(len(s.objects))},
		Attribute{"background", ShapeBackgrounds[s.ground]})
}

// draw paints the scene.
func (s *scene) draw(c *canvas) {
	c.clear(levels(groundLevels[s.ground]))
	for _, o := range s.objects {
		b, f := o.form()
		c.paint(b, f, levels(shapeLevels[o.colour]))
	}
}

// levels makes a colour of three bytes.
func levels(l [3]float64) tint {
	return tint{float32(l[0] / 255), float32(l[1] / 255), float32(l[2] / 255)}
}

// form is the object's outline.
func (o object) form() (box, form) {
	t2 := o.turn * o.turn
	cos, sin := (1-t2)/(1+t2), 2*o.turn/(1+t2)
	reach := 1.5 * o.r
	return around(o.x, o.y, reach, reach), func(x, y float64) float64 {
		dx, dy := (x-o.x)/o.r, (y-o.y)/o.r
		return outside(o.kind, dx*cos+dy*sin, dy*cos-dx*sin) * o.r
	}
}

// Held lists the kinds, colours and sizes that training never shows together.
func (s *scenes) Held() []Truth { return slices.Clone(heldShapes) }

// HeldOut says whether one of the objects is a combination that training never shows.
func (s *scenes) HeldOut(t Truth) bool { return heldOutShape(t) }

var heldShapes = func() (all []Truth) {
	for k, kind := range ShapeKinds {
		for c, colour := range ShapeColours {
			for z, size := range ShapeSizes {
				if heldShape(k, c, z) {
					all = append(all, Truth{{"size", size}, {"colour", colour}, {"shape", kind}})
				}
			}
		}
	}
	return all
}()

func heldOutShape(t Truth) bool {
	for _, h := range heldShapes {
		for k := range maxWanted {
			held := true
			for _, a := range h {
				held = held && t.Value(nth(a.Name, k)) == a.Value
			}
			if held {
				return true
			}
		}
	}
	return false
}
