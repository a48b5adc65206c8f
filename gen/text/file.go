package text

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	format      = "mllab vocabulary"
	version     = 1
	maxFile     = 16 << 20 // bytes of a vocabulary
	maxTokenLen = 1100     // bytes of a token: a whole piece that pairs are learnt from
)

// saved is a vocabulary as JSON. The special tokens are not written: they are the same in all.
type saved struct {
	Format  string     `json:"format"`
	Version int        `json:"version"`
	Kind    Kind       `json:"kind"`
	Tokens  []string   `json:"tokens"`           // words, or characters
	Merges  [][2]int32 `json:"merges,omitempty"` // each makes one further token of two earlier ones
	Seen    []string   `json:"seen,omitempty"`
}

// MarshalText writes the vocabulary as one line of JSON, for a checkpoint's metadata.
func (v *Vocabulary) MarshalText() ([]byte, error) {
	s := saved{Format: format, Version: version, Kind: v.kind, Tokens: v.tokens[Special:], Seen: v.seen}
	if v.kind == Pairs {
		s.Tokens, s.Merges = v.tokens[Special:v.first], v.merges
	}
	return json.Marshal(s)
}

// Parse reads what MarshalText wrote. All that does not fit together is an error of one line that says what.
func Parse(data []byte) (*Vocabulary, error) {
	v, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %w: it is damaged, take it from another checkpoint of the run", err)
	}
	return v, nil
}

func parse(data []byte) (*Vocabulary, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%d bytes, want at most %d", len(data), maxFile)
	}
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("not JSON that can be read (%w)", err)
	}
	switch {
	case s.Format != format:
		return nil, fmt.Errorf("format %.40q, want %q", s.Format, format)
	case s.Version != version:
		return nil, fmt.Errorf("version %d, want %d", s.Version, version)
	case s.Kind != Words && s.Kind != Pairs:
		return nil, fmt.Errorf("kind %.40q, want %s or %s", s.Kind, Words, Pairs)
	case s.Kind == Words && len(s.Merges)+len(s.Seen) > 0:
		return nil, fmt.Errorf("merges in a vocabulary of words, want none")
	case len(s.Tokens)+len(s.Merges) > MaxTokens-Special || len(s.Tokens) == 0:
		return nil, fmt.Errorf("%d tokens and %d merges, want 1 to %d together",
			len(s.Tokens), len(s.Merges), MaxTokens-Special)
	case len(s.Seen) > maxSeen:
		return nil, fmt.Errorf("%d known words, want at most %d", len(s.Seen), maxSeen)
	}
	v := begin(s.Kind)
	for i, t := range s.Tokens {
		if err := checkToken(t); err != nil {
			return nil, fmt.Errorf("token %d: %w", i, err)
		}
		if id := v.add(t); int(id) != i+Special {
			return nil, fmt.Errorf("token %d is %.40q, as token %d is", i, t, int(id)-Special)
		}
	}
	for i, w := range s.Seen {
		if err := checkToken(w); err != nil {
			return nil, fmt.Errorf("known word %d: %w", i, err)
		}
	}
	if v.kind == Pairs {
		v.seen = s.Seen
		v.first, v.ranks = len(v.tokens), map[[2]int32]int32{}
		for i, pair := range s.Merges {
			if err := v.checkMerge(pair); err != nil {
				return nil, fmt.Errorf("merge %d: %w", i, err)
			}
			v.merge(pair)
		}
	}
	return v.finish()
}

func checkToken(t string) error {
	switch {
	case t == "" || len(t) > maxTokenLen:
		return fmt.Errorf("%d bytes long, want 1 to %d", len(t), maxTokenLen)
	case !utf8.ValidString(t):
		return fmt.Errorf("%.40q is not UTF-8", t)
	case slices.ContainsFunc([]rune(t), func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return fmt.Errorf("%.40q has control characters or spaces in it", t)
	}
	return nil
}

// checkMerge refuses a merge of tokens that are not there yet, one that is there twice, and texts that double
// until there is no memory for them.
func (v *Vocabulary) checkMerge(pair [2]int32) error {
	for _, id := range pair {
		if id < Special || int(id) >= len(v.tokens) {
			return fmt.Errorf("of token %d, want %d to %d", id, Special, len(v.tokens)-1)
		}
	}
	if _, twice := v.ranks[pair]; twice {
		return fmt.Errorf("of tokens %d and %d, for the second time", pair[0], pair[1])
	}
	if n := len(v.tokens[pair[0]]) + len(v.tokens[pair[1]]); n > maxTokenLen {
		return fmt.Errorf("a token of %d bytes, want at most %d", n, maxTokenLen)
	}
	return nil
}
