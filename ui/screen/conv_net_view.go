package screen

import (
	"fmt"
	"sort"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/widget"
)

// view draws the page.
func (n *net) view(w, h int) string {
	if w != n.w || h != n.h {
		return widget.Block("", w, h)
	}
	th := n.lab.Theme
	l := n.chosen()
	if l == nil {
		return widget.Block(th.Title.Render("network")+"\n"+n.empty(w, max(0, h-1)), w, h)
	}
	lay := n.layout()
	panel := func(i int, title, head string, r rect, lines int, missing string) string {
		cols, rows := lay.inner(r, lines)
		body := n.art.cells[i]
		if n.art.lay != lay || body == "" {
			body = picture.Empty(cols, rows)
			if missing != "" {
				body = middle(widget.Wrap(missing, min(cols, 34), 4), cols, rows, th)
			}
		}
		if head != "" {
			body = head + "\n" + body
		}
		return widget.Box(title, body, r.w, r.h, false, th)
	}
	lw, _ := widget.Inner(lay.maps.w, lay.maps.h)
	maps := panel(netMaps, "layers and maps", n.layers(lw, lay.list), lay.maps, lay.list, "")
	title := "input"
	if n.patch {
		title = fitting(lay.input.w-6, "the part that is seen", "part seen")
	}
	input := panel(netInput, title, "", lay.input, 0, "")
	unitTitle := fitting(lay.unit.w-6, n.mapName()+fmt.Sprintf(" · value %d, %d", n.y, n.x), n.mapName())
	one := panel(netUnit, unitTitle, "", lay.unit, 0, "")
	strongTitle := fitting(lay.strong.w-6, "answers most to", "strongest")
	kernelTitle, none := "its kernel", "this layer has no kernel: it takes the largest of its window"
	if l.Kind != "pool" {
		none = "this layer has no kernel of its own"
	}
	if !lay.full && n.onStrong && n.strongOf == n.mapName() {
		kernelTitle = fitting(lay.kernel.w-6, "answers most to", "strongest")
	}
	kernel := panel(netKernel, kernelTitle, "", lay.kernel, 0, none)
	tw, th2 := widget.Inner(lay.text.w, lay.text.h)
	text := widget.Box("this value", n.numbers(tw, th2), lay.text.w, lay.text.h, false, th)
	right := beside(input, one) + "\n"
	if lay.full {
		missing := "s finds the test pictures that this map answers to most"
		if n.finding {
			missing = "looking through the test pictures"
		}
		right += beside(kernel, panel(netStrong, strongTitle, "", lay.strong, 0, missing)) + "\n" + text
	} else {
		right += beside(kernel, text)
	}
	return widget.Block(n.header(w)+"\n"+beside(maps, right)+"\n"+n.status(w), w, h)
}

// empty says what would be here, and the key that makes it so.
func (n *net) empty(w, h int) string {
	s := n.lab.Job.State()
	text := "The feature maps of a network appear here, layer by layer, and change while it learns. Press b to " +
		"begin: a classifier (cnn) learns the built-in digits. `mllab train cnn` does the same without the lab."
	switch {
	case n.opening:
		text = "The run is being opened."
	case s.Err != nil:
		text = errorText(s)
	case s.Phase < lab.Training && s.Phase.Running():
		text = "The feature maps appear after the first step. Now: " + s.Phase.String() + " " + s.Detail
	case s.Phase.Running() && n.asked == nil, s.Phase.Running() && s.Model == "vae":
		text = fmt.Sprintf("The %s that is trained has no layers to look at. Press b to train a classifier (cnn) "+
			"on the built-in digits instead; you are asked before any step is lost.", s.Model)
	case s.Phase.Running():
		text = fmt.Sprintf("The feature maps of the %s appear here as soon as they are drawn; if it has none, b "+
			"trains a classifier (cnn) on the built-in digits.", s.Model)
	}
	return middle(widget.Wrap(widget.Clean(text), min(w, 58), 6), w, h, n.lab.Theme)
}

func (n *net) header(w int) string {
	th, s, m := n.lab.Theme, n.lab.Job.State(), n.maps
	left := th.Title.Render("network") + th.Dim.Render(" · ") + th.Text.Render(widget.Clean(s.Model)) +
		th.Dim.Render(" on ") + th.Text.Render(widget.Clean(s.Data)) + th.Dim.Render(" · ")
	if n.own != nil {
		left += th.Text.Render("your picture")
	} else {
		left += th.Text.Render("test example " + widget.Count(n.example))
	}
	if m.Label >= 0 && m.Label < len(m.Classes) && n.own == nil {
		left += th.Dim.Render(", a ") + th.Text.Render(widget.Clean(m.Classes[m.Label]))
	}
	right := th.Text.Render(s.Phase.String() + " · step " + widget.Count(s.Step))
	room := max(0, w-ansi.StringWidth(right)-1)
	return widget.Fit(left, room) + " " + right
}

