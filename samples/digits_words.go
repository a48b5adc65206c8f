package samples

import "strings"

// What a digit's hand can be called. The middle of each is "normal", and mostly not said.
var (
	digitTerms = []term{
		{"0", []string{"zero"}, []string{"零"}}, {"1", []string{"one"}, []string{"一"}},
		{"2", []string{"two"}, []string{"二"}}, {"3", []string{"three"}, []string{"三"}},
		{"4", []string{"four"}, []string{"四"}}, {"5", []string{"five"}, []string{"五"}},
		{"6", []string{"six"}, []string{"六"}}, {"7", []string{"seven"}, []string{"七"}},
		{"8", []string{"eight"}, []string{"八"}}, {"9", []string{"nine"}, []string{"九"}},
	}
	weightTerms = []term{
		{"thin", []string{"thin", "fine", "light"}, []string{"细"}}, {"normal", nil, nil},
		{"thick", []string{"thick", "bold", "heavy"}, []string{"粗"}},
	}
	slantTerms = []term{
		{"left", []string{"left leaning", "backward slanted"}, []string{"左斜"}},
		{"upright", []string{"upright", "straight"}, []string{"直立"}},
		{"right", []string{"slanted", "right leaning"}, []string{"倾斜", "右斜"}},
	}
	heightTerms = []term{
		{"small", []string{"small", "little"}, []string{"小"}}, {"normal", nil, nil},
		{"large", []string{"large", "tall", "big"}, []string{"大"}},
	}
	widthTerms = []term{
		{"narrow", []string{"narrow"}, []string{"窄"}}, {"normal", nil, nil},
		{"wide", []string{"wide"}, []string{"宽"}},
	}
)

// digitTraits are the attributes of a digit in their order.
var digitTraits = []struct {
	name  string
	terms []term
	of    func(hand) int
}{
	{"digit", digitTerms, func(h hand) int { return h.label }},
	{"weight", weightTerms, hand.weight},
	{"slant", slantTerms, hand.slant},
	{"size", heightTerms, func(h hand) int { return third(h.height, 17.2, 19.2) }},
	{"width", widthTerms, func(h hand) int { return third(h.stretch, 0.95, 1.15) }},
}

// third is 0 below a, 2 above b, and 1 between.
func third(v, a, b float64) int {
	switch {
	case v < a:
		return 0
	case v > b:
		return 2
	}
	return 1
}

// weight goes by the stroke that is drawn: not every face can be made as thin or thick as is wanted.
func (h hand) weight() int {
	g, err := glyphs[h.face][h.label]()
	if err != nil {
		return 1
	}
	return third(g.stem*h.height/g.h+2*h.growth(g), 2.15, 2.85)
}

// slant goes by the top's way to the right for each pixel of height: what leans, what is turned, and the
// italic faces, every other one, which lean by themselves.
func (h hand) slant() int {
	const italic = 0.17
	return third(h.lean+2*h.tan+italic*float64(h.face%2), -0.12, 0.22)
}

// heldDigit says which digits, weights and slants do not come together in training that holds out.
func heldDigit(h hand) bool { return heldTraits(h.label, h.weight(), h.slant()) }

func heldTraits(digit, weight, slant int) bool { return (digit+3*weight+5*slant)%8 == 4 }

// Truth is what example i of the split shows.
func (d *digits) Truth(split Split, i int) Truth {
	if i < 0 || split != Train && (split != Test || i >= digitTests) {
		return nil
	}
	h, _ := d.hand(split, i)
	var t Truth
	for _, a := range digitTraits {
		t = append(t, Attribute{a.name, a.terms[a.of(h)].value})
	}
	return t
}

// Caption words the digit and some of what is special about its hand.
func (d *digits) Caption(split Split, i int) string {
	if i < 0 || split != Train && (split != Test || i >= digitTests) {
		return ""
	}
	h, _ := d.hand(split, i)
	r := stream{mix(d.key(split, uint64(i)) ^ golden)}
	chinese := d.language == Chinese || d.language == Both && r.chance(0.5)
	var words []string
	for _, a := range digitTraits[1:] {
		term := a.terms[a.of(h)]
		list, share := term.en, 0.8
		if chinese {
			list = term.zh
		}
		if term.value == "upright" {
			share = 0.15
		}
		if len(list) > 0 && r.chance(share) {
			words = append(words, r.pick(list...))
		}
	}
	if chinese {
		name := r.pick(digitTerms[h.label].zh[0], digitNames[h.label])
		if len(words) > 0 {
			return r.pick("", "一个") + strings.Join(words, "、") + "的" + r.pick("", "数字") + name
		}
		return r.pick("", "数字", "手写的") + name
	}
	words = append(words, r.pick(digitTerms[h.label].en[0], digitTerms[h.label].en[0], digitNames[h.label]))
	text := strings.Join(words, " ")
	switch r.below(4) {
	case 0:
		return text
	case 1:
		return "a handwritten digit, " + text
	}
	if strings.HasPrefix(text, "upright") || strings.HasPrefix(text, "eight") || strings.HasPrefix(text, "8") {
		return "an " + text
	}
	return "a " + text
}

// digitLexicon is what the words of prompts mean.
var digitLexicon = func() *lexicon {
	l := &lexicon{}
	for _, a := range digitTraits {
		for _, t := range a.terms {
			l.mean(a.name, t.value, t.en...)
			l.mean(a.name, t.value, t.zh...)
		}
	}
	for _, n := range digitNames {
		l.mean("digit", n, n)
	}
	l.mean("", "", "一个", "一张")
	return l
}()

// Wanted reads a prompt in English or Chinese; the last word about each attribute counts.
func (d *digits) Wanted(prompt string) Truth {
	var said, t Truth
	for _, m := range digitLexicon.read(prompt) {
		said = said.put(m.what, m.value)
	}
	for _, a := range digitTraits {
		t = t.put(a.name, said.Value(a.name))
	}
	return t
}

// Held lists the digits, weights and slants that training never shows together where Options.HoldOut asks for
// it: other uses of the digits need all of them.
func (d *digits) Held() []Truth {
	var all []Truth
	for k := range digitTerms {
		for w, weight := range weightTerms {
			for s, slant := range slantTerms {
				if heldTraits(k, w, s) {
					all = append(all, Truth{{"digit", digitNames[k]}, {"weight", weight.value}, {"slant", slant.value}})
				}
			}
		}
	}
	return all
}

// HeldOut says whether a truth or a wish is of such a combination.
func (d *digits) HeldOut(t Truth) bool {
	for _, h := range d.Held() {
		if t.Includes(h) {
			return true
		}
	}
	return false
}

// Words lists all words of the captions in both languages.
func (d *digits) Words() []string {
	lists := [][]string{{"a", "an", "handwritten digit", "一个", "的", "数字", "手写"}, digitNames}
	for _, a := range digitTraits {
		for _, t := range a.terms {
			lists = append(lists, t.en, t.zh)
		}
	}
	return wordsOf(lists...)
}
