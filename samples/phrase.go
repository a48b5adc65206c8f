package samples

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// mark is a phrase of a prompt that means something: what it is about, and the value.
type mark struct{ what, value string }

// pause is the mark of a comma, a full stop or an "and": what follows is about something else.
var pause = mark{what: "pause"}

// lexicon is what phrases mean. Those of Latin letters are whole words; Chinese ones may stand anywhere.
type lexicon struct {
	meaning map[string]mark
	longest int // characters of the longest phrase
}

const maxPromptRead = 1 << 16 // bytes of a prompt that are read

// mean adds phrases of one meaning.
func (l *lexicon) mean(what, value string, phrases ...string) {
	if l.meaning == nil {
		l.meaning = map[string]mark{}
	}
	for _, p := range phrases {
		l.meaning[p] = mark{what, value}
		l.longest = max(l.longest, len([]rune(p)))
	}
}

// read lists the marks of a prompt in order: of phrases that begin at one place the longest counts, and what
// is in no phrase is passed over.
func (l *lexicon) read(prompt string) []mark {
	text := readable(prompt)
	var marks []mark
	for i := 0; i < len(text); {
		n, m := l.at(text, i)
		switch {
		case n > 0:
			marks = append(marks, m)
		case text[i] == '|':
			marks = append(marks, pause)
			n = 1
		default:
			for n = 1; i+n < len(text) && latin(text[i]) && latin(text[i+n]); n++ {
			}
		}
		i += n
	}
	return marks
}

// at is the longest phrase at a place, of 0 characters where there is none.
func (l *lexicon) at(text []rune, i int) (n int, m mark) {
	for n := min(l.longest, len(text)-i); n > 0; n-- {
		end := i + n
		if end < len(text) && latin(text[end-1]) && latin(text[end]) {
			continue
		}
		if m, ok := l.meaning[string(text[i:end])]; ok {
			return n, m
		}
	}
	return 0, mark{}
}

func latin(r rune) bool { return r < unicode.MaxLatin1 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// readable is a prompt in lower case with single spaces, and bars for punctuation.
func readable(prompt string) []rune {
	if len(prompt) > maxPromptRead {
		prompt = prompt[:maxPromptRead]
	}
	var text []rune
	for _, r := range norm.NFKC.String(prompt) {
		switch {
		case r == '-' || r == '\'' || unicode.IsSpace(r):
			r = ' '
		case unicode.IsPunct(r):
			r = '|'
		}
		if r == ' ' && len(text) > 0 && text[len(text)-1] == ' ' {
			continue
		}
		text = append(text, unicode.ToLower(r))
	}
	return text
}

// words splits phrases, which may have blanks, into the words of a vocabulary: each once, in order. Chinese
// phrases are words as they stand.
func wordsOf(lists ...[]string) []string {
	var all []string
	seen := map[string]bool{}
	for _, list := range lists {
		for _, p := range list {
			for _, w := range strings.Fields(p) {
				if !seen[w] {
					seen[w] = true
					all = append(all, w)
				}
			}
		}
	}
	return all
}

// pick is one of a list by chance.
func (r *stream) pick(list ...string) string { return list[r.below(len(list))] }

// below is a number from 0 up to, not including, n.
func (r *stream) below(n int) int { return int(r.next() % uint64(n)) }

// chance is true in that share of the cases.
func (r *stream) chance(share float64) bool { return r.uniform() < share }
