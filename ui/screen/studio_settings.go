package screen

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/gen"
	"mllab/ui/lab"
)

// studioAsk is what is asked for, in all modes.
type studioAsk struct {
	lab.Request
	typed    bool // a prompt was typed, or given: it is not an example
	pictures int  // of variations
	columns  int  // of a way to another prompt
}

func newStudioAsk() studioAsk {
	a := studioAsk{Request: lab.NewRequest(""), pictures: 9, columns: 9}
	a.Spread, a.Strength = 0.3, 0.7
	a.Guidances, a.StepCounts = []float64{1, 2, 3, 5}, []int{5, 10, 20, 40}
	return a
}

// request is what the present mode asks for.
func (s *Studio) request() lab.Request {
	r := s.asked.Request
	if s.about.OneShot {
		r.Negative = ""
	}
	r.Start, r.Mask = nil, nil
	if s.mode != studioDraw && s.mode != studioEdit {
		r.Variation = 0
	}
	switch s.mode {
	case studioVary:
		r.Kind, r.Count = lab.Variations, s.asked.pictures
	case studioMorph:
		r.Kind, r.Count = lab.Interpolation, s.asked.columns
	case studioGrid:
		r.Kind = lab.Grid
		return r
	case studioEdit:
		r.Kind, r.Looks, r.Start, r.Mask = lab.One, len(s.about.Looks) > 0, s.base, s.wholeMask()
		return r
	default:
		r.Kind, r.Looks = lab.One, len(s.about.Looks) > 0
	}
	return r
}

// setting is a line of the settings.
type setting struct {
	name, what string
	modes      []studioMode // nil: all
	steps      bool         // has no meaning for a net that draws at once
	get        func(s *Studio) string
	set        func(s *Studio, text string) error
	step       func(s *Studio, up bool)
}

// studioSettingRows are all settings; rows are those of the present mode and net.
var studioSettingRows = []setting{
	{name: "seed", what: "the noise to begin with: the same seed and prompt, the same picture",
		get: func(s *Studio) string {
			text := strconv.FormatUint(s.asked.Seed, 10)
			if s.asked.Variation > 0 && s.mode != studioVary {
				text += fmt.Sprintf(" · variation %d", s.asked.Variation+1)
			}
			return text
		},
		set: func(s *Studio, text string) (err error) {
			s.asked.Variation = 0
			if text, _, _ = strings.Cut(text, " "); text == "" {
				text = "none"
			}
			if s.asked.Seed, err = strconv.ParseUint(text, 10, 64); err != nil {
				return fmt.Errorf("seed %q: want a whole number from 0 on", text)
			}
			return nil
		},
		step: func(s *Studio, up bool) {
			s.asked.Variation = 0
			if up {
				s.asked.Seed++
			} else if s.asked.Seed > 0 {
				s.asked.Seed--
			}
		}},
	{name: "steps", what: "from noise to picture: few are quick and rough", steps: true,
		modes: []studioMode{studioDraw, studioVary, studioMorph, studioEdit},
		get:   func(s *Studio) string { return strconv.Itoa(s.asked.Steps) },
		set:   func(s *Studio, text string) (err error) { s.asked.Steps, err = wholeNumber("steps", text); return err },
		step: func(s *Studio, up bool) {
			s.asked.Steps = rungOf([]int{1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500,
				1000}, s.asked.Steps, up)
		}},
	{name: "guidance", what: "how far beyond what no text would give: 1 as the text says, more exaggerates", steps: true,
		modes: []studioMode{studioDraw, studioVary, studioMorph, studioEdit},
		get:   func(s *Studio) string { return plainNumber(s.asked.Guidance) },
		set: func(s *Studio, text string) (err error) {
			s.asked.Guidance, err = realNumber("guidance", text)
			return err
		},
		step: func(s *Studio, up bool) { s.asked.Guidance = byStep(s.asked.Guidance, 0.5, up) }},
	{name: "sampler", what: "the way from noise to picture: euler, heun, ddim, ddpm", steps: true,
		get: func(s *Studio) string { return s.asked.Sampler },
		set: func(s *Studio, text string) error {
			s.asked.Sampler = strings.ToLower(strings.TrimSpace(text))
			return nil
		},
		step: func(s *Studio, up bool) {
			i := slices.Index(gen.Samplers, s.asked.Sampler)
			s.asked.Sampler = gen.Samplers[(i+len(gen.Samplers)+map[bool]int{true: 1, false: -1}[up])%len(gen.Samplers)]
		}},
	{name: "strength", what: "noise that the picture gets before it is painted over: 1 leaves nothing of it",
		modes: []studioMode{studioEdit}, steps: true,
		get: func(s *Studio) string { return plainNumber(s.asked.Strength) },
		set: func(s *Studio, text string) (err error) {
			s.asked.Strength, err = realNumber("strength", text)
			return err
		},
		step: func(s *Studio, up bool) { s.asked.Strength = byStep(s.asked.Strength, 0.05, up) }},
	{name: "brush", what: "width of the brush in pixels", modes: []studioMode{studioEdit},
		get: func(s *Studio) string { return strconv.Itoa(s.size) },
		set: func(s *Studio, text string) error {
			n, err := wholeNumber("brush", text)
			if err == nil && (n < 1 || n > mostBrush) {
				err = fmt.Errorf("brush %d: want 1 to %d", n, mostBrush)
			}
			if err == nil {
				s.size = n
			}
			return err
		},
		step: func(s *Studio, up bool) { s.size = rungOf(brushSizes, s.size, up) }},
	{name: "pictures", what: "how many to vary", modes: []studioMode{studioVary},
		get: func(s *Studio) string { return strconv.Itoa(s.asked.pictures) },
		set: func(s *Studio, text string) (err error) {
			s.asked.pictures, err = wholeNumber("pictures", text)
			return err
		},
		step: func(s *Studio, up bool) {
			s.asked.pictures = rungOf([]int{2, 4, 6, 9, 12, 16, 20, 25, 36, 49, 64}, s.asked.pictures, up)
		}},
	{name: "spread", what: "how far the noise departs from the seed's: 0 takes other seeds", modes: []studioMode{studioVary},
		get:  func(s *Studio) string { return plainNumber(s.asked.Spread) },
		set:  func(s *Studio, text string) (err error) { s.asked.Spread, err = realNumber("spread", text); return err },
		step: func(s *Studio, up bool) { s.asked.Spread = byStep(s.asked.Spread, 0.1, up) }},
	{name: "stages", what: "how many pictures from one prompt to the other", modes: []studioMode{studioMorph},
		get: func(s *Studio) string { return strconv.Itoa(s.asked.columns) },
		set: func(s *Studio, text string) (err error) {
			s.asked.columns, err = wholeNumber("stages", text)
			return err
		},
		step: func(s *Studio, up bool) {
			s.asked.columns = rungOf([]int{2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16}, s.asked.columns, up)
		}},
	{name: "rows", what: "guidances of the grid, as in: 1 2 3 5", modes: []studioMode{studioGrid},
		get: func(s *Studio) string {
			var all []string
			for _, g := range s.asked.Guidances {
				all = append(all, plainNumber(g))
			}
			return strings.Join(all, " ")
		},
		set: func(s *Studio, text string) error {
			var all []float64
			for _, f := range listed(text) {
				v, err := realNumber("guidance", f)
				if err != nil {
					return err
				}
				all = append(all, v)
			}
			s.asked.Guidances = all
			return nil
		}},
	{name: "columns", what: "steps of the grid, as in: 5 10 20 40", modes: []studioMode{studioGrid},
		get: func(s *Studio) string { return strings.Trim(fmt.Sprint(s.asked.StepCounts), "[]") },
		set: func(s *Studio, text string) error {
			var all []int
			for _, f := range listed(text) {
				v, err := wholeNumber("steps", f)
				if err != nil {
					return err
				}
				all = append(all, v)
			}
			s.asked.StepCounts = all
			return nil
		}},
}

