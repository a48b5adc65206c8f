package screen

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// Keys is the table of the screen's keys in the present mode.
func (l *Latent) Keys() []Key {
	bind := func(shown, help, long string, do func(string) tea.Cmd, press ...string) Key {
		return Key{Press: press, Binding: widget.Binding{Keys: shown, Help: help, Long: long}, Do: do}
	}
	open := bind("o", "open", "open a run, or a picture of your own, by its path", l.ask, "o")
	live := bind("r", "live", "look into the running training as it is now",
		func(string) tea.Cmd { return l.begin("") }, "r")
	var first []Key
	if l.opening != "" {
		first = []Key{bind("esc", "stop", "stop opening what is being opened", l.giveUp, "esc")}
	}
	if l.net == nil {
		return append(first, bind("↑/↓", "choose", "choose a run", l.list.move, "up", "down", "k", "j"),
			bind("enter", "open it", "open the chosen run", l.pickRun, "enter"), open, live)
	}
	all := append(append(first, l.modeKeys(bind)...),
		bind("e t i a d", "mode", "explore, traverse, interpolate, attribute, draw", l.modeKey,
			"e", "t", "i", "a", "d"),
		bind("[ ]", "dimension", "choose the dimension that is traversed", l.turnDim, "[", "]"))
	if !newLatentLayout(l.w, l.h, l.lab.Display).full {
		all = append(all, bind("v", "panel", "show another panel at the right", l.turnPanel, "v"))
	}
	return append(all,
		bind("p", "plane", "plane of the principal components, or of two dimensions", l.turnPlane, "p"),
		bind("w", "PNG", "write what is shown to a PNG file", l.savePNG, "w"),
		bind("g", "GIF", "write the traversal or the path to an animated GIF", l.saveGIF, "g"),
		open, live,
		bind("x/y", "", "make the chosen dimension the horizontal or vertical axis", l.axis, "x", "y"),
		bind("z", "", "see all codes again", l.whole, "z"),
		bind("c", "", "drop what the code has beside the plane", l.center, "c"))
}

// binder makes a line of a key table.
type binder func(shown, help, long string, do func(string) tea.Cmd, press ...string) Key

// modeKeys are the keys whose meaning depends on the mode.
func (l *Latent) modeKeys(bind binder) []Key {
	arrows := []string{"up", "down", "left", "right", "h", "j", "k", "l", "shift+up", "shift+down", "shift+left",
		"shift+right"}
	move := bind("arrows", "move", "move the cursor (hjkl too; shift and an arrow, five times as far)", l.arrow,
		arrows...)
	zoom := bind("+/-", "", "zoom about the cursor (the mouse wheel too)", l.zoomKey, "+", "=", "-")
	snap := bind("enter", "nearest", "go to the nearest encoded picture", l.snap, "enter")
	switch l.mode {
	case traverse:
		flat := bind("f", "flat", "a row for each dimension, or a raster of the plane", l.flatten, "f")
		if l.flat {
			return []Key{move, flat, snap, zoom}
		}
		move.Long = "choose a dimension, and change the code along it (with shift by more)"
		return []Key{move, flat, snap, zoom}
	case interpolate:
		return []Key{move, bind("space", "mark", "set A at the cursor, then B, then A again", l.mark, "space", " "),
			bind(",/.", "along", "move from A to B, and back", l.scrub, ",", "."),
			bind("s", "path", "straight or spherical path", l.bend, "s"), snap, zoom}
	case attribute:
		return []Key{
			bind("+/-", "strength", "add more of the attribute, or take some away", l.stronger, "+", "=", "-"),
			bind("b/n", "labels", "choose the label to come from, and the one to go to", l.label, "b", "n"),
			move, snap}
	case sketch:
		move.Long = "move the brush (hjkl too; shift and an arrow, five pixels)"
		return []Key{move, bind("space", "pen", "put the pen down, or lift it", l.penKey, "space", " "),
			bind("backspace", "clear", "begin with an empty picture", l.clear, "backspace", "delete")}
	}
	return []Key{move, snap, zoom}
}

