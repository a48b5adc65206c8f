package screen

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/widget"

	tea "charm.land/bubbletea/v2"
)

// The pages of the screen.
const (
	pageLab = iota
	pageNet
)

// View draws the page that is shown.
func (c *Conv) View(w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	if c.page == pageNet {
		return c.net.view(w, h)
	}
	if w != c.w || h != c.h {
		return widget.Block("", w, h) // a Resize is on its way
	}
	if c.result == nil {
		th := c.lab.Theme
		text := "the picture is drawn and convolved in a moment"
		if c.problem != nil {
			text = c.problem.Error()
		}
		return widget.Block(th.Title.Render("convolution")+"\n\n"+
			middle(widget.Wrap(widget.Clean(text), min(w, 60), 3), w, max(0, h-2), th), w, h)
	}
	l := newConvLayout(w, h, c.lab.Display)
	th := c.lab.Theme
	panel := func(title, body string, r rect, focused bool) string {
		return widget.Box(title, body, r.w, r.h, focused, th)
	}
	in := panel(c.inputTitle(l.in.w), c.pictureBody(c.art.in, l.in, l, c.inputLegend(l)), l.in,
		c.focus == onWindow)
	out := panel(c.outputTitle(l.out.w), c.pictureBody(c.art.out, l.out, l, c.outputLegend(l)), l.out,
		c.focus == onWindow)
	pw, ph := widget.Inner(l.params.w, l.params.h)
	params := panel(c.paramsTitle(), c.params(pw, ph), l.params, c.focus == onParams)
	nw, nh := widget.Inner(l.numbers.w, l.numbers.h)
	numbers := panel(c.numbersTitle(l.numbers.w), widget.Block(c.numbersView().body(nw, nh), nw, nh), l.numbers,
		c.focus == onKernel)
	var body string
	if l.curve.w > 0 {
		curve := ""
		if c.art.lay == l {
			curve = c.art.curve
		}
		name := c.result.Spec.Activation
		title := fitting(l.curve.w-6, "activation "+name+": "+lab.ConvActivationText(name),
			name+": "+lab.ConvActivationText(name), name)
		low := beside(numbers, panel(title, curve, l.curve, false))
		body = beside(beside(in, out)+"\n"+low, params)
	} else {
		body = beside(in, out, params) + "\n" + numbers
	}
	head := c.header(w) + "\n" + c.formula(w)
	if c.problem != nil && c.entry == nil {
		text := strings.TrimPrefix(c.problem.Error(), lab.ErrImpossible.Error()+": ")
		head = th.Bad.Render(widget.Wrap("impossible: "+widget.Clean(text), w, 2))
	}
	text := head + "\n" + body + "\n" + c.status(w)
	if strings.Count(text, "\n") != h-1 { // else every line is exact, and need not be measured
		return widget.Block(text, w, h)
	}
	return text
}

// pictureBody is a picture with its legend below, or an empty place where what was drawn is for another
// layout.
func (c *Conv) pictureBody(cells string, panel rect, l convLayout, legend string) string {
	cols, rows := pictureCells(panel)
	if c.art.lay != l || cells == "" {
		cells = picture.Empty(cols, rows)
	}
	w, _ := widget.Inner(panel.w, panel.h)
	return cells + "\n" + widget.Fit(legend, w)
}

