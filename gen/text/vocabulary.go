package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// The special tokens, the same in every vocabulary. None can be typed: a prompt loses its brackets.
const (
	Pad     = 0 // fills the places behind the text; masked
	Unknown = 1 // a word, or a character, that is not in the vocabulary
	Null    = 2 // no text at all: an empty prompt, and the text dropped in training for guidance
	Special = 3 // the number of special tokens: the first id of a word
)

var specials = []string{"<pad>", "<unknown>", "<null>"}

// Kind is how a vocabulary cuts words into tokens.
type Kind string

// The two kinds.
const (
	Words Kind = "words" // a token is a word; Chinese is cut into the longest known words
	Pairs Kind = "pairs" // byte-pair encoding: a token is a frequent piece of a word, or a character
)

const (
	// MaxTokens is the largest vocabulary.
	MaxTokens = 1 << 16
	maxSeen   = 20000 // words that a vocabulary of pairs remembers, to know which were never seen
)

// Vocabulary is the list of known tokens, by id. It is immutable and safe for concurrent use.
type Vocabulary struct {
	kind   Kind
	tokens []string // by id, the special ones first
	ids    map[string]int32
	ranks  map[[2]int32]int32 // of pairs: the id that two tokens merge into
	merges [][2]int32         // in order of learning; the merge i makes token first+i
	first  int                // id of the first merge's token
	seen   []string           // of pairs: known words, the most frequent first
	known  map[string]bool    // the same, of either kind
	longer int                // characters of the longest Chinese word
}

// OfWords is a vocabulary of just these words, in their order: of the built-in data, whose captions are
// made of a known list. A word is normalised; what normalises to several is each of them; doubles count once.
func OfWords(list []string) (*Vocabulary, error) {
	v := begin(Words)
	for _, entry := range list {
		for _, w := range words(entry) {
			v.add(w.text())
		}
	}
	return v.finish()
}

// Learn makes a vocabulary of captions: of words, or of pairs, with at most size tokens. Captions that have
// no word in them teach nothing; if none has, that is an error.
func Learn(kind Kind, captions []string, size int) (*Vocabulary, error) {
	if kind != Words && kind != Pairs {
		return nil, fmt.Errorf("vocabulary of %q: want %s or %s", kind, Words, Pairs)
	}
	if size <= Special || size > MaxTokens {
		return nil, fmt.Errorf("vocabulary of %d tokens: want %d to %d", size, Special+1, MaxTokens)
	}
	counts := map[string]int{} // Chinese words are characters until pairs join them
	for _, c := range captions {
		for _, w := range words(c) {
			if kind == Words && w.han {
				for i := range w.runes {
					counts[string(w.runes[i])]++
				}
				continue
			}
			counts[w.text()]++
		}
	}
	if len(counts) == 0 {
		return nil, fmt.Errorf("vocabulary: no word in %d captions: want captions with words in them", len(captions))
	}
	v := begin(kind)
	frequent := byCount(counts)
	if kind == Pairs {
		v.learnPairs(frequent, counts, size)
		v.seen = frequent[:min(len(frequent), maxSeen)]
		return v.finish()
	}
	for _, w := range frequent[:min(len(frequent), size-Special)] {
		v.add(w)
	}
	return v.finish()
}

// byCount lists the words, the most frequent first, and of equals in order of the alphabet.
func byCount(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

func begin(kind Kind) *Vocabulary {
	v := &Vocabulary{kind: kind, ids: map[string]int32{}}
	for _, s := range specials {
		v.add(s)
	}
	return v
}

// add gives a token an id, the old one where it has one.
func (v *Vocabulary) add(token string) int32 {
	if id, ok := v.ids[token]; ok {
		return id
	}
	id := int32(len(v.tokens))
	v.ids[token] = id
	v.tokens = append(v.tokens, token)
	return id
}

// finish fills in what follows from the tokens.
func (v *Vocabulary) finish() (*Vocabulary, error) {
	if n := len(v.tokens); n <= Special || n > MaxTokens {
		return nil, fmt.Errorf("vocabulary of %d tokens: want %d to %d", n, Special+1, MaxTokens)
	}
	v.known = map[string]bool{}
	list := v.seen
	if v.kind == Words {
		list = v.tokens[Special:]
	}
	for _, w := range list {
		v.known[w] = true
		if n := utf8.RuneCountInString(w); isHan(w) {
			v.longer = max(v.longer, n)
		}
	}
	return v, nil
}

func isHan(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return classOf(r) == han
}

// Kind is how words are cut.
func (v *Vocabulary) Kind() Kind { return v.kind }

// Len is the number of tokens, the special ones among them: the rows of an embedding.
func (v *Vocabulary) Len() int { return len(v.tokens) }

// Token is the text of an id as a user reads it, "<unknown>" for one that there is not.
func (v *Vocabulary) Token(id int32) string {
	if id < 0 || int(id) >= len(v.tokens) {
		id = Unknown
	}
	return strings.TrimPrefix(v.tokens[id], string(starts))
}

// Known lists the words that a user may type, in the vocabulary's order.
func (v *Vocabulary) Known() []string {
	if v.kind == Words {
		return slices.Clone(v.tokens[Special:])
	}
	return slices.Clone(v.seen)
}

// Complete lists at most n known words that begin with what is typed; all of the first words for nothing.
func (v *Vocabulary) Complete(typed string, n int) []string {
	typed = Normalise(typed)
	list := v.seen
	if v.kind == Words {
		list = v.tokens[Special:]
	}
	var found []string
	for _, w := range list {
		if len(found) >= n {
			break
		}
		if strings.HasPrefix(w, typed) && w != typed {
			found = append(found, w)
		}
	}
	return found
}
