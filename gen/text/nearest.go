package text

import (
	"cmp"
	"slices"
)

// Nearest lists at most n known words that are written much like w, the nearest first and of equals the more
// frequent. At most a third of the characters may differ, though of short words one.
func (v *Vocabulary) Nearest(w string, n int) []string {
	type candidate struct {
		word     string
		distance int
		place    int
	}
	runes := []rune(w)
	most := max(1, len(runes)/3)
	list := v.seen
	if v.kind == Words {
		list = v.tokens[Special:]
	}
	var found []candidate
	for place, known := range list {
		other := []rune(known)
		if len(other)-len(runes) > most || len(runes)-len(other) > most || isHan(known) != isHan(w) {
			continue
		}
		if len(runes) == 1 && !isHan(w) {
			continue // every letter is near every other
		}
		if d := distance(runes, other); d > 0 && d <= most && d < max(len(runes), len(other)) {
			found = append(found, candidate{known, d, place})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.place, b.place))
	})
	var names []string
	for _, c := range found[:min(len(found), max(n, 0))] {
		names = append(names, c.word)
	}
	return names
}

// distance is how many characters are to be put in, taken out, replaced or swapped with their neighbour to
// make b of a (optimal string alignment).
func distance(a, b []rune) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		now[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j]+cost, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