// header is the first line: what is computed, and where.
func (c *Conv) header(w int) string {
	th, r := c.lab.Theme, c.result
	s := c.spec
	kernel := s.Get("kernel")
	if n := len(s.Kernels); n > 1 {
		kernel = fmt.Sprintf("%d kernels from %s on", n, kernel)
		if s.Depthwise {
			kernel = s.Get("kernel") + ", depthwise"
		}
	}
	left := th.Title.Render(s.Kind) + th.Dim.Render(" · ") +
		th.Text.Render(widget.Clean(shortName(c.pic.Name))) +
		th.Dim.Render(fmt.Sprintf(" %dx%d · ", c.pic.W, c.pic.H)) +
		th.Text.Render(fmt.Sprintf("%s %dx%d", kernel, s.Size, s.Size))
	for _, n := range c.pic.Notes {
		left += th.Warn.Render(" · " + widget.Clean(n))
	}
	right := ""
	switch {
	case c.opening != "":
		right = th.Accent.Render("reading " + widget.Clean(shortName(c.opening)))
	case c.computing && c.lab.Session != nil:
		right = th.Accent.Render("computing")
	case c.playing:
		right = th.Good.Render("▶ " + widget.Sig(speeds[c.speed]) + "/s")
	case r.Device != "reference":
		right = th.Dim.Render(r.Device + " · " + widget.Duration(r.Took))
	}
	room := max(0, w-ansi.StringWidth(right)-1)
	if ansi.StringWidth(left) > room && !c.playing {
		right, room = "", w
		return widget.Fit(left, w)
	}
	return widget.Fit(left, room) + " " + right
}

// shortName is a path's last part.
func shortName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return name
}

// formula is the second line: what is typed, else how the size of the result comes about.
func (c *Conv) formula(w int) string {
	th := c.lab.Theme
	if c.entry != nil {
		return c.prompt(w)
	}
	if c.problem != nil {
		return ""
	}
	s, z := c.spec, c.spec.Sizes(c.pic.H, c.pic.W)
	shorter := s
	shorter.Pool = "none"
	pooled := ""
	if s.Pool != "none" {
		pooled = fmt.Sprintf(", pooled to %d", z.OutH)
	}
	first, more := "side: ", ""
	if c.pic.H != c.pic.W {
		first, more = "height: ", fmt.Sprintf("   width: %d", z.OutW)
		if both := first + s.Formula(c.pic.H) + "   width: " + s.Formula(c.pic.W); ansi.StringWidth(both) <= w {
			return widget.Fit(th.Dim.Render(first)+th.Accent.Render(s.Formula(c.pic.H))+th.Dim.Render("   width: ")+
				th.Accent.Render(s.Formula(c.pic.W)), w)
		}
	}
	room := w - len(first) - len(more)
	text := fitting(room, s.Formula(c.pic.H), shorter.Formula(c.pic.H)+pooled)
	if text == "" {
		return th.Accent.Render(widget.Fit(shorter.Formula(c.pic.H)+pooled, w))
	}
	return widget.Fit(th.Dim.Render(first)+th.Accent.Render(text)+th.Dim.Render(more), w)
}

func (c *Conv) inputTitle(w int) string {
	p := c.result.Plane
	title := fmt.Sprintf("input %dx%d", p.W, p.H)
	switch {
	case c.result.Spec.Kind == "resize":
		title = fmt.Sprintf("enlarged %dx%d", p.W, p.H)
	case p.Top > 0:
		title = fitting(w-6, title+" with padding", title)
	}
	return c.zoomed(title, w)
}

func (c *Conv) zoomed(title string, w int) string {
	if c.zoom {
		return fitting(w-6, title+" · closer", title)
	}
	return title
}

func (c *Conv) outputTitle(w int) string {
	r := c.result
	if c.other != nil {
		return fitting(w-6, "transposed │ resize, then convolution", "transposed │ resize")
	}
	title := fmt.Sprintf("output %dx%d", r.Sizes.OutW, r.Sizes.OutH)
	if k := len(r.Maps); k > 1 {
		title = fitting(w-6, fmt.Sprintf("%s · map %d/%d: %s", title, c.output+1, k, r.Maps[c.output].Kernel),
			fmt.Sprintf("%s · %d/%d", title, c.output+1, k), title)
	}
	return c.zoomed(title, w)
}

