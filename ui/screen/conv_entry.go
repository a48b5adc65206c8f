package screen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// entry is a line that is being typed: what it is, and what takes it.
type entry struct {
	what string
	text []rune
	take func(text string) (tea.Cmd, error)
}

// maxEntry bounds what is typed or pasted.
const maxEntry = 4096

// Typing reports whether keys are text.
func (c *Conv) Typing() bool { return c.entry != nil }

// Type takes a key of the line: enter ends it, escape drops it.
func (c *Conv) Type(key tea.KeyPressMsg) tea.Cmd {
	e := c.entry
	switch key.String() {
	case "esc":
		c.entry = nil
	case "enter":
		c.entry = nil
		if len(e.text) == 0 {
			return nil
		}
		cmd, err := e.take(string(e.text))
		if err != nil {
			return send(Notice{Text: err.Error(), Bad: true})
		}
		return cmd
	case "backspace":
		e.text = e.text[:max(0, len(e.text)-1)]
	case "ctrl+u":
		e.text = nil
	default:
		for _, r := range key.Text {
			if unicode.IsPrint(r) && len(e.text) < maxEntry {
				e.text = append(e.text, r)
			}
		}
	}
	return nil
}

// typePath has the path of a picture typed.
func (c *Conv) typePath(string) tea.Cmd {
	c.playing = false
	c.entry = &entry{what: "picture", take: func(text string) (tea.Cmd, error) {
		return c.open(strings.TrimSpace(text)), nil
	}}
	return nil
}

// typeCell has the weight of the chosen cell typed.
func (c *Conv) typeCell(string) tea.Cmd {
	c.entry = &entry{what: fmt.Sprintf("weight at row %d, column %d", c.row+1, c.col+1),
		take: func(text string) (tea.Cmd, error) {
			v, err := weight(text)
			if err != nil {
				return nil, err
			}
			return c.setCell(v), nil
		}}
	return nil
}

// weight reads a weight of a kernel; a fraction such as 1/9 is one.
func weight(text string) (float32, error) {
	const most = 1000
	over, under, isFraction := strings.Cut(text, "/")
	v, err := strconv.ParseFloat(strings.TrimSpace(over), 32)
	if isFraction && err == nil {
		var d float64
		d, err = strconv.ParseFloat(strings.TrimSpace(under), 32)
		v /= d
	}
	if err != nil || math.IsNaN(v) || math.Abs(v) > most {
		return 0, fmt.Errorf("weight %q: want a number from -%d to %d, or a fraction such as 1/9", text, most, most)
	}
	return float32(v), nil
}
