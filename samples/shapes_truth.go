package samples

import "slices"

// scene is the shape as a scene of one object.
func (h Shape) scene() scene {
	o := object{kind: h.Kind, colour: h.Colour, size: h.Size, column: h.X, row: h.Y}
	return scene{ground: h.Background, objects: []object{o}}
}

// Truth is what example i of the split shows.
func (s *shapes) Truth(split Split, i int) Truth {
	if i < 0 || split != Train && (split != Test || i >= shapeTests) {
		return nil
	}
	one := s.Shape(split, i).scene()
	return one.truth()
}

// Wanted reads a prompt as that of scenes does.
func (s *shapes) Wanted(prompt string) Truth { return wantedScene(prompt) }

// Held lists the kinds, colours and sizes that training never shows together: those of scenes.
func (s *shapes) Held() []Truth { return slices.Clone(heldShapes) }

// HeldOut says whether a truth or a wish is of such a combination.
func (s *shapes) HeldOut(t Truth) bool { return heldOutShape(t) }

// Words lists all words of the captions in both languages.
func (s *shapes) Words() []string { return sceneWordList() }

// Look tells the shapes of a picture, the largest first.
func (s *shapes) Look(pixels []float32, side int) Truth { return singleLayout.tell(pixels, side) }

// Judge compares the shape of a picture with the one that was wanted.
func (s *shapes) Judge(want Truth, pixels []float32, side int) []Verdict {
	return singleLayout.judge(want, pixels, side)
}
