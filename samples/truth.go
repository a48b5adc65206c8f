package samples

import (
	"slices"
	"strings"
)

// None is the value of an attribute that cannot be told from a picture: nothing is there, or nothing known.
const None = "none"

// Attribute is one thing that is true of a picture: its name, and its value in English.
type Attribute struct{ Name, Value string }

// Truth is what is in a picture, or what a prompt asks for: attributes in a source's own order, each name
// once. A name that is missing is left open.
type Truth []Attribute

// Value is the attribute of that name, "" where it is left open.
func (t Truth) Value(name string) string {
	for _, a := range t {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Includes says whether all of part is true.
func (t Truth) Includes(part Truth) bool {
	for _, a := range part {
		if t.Value(a.Name) != a.Value {
			return false
		}
	}
	return true
}

// String is the attributes as "colour red, shape circle".
func (t Truth) String() string {
	all := make([]string, len(t))
	for i, a := range t {
		all[i] = a.Name + " " + a.Value
	}
	return strings.Join(all, ", ")
}

// put sets an attribute; an empty value leaves it open.
func (t Truth) put(name, value string) Truth {
	if value == "" {
		return t
	}
	for i := range t {
		if t[i].Name == name {
			t[i].Value = value
			return t
		}
	}
	return append(t, Attribute{name, value})
}

// A Describer is a Captioner that knows what is in its pictures.
type Describer interface {
	Captioner
	// Truth is all that is true of example i of the split; nil for an example that there is not.
	Truth(split Split, i int) Truth
	// Wanted is what a prompt asks for, in English or Chinese; what it does not mention is left open.
	Wanted(prompt string) Truth
	// Held lists the combinations that are kept out of the training split, 1 in 8 of all. A picture with
	// one in it is HeldOut; the test split has them in their share.
	Held() []Truth
	// HeldOut says whether a truth, or a prompt's wish, has a combination in it that training never shows.
	HeldOut(t Truth) bool
	// Words lists all words of the captions in both languages.
	Words() []string
}

// A Matcher reads a picture back: attributes from pixels, without a model.
type Matcher interface {
	// Look tells what is in a picture of side x side RGB pixels in [0,1], row-major HWC; what cannot be
	// told is None. No pixels are refused: NaN counts as 0, numbers outside as what is nearest to them, and
	// a slice of another length as a picture with nothing in it.
	Look(pixels []float32, side int) Truth
	// Judge compares a picture with what was wanted, attribute by attribute. Of a picture with more than
	// one object each is compared with the one wanted that it suits best.
	Judge(want Truth, pixels []float32, side int) []Verdict
}

// Describe is src as a Describer, also where it is at another size or in other colours than its own.
func Describe(src Source) (Describer, bool) {
	if a, ok := src.(*adapted); ok {
		src = a.Source
	}
	d, ok := src.(Describer)
	return d, ok
}

// Verdict is the outcome for one attribute that was wanted.
type Verdict struct {
	Name      string // as in the Truth that was wanted
	Want, Got string // Got is None where the picture does not tell
	Right     bool
}

// Base is an attribute's name without an object's number: "colour" of "colour 2".
func (v Verdict) Base() string { return strings.TrimRight(v.Name, " 123456789") }

// AllRight says whether every verdict is right; of none it is false.
func AllRight(vs []Verdict) bool {
	return len(vs) > 0 && !slices.ContainsFunc(vs, func(v Verdict) bool { return !v.Right })
}

// compare is the verdicts where names in want and got mean the same.
func compare(want, got Truth) []Verdict {
	var vs []Verdict
	for _, a := range want {
		v := Verdict{Name: a.Name, Want: a.Value, Got: got.Value(a.Name)}
		if v.Got == "" {
			v.Got = None
		}
		v.Right = v.Got == v.Want
		vs = append(vs, v)
	}
	return vs
}