// inputLegend says where the window is.
func (c *Conv) inputLegend(l convLayout) string {
	th, s := c.lab.Theme, c.result.Spec
	room, _ := widget.Inner(l.in.w, l.in.h)
	w := c.view().window()
	if w.w == 0 {
		return th.Dim.Render("no pixel reaches this value")
	}
	if s.Kind == "transposed" {
		met := 0
		for _, t := range s.Window(c.result.Plane, c.output, c.y, c.x).Taps {
			if !t.Hole {
				met++
			}
		}
		count := fmt.Sprintf("%d of %d", met/s.Seen(), s.Size*s.Size)
		label := fitting(room-len(count), "taps that meet a pixel: ", "taps used: ")
		return th.Dim.Render(label) + th.Text.Render(count)
	}
	at := fmt.Sprintf("row %d, column %d", w.y-c.result.Plane.Top, w.x-c.result.Plane.Top)
	if len(at) > room {
		at = fmt.Sprintf("at %d, %d", w.y-c.result.Plane.Top, w.x-c.result.Plane.Top)
	}
	return th.Dim.Render(fitting(room-len(at), "window at ", "at ")) + th.Text.Render(at)
}

// outputLegend is the scale of the colours, with the window's value.
func (c *Conv) outputLegend(l convLayout) string {
	th := c.lab.Theme
	w, _ := widget.Inner(l.out.w, l.out.h)
	sc := mapScale(c.result)
	lo := "0"
	switch {
	case sc.signed:
		lo = "-" + widget.Sig(float64(sc.hi))
	case sc.below:
		lo = "≤0"
	}
	hi := widget.Sig(float64(sc.hi))
	_, _, value := c.numbersView().values()
	here := "  here " + widget.Sig(value)
	n := min(16, w-ansi.StringWidth(lo)-len(hi)-len(here)-2)
	if n < 4 {
		text := widget.Sig(value)
		return th.Good.Render(text) + th.Dim.Render(fitting(w-len(text), " of "+lo+" to "+hi, " in "+lo+".."+hi))
	}
	pal := picture.Gray
	if sc.signed {
		pal = picture.Diverging
	}
	var bar strings.Builder
	for i := range n {
		k := pal.RGB[i*(len(pal.RGB)-1)/(n-1)]
		if th.NoColor {
			bar.WriteString(shadeOf(k))
			continue
		}
		bar.WriteString(onColor(" ", k))
	}
	bar.WriteString("\x1b[m")
	return th.Dim.Render(lo+" ") + bar.String() + th.Dim.Render(" "+hi) + th.Dim.Render("  here ") +
		th.Good.Render(widget.Sig(value))
}

func (c *Conv) numbersTitle(w int) string {
	n := c.numbersView()
	title := fmt.Sprintf("output row %d, column %d", c.y, c.x)
	if len(c.result.Maps) > 1 {
		title += fmt.Sprintf(" of map %d", c.output+1)
	}
	if name := n.channelName(n.channel); name != "" {
		title += " · " + name
	}
	return fitting(w-6, title+": patch × kernel = products, summed up", title, "window")
}

// prompt is the second line while something is typed.
func (c *Conv) prompt(w int) string {
	th := c.lab.Theme
	text := widget.Clean(string(c.entry.text))
	room := max(8, w-len(c.entry.what)-34)
	if over := ansi.StringWidth(text) - room; over > 0 {
		text = ansi.TruncateLeft(text, over+1, "…")
	}
	return widget.Fit(th.Accent.Render(c.entry.what+": ")+th.Text.Render(text)+th.Accent.Render("▏")+
		th.Dim.Render("  enter takes it, esc drops it"), w)
}

// status is the last line: what to try.
func (c *Conv) status(w int) string {
	th := c.lab.Theme
	hint := "space slides the window; arrows or the mouse move it; p parameters; e edits the kernel"
	switch {
	case c.problem != nil:
		hint = "what is shown is the last combination that has a result; p opens the parameters"
	case c.focus == onParams && c.pick >= 0:
		hint = "up and down try a value; enter takes it"
	case c.focus == onParams:
		hint = lab.ConvParams()[c.param].Name + ": " + lab.ConvParams()[c.param].What
	case c.focus == onKernel:
		hint = "arrows choose a weight, + and - change it, enter types one"
	case c.compare:
		hint = "both make the picture larger with the same kernel: look for the checkerboard at the left"
	}
	return widget.Fit(th.Dim.Render(hint), w)
}

