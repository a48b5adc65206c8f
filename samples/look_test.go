package samples

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// harm is what pictures go through before they are read.
type harm struct {
	name  string
	noise float64 // deviation of Gaussian noise on every value
	blur  int     // times that the picture is smoothed
}

var harms = []harm{{"clean", 0, 0}, {"noise 0.05", 0.05, 0}, {"noise 0.10", 0.1, 0}, {"blur", 0, 1},
	{"blur and noise 0.05", 0.05, 1}}

func (h harm) apply(pix []float32, side int, r *stream) []float32 {
	out := append([]float32(nil), pix...)
	for range h.blur {
		out = smooth(out, side)
	}
	for i := range out {
		a, _ := r.pair()
		out[i] += float32(h.noise * a)
	}
	return out
}

// readable is a source that can read its own pictures.
type readableSource interface {
	Source
	Describer
	Matcher
}

// accuracy reads count test pictures after each harm, and gives the share of right verdicts by attribute.
func accuracy(t *testing.T, src readableSource, h harm, count int, with func(Truth) bool) map[string]float64 {
	t.Helper()
	side := src.Info().H
	buf := make([]float32, src.Info().Values())
	right, all := map[string]float64{}, map[string]float64{}
	r := stream{7}
	for i, done := 0, 0; done < count; i++ {
		truth := src.Truth(Test, i)
		if !with(truth) {
			continue
		}
		done++
		_, err := src.Example(Test, i, buf)
		require.NoError(t, err)
		vs := src.Judge(truth, h.apply(buf, side, &r), side)
		require.Len(t, vs, len(truth))
		whole := true
		for _, v := range vs {
			all[v.Base()]++
			if v.Right {
				right[v.Base()]++
			} else if h.noise == 0 && h.blur == 0 {
				t.Logf("%d px, example %d: %s read as %s (%s)", side, i, v.Name+" "+v.Want, v.Got, truth)
			}
			whole = whole && v.Right
		}
		all["all"]++
		if whole {
			right["all"]++
		}
	}
	for name := range all {
		right[name] /= all[name]
	}
	return right
}

func report(right map[string]float64, names ...string) string {
	s := ""
	for _, n := range names {
		if share, ok := right[n]; ok {
			s += fmt.Sprintf("  %s %.1f", n, 100*share)
		}
	}
	return s
}

// long widens the sweeps: the tables in the tests' comments are of -long -v.
var long = flag.Bool("long", false, "read many pictures")

// TestReadScenes holds the matcher to what evaluation needs of it. Measured with -long -v, of 400 test pictures
// each, in percent: shapes at 32 pixels are read right in all when clean, blurred, or with noise of 0.05, and
// 99.5 with noise of 0.10; at 64 pixels all are. Scenes of one to three objects at 64 pixels are all right, too;
// at 32 pixels:
//
//	                        shape  colour   size  position  relation  objects  background    all
//	clean                   100.0   100.0  100.0     100.0     100.0    100.0       100.0  100.0
//	noise 0.05              100.0   100.0  100.0     100.0     100.0    100.0       100.0  100.0
//	noise 0.10               99.2   100.0   99.9      99.8     100.0    100.0       100.0   98.5
//	blur (1 2 1)             99.7   100.0  100.0     100.0     100.0    100.0       100.0   99.5
//	blur, then noise 0.05    98.8   100.0  100.0     100.0     100.0    100.0       100.0   97.8
func TestReadScenes(t *testing.T) {
	count, sides, list := 10, []int{32, 64}, []harm{harms[0], harms[4]}
	if *long {
		count, list = 400, harms
	}
	for _, name := range []string{"shapes", "scenes"} {
		for _, side := range sides {
			for _, h := range list {
				src := described(t, name, Options{Size: side}).(readableSource)
				right := accuracy(t, src, h, count, func(Truth) bool { return true })
				t.Logf("%s %d px, %-20s%s", name, side, h.name, report(right, "shape", "colour", "size", "position",
					"relation", "objects", "background", "all"))
				least := 0.99
				if h.noise+float64(h.blur) > 0 {
					least = 0.9
				}
				for attribute, share := range right {
					assert.GreaterOrEqual(t, share, least, "%s of %s, %d px, %s", attribute, name, side, h.name)
				}
			}
		}
	}
}

