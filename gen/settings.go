package gen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Setting is something about a model or its training that a user may choose.
type Setting struct {
	Key     string
	Default string
	What    string   // one line
	Choices []string // all values there are; nil: any that the check accepts
	check   func(string) error
}

// Check reports a value that the setting cannot have.
func (s Setting) Check(value string) error {
	if s.Choices != nil {
		for _, c := range s.Choices {
			if c == value {
				return nil
			}
		}
		return fmt.Errorf("%s=%s: unknown%s, want one of %s", s.Key, clean(value), nearest(value, s.Choices),
			strings.Join(s.Choices, ", "))
	}
	if err := s.check(value); err != nil {
		return fmt.Errorf("%s=%s: %w", s.Key, clean(value), err)
	}
	return nil
}

// Settings are checked values for all settings of one model.
type Settings struct {
	model  string
	values map[string]string
}

// Parse makes settings of "key=value" texts; what is not given has its default. An
// unknown key and a value that does not fit are errors that say what there is.
func (m Model) Parse(pairs []string) (Settings, error) {
	given := map[string]string{}
	for _, p := range pairs {
		key, value, ok := strings.Cut(p, "=")
		if !ok {
			return Settings{}, fmt.Errorf("setting %q: want key=value, such as %s=%s", clean(p), m.Settings()[0].Key,
				m.Settings()[0].Default)
		}
		given[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return m.Choose(given)
}

// Choose makes settings of a map of values, as Parse does.
func (m Model) Choose(given map[string]string) (Settings, error) {
	s := Settings{model: m.Name, values: map[string]string{}}
	var keys []string
	for _, set := range m.Settings() {
		keys = append(keys, set.Key)
		s.values[set.Key] = set.Default
	}
	for key, value := range given {
		if _, ok := s.values[key]; !ok {
			return Settings{}, fmt.Errorf("setting %q: %s has none of this name%s, want one of %s", clean(key), m.Name,
				nearest(key, keys), strings.Join(keys, ", "))
		}
		s.values[key] = value
	}
	for _, set := range m.Settings() {
		if err := set.Check(s.values[set.Key]); err != nil {
			return Settings{}, err
		}
	}
	return s, nil
}

// Map gives all values by key, for a run's configuration; Choose takes it back.
func (s Settings) Map() map[string]string {
	m := map[string]string{}
	for k, v := range s.values {
		m[k] = v
	}
	return m
}

// Text is the value of a setting.
func (s Settings) Text(key string) string { return s.values[key] }

// Int is a whole number, which the setting's check has made sure of.
func (s Settings) Int(key string) int {
	v, _ := strconv.Atoi(s.values[key])
	return v
}

// Float is a number, which the setting's check has made sure of.
func (s Settings) Float(key string) float64 {
	v, _ := strconv.ParseFloat(s.values[key], 64)
	return v
}

func intBetween(lo, hi int) func(string) error {
	return func(text string) error {
		v, err := strconv.Atoi(text)
		if err != nil || v < lo || v > hi {
			return fmt.Errorf("want a whole number from %d to %d", lo, hi)
		}
		return nil
	}
}

func floatBetween(lo, hi float64) func(string) error {
	return func(text string) error {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= lo && v <= hi) || math.IsInf(v, 0) {
			return fmt.Errorf("want a number from %v to %v", lo, hi)
		}
		return nil
	}
}

// clean makes a user's text fit for one line of a message.
func clean(s string) string {
	const most = 60
	r := []rune(s)
	if len(r) > most {
		r = append(r[:most:most], '.', '.', '.')
	}
	for i, c := range r {
		if !unicode.IsPrint(c) {
			r[i] = unicode.ReplacementChar
		}
	}
	return string(r)
}

// nearest is " (did you mean latent?)" where a known word is near, else nothing.
func nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(word, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// distance is the number of letters to insert, delete or change (Levenshtein).
func distance(a, b string) int {
	if len(a) > 60 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			corner, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, corner+cost)
		}
	}
	return row[len(b)]
}
