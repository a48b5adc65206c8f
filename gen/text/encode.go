package text

import (
	"slices"
	"unicode/utf8"
)

const (
	// MaxReported is how many unknown words an Encoding names.
	MaxReported = 8
	// MaxNearest is how many known words are offered for an unknown one.
	MaxNearest = 3
)

// Encoding is a prompt as a model takes it.
type Encoding struct {
	IDs  []int32   // one a place; Pad behind the text; Null alone for a prompt without words
	Mask []float32 // 1 where there is a token, 0 where there is padding; the first is always 1
	// Spans says where the tokens come from, one for each token of the text: none for Null or padding.
	Spans []Span

	Unknown []Stranger // the first unknown words, each once
	More    int        // how many further unknown words there are
	Left    int        // tokens that had no place
	Cut     bool       // the prompt was longer than MaxPrompt
}

// Empty says that the prompt had no words: the model sees what it sees without a prompt.
func (e Encoding) Empty() bool { return len(e.Spans) == 0 }

// Stranger is a word of a prompt that the vocabulary does not know.
type Stranger struct {
	Word    string // as normalised: printable
	Span    Span
	Nearest []string // known words that are written alike, the nearest first; may be empty
}

// piece is a token of a prompt.
type piece struct {
	id   int32
	span Span
}

// Encode makes places tokens of a prompt. Fewer than 1 place counts as 1.
func (v *Vocabulary) Encode(prompt string, places int) Encoding {
	places = max(places, 1)
	e := Encoding{IDs: make([]int32, places), Mask: make([]float32, places), Cut: len(prompt) > MaxPrompt}
	named := map[string]bool{}
	n := 0
	for _, w := range words(prompt) {
		var all []piece
		if v.kind == Pairs {
			all = v.pieces(w)
			if !v.familiar(w, all) {
				e.report(v, w.text(), w.span(0, len(w.runes)), named)
			}
		} else {
			all = v.lookUp(w, func(part string, at Span) { e.report(v, part, at, named) })
		}
		for _, p := range all {
			if n == places {
				e.Left++
				continue
			}
			e.IDs[n], e.Mask[n] = p.id, 1
			e.Spans = append(e.Spans, p.span)
			n++
		}
	}
	if n == 0 {
		e.IDs[0], e.Mask[0] = Null, 1
	}
	return e
}

// None is what Encode makes of no text at all.
func (v *Vocabulary) None(places int) Encoding { return v.Encode("", places) }

// Decode is the text of ids as far as it can be told: padding and null are nothing.
func (v *Vocabulary) Decode(ids []int32) string {
	var out []byte
	for _, id := range ids {
		if id == Pad || id == Null {
			continue
		}
		t := v.Token(id)
		last, _ := utf8.DecodeLastRune(out)
		inside := v.kind == Pairs && id >= Special && int(id) < len(v.tokens) && v.tokens[id] == t
		if len(out) > 0 && !inside && !(isHan(t) && classOf(last) == han) {
			out = append(out, ' ')
		}
		out = append(out, t...)
	}
	return string(out)
}

// familiar says whether a word occurred in the captions that the pairs were learnt from. Chinese runs are
// sentences more often than words: there it is enough that all characters are known.
func (v *Vocabulary) familiar(w word, all []piece) bool {
	if slices.ContainsFunc(all, func(p piece) bool { return p.id == Unknown }) {
		return false
	}
	return w.han || v.known[w.text()]
}

// lookUp is the token of a word; of Chinese the tokens of the longest known words, and unknown characters
// beside each other are one unknown word.
func (v *Vocabulary) lookUp(w word, stranger func(string, Span)) []piece {
	if !w.han {
		span := w.span(0, len(w.runes))
		id, ok := v.ids[w.text()]
		if !ok {
			stranger(w.text(), span)
			id = Unknown
		}
		return []piece{{id, span}}
	}
	var all []piece
	strange := 0 // where the unknown characters before i begin
	report := func(i int) {
		if strange < i {
			stranger(string(w.runes[strange:i]), w.span(strange, i))
		}
	}
	for i := 0; i < len(w.runes); {
		n, id := v.longest(w.runes[i:])
		if n == 0 {
			all = append(all, piece{Unknown, w.span(i, i+1)})
			i++
			continue
		}
		report(i)
		all = append(all, piece{id, w.span(i, i+n)})
		i += n
		strange = i
	}
	report(len(w.runes))
	return all
}

// longest is the longest known word at the beginning of a run, of 0 characters when there is none.
func (v *Vocabulary) longest(runes []rune) (n int, id int32) {
	for n := min(v.longer, len(runes)); n > 0; n-- {
		if id, ok := v.ids[string(runes[:n])]; ok {
			return n, id
		}
	}
	return 0, Unknown
}

// report names an unknown word, once.
func (e *Encoding) report(v *Vocabulary, w string, at Span, named map[string]bool) {
	if named[w] {
		return
	}
	named[w] = true
	if len(e.Unknown) == MaxReported {
		e.More++
		return
	}
	if r := []rune(w); len(r) > maxWord {
		w = string(r[:maxWord])
	}
	e.Unknown = append(e.Unknown, Stranger{Word: w, Span: at, Nearest: v.Nearest(w, MaxNearest)})
}
