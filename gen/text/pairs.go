package text

import (
	"slices"
	"strings"
)

const (
	maxLearnt = 50000 // different words that pairs are learnt from, the most frequent
	longPiece = 256   // characters of a run that are merged at a time
)

// symbols cuts a word into its characters, the first of which says that a word begins there. Chinese is
// written without such places, so there any character may begin one.
func symbols(runes []rune, han bool) []string {
	all := make([]string, len(runes))
	for i, r := range runes {
		all[i] = string(r)
	}
	if !han {
		all[0] = string(starts) + all[0]
	}
	return all
}

// spelling is a word while pairs are learnt: its tokens, and how often it occurs.
type spelling struct {
	ids   []int32
	count int
}

// learnPairs adds characters, then merges the most frequent pair of neighbours into a token, again and again
// (Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units", ACL 2016).
// Of equally frequent pairs the one with the smaller ids is taken: the result is a function of the captions.
func (v *Vocabulary) learnPairs(frequent []string, counts map[string]int, size int) {
	frequent = frequent[:min(len(frequent), maxLearnt)]
	v.addCharacters(frequent, counts, size)
	v.first, v.ranks = len(v.tokens), map[[2]int32]int32{}
	var list []spelling
	pairs := map[[2]int32]int{}
	where := map[[2]int32]map[int]bool{} // the spellings in which a pair has occurred
	enter := func(i, sign int) {
		s := list[i]
		for k := 1; k < len(s.ids); k++ {
			p := [2]int32{s.ids[k-1], s.ids[k]}
			pairs[p] += sign * s.count
			if where[p] == nil {
				where[p] = map[int]bool{}
			}
			where[p][i] = true
		}
	}
	for _, w := range frequent {
		runes := []rune(w)
		var ids []int32
		for _, s := range symbols(runes[:min(len(runes), longPiece)], isHan(w)) {
			id, ok := v.ids[s]
			if !ok {
				id = Unknown
			}
			ids = append(ids, id)
		}
		list = append(list, spelling{ids, counts[w]})
		enter(len(list)-1, 1)
	}
	for len(v.tokens) < size {
		best, most := [2]int32{}, 1 // a pair that occurs once teaches nothing
		for p, n := range pairs {
			if p[0] == Unknown || p[1] == Unknown || n < 2 {
				continue
			}
			if n > most || n == most && slices.Compare(p[:], best[:]) < 0 {
				best, most = p, n
			}
		}
		if most < 2 {
			return
		}
		id := v.merge(best)
		for i := range where[best] {
			enter(i, -1)
			list[i].ids = joined(list[i].ids, best, id)
			enter(i, 1)
		}
		delete(pairs, best)
	}
}

// addCharacters adds the characters of the words, the most frequent first, and leaves room for merges.
func (v *Vocabulary) addCharacters(frequent []string, counts map[string]int, size int) {
	characters := map[string]int{}
	for _, w := range frequent {
		for _, s := range symbols([]rune(w), isHan(w)) {
			characters[s] += counts[w]
			if bare := strings.TrimPrefix(s, string(starts)); bare != s {
				characters[bare]++ // so that a character that begins a word is known inside of one, too
			} else if !isHan(w) {
				characters[string(starts)+s]++
			}
		}
	}
	for _, c := range byCount(characters) {
		if len(v.tokens) == size {
			return
		}
		v.add(c)
	}
}

// merge adds the token of two.
func (v *Vocabulary) merge(pair [2]int32) int32 {
	id := int32(len(v.tokens))
	token := v.tokens[pair[0]] + v.tokens[pair[1]]
	v.tokens = append(v.tokens, token)
	if _, ok := v.ids[token]; !ok { // two ways may lead to one text: the first has the name
		v.ids[token] = id
	}
	v.ranks[pair] = id
	v.merges = append(v.merges, pair)
	return id
}

// joined replaces a pair by its token.
func joined(ids []int32, pair [2]int32, id int32) []int32 {
	out := ids[:0]
	for i := 0; i < len(ids); i++ {
		if i+1 < len(ids) && ids[i] == pair[0] && ids[i+1] == pair[1] {
			out = append(out, id)
			i++
			continue
		}
		out = append(out, ids[i])
	}
	return out
}

// pieces cuts a word into tokens by the merges, in the order in which they were learnt.
func (v *Vocabulary) pieces(w word) []piece {
	var all []piece
	for from := 0; from < len(w.runes); from += longPiece {
		to := min(from+longPiece, len(w.runes))
		var part []piece
		for i, s := range symbols(w.runes[from:to], w.han) {
			id, ok := v.ids[s]
			if !ok || int(id) >= v.first {
				id = Unknown
			}
			part = append(part, piece{id, w.span(from+i, from+i+1)})
		}
		all = append(all, v.merged(part)...)
	}
	return all
}

// merged joins the pair that was learnt first, until there is none.
func (v *Vocabulary) merged(part []piece) []piece {
	for {
		best := int32(MaxTokens)
		for i := 1; i < len(part); i++ {
			if id, ok := v.ranks[[2]int32{part[i-1].id, part[i].id}]; ok {
				best = min(best, id)
			}
		}
		if best == MaxTokens {
			return part
		}
		pair := v.merges[int(best)-v.first]
		out := part[:0]
		for i := 0; i < len(part); i++ {
			if i+1 < len(part) && part[i].id == pair[0] && part[i+1].id == pair[1] {
				out = append(out, piece{best, Span{part[i].span.Start, part[i+1].span.End}})
				i++
				continue
			}
			out = append(out, part[i])
		}
		part = out
	}
}