// arrow moves whatever the mode moves: the cursor, the traversed value, the brush.
func (l *Latent) arrow(key string) tea.Cmd {
	key, fast := strings.CutPrefix(key, "shift+")
	dx, dy := direction(key)
	if l.mode == sketch {
		return l.moveBrush(dx, dy, fast)
	}
	step := 1.0
	if fast {
		step = 5
	}
	if l.mode == traverse && !l.flat {
		switch {
		case dy > 0:
			return l.turnDim("[")
		case dy < 0:
			return l.turnDim("]")
		}
		v := float64(l.code[l.dim]) + float64(dx)*step*0.25
		l.code = lab.Traverse(l.code, l.dim, v, v, 1)
		return l.changed()
	}
	unit := (l.win.X1 - l.win.X0) / 60 // a cell or so
	unitY := (l.win.Y1 - l.win.Y0) / 30
	l.code = l.plane.Move(l.code, float64(dx)*step*unit, float64(dy)*step*unitY)
	l.follow()
	return l.changed()
}

// direction is the way of an arrow, y upwards.
func direction(key string) (dx, dy int) {
	switch key {
	case "left", "h":
		return -1, 0
	case "right", "l":
		return 1, 0
	case "up", "k":
		return 0, 1
	case "down", "j":
		return 0, -1
	}
	return 0, 0
}

// follow moves the window when the cursor has left it.
func (l *Latent) follow() {
	x, y := l.plane.Project(l.code)
	fx, fy := l.win.Fraction(x, y)
	over := func(f float64) float64 { return min(f, 0) + max(f-1, 0) }
	l.win = l.win.Pan(over(fx)*(l.win.X1-l.win.X0), -over(fy)*(l.win.Y1-l.win.Y0))
}

func (l *Latent) modeKey(key string) tea.Cmd {
	return l.setMode(latentMode(strings.Index("etiad", key)))
}

// setMode changes the mode, or says why that makes no sense.
func (l *Latent) setMode(m latentMode) tea.Cmd {
	switch {
	case m == attribute && len(l.space.Present()) < 2:
		return send(Notice{Text: "an attribute is the difference of two labels, and these codes have none"})
	case m == sketch && l.space.Sampled:
		return send(Notice{Text: "a " + l.space.Model + " has no encoder: a drawing gets no code"})
	case m == sketch && l.canvas == nil:
		l.canvas = make([]float32, l.space.H*l.space.W*l.space.C)
		l.brush = [2]int{l.space.W / 2, l.space.H / 2}
	case m == interpolate && l.picks[0] == nil:
		l.picks[0], l.next = l.code, 1
	}
	l.mode, l.pen = m, false
	return l.changed()
}

func (l *Latent) mark(string) tea.Cmd {
	l.picks[l.next] = l.code
	l.next = 1 - l.next
	l.along = 0
	return l.changed()
}

// scrub moves the cursor along the path from A to B.
func (l *Latent) scrub(key string) tea.Cmd {
	if l.picks[0] == nil || l.picks[1] == nil {
		return send(Notice{Text: "mark A and B first, with space"})
	}
	d := 0.05
	if key == "," {
		d = -d
	}
	l.along = max(0, min(l.along+d, 1))
	l.code = l.onPath(l.along)
	l.way = l.code
	l.follow()
	return l.changed()
}

// onPath is the code at a fraction of the path from A to B.
func (k latentLook) onPath(t float64) []float32 {
	if k.spherical {
		return lab.Slerp(k.picks[0], k.picks[1], t)
	}
	return lab.Lerp(k.picks[0], k.picks[1], t)
}

func (l *Latent) bend(string) tea.Cmd {
	l.spherical = !l.spherical
	return l.changed()
}

func (l *Latent) label(key string) tea.Cmd {
	all := l.space.Present()
	i := strings.Index("bn", key)
	for range all { // the next one that is not the other
		l.labels[i] = all[(slices.Index(all, l.labels[i])+1)%len(all)]
		if l.labels[0] != l.labels[1] {
			break
		}
	}
	return l.changed()
}