// rows are the settings that mean something at present.
func (s *Studio) rows() []setting {
	var all []setting
	for _, r := range studioSettingRows {
		if (r.modes == nil || slices.Contains(r.modes, s.mode)) && !(r.steps && s.about.OneShot) {
			all = append(all, r)
		}
	}
	return all
}

// chosenRow is the setting that + and - change.
func (s *Studio) chosenRow() setting { return s.rows()[max(0, min(s.row, len(s.rows())-1))] }

// change sets a setting, or leaves all as it was and says why.
func (s *Studio) change(do func() error) (tea.Cmd, error) {
	asked, size := s.asked, s.size
	err := do()
	if err == nil {
		r := s.request()
		if r.Start == nil {
			r.Strength = min(max(r.Strength, -1), 1)
		}
		if err = r.Check(s.about); err == nil && !(s.asked.Strength > 0 && s.asked.Strength <= 1) {
			err = fmt.Errorf("strength %v: want a number over 0, at most 1", s.asked.Strength)
		}
	}
	if err != nil {
		s.asked, s.size = asked, size
		return nil, err
	}
	return s.touched(), nil
}

// nudge steps the chosen setting up or down; at an end it stays.
func (s *Studio) nudge(key string) tea.Cmd {
	row := s.chosenRow()
	if row.step == nil {
		return s.typeValue("")
	}
	cmd, err := s.change(func() error { row.step(s, key != "-" && key != "left" && key != "_"); return nil })
	if err != nil {
		return nil
	}
	return cmd
}

// another paints with the next seed.
func (s *Studio) another(string) tea.Cmd {
	s.asked.Seed++
	s.asked.Variation = 0
	return s.paint("")
}

// choose gives the settings the focus.
func (s *Studio) choose(string) tea.Cmd {
	s.choosing = true
	return nil
}

func (s *Studio) unchoose(string) tea.Cmd {
	s.choosing = false
	if !s.due.IsZero() {
		s.due = time.Unix(0, 0) // at once
	}
	return nil
}

func (s *Studio) moveRow(key string) tea.Cmd {
	n := len(s.rows())
	if key == "up" || key == "k" {
		s.row = (s.row + n - 1) % n
	} else {
		s.row = (s.row + 1) % n
	}
	return nil
}

// plainNumber writes a number without more digits than it has.
func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// byStep moves a number to the next multiple of a step.
func byStep(v, step float64, up bool) float64 {
	n := math.Round(v/step) + map[bool]float64{true: 1, false: -1}[up]
	return math.Round(n*step*1e6) / 1e6
}

// rungOf is the next higher or lower number of a list.
func rungOf(list []int, v int, up bool) int {
	if up {
		for _, n := range list {
			if n > v {
				return n
			}
		}
		return max(v, list[len(list)-1])
	}
	for _, n := range slices.Backward(list) {
		if n < v {
			return n
		}
	}
	return min(v, list[0])
}

func wholeNumber(name, text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%s %q: want a whole number", name, text)
	}
	return n, nil
}

func realNumber(name, text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%s %q: want a number", name, text)
	}
	return v, nil
}

// listed are the words of a list with blanks or commas.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
}