// layers is the list of layers with what each sees.
func (n *net) layers(w, h int) string {
	th := n.lab.Theme
	first := firstShown(n.layer, len(n.maps.Layers), h)
	nameW := 4
	for _, l := range n.maps.Layers {
		nameW = max(nameW, min(10, ansi.StringWidth(widget.Clean(l.Name))))
	}
	var lines []string
	for i := first; i < min(len(n.maps.Layers), first+h); i++ {
		l := n.maps.Layers[i]
		what := l.Kind
		switch {
		case what == "transposed":
			what = fmt.Sprintf("transp %dx%d", l.R, l.S)
		case l.R > 0 && (what == "conv" || what == "pool"):
			what = fmt.Sprintf("%s %dx%d", what, l.R, l.S)
		}
		line := widget.Fit(widget.Clean(l.Name), nameW) + " " + widget.Right(fmt.Sprintf("%dx%d", l.W, l.H), 7) +
			widget.Fit(fmt.Sprintf(" x%d", l.C), 6)
		if room := w - ansi.StringWidth(line); room >= 11 {
			line += widget.Fit(what, 11)
		}
		if room := w - ansi.StringWidth(line); l.Field.Size > 0 {
			size := fmt.Sprintf("%dx%d", l.Field.Size, l.Field.Size)
			line += fitting(room, " sees "+size, " "+size)
		}
		style := th.Dim
		if i == n.layer {
			style = th.Selected
		}
		lines = append(lines, style.Render(widget.Fit(line, w)))
	}
	return widget.Block(strings.Join(lines, "\n"), w, h)
}

// numbers are the value that is looked at, what it sees, and what the net says of the picture.
func (n *net) numbers(w, h int) string {
	th, l := n.lab.Theme, n.chosen()
	v := l.Values[(n.y*l.W+n.x)*l.C+n.channel]
	s := layerScale(*l)
	rows := []string{th.Dim.Render("value ") + th.Good.Render(widget.Sig(float64(v))) +
		th.Dim.Render(fitting(w-18, fmt.Sprintf(" of at most %s in this layer", widget.Sig(float64(s.hi)))))}
	if r, ok := fieldOf(l.Field, n.y, n.x, n.maps.Input.H, n.maps.Input.W); ok {
		at := fmt.Sprintf("rows %d-%d, columns %d-%d", r.y, r.y+r.h-1, r.x, r.x+r.w-1)
		if len(at) > w {
			at = fmt.Sprintf("%d-%d, %d-%d", r.y, r.y+r.h-1, r.x, r.x+r.w-1)
		}
		rows = append(rows, th.Dim.Render(fitting(w-len(at), "sees ", ""))+th.Text.Render(at))
	} else {
		rows = append(rows, th.Dim.Render("made of noise, not of a picture"))
	}
	if l.Kernel != nil {
		text := fmt.Sprintf("%dx%dx%d = %d products", l.R, l.S, l.Cin, l.R*l.S*l.Cin)
		rows = append(rows, th.Dim.Render(fitting(w, text+" for each value of this layer", text,
			fmt.Sprintf("%d products", l.R*l.S*l.Cin))))
	}
	return widget.Block(strings.Join(append(rows, n.chances(w, h-len(rows))...), "\n"), w, h)
}

// chances are the most likely classes with bars.
func (n *net) chances(w, h int) []string {
	th, m := n.lab.Theme, n.maps
	order := make([]int, len(m.Probs))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return m.Probs[order[i]] > m.Probs[order[j]] })
	nameW := 1
	for _, c := range m.Classes {
		nameW = max(nameW, min(10, ansi.StringWidth(widget.Clean(c))))
	}
	var lines []string
	for _, i := range order[:max(0, min(len(order), h))] {
		name := fmt.Sprint(i)
		if i < len(m.Classes) {
			name = widget.Clean(m.Classes[i])
		}
		style := th.Dim
		if i == m.Label && n.own == nil {
			style = th.Good
		}
		bar := widget.Bar(m.Probs[i], max(0, w-nameW-1), th)
		lines = append(lines, style.Render(widget.Fit(name, nameW))+" "+bar)
	}
	return lines
}

func (n *net) status(w int) string {
	hint := "arrows choose a layer and a map; hjkl or the mouse a value; s finds what it answers to; z its patch"
	if n.finding {
		hint = "looking through the test pictures for what " + n.mapName() + " answers to most"
	}
	return widget.Fit(n.lab.Theme.Dim.Render(hint), w)
}
