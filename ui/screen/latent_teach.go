package screen

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Facts are what is looked at, by name, for lessons.
func (l *Latent) Facts() map[string]string {
	f := map[string]string{"mode": latentModeNames[l.mode], "open": ""}
	if l.net == nil {
		return f
	}
	s := l.space
	code := l.point(s)
	x, y := l.plane.Project(code)
	f["open"], f["model"], f["data"] = s.Run, s.Model, s.Data
	f["dims"], f["dim"], f["dead"] = strconv.Itoa(s.Dims), strconv.Itoa(l.dim), strconv.Itoa(len(s.Dead))
	f["cursor"] = number(x) + " " + number(y)
	f["plane"], f["cursor.x"], f["cursor.y"] = "dims", number(x), number(y)
	if l.pca {
		f["plane"] = "pca"
	}
	for d, kl := range s.KL {
		f["kl."+strconv.Itoa(d)] = strconv.FormatFloat(kl, 'g', 6, 64)
	}
	for d, v := range code {
		f["code."+strconv.Itoa(d)] = strconv.FormatFloat(float64(v), 'g', 6, 64)
	}
	near := s.Nearest(code, 1)[0]
	f["cursor.label"], f["cursor.distance"] = s.Class(s.Labels[near.Index]), number(near.Distance)
	f["path"], f["strength"] = "straight", number(l.strength)
	if l.spherical {
		f["path"] = "spherical"
	}
	f["from"], f["to"] = s.Class(l.labels[0]), s.Class(l.labels[1])
	f["marked"] = map[bool]string{true: "yes", false: "no"}[l.picks[0] != nil && l.picks[1] != nil]
	return f
}

// Set changes what is looked at: open (a run or a picture), mode, dim, plane, example, from, to, strength,
// path, mark.
func (l *Latent) Set(name, value string) (tea.Cmd, error) {
	if name == "open" {
		if strings.TrimSpace(value) == "" {
			return nil, errors.New("open: want a run, or a picture")
		}
		return l.openPath(value), nil
	}
	if i := slices.Index(latentModeNames[:], value); l.net == nil && name == "mode" && i >= 0 {
		l.mode = latentMode(i) // for the net that will be opened
		return nil, nil
	}
	if l.net == nil && name != "mode" {
		return nil, fmt.Errorf("%s: no net is open: set open first", name)
	}
	whole := func(most int) (int, error) {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n >= most {
			return 0, fmt.Errorf("%s %q: want a whole number from 0 to %d", name, value, most-1)
		}
		return n, nil
	}
	choice := func(of ...string) (int, error) {
		i := slices.Index(of, value)
		if i < 0 {
			return 0, fmt.Errorf("%s %q: want %s", name, value, strings.Join(of, ", "))
		}
		return i, nil
	}
	var err error
	var i int
	switch name {
	case "mode":
		if i, err = choice(latentModeNames[:]...); err == nil {
			return l.setMode(latentMode(i)), nil
		}
	case "dim":
		if i, err = whole(l.space.Dims); err == nil {
			l.dim = i
		}
	case "plane":
		if i, err = choice("pca", "dims"); err == nil {
			l.pca = i == 0
			l.replane()
		}
	case "example":
		if i, err = whole(l.space.N); err == nil {
			l.code = l.space.Code(i)
		}
	case "path":
		if i, err = choice("straight", "spherical"); err == nil {
			l.spherical = i == 1
		}
	case "from", "to":
		err = l.setLabel(name, value)
	case "strength":
		l.strength, err = within(value, -maxStrength, maxStrength)
		if err != nil {
			err = fmt.Errorf("%s %w", name, err)
		}
	case "mark":
		return l.mark(""), nil
	default:
		return nil, fmt.Errorf("%q: want open, mode, dim, plane, example, path, from, to, strength or mark", name)
	}
	if err != nil {
		return nil, err
	}
	return l.changed(), nil
}

// setLabel chooses the label to come from or to go to, by its name.
func (l *Latent) setLabel(name, value string) error {
	var names []string
	for _, label := range l.space.Present() {
		if l.space.Class(label) == value {
			l.labels[map[string]int{"from": 0, "to": 1}[name]] = label
			return nil
		}
		names = append(names, l.space.Class(label))
	}
	return fmt.Errorf("%s %q: want one of %s", name, value, strings.Join(names, ", "))
}

// within reads a number in a range.
func within(text string, lo, hi float64) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= lo && v <= hi) {
		return 0, fmt.Errorf("%q: want a number from %g to %g", text, lo, hi)
	}
	return v, nil
}
