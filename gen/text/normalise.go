package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// MaxPrompt is how many bytes of a prompt are read; what follows is left out, and Encoding.Cut says so.
	MaxPrompt = 1 << 16
	// maxWord is the number of characters at which a word that never ends is cut. Chinese has no such words.
	maxWord = 64
	// starts is the character that stands, in tokens of byte-pair encoding, for the beginning of a word.
	starts = '▁'
)

// Span is a piece of a prompt, in bytes: prompt[Start:End].
type Span struct{ Start, End int }

// word is a piece of a prompt between breaks: letters and digits, a run of Chinese or Japanese, or a symbol.
type word struct {
	runes []rune
	spans []Span // of each rune, in the prompt
	han   bool   // written without spaces between words
}

func (w word) text() string { return string(w.runes) }

// span is where the runes from i up to, not including, j come from.
func (w word) span(i, j int) Span { return Span{w.spans[i].Start, w.spans[j-1].End} }

// Normalise is a prompt as the tokenizer sees it: words in lower case with single spaces between them. Width
// and other compatibility variants are folded (Unicode NFKC), punctuation separates words, and control and
// formatting characters are gone.
func Normalise(prompt string) string {
	ws := words(prompt)
	all := make([]string, len(ws))
	for i, w := range ws {
		all[i] = w.text()
	}
	return strings.Join(all, " ")
}

// class is what a character does to the word it stands in.
type class int

const (
	gap    class = iota // ends a word and is dropped
	letter              // of a word
	han                 // of a run of Chinese or Japanese
	symbol              // a word by itself: emoji, signs
	silent              // is dropped, and the word goes on
)

func classOf(r rune) class {
	switch {
	case r == utf8.RuneError || r == starts || unicode.IsSpace(r):
		return gap
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r == 'ー':
		return han
	case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'':
		return letter
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		return silent
	case unicode.IsMark(r):
		return letter
	case unicode.IsSymbol(r):
		return symbol
	}
	return gap
}

// words cuts a prompt, of which it reads MaxPrompt bytes.
func words(prompt string) []word {
	if len(prompt) > MaxPrompt {
		prompt = prompt[:MaxPrompt]
	}
	var all []word
	var now word
	end := func() {
		if now = trimmed(now); len(now.runes) > 0 {
			all = append(all, now)
		}
		now = word{}
	}
	var it norm.Iter
	it.InitString(norm.NFKC, strings.ToLower(prompt))
	place := positions(prompt)
	for !it.Done() {
		from := it.Pos()
		segment := string(it.Next())
		span := Span{place(from), place(it.Pos())}
		for _, r := range segment {
			if r == '’' {
				r = '\''
			}
			r = unicode.ToLower(r) // compatibility forms may bring capitals
			c := classOf(r)
			if c == silent {
				continue
			}
			if c == gap || c == symbol || now.han != (c == han) || !now.han && len(now.runes) == maxWord {
				end()
			}
			if c == gap {
				continue
			}
			now.han = c == han
			now.runes, now.spans = append(now.runes, r), append(now.spans, span)
			if c == symbol {
				end()
			}
		}
	}
	end()
	return all
}

// positions maps a byte of the prompt in lower case to the byte of the prompt that it comes from. Few prompts
// change their length by it.
func positions(prompt string) func(int) int {
	low := strings.ToLower(prompt)
	if len(low) == len(prompt) && strings.ToValidUTF8(prompt, "") == prompt {
		same := true
		for i := 0; same && i < len(prompt); i++ {
			same = utf8.RuneStart(prompt[i]) == utf8.RuneStart(low[i])
		}
		if same {
			return func(i int) int { return i }
		}
	}
	at := make([]int, 0, len(low)+1)
	for i, r := range prompt {
		for range utf8.RuneLen(unicode.ToLower(r)) {
			at = append(at, i)
		}
	}
	at = append(at, len(prompt))
	return func(i int) int { return at[min(i, len(at)-1)] }
}

// trimmed is a word without apostrophes at its ends; one of marks alone is nothing.
func trimmed(w word) word {
	for len(w.runes) > 0 && w.runes[0] == '\'' {
		w.runes, w.spans = w.runes[1:], w.spans[1:]
	}
	for n := len(w.runes); n > 0 && w.runes[n-1] == '\''; n-- {
		w.runes, w.spans = w.runes[:n-1], w.spans[:n-1]
	}
	for _, r := range w.runes {
		if !unicode.IsMark(r) {
			return w
		}
	}
	return word{}
}