// TestReadFaces is the same for faces, measured of 200 test pictures each at 32 pixels. Attributes that are left
// out are 100 in all rows; at 64 pixels clean faces are read right in all.
//
//	                         skin  glasses  beard  expression    all
//	clean                   100.0    100.0  100.0       100.0  100.0
//	noise 0.05              100.0    100.0  100.0       100.0  100.0
//	noise 0.10              100.0    100.0   99.5        98.0   97.5
//	blur (1 2 1)             98.5     98.5  100.0        99.5   98.5
//	blur, then noise 0.05    99.0     99.0  100.0        98.0   97.5
func TestReadFaces(t *testing.T) {
	count, sides, list := 10, []int{32, 64}, []harm{harms[0], harms[4]}
	if *long {
		count, list = 200, harms
	}
	names := []string{"all"}
	for _, a := range features {
		names = append(names, a.name)
	}
	for _, side := range sides {
		for _, h := range list {
			right := accuracy(t, openFaces(t, Options{Size: side}), h, count, func(Truth) bool { return true })
			t.Logf("faces %d px, %-20s%s", side, h.name, report(right, names...))
			least := 0.99
			if h.noise+float64(h.blur) > 0 {
				least = 0.9
			}
			for attribute, share := range right {
				assert.GreaterOrEqual(t, share, least, "%s of faces, %d px, %s", attribute, side, h.name)
			}
		}
	}
}

// plain is a picture of one colour.
func plainPicture(t tint, side int) []float32 {
	c := &canvas{side, make([]float32, 3*side*side)}
	c.clear(t)
	return c.pix
}

// matchers are the readers of pictures, by name.
func matchers(t testing.TB) map[string]readableSource {
	all := map[string]readableSource{}
	for _, name := range []string{"shapes", "scenes", "faces"} {
		all[name] = described(t, name, Options{}).(readableSource)
	}
	return all
}

// TestReadNothing: pictures with nothing in them have nothing read out of them, and none is too strange.
func TestReadNothing(t *testing.T) {
	for name, m := range matchers(t) {
		prompt := m.Truth(Test, 3)
		for _, side := range []int{32, 48} {
			r := stream{3}
			noise := make([]float32, 3*side*side)
			for i := range noise {
				noise[i] = float32(r.uniform())
			}
			nan := plainPicture(tint{}, side)
			wild := plainPicture(tint{}, side)
			for i := range nan {
				nan[i] = float32(math.NaN())
				wild[i] = float32(math.Inf(1 - i%7%2*2))
			}
			ramp := plainPicture(tint{}, side)
			for i := range ramp {
				ramp[i] = float32(i/3%side) / float32(side)
			}
			for what, pix := range map[string][]float32{
				"black": plainPicture(tint{}, side), "pink": plainPicture(wallTints[2], side),
				"skin": plainPicture(skinTints[0], side), "red": plainPicture(levels(shapeLevels[0]), side),
				"noise": noise, "NaN": nan, "infinite": wild, "grey ramp": ramp,
			} {
				for _, a := range m.Look(pix, side) {
					if a.Name == "background" || name != "faces" && (what == "noise" || what == "infinite") &&
						!strings.HasPrefix(a.Name, "shape") { // specks of colour may well be counted, but have no form
						continue
					}
					assert.Equal(t, None, a.Value, "%s: %s of a picture of %s", name, a.Name, what)
				}
				assert.Len(t, m.Judge(prompt, pix, side), len(prompt))
			}
		}
		for _, side := range []int{0, -1, 1, 7, 31, 33, 1 << 40} {
			for _, length := range []int{0, 1, 3 * 32 * 32} {
				assert.False(t, AllRight(m.Judge(prompt, make([]float32, length), side)), "%s, %d values, side %d", name, length, side)
			}
		}
	}
	assert.False(t, AllRight(nil))
}

