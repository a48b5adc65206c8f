package samples

import (
	"fmt"
	"slices"
)

var _ = register(Entry{
	Name:  "faces",
	Title: "Faces",
	What:  "cartoon faces with skin, hair, eyes, glasses, beard, expression and hat, with captions; endless",
}, func(o Options) (Source, error) { return newCartoons(o) })

const (
	faceTests = 10000
	faceSide  = 32 // native
)

// What a face can be, in the order of its fields' numbers. Absent things have words of their own: None is for
// what cannot be told.
var (
	skins       = []string{"light", "tan", "dark"}
	hairs       = []string{"bald", "short", "long", "curly", "mohawk"}
	hairColours = []string{"black", "brown", "blond", "red", "grey"}
	eyeColours  = []string{"brown", "blue", "green"}
	glassKinds  = []string{"no glasses", "glasses", "sunglasses"}
	beards      = []string{"no beard", "beard", "moustache"}
	expressions = []string{"happy", "sad", "angry", "surprised"}
	mouths      = []string{"closed", "open"}
	hats        = []string{"no hat", "cap", "beanie", "top hat"}
	hatColours  = []string{"red", "blue", "green", "purple"}
	walls       = []string{"blue", "green", "pink", "white"}
)

const (
	bald, shortHair, longHair, curly, mohawk = 0, 1, 2, 3, 4
	sunglasses                               = 2
	surprised                                = 3
)

// face is a cartoon face: numbers into the lists above, and where the head is.
type face struct {
	skin, hair, hairColour, eyes, glasses, beard, expression, mouth, hat, hatColour, wall int

	x, y, wide, high float64 // of the head: its middle, and half its width and height, in parts of the side
}

// features are the attributes of a face in their order: names, values and where they are kept.
var features = []struct {
	name   string
	values []string
	of     func(*face) *int
}{
	{"skin", skins, func(f *face) *int { return &f.skin }},
	{"hair", hairs, func(f *face) *int { return &f.hair }},
	{"hair colour", hairColours, func(f *face) *int { return &f.hairColour }},
	{"eyes", eyeColours, func(f *face) *int { return &f.eyes }},
	{"glasses", glassKinds, func(f *face) *int { return &f.glasses }},
	{"beard", beards, func(f *face) *int { return &f.beard }},
	{"expression", expressions, func(f *face) *int { return &f.expression }},
	{"mouth", mouths, func(f *face) *int { return &f.mouth }},
	{"hat", hats, func(f *face) *int { return &f.hat }},
	{"hat colour", hatColours, func(f *face) *int { return &f.hatColour }},
	{"background", walls, func(f *face) *int { return &f.wall }},
}

// seen says whether an attribute can be seen: no hair has no colour, and sunglasses hide the eyes.
func (f *face) seen(name string) bool {
	switch name {
	case "hair colour":
		return f.hair != bald || f.beard != 0
	case "eyes":
		return f.glasses != sunglasses
	case "mouth": // of surprise it is always open
		return f.expression != surprised
	case "hat colour":
		return f.hat != 0
	}
	return true
}

// truth is all that can be seen.
func (f *face) truth() Truth {
	var t Truth
	for _, a := range features {
		if f.seen(a.name) {
			t = append(t, Attribute{a.name, a.values[*a.of(f)]})
		}
	}
	return t
}

// heldFace says which hair, hair colour and glasses do not come together in training: 1 in 8 of those with
// hair, so that each word is learnt, and each pair of words.
func heldFace(hair, colour, glasses int) bool {
	return hair != bald && (hair+2*colour+3*glasses)%8 == 5
}

// chooseFace draws a face by chance.
func chooseFace(r *stream) face {
	var f face
	for _, a := range features {
		*a.of(&f) = r.below(len(a.values))
	}
	rarely := func(v *int, share float64) { // the first value is "none", and the commonest
		if r.chance(share) {
			*v = 0
		}
	}
	rarely(&f.hat, 0.4)
	rarely(&f.glasses, 0.25)
	rarely(&f.beard, 0.25)
	if f.hair == mohawk && f.hat != 0 { // it would be hidden
		f.hair = r.below(mohawk)
	}
	if f.expression == surprised {
		f.mouth = 1
	}
	f.x, f.y = r.around(0.5, 0.025), r.around(0.6, 0.015)
	f.wide, f.high = r.around(0.285, 0.018), r.around(0.33, 0.018)
	return f
}

// cartoons draws each face when it is asked for. Keys of the splits are even and odd, as those of digits are,
// so no test face comes up in training.
type cartoons struct {
	side     int
	seed     uint64
	language string
}

func newCartoons(o Options) (*cartoons, error) {
	s := &cartoons{o.Size, o.Seed, o.Language}
	if s.side == 0 {
		s.side = faceSide
	}
	if s.side < 16 || s.side > 256 {
		return nil, fmt.Errorf("size %d: want 16 to 256 pixels", s.side)
	}
	return s, nil
}

func (s *cartoons) Info() Info {
	return Info{
		Name: "faces", H: s.side, W: s.side, C: 3, Train: Endless, Test: faceTests,
		Captioned: true, Source: "built in",
	}
}

// face is what example i shows, and the stream that the caption is drawn from.
func (s *cartoons) face(split Split, i int) (face, stream) {
	key := exampleKey(s.seed, split, uint64(i))
	r := stream{key}
	for {
		if f := chooseFace(&r); split == Test || !heldFace(f.hair, f.hairColour, f.glasses) {
			return f, stream{mix(key ^ golden)}
		}
	}
}

func (s *cartoons) exists(split Split, i int) bool {
	return i >= 0 && (split == Train || split == Test && i < faceTests)
}

func (s *cartoons) Example(split Split, i int, dst []float32) (int, error) {
	if err := checkExample(s.Info(), split, i, dst); err != nil {
		return -1, err
	}
	f, _ := s.face(split, i)
	f.draw(&canvas{s.side, dst})
	return -1, nil
}

// Caption words the face in one of many ways, in the language that was asked for.
func (s *cartoons) Caption(split Split, i int) string {
	if !s.exists(split, i) {
		return ""
	}
	f, r := s.face(split, i)
	if s.language == Chinese || s.language == Both && r.chance(0.5) {
		return f.chinese(&r)
	}
	return f.english(&r)
}

// Truth is all that can be seen of the face.
func (s *cartoons) Truth(split Split, i int) Truth {
	if !s.exists(split, i) {
		return nil
	}
	f, _ := s.face(split, i)
	return f.truth()
}

// Held lists the hair, hair colours and glasses that training never shows together.
func (s *cartoons) Held() []Truth { return slices.Clone(heldFaces) }

var heldFaces = func() (all []Truth) {
	for h, hair := range hairs {
		for c, colour := range hairColours {
			for g, glasses := range glassKinds {
				if heldFace(h, c, g) {
					all = append(all, Truth{{"hair", hair}, {"hair colour", colour}, {"glasses", glasses}})
				}
			}
		}
	}
	return all
}()

// HeldOut says whether a truth or a wish is of such a combination.
func (s *cartoons) HeldOut(t Truth) bool { return slices.ContainsFunc(heldFaces, t.Includes) }
