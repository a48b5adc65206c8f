package samples

import "strings"

// maxWanted is how many objects of a prompt are told apart.
const maxWanted = 3

// sceneLexicon is what the words of prompts mean: all that captions say, and more that users may.
var sceneLexicon = func() *lexicon {
	l := &lexicon{}
	for _, list := range []struct {
		what  string
		terms []term
	}{
		{"kind", kindTerms}, {"colour", colourTerms}, {"colour", groundTerms}, {"size", sizeTerms},
		{"place", placeTerms}, {"relation", relationTerms},
	} {
		for _, t := range list.terms {
			l.mean(list.what, t.value, t.en...)
			l.mean(list.what, t.value, t.zh...)
			for _, w := range t.en {
				switch list.what {
				case "kind":
					l.mean("kind", t.value, w+"s", w+"es")
				case "place": // "top left" alone, and "on the left of the picture"
					short := strings.NewReplacer("in the ", "", "at the ", "", "on the ", "", " corner", "", " side", "")
					l.mean("place", t.value, short.Replace(w), w+" of the picture", w+" of the image")
				}
			}
			for _, w := range t.zh {
				switch list.what {
				case "colour":
					l.mean("colour", t.value, strings.TrimSuffix(w, "色"))
				case "place":
					l.mean("place", t.value, "画面的"+w, "画面"+w, "图片的"+w, "图的"+w)
				case "relation": // "B的左边有A"
					l.mean("relation", opposite[t.value], w+"有", w+"是")
				}
			}
		}
	}
	l.mean("place", "centre", "centre", "center", "middle", "正中")
	l.mean("relation", "left of", "on the left of", "on the left side of", "at the left of")
	l.mean("relation", "right of", "on the right of", "on the right side of", "at the right of")
	l.mean("relation", "above", "on top of")
	l.mean("relation", "below", "beneath", "underneath")
	l.mean("ground", "", "background", "behind", "背景", "底色")
	l.mean("count", "2", "two", "两个", "二个")
	l.mean("count", "3", "three", "三个")
	l.mean("pause", "", "and", "with", "和", "还有")
	return l
}()

// wish is a scene that a prompt asks for, while it is read. Words are "" until they are said.
type wish struct {
	objects  []wanted
	ground   string
	relation string
	first    bool // the relation came before its first object: it is told from the second
	next     wanted
	many     int
	lastWord string // what the mark before was about
	here     int    // objects named when the part of the sentence began
}

type wanted struct{ kind, colour, size, place string }

// Wanted reads a prompt in English or Chinese. Adjectives belong to the shape that follows them, a place to
// the shape that it stands beside, and black, grey and white without a shape to the background.
func (s *scenes) Wanted(prompt string) Truth { return wantedScene(prompt) }

func wantedScene(prompt string) Truth {
	w := wish{many: 1}
	for _, m := range append(sceneLexicon.read(prompt), pause) {
		w.take(m)
		w.lastWord = m.what
	}
	return w.truth()
}

func (w *wish) take(m mark) {
	alone := w.lastWord == "colour" && m.what != "kind" && m.what != "size"
	if alone || w.next.colour != "" && m.what == "colour" {
		w.settle(m.what == "ground")
	}
	switch m.what {
	case "kind":
		w.next.kind = m.value
		for range min(w.many, maxWanted+1-len(w.objects)) {
			w.objects = append(w.objects, w.next)
		}
		w.next, w.many = wanted{}, 1
	case "colour":
		w.next.colour = m.value
	case "size":
		w.next.size = m.value
	case "count":
		w.many = int(m.value[0] - '0')
	case "relation":
		w.relation, w.first = m.value, len(w.objects) == 0
	case "place":
		if last := len(w.objects) - 1; last >= w.here {
			w.objects[last].place = together(w.objects[last].place, m.value)
		} else {
			w.next.place = together(w.next.place, m.value)
		}
	case "pause":
		if last := len(w.objects) - 1; last >= 0 && w.next.place != "" && w.next.colour == "" {
			w.objects[last].place = together(w.objects[last].place, w.next.place)
			w.next.place = ""
		}
		w.here = len(w.objects)
	}
}

// settle gives a colour that no shape followed to the background: where the word is said, or where it can be
// no shape's.
func (w *wish) settle(said bool) {
	neutral := false
	for _, g := range ShapeBackgrounds {
		neutral = neutral || g == w.next.colour
	}
	if said || neutral || w.lastGround() {
		w.ground, w.next.colour = w.next.colour, ""
	}
}

// lastGround says that "the background is" was just said.
func (w *wish) lastGround() bool { return w.lastWord == "ground" }

// together joins "top" and "left"; of two places that do not go together the later counts.
func together(a, b string) string {
	vertical := func(s string) bool { return s == "top" || s == "bottom" }
	horizontal := func(s string) bool { return s == "left" || s == "right" }
	switch {
	case vertical(a) && horizontal(b):
		return a + " " + b
	case horizontal(a) && vertical(b):
		return b + " " + a
	}
	return b
}

// truth numbers the objects in the order in which they were named, but for "right of" and "below": there the
// second is the first, so that the relation is "left of" or "above".
func (w *wish) truth() Truth {
	relation := w.relation
	if len(w.objects) < 2 {
		relation = ""
	}
	if w.first {
		relation = opposite[relation]
	}
	if relation == "right of" || relation == "below" {
		w.objects[0], w.objects[1] = w.objects[1], w.objects[0]
		relation = opposite[relation]
	}
	var t Truth
	for k, o := range w.objects[:min(len(w.objects), maxWanted)] {
		t = t.put(nth("shape", k), o.kind).put(nth("colour", k), o.colour)
		t = t.put(nth("size", k), o.size).put(nth("position", k), o.place)
	}
	t = t.put("relation", relation)
	if n := len(w.objects); n > 0 {
		t = t.put("objects", []string{"1", "2", "3", "more"}[min(n, 4)-1])
	}
	return t.put("background", w.ground)
}
