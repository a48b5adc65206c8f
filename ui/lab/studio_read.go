package lab

import (
	"fmt"
	"strings"
	"unicode"

	"mllab/gen"
	"mllab/gen/text"
)

// Span is a piece of a prompt, in bytes: prompt[Start:End].
type Span = text.Span

// Token is a piece of a prompt as the net reads it.
type Token struct {
	Text  string // "<unknown>" for a word that it does not know
	Span         // where it comes from
	Place int    // its row in what layers looked at
}

// UnknownWord is a word of a prompt that the vocabulary does not have.
type UnknownWord struct {
	Word    string   // as normalised: printable
	Nearest []string // known words that are written alike, the nearest first; may be empty
}

// Reading is a prompt as the net reads it.
type Reading struct {
	Tokens  []Token
	Unknown []UnknownWord // the first few, each once
	More    int           // how many further unknown words there are
	Cut     bool          // the prompt was longer than what is read
	Empty   bool          // it has no words: the net paints what it holds likely at all
}

// Read reads a prompt, within microseconds.
func (t *Studio) Read(prompt string) Reading { return readingOf(t.l.plan.words, prompt) }

func readingOf(words *text.Vocabulary, prompt string) Reading {
	e := words.Encode(prompt, gen.TextLength)
	r := Reading{More: e.More, Cut: e.Cut || e.Left > 0, Empty: e.Empty()}
	for i, span := range e.Spans {
		r.Tokens = append(r.Tokens, Token{Text: words.Token(e.IDs[i]), Span: span, Place: i})
	}
	for _, w := range e.Unknown {
		r.Unknown = append(r.Unknown, UnknownWord{w.Word, w.Nearest})
	}
	return r
}

// strange lists the unknown words: `"zebra" (near ...), 3 more`.
func (r Reading) strange() string {
	var all []string
	for _, w := range r.Unknown {
		s := fmt.Sprintf("%q", w.Word)
		if len(w.Nearest) > 0 {
			s += " (near " + strings.Join(w.Nearest, ", ") + ")"
		}
		all = append(all, s)
	}
	if r.More > 0 {
		all = append(all, fmt.Sprintf("%d more", r.More))
	}
	return strings.Join(all, ", ")
}

// Notices say, a printable line each, what of a prompt is not read.
func (r Reading) Notices() []string {
	var lines []string
	if len(r.Unknown) > 0 {
		lines = append(lines, "unknown words are passed over: "+r.strange())
	}
	if r.Cut {
		lines = append(lines, fmt.Sprintf("the prompt is long: only its first %d words are read", gen.TextLength))
	}
	return lines
}

// Complete lists at most n known words that begin with the last word of what was typed. Completed puts one in.
func (t *Studio) Complete(typed string, n int) []string {
	last := typed[lastWord(typed):]
	words := t.l.plan.words
	found := words.Complete(last, n)
	if len(found) > 0 || last == "" {
		return found
	}
	for i := range last { // Chinese has no spaces: what is typed of the next word may follow others
		if r := []rune(last[i:]); i > 0 && unicode.Is(unicode.Han, r[0]) {
			if found = words.Complete(last[i:], n); len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

// Completed is what was typed with its last word, as far as word begins with it, replaced by word.
func Completed(typed, word string) string {
	last := lastWord(typed)
	for i := range typed[last:] {
		if rest := text.Normalise(typed[last+i:]); rest != "" && strings.HasPrefix(word, rest) {
			return typed[:last+i] + word
		}
	}
	return typed[:last] + word
}

// lastWord is where the last word of a text begins.
func lastWord(typed string) int { return strings.LastIndexFunc(typed, unicode.IsSpace) + 1 }