func (c *Conv) paramsTitle() string {
	if c.pick >= 0 {
		return lab.ConvParams()[c.param].Name
	}
	return "parameters"
}

// params is the list of parameters, or the choices of one.
func (c *Conv) params(w, h int) string {
	th := c.lab.Theme
	list := lab.ConvParams()
	var lines []string
	at := c.param
	if c.pick >= 0 {
		at = c.pick
		for i, choice := range list[c.param].Choices {
			line := widget.Fit(choice, w)
			if i == c.pick {
				line = th.Selected.Render(line)
			} else {
				line = th.Text.Render(line)
			}
			lines = append(lines, line)
		}
	} else {
		for i, p := range list {
			value := c.spec.Get(p.Name)
			style := th.Text
			if !c.matters(p.Name) {
				style = th.Dim
			}
			room := max(0, w-ansi.StringWidth(value)-1)
			if i == c.param && c.focus == onParams {
				lines = append(lines, th.Selected.Render(widget.Fit(p.Name, room)+" "+widget.Fit(value, w-room-1)))
				continue
			}
			lines = append(lines, th.Dim.Render(widget.Fit(p.Name, room))+" "+style.Render(value))
		}
	}
	first := firstShown(at, len(lines), h)
	shown := lines[first:min(len(lines), first+h)]
	if c.pick < 0 && h > len(lines)+4 {
		shown = append(shown, "", th.Dim.Render(widget.Wrap(list[c.param].What, w, 3)))
	}
	return widget.Block(strings.Join(shown, "\n"), w, h)
}

// firstShown is the first of n lines in a window of h that has line at in it.
func firstShown(at, n, h int) int {
	if h >= n {
		return 0
	}
	return max(0, min(at-h/2, n-h))
}

// matters reports whether a parameter changes anything at present.
func (c *Conv) matters(name string) bool {
	switch name {
	case "mode":
		return c.spec.Pad > 0 && c.spec.Kind != "transposed"
	case "pool.size", "pool.stride":
		return c.spec.Pool != "none"
	case "seed":
		return c.spec.Get("kernel") == "random"
	case "depthwise":
		return c.spec.Channels == 3
	}
	return true
}

func (c *Conv) pointParams(m Mouse, l convLayout) tea.Cmd {
	_, h := widget.Inner(l.params.w, l.params.h)
	line := m.Y - l.params.y - 1
	if line < 0 || line >= h {
		return nil
	}
	n, at := len(lab.ConvParams()), c.param
	if c.pick >= 0 {
		n, at = len(lab.ConvParams()[c.param].Choices), c.pick
	}
	i := firstShown(at, n, h) + line
	if i >= n {
		return nil
	}
	c.focus = onParams
	switch {
	case c.pick >= 0:
		if m.Kind != Press {
			return nil
		}
		c.pick = i
		cmd, _ := c.set(lab.ConvParams()[c.param].Name, lab.ConvParams()[c.param].Choices[i]) // of the list
		c.pick = -1
		return cmd
	case m.Kind == WheelUp, m.Kind == WheelDown:
		by := 1
		if m.Kind == WheelDown {
			by = -1
		}
		return c.step(i, by)
	case m.Kind == Press && i == c.param:
		return c.enterParam("")
	case m.Kind == Press:
		c.param = i
	}
	return nil
}

func (c *Conv) pointKernel(m Mouse, l convLayout) tea.Cmd {
	w, h := widget.Inner(l.numbers.w, l.numbers.h)
	r, q, ok := c.numbersView().kernelAt(m.X-l.numbers.x-2, m.Y-l.numbers.y-1, w, h)
	if !ok || c.spec.Size != c.result.Spec.Size {
		return nil
	}
	c.focus, c.pick, c.playing = onKernel, -1, false
	c.row, c.col = r, q
	switch m.Kind {
	case WheelUp:
		return c.stepCell("+")
	case WheelDown:
		return c.stepCell("-")
	}
	return nil
}
