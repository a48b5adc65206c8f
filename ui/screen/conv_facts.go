package screen

import (
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// Facts are the parameters by their names, and what came of them: picture, possible, in.h, in.w, out.h,
// out.w, same_size, window.x, window.y, map, sum, pre, value, min, max, mean, page, playing, compare.
func (c *Conv) Facts() map[string]string {
	f := map[string]string{"page": [...]string{"picture", "network"}[c.page], "playing": yesOrNo(c.playing),
		"compare": yesOrNo(c.compare), "possible": yesOrNo(c.problem == nil), "map": strconv.Itoa(c.output + 1)}
	for _, p := range lab.ConvParams() {
		f[p.Name] = c.spec.Get(p.Name)
	}
	for r := range c.spec.Size {
		for q := range c.spec.Size {
			f[fmt.Sprintf("cell.%d.%d", r+1, q+1)] = factNumber(float64(c.spec.At(c.kernelOf(), c.channel, r, q)))
		}
	}
	if c.pic != nil {
		f["picture"] = c.pic.Name
		f["in.h"], f["in.w"] = strconv.Itoa(c.pic.H), strconv.Itoa(c.pic.W)
		if c.problem == nil {
			z := c.spec.Sizes(c.pic.H, c.pic.W)
			f["out.h"], f["out.w"] = strconv.Itoa(z.OutH), strconv.Itoa(z.OutW)
			f["same_size"] = yesOrNo(z.OutH == c.pic.H && z.OutW == c.pic.W)
		}
	}
	if r := c.result; r != nil && c.problem == nil {
		n := c.numbersView()
		pre, _, out := n.values()
		m := r.Maps[c.output]
		f["window.x"], f["window.y"] = strconv.Itoa(c.x), strconv.Itoa(c.y)
		f["sum"], f["pre"], f["value"] = factNumber(n.window.Sum), factNumber(pre), factNumber(out)
		f["min"], f["max"], f["mean"] = factNumber(m.Min), factNumber(m.Max), factNumber(m.Mean)
	}
	c.net.facts(f)
	return f
}

func yesOrNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func factNumber(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// Set changes a parameter, or one of: open (a picture, or "?name=value&..." for several at once), picture,
// run, window.x, window.y, map, cell.ROW.COLUMN, page (picture, network), play and compare (yes, no), reset.
func (c *Conv) Set(name, value string) (tea.Cmd, error) {
	switch name {
	case "open":
		if query, ok := strings.CutPrefix(value, "?"); ok {
			return c.openWith(query)
		}
		return c.open(value), nil
	case "picture":
		return c.open(value), nil
	case "run":
		return c.net.openRun(value), nil
	case "window.x", "window.y", "map":
		v, err := strconv.Atoi(value)
		if err != nil || v < 0 {
			return nil, fmt.Errorf("%s %q: want a whole number from 0", name, value)
		}
		switch name {
		case "window.x":
			c.move(c.y, v)
		case "window.y":
			c.move(v, c.x)
		default:
			c.output = max(0, min(v-1, len(c.spec.Kernels)-1))
		}
		c.stale = true
		return c.draw(), nil
	case "page":
		if value != "picture" && value != "network" {
			return nil, fmt.Errorf("page %q: want picture or network", value)
		}
		if (value == "network") != (c.page == pageNet) {
			return c.turnPage(""), nil
		}
		return nil, nil
	case "play":
		if (value == "yes") != c.playing {
			return c.play(""), nil
		}
		return nil, nil
	case "compare":
		if (value == "yes") != c.compare {
			return c.demo(""), nil
		}
		return nil, nil
	case "reset":
		return c.reset(""), nil
	}
	if at, ok := strings.CutPrefix(name, "cell."); ok {
		return c.setNamed(at, value)
	}
	return c.set(name, value)
}

// setNamed changes the weight at "ROW.COLUMN", counted from 1.
func (c *Conv) setNamed(at, value string) (tea.Cmd, error) {
	row, col, _ := strings.Cut(at, ".")
	r, err1 := strconv.Atoi(row)
	q, err2 := strconv.Atoi(col)
	if errors.Join(err1, err2) != nil || r < 1 || q < 1 || r > c.spec.Size || q > c.spec.Size {
		return nil, fmt.Errorf("cell.%s: want a row and a column from 1 to %d", at, c.spec.Size)
	}
	v, err := weight(value)
	if err != nil {
		return nil, err
	}
	c.row, c.col = r-1, q-1
	return c.setCell(v), nil
}

// openWith sets what a query of the command line names: a picture and any parameters, in the order of
// ConvParams, since the first ones choose others.
func (c *Conv) openWith(query string) (tea.Cmd, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", query, err)
	}
	order := func(name string) int {
		for i, p := range lab.ConvParams() {
			if p.Name == name {
				return i
			}
		}
		return 100
	}
	var names []string
	for name := range values {
		switch name {
		case "picture", "weights", "page", "run", "example":
		default:
			names = append(names, name)
		}
	}
	sort.Slice(names, func(i, j int) bool { return order(names[i]) < order(names[j]) })
	for _, name := range names {
		if err := c.spec.Set(name, values.Get(name)); err != nil {
			return nil, err
		}
	}
	if w := values.Get("weights"); w != "" {
		if err := c.spec.SetKernel(w); err != nil {
			return nil, err
		}
	}
	picture := values.Get("picture")
	if picture == "" {
		picture = "digit"
	}
	cmd := c.open(picture)
	if n, err := strconv.Atoi(values.Get("example")); err == nil && n > 0 {
		c.net.example = n
	}
	if name := values.Get("run"); name != "" {
		cmd = tea.Batch(cmd, c.net.openRun(name))
	}
	if page := values.Get("page"); page != "" {
		turn, err := c.Set("page", page)
		return tea.Batch(cmd, turn), err
	}
	return cmd, nil
}
