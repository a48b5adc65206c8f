package screen

import (
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// bindKey is a line of a key table.
func bindKey(shown, help, long string, do func(string) tea.Cmd, press ...string) Key {
	return Key{Press: press, Binding: widget.Binding{Keys: shown, Help: help, Long: long}, Do: do}
}

// Keys are those of what has the focus, then those that work wherever it is.
func (c *Conv) Keys() []Key {
	if c.page == pageNet {
		return append(c.net.keys(),
			bindKey("u", "", "show the net the picture of the convolution lab", c.showNet, "u"),
			bindKey("n", "lab", "back to the convolution lab", c.turnPage, "n", "esc"))
	}
	var own []Key
	switch c.focus {
	case onParams:
		own = c.paramKeys()
	case onKernel:
		own = []Key{
			bindKey("arrows", "cell", "choose a weight of the kernel", c.moveCell, "up", "down", "left", "right"),
			bindKey("+/-", "step", "raise or lower the weight by 0.1", c.stepCell, "+", "=", "-"),
			bindKey("enter", "type", "type the weight", c.typeCell, "enter"),
			bindKey("esc", "done", "back to the window", c.toWindow, "esc"),
		}
	default:
		own = []Key{
			bindKey("space", "play", "slide the window over the picture, or stop", c.play, "space", " "),
			bindKey("arrows", "move", "move the window; so does the mouse on either picture", c.arrow, "up", "down",
				"left", "right", "home", "end"),
			bindKey("+/-", "speed", "slide faster or slower", c.faster, "+", "=", "-"),
		}
	}
	common := []Key{
		bindKey("p", "parameters", "the list of parameters: stride, padding and the rest", c.toParams, "p"),
		bindKey("e", "edit", "edit the kernel", c.toKernel, "e"),
		bindKey("k/K", "kernel", "next kernel of the presets; K the one before", c.nextKernel, "k", "K"),
		bindKey("i/I", "picture", "next picture; I the one before", c.nextPicture, "i", "I"),
		bindKey("n", "network", "feature maps of the net that is trained", c.turnPage, "n"),
		bindKey("o", "", "open a picture of your own: type its path", c.typePath, "o"),
		bindKey("m/M", "", "next map, where there are several; M the one before", c.nextMap, "m", "M"),
		bindKey("a", "", "show all maps, or one", c.toggleAll, "a"),
		bindKey("c", "", "numbers of the next channel, where the kernel sees several", c.nextChannel, "c"),
		bindKey("z", "", "look closer at the window, or at all", c.toggleZoom, "z"),
		bindKey("d", "", "compare a transposed convolution with resize and convolution", c.demo, "d"),
		bindKey("f", "", "focus: window, parameters, kernel", c.nextFocus, "f"),
		bindKey("r", "", "back to the beginning: a Sobel kernel of 3x3", c.reset, "r"),
	}
	return append(own, common...)
}

func (c *Conv) play(string) tea.Cmd {
	if c.result == nil || c.problem != nil {
		return nil
	}
	z := c.result.Sizes
	if c.playing = !c.playing; !c.playing {
		return nil
	}
	if c.y*z.W+c.x >= z.H*z.W-1 {
		c.move(0, 0)
	}
	c.due, c.reveal = 0, true
	return c.draw()
}

func (c *Conv) arrow(key string) tea.Cmd {
	c.playing, c.reveal = false, false
	switch key {
	case "up":
		c.move(c.y-1, c.x)
	case "down":
		c.move(c.y+1, c.x)
	case "left":
		c.move(c.y, c.x-1)
	case "right":
		c.move(c.y, c.x+1)
	case "home":
		c.move(0, 0)
	case "end":
		c.move(1<<20, 1<<20)
	}
	return c.draw()
}

func (c *Conv) faster(key string) tea.Cmd {
	if key == "-" {
		c.speed = max(0, c.speed-1)
	} else {
		c.speed = min(len(speeds)-1, c.speed+1)
	}
	return send(Notice{Text: "speed: " + widget.Sig(speeds[c.speed]) + " windows a second"})
}

func (c *Conv) toWindow(string) tea.Cmd {
	c.focus, c.pick, c.stale = onWindow, -1, true
	return c.draw()
}

func (c *Conv) toParams(string) tea.Cmd {
	c.focus, c.stale = onParams, true
	return c.draw()
}

func (c *Conv) toKernel(string) tea.Cmd {
	c.focus, c.pick, c.playing, c.stale = onKernel, -1, false, true
	return c.draw()
}

func (c *Conv) nextFocus(string) tea.Cmd {
	c.focus, c.pick, c.stale = (c.focus+1)%3, -1, true
	return c.draw()
}

func (c *Conv) nextKernel(key string) tea.Cmd {
	names := lab.ConvKernels()
	names = names[:len(names)-1] // own is what an edit makes
	by := 1
	if key == "K" {
		by = -1
	}
	cmd, _ := c.set("kernel", nextOf(names, c.spec.Get("kernel"), by)) // a name of the list
	return cmd
}

func (c *Conv) nextPicture(key string) tea.Cmd {
	by := 1
	if key == "I" {
		by = -1
	}
	name := c.opening
	if name == "" && c.pic != nil {
		name = c.pic.Name
	}
	return c.open(nextOf(lab.ConvPictures(), name, by))
}

func (c *Conv) nextMap(key string) tea.Cmd {
	if c.result == nil || len(c.result.Maps) < 2 {
		return send(Notice{Text: "there is one map: raise outputs in the parameters (p) for more"})
	}
	by := 1
	if key == "M" {
		by = -1
	}
	n := len(c.result.Maps)
	c.output, c.stale = (c.output+by+n)%n, true
	return c.draw()
}

func (c *Conv) toggleAll(string) tea.Cmd {
	if c.result == nil || len(c.result.Maps) < 2 {
		return send(Notice{Text: "there is one map: raise outputs in the parameters (p) for more"})
	}
	c.all, c.stale = !c.all, true
	return c.draw()
}

func (c *Conv) nextChannel(string) tea.Cmd {
	if c.spec.Seen() < 2 {
		return send(Notice{Text: "the kernel sees one channel: set channels to rgb (p) for three"})
	}
	c.channel, c.stale = (c.channel+1)%c.spec.Seen(), true
	return c.draw()
}

func (c *Conv) toggleZoom(string) tea.Cmd {
	c.zoom, c.stale = !c.zoom, true
	return c.draw()
}

// demo shows both ways to make a picture larger side by side, on a smooth hill: where the stride does not
// divide the size, a transposed convolution lays more products on some pixels than on others.
func (c *Conv) demo(string) tea.Cmd {
	if c.compare {
		c.compare, c.other = false, nil
		c.spec = c.before
		return c.changed()
	}
	c.before = c.spec
	c.compare, c.playing, c.zoom = true, false, false
	for _, p := range [][2]string{{"kernel", "box"}, {"size", "3"}, {"depthwise", "no"}, {"channels", "grey"},
		{"outputs", "1"}, {"transposed", "yes"}, {"stride", "2"}, {"padding", "1"}, {"mode", "zero"},
		{"dilation", "1"}, {"bias", "0"}, {"activation", "none"}, {"pool", "none"}} {
		_ = c.spec.Set(p[0], p[1]) // all are values of the lists
	}
	return tea.Batch(c.open("blob"), send(Notice{
		Text: "transposed (left) makes a checkerboard, resize and convolution (right) none: d goes back"}))
}

func (c *Conv) reset(string) tea.Cmd {
	c.spec, c.compare, c.other, c.playing, c.reveal, c.zoom = lab.NewConvSpec(), false, nil, false, false, false
	c.output, c.channel = 0, 0
	return c.changed()
}

func (c *Conv) turnPage(string) tea.Cmd {
	c.page, c.playing, c.stale = 1-c.page, false, true
	c.net.shown(c.page == pageNet)
	if c.page == pageNet {
		return c.net.draw()
	}
	return c.draw()
}

// showNet has the net look at the lab's picture.
func (c *Conv) showNet(string) tea.Cmd { return c.net.look(c.pic) }

func (c *Conv) moveCell(key string) tea.Cmd {
	n := c.spec.Size
	switch key {
	case "up":
		c.row = max(0, c.row-1)
	case "down":
		c.row = min(n-1, c.row+1)
	case "left":
		c.col = max(0, c.col-1)
	case "right":
		c.col = min(n-1, c.col+1)
	}
	return nil
}

// kernelOf is the output whose kernel is looked at and edited.
func (c *Conv) kernelOf() int { return min(c.output, len(c.spec.Kernels)-1) }

func (c *Conv) stepCell(key string) tea.Cmd {
	by := float32(0.1)
	if key == "-" {
		by = -by
	}
	v := c.spec.At(c.kernelOf(), c.channel, c.row, c.col) + by
	if v < 1e-6 && v > -1e-6 {
		v = 0
	}
	return c.setCell(v)
}

func (c *Conv) setCell(v float32) tea.Cmd {
	c.spec.SetWeight(c.kernelOf(), c.channel, c.row, c.col, v)
	return c.changed()
}

// paramKeys are the keys of the list of parameters, and of the choices of one.
func (c *Conv) paramKeys() []Key {
	if c.pick >= 0 {
		return []Key{
			bindKey("up/down", "choose", "choose a value; it is tried at once", c.movePick, "up", "down"),
			bindKey("enter", "take", "take the value", c.closePick, "enter", "esc"),
		}
	}
	return []Key{
		bindKey("up/down", "parameter", "choose a parameter", c.moveParam, "up", "down", "home", "end"),
		bindKey("left/right", "change", "change its value; so do + and - and the mouse's wheel", c.stepParam,
			"left", "right", "+", "=", "-"),
		bindKey("enter", "type or list", "type a number, or open the list of choices", c.enterParam, "enter"),
		bindKey("esc", "done", "back to the window", c.toWindow, "esc"),
	}
}

func (c *Conv) moveParam(key string) tea.Cmd {
	n := len(lab.ConvParams())
	switch key {
	case "up":
		c.param = max(0, c.param-1)
	case "down":
		c.param = min(n-1, c.param+1)
	case "home":
		c.param = 0
	case "end":
		c.param = n - 1
	}
	return nil
}

// stepParam changes the chosen parameter by one step. A value at its end stays.
func (c *Conv) stepParam(key string) tea.Cmd {
	by := 1
	if key == "left" || key == "-" {
		by = -1
	}
	return c.step(c.param, by)
}

func (c *Conv) step(param, by int) tea.Cmd {
	p := lab.ConvParams()[param]
	if p.Choices != nil {
		list := p.Choices
		if p.Name == "kernel" {
			list = list[:len(list)-1]
		}
		cmd, _ := c.set(p.Name, nextOf(list, c.spec.Get(p.Name), by)) // a value of the list
		return cmd
	}
	v, _ := strconv.ParseFloat(c.spec.Get(p.Name), 64) // Get wrote it
	v = max(p.Min, min(v+float64(by)*p.Step, p.Max))
	cmd, _ := c.set(p.Name, strconv.FormatFloat(v, 'f', -1, 32)) // within the bounds
	return cmd
}

// enterParam opens the choices of a parameter, or has its number typed.
func (c *Conv) enterParam(string) tea.Cmd {
	p := lab.ConvParams()[c.param]
	if p.Choices != nil {
		c.pick = max(0, slices.Index(p.Choices, c.spec.Get(p.Name)))
		return nil
	}
	c.entry = &entry{what: p.Name, take: func(text string) (tea.Cmd, error) { return c.set(p.Name, text) }}
	return nil
}

func (c *Conv) movePick(key string) tea.Cmd {
	p := lab.ConvParams()[c.param]
	if key == "up" {
		c.pick = max(0, c.pick-1)
	} else {
		c.pick = min(len(p.Choices)-1, c.pick+1)
	}
	cmd, _ := c.set(p.Name, p.Choices[c.pick]) // a value of the list
	return cmd
}

func (c *Conv) closePick(string) tea.Cmd {
	c.pick = -1
	return nil
}