// TestReadWrong: what is not as it was wanted does not pass, whatever else is right.
func TestReadWrong(t *testing.T) {
	src := openScenes(t, Options{})
	draw := func(s scene) []float32 {
		c := &canvas{32, make([]float32, 3*32*32)}
		s.draw(c)
		return c.pix
	}
	one := scene{ground: 1, objects: []object{{kind: 0, colour: 0, size: 1, column: 0, row: 1, x: 0.22, y: 0.5, r: 0.165}}}
	want := one.truth()
	require.True(t, AllRight(src.Judge(want, draw(one), 32)))
	two := one
	two.objects = append(two.objects, object{kind: 1, colour: 2, size: 0, column: 2, row: 1, x: 0.78, y: 0.5, r: 0.105})
	wrong := func(name string, s scene, want Truth, names ...string) {
		t.Helper()
		var got []string
		for _, v := range src.Judge(want, draw(s), 32) {
			if !v.Right {
				got = append(got, v.Name)
			}
		}
		assert.Equal(t, names, got, name)
	}
	changed := func(change func(*object)) scene {
		s := one
		s.objects = []object{one.objects[0]}
		change(&s.objects[0])
		return s
	}
	for c := 1; c < len(ShapeColours); c++ {
		wrong("colour", changed(func(o *object) { o.colour = c }), want, "colour")
	}
	for k := 1; k < len(ShapeKinds); k++ {
		wrong("kind", changed(func(o *object) { o.kind = k }), want, "shape")
	}
	wrong("size", changed(func(o *object) { o.r = 0.105 }), want, "size")
	wrong("place", changed(func(o *object) { o.x = 0.5 }), want, "position")
	wrong("background", scene{ground: 2, objects: one.objects}, want, "background")
	wrong("one too many", two, want, "objects")
	wrong("one too few", one, two.truth(), "shape 2", "colour 2", "size 2", "position 2", "relation", "objects")
	require.True(t, AllRight(src.Judge(two.truth(), draw(two), 32)))
	swapped := scene{ground: 1, objects: []object{two.objects[0], two.objects[1]}}
	swapped.objects[0].colour, swapped.objects[1].colour = 2, 0
	wrong("colours on the wrong shapes", swapped, two.truth(), "colour", "colour 2")
	right := scene{ground: 1, objects: []object{two.objects[1], two.objects[0]}}
	require.True(t, AllRight(src.Judge(two.truth(), draw(right), 32)), "the order of drawing does not matter")
	mirrored := scene{ground: 1, objects: []object{two.objects[0], two.objects[1]}}
	mirrored.objects[0].x, mirrored.objects[1].x = 0.78, 0.22
	wrong("sides", mirrored, two.truth(), "position", "position 2", "relation")

	// Colours and forms that are none of ours have no name.
	c := &canvas{32, plainPicture(levels(groundLevels[0]), 32)}
	b, f := circle(0.5, 0.5, 0.165)
	c.paint(b, f, tint{0, 0.9, 0.9})
	assert.Equal(t, None, src.Look(c.pix, 32).Value("colour"), "cyan")
	c.clear(levels(groundLevels[0]))
	b, f = block(0.5, 0.5, 0.3, 0.06, 0)
	c.paint(b, f, levels(shapeLevels[0]))
	assert.Equal(t, None, src.Look(c.pix, 32).Value("shape"), "a bar")
	c.clear(levels(groundLevels[0]))
	b, f = circle(0.5, 0.5, 0.165)
	_, hole := circle(0.5, 0.5, 0.11)
	c.paint(b, except(f, hole), levels(shapeLevels[0]))
	assert.Equal(t, None, src.Look(c.pix, 32).Value("shape"), "a ring")
}

// TestReadWrongFaces: each attribute that is changed is read as changed, and strange colours have no name.
func TestReadWrongFaces(t *testing.T) {
	src := openFaces(t, Options{})
	f, _ := src.face(Test, 1)
	f.hair, f.hairColour, f.glasses, f.hat, f.beard, f.expression, f.mouth = longHair, 3, 0, 0, 0, 0, 0
	want := f.truth()
	look := func(f face) Truth {
		c := &canvas{32, make([]float32, 3*32*32)}
		f.draw(c)
		return src.Look(c.pix, 32)
	}
	require.Equal(t, want, look(f))
	for _, a := range features {
		for k := range a.values {
			next := f
			*a.of(&next) = k
			if next.possible() && next.seen(a.name) {
				assert.Equal(t, a.values[k], look(next).Value(a.name), a.name)
			}
		}
	}
	c := &canvas{32, make([]float32, 3*32*32)}
	f.draw(c)
	for i := 0; i < len(c.pix); i += 3 { // the red hair becomes violet
		if p := tint(c.pix[i : i+3]); apart(p, hairTints[3]) < 0.1 {
			copy(c.pix[i:], []float32{0.6, 0.1, 0.9})
		}
	}
	assert.Equal(t, None, src.Look(c.pix, 32).Value("hair colour"))
	f.draw(c)
	for i := 0; i < len(c.pix); i += 3 { // and the skin green
		if p := tint(c.pix[i : i+3]); apart(p, skinTints[f.skin]) < 0.1 {
			copy(c.pix[i:], []float32{0.2, 0.8, 0.2})
		}
	}
	assert.Equal(t, None, src.Look(c.pix, 32).Value("skin"))
}

func FuzzLook(f *testing.F) {
	all := matchers(f)
	f.Add([]byte{1, 2, 3}, 32)
	f.Add([]byte{0, 255, 127, 9, 200}, 33)
	f.Fuzz(func(t *testing.T, data []byte, side int) {
		side = 1 + (side%64+64)%64
		pix := make([]float32, 3*side*side)
		for i := range pix {
			if len(data) > 0 {
				pix[i] = math.Float32frombits(uint32(data[i%len(data)])<<24 | uint32(data[(i/3)%len(data)])<<16)
			}
		}
		for _, m := range all {
			require.NotEmpty(t, m.Look(pix, side))
		}
	})
}
