package screen

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// Facts are what is asked for and what is looked at, by name, for lessons. They are there without an open net, too.
func (s *Studio) Facts() map[string]string {
	yes := func(b bool) string { return map[bool]string{true: "yes", false: "no"}[b] }
	n, step, of := 0, 0, 0
	if p := s.shot; p != nil {
		if n = p.tiles; p.film == nil {
			n = 0
		}
		if f, ok := p.frame(s.at); ok {
			step, of = f.Step, f.Of
		}
	}
	word, seen := "", 0
	if i := s.tokenOf(s.reading); i >= 0 {
		word = s.reading.Tokens[i].Text
	}
	if f := s.seenFrame(); f != nil {
		seen = f.Step
	}
	marked := 0
	for _, v := range s.mask {
		marked += int(v)
	}
	f := map[string]string{
		"open": s.about.Name, "model": s.about.Model, "data": s.about.Data, "mode": studioModeNames[s.mode],
		"prompt": s.asked.Prompt, "to": s.asked.To, "negative": s.asked.Negative,
		"words": strconv.Itoa(len(s.reading.Tokens)), "unknown": strconv.Itoa(len(s.reading.Unknown) + s.reading.More),
		"seed": strconv.FormatUint(s.asked.Seed, 10), "steps": strconv.Itoa(s.asked.Steps),
		"guidance": plainNumber(s.asked.Guidance), "sampler": s.asked.Sampler, "strength": plainNumber(s.asked.Strength),
		"pictures": strconv.Itoa(s.asked.pictures), "spread": plainNumber(s.asked.Spread),
		"painting": yes(s.job != nil), "painted": strconv.Itoa(s.painted), "saved": strconv.Itoa(s.saved),
		"tiles": strconv.Itoa(n), "tile": strconv.Itoa(s.tile),
		"step": strconv.Itoa(step), "of": strconv.Itoa(of), "seen": strconv.Itoa(seen), "clean": yes(s.clean),
		"word": word, "layer": s.layerName(), "head": strconv.Itoa(s.head + 1), "heat": yes(s.overlay),
		"marked": strconv.Itoa(marked), "runs": strconv.Itoa(len(s.list.names)), "example": "",
	}
	if len(s.about.Examples) > 0 {
		f["example"] = s.about.Examples[0]
	}
	return f
}

func (s *Studio) layerName() string {
	if s.layer < 0 || s.layer >= len(s.about.Looks) {
		return "all"
	}
	return s.about.Looks[s.layer].Name
}

// studioNames are what Set takes beside the settings' names.
var studioNames = []string{"open", "picture", "prompt", "negative", "to", "mode", "word", "layer", "heat", "clean", "step", "mark",
	"paint", "seed", "steps", "guidance", "sampler", "strength", "brush", "pictures", "spread", "stages", "rows", "columns"}

// Set changes what is asked for or looked at: open (a run, or a picture), picture, prompt, negative, to, mode, word, layer, heat,
// clean, step, mark, paint, or a setting by its name. What needs no net can be set before one is open.
func (s *Studio) Set(name, value string) (tea.Cmd, error) {
	switch name {
	case "open":
		if strings.TrimSpace(value) == "" {
			return nil, errors.New("open: want a run, or a picture")
		}
		return s.openPath(value), nil
	case "picture":
		return s.openPicture(value), nil
	case "prompt", "negative", "to":
		return s.setPrompt(name, value)
	case "mode":
		i := slices.Index(studioModeNames[:], value)
		if i < 0 {
			return nil, fmt.Errorf("mode %q: want %s", value, strings.Join(studioModeNames[:], ", "))
		}
		return s.setMode(studioMode(i)), nil
	case "paint":
		if s.net == nil {
			return nil, nil // it is painted when it is opened
		}
		return s.paint(""), nil
	case "word", "layer", "heat", "clean", "step", "mark":
		return s.setLook(name, value)
	}
	for _, r := range studioSettingRows {
		if r.name == name {
			return s.change(func() error { return r.set(s, value) })
		}
	}
	return nil, fmt.Errorf("%q: want one of %s", name, strings.Join(studioNames, ", "))
}

// setPrompt changes a prompt; "-" is none.
func (s *Studio) setPrompt(name, value string) (tea.Cmd, error) {
	if value == "-" {
		value = ""
	}
	value = oneLine(value)
	switch name {
	case "prompt":
		s.asked.Prompt = value
	case "negative":
		s.asked.Negative = value
	default:
		s.asked.To = value
	}
	s.asked.typed = true
	s.read()
	return s.touched(), nil
}

// setLook changes what is looked at of a picture.
func (s *Studio) setLook(name, value string) (tea.Cmd, error) {
	yes, no := value == "yes", value == "no"
	switch name {
	case "heat", "clean":
		if !yes && !no {
			return nil, fmt.Errorf("%s %q: want yes or no", name, value)
		}
		if name == "heat" {
			s.overlay = yes
		} else {
			s.clean = yes
		}
	case "word":
		i := slices.IndexFunc(s.tokens(), func(t lab.Token) bool { return t.Text == value })
		if i < 0 && len(s.tokens()) > 0 {
			return nil, fmt.Errorf("word %q: want one of the prompt", value)
		}
		s.word = value
		return s.chooseToken(i), nil
	case "layer":
		i := slices.IndexFunc(s.about.Looks, func(l lab.LookAbout) bool { return l.Name == value })
		if i < 0 && value != "all" {
			return nil, fmt.Errorf("layer %q: want all, or one of the net's", value)
		}
		s.layer = i
	case "step":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("step %q: want a whole number, 0 for the finished picture", value)
		}
		return s.seekStep(n), nil
	case "mark":
		if value != "none" && value != "all" {
			return nil, fmt.Errorf("mark %q: want none or all", value)
		}
		if s.mask = nil; value == "all" {
			return s.invertMask(""), nil
		}
	}
	return s.draw(), nil
}

// seekStep looks at the frame of a step, or the nearest before it; 0 is the finished picture.
func (s *Studio) seekStep(step int) tea.Cmd {
	if s.shot == nil || step == 0 {
		s.at = -1
		return s.draw()
	}
	at := 0
	for i, f := range s.shot.frames {
		if f.Step <= step {
			at = i
		}
	}
	return s.look(at)
}