func (l *Latent) stronger(key string) tea.Cmd {
	d := 0.25
	if key == "-" {
		d = -d
	}
	l.strength = max(-maxStrength, min(l.strength+d, maxStrength))
	return l.changed()
}

func (l *Latent) flatten(string) tea.Cmd {
	l.flat = !l.flat
	return l.changed()
}

// turnDim chooses the dimension before or after, in the order in which the bars stand.
func (l *Latent) turnDim(key string) tea.Cmd {
	order := l.bars()
	i := max(0, slices.Index(order, l.dim))
	if key == "[" {
		i += len(order) - 1
	} else {
		i++
	}
	l.dim = order[i%len(order)]
	return l.changed()
}

func (l *Latent) snap(string) tea.Cmd {
	l.code = l.space.Code(l.space.Nearest(l.point(l.space), 1)[0].Index)
	l.strength = 0
	l.follow()
	return l.changed()
}

func (l *Latent) turnPlane(string) tea.Cmd {
	if !l.pca && len(l.space.PCA.Axes) < 2 {
		return send(Notice{Text: "these codes have no two principal components"})
	}
	l.pca = !l.pca
	l.replane()
	return l.changed()
}

func (l *Latent) axis(key string) tea.Cmd {
	i := strings.Index("xy", key)
	if l.axes[1-i] == l.dim && l.space.Dims > 1 {
		l.axes[1-i] = l.axes[i] // the two change places
	}
	l.axes[i], l.pca = l.dim, false
	l.replane()
	return l.changed()
}

func (l *Latent) zoomKey(key string) tea.Cmd {
	x, y := l.plane.Project(l.code)
	factor := 1 / 1.25
	if key == "-" {
		factor = 1.25
	}
	return l.zoom(x, y, factor)
}

func (l *Latent) zoom(x, y, factor float64) tea.Cmd {
	const least, most = 1e-3, 1e4
	if wide := (l.win.X1 - l.win.X0) * factor; wide < least || wide > most {
		return nil
	}
	l.win = l.win.Zoom(x, y, factor)
	return l.changed()
}

func (l *Latent) whole(string) tea.Cmd {
	l.win = l.space.Window(l.plane)
	return l.changed()
}

func (l *Latent) center(string) tea.Cmd {
	l.code = l.plane.Lift(l.plane.Project(l.code))
	return l.changed()
}

func (l *Latent) turnPanel(string) tea.Cmd {
	l.which = (l.which + 1) % 3
	return l.changed()
}

// prompt is a path that is being typed.
type prompt struct{ text string }

func (l *Latent) ask(string) tea.Cmd {
	l.prompt = &prompt{}
	return nil
}

// Typing reports whether a path is being typed.
func (l *Latent) Typing() bool { return l.prompt != nil }

// Type takes a key of a path; enter opens it, escape gives up.
func (l *Latent) Type(key tea.KeyPressMsg) tea.Cmd {
	switch key.String() {
	case "esc":
		l.prompt = nil
	case "enter":
		text := strings.TrimSpace(l.prompt.text)
		l.prompt = nil
		if text != "" {
			return l.openPath(text)
		}
	case "backspace":
		if r := []rune(l.prompt.text); len(r) > 0 {
			l.prompt.text = string(r[:len(r)-1])
		}
	case "ctrl+u":
		l.prompt.text = ""
	default:
		const most = 4096
		if len(l.prompt.text)+len(key.Text) <= most {
			l.prompt.text += key.Text
		}
	}
	return nil
}

// openPath opens a picture where the name ends like one, else a run.
func (l *Latent) openPath(path string) tea.Cmd {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".jpg", ".jpeg", ".gif":
		return l.openPicture(path)
	}
	return l.begin(path)
}

// number writes a coordinate: a sign where there is one, two digits after the point.
func number(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
