package screen

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

var _ = register(Entry{Title: "Conv", Digit: '4', New: func(l *Lab) Screen { return newConv(l) }})

// Conv is the convolution lab: a picture, a kernel that slides over it, and how each pixel of the result
// comes about, with all numbers. Its second page shows the feature maps of the net that is trained.
type Conv struct {
	lab    *Lab
	engine *lab.ConvLab

	pic       *lab.ConvPicture
	opening   string // picture that is being read
	spec      lab.ConvSpec
	problem   error           // why spec has no result
	result    *lab.ConvResult // of the last spec that has one
	other     *lab.ConvResult // of the other way to enlarge, in a comparison
	before    lab.ConvSpec    // what the comparison took the place of
	compare   bool
	computing bool
	again     bool // what is computed is no longer what is wanted

	y, x    int // of the map: the window
	output  int // the map that is looked at
	channel int // of those that the kernel sees: the one whose numbers are shown
	all     bool
	zoom    bool

	playing bool
	reveal  bool // what the window has not come to yet is veiled
	speed   int  // of speeds
	due     float64

	focus convFocus
	param int // row of the list
	pick  int // of the choices that are open, -1: closed
	row   int // cell of the kernel
	col   int
	entry *entry // what is being typed

	net  *net // the second page
	page int

	w, h    int
	art     convArt
	drawing bool
	stale   bool
}

// convFocus is what the keys act on.
type convFocus int

const (
	onWindow convFocus = iota
	onParams
	onKernel
)

// speeds are in windows a second.
var speeds = []float64{1, 2, 4, 8, 16, 40, 120, 400}

// Messages of the screen's own commands.
type (
	convOpened struct {
		name string
		pic  *lab.ConvPicture
		err  error
	}
	convComputed struct {
		result, other *lab.ConvResult
		err           error
	}
)

func newConv(l *Lab) *Conv {
	c := &Conv{lab: l, engine: lab.NewConvLab(l.Session), spec: lab.NewConvSpec(), speed: 3, all: true, pick: -1,
		stale: true}
	c.net = newNet(l)
	return c
}

// Update takes ticks, sizes, and what was read, computed and drawn.
func (c *Conv) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Show:
		c.stale = true
		c.net.shown(c.page == pageNet)
		if c.pic == nil && c.opening == "" {
			return c.open("digit")
		}
		return c.draw()
	case Hide:
		c.playing = false
		c.net.shown(false)
	case Resize:
		c.w, c.h, c.stale = msg.W, msg.H, true
		c.net.resize(msg.W, msg.H)
		if c.page == pageNet {
			return c.net.draw()
		}
		return c.draw()
	case Tick:
		if c.page == pageNet {
			return c.net.tick(time.Time(msg))
		}
		return c.tick()
	case convOpened:
		return c.opened(msg)
	case convComputed:
		return c.computed(msg)
	case convDrawn:
		c.take(msg)
		if c.stale {
			return c.draw()
		}
	case netDrawn, netStrongest, netOpened:
		return c.net.update(msg)
	}
	return nil
}

// Busy reports whether the View changes with every Tick.
func (c *Conv) Busy() bool {
	if c.page == pageNet {
		return c.net.busy()
	}
	return c.playing
}

// open reads a picture, on another goroutine: a large one takes seconds.
func (c *Conv) open(name string) tea.Cmd {
	c.opening = name
	return func() tea.Msg {
		p, err := lab.OpenConvPicture(name)
		return convOpened{name, p, err}
	}
}

func (c *Conv) opened(msg convOpened) tea.Cmd {
	if msg.name != c.opening {
		return nil // another one was asked for since
	}
	c.opening = ""
	if msg.err != nil {
		cmd := send(Notice{Text: msg.err.Error(), Bad: true})
		if c.pic == nil {
			return tea.Batch(cmd, c.open("digit"))
		}
		return cmd
	}
	if c.pic != nil && c.pic.C != msg.pic.C && msg.pic.C == 1 && c.spec.Channels == 3 && !c.spec.Depthwise {
		_ = c.spec.Set("channels", "grey") // a choice of its own list
	}
	c.pic = msg.pic
	cmd := c.changed()
	if len(c.pic.Notes) > 0 {
		cmd = tea.Batch(cmd, send(Notice{Text: c.pic.Name + ": " + c.pic.Notes[0]}))
	}
	return cmd
}

// changed takes note of another spec or picture.
func (c *Conv) changed() tea.Cmd {
	c.row, c.col = min(c.row, c.spec.Size-1), min(c.col, c.spec.Size-1)
	c.channel = min(c.channel, c.spec.Seen()-1)
	c.stale = true
	if c.pic == nil {
		return nil
	}
	if c.compare && c.spec.Kind == "convolution" {
		c.compare = false
	}
	if c.problem = c.spec.Check(c.pic.H, c.pic.W); c.problem != nil {
		c.playing = false
		return c.draw()
	}
	return c.compute()
}

// compute has the result of the spec computed. While that is going on, one more is remembered.
func (c *Conv) compute() tea.Cmd {
	if c.computing {
		c.again = true
		return nil
	}
	c.computing, c.again = true, false
	pic, spec, engine, compare := c.pic, c.spec, c.engine, c.compare
	return func() tea.Msg {
		r, err := engine.Compute(context.Background(), pic, spec)
		m := convComputed{result: r, err: err}
		if err == nil && compare {
			m.other, m.err = engine.Compute(context.Background(), pic, otherWay(spec))
		}
		return m
	}
}

// otherWay is the other way to make a picture larger, with the same kernel.
func otherWay(s lab.ConvSpec) lab.ConvSpec {
	if s.Kind == "transposed" {
		s.Kind = "resize"
	} else {
		s.Kind = "transposed"
	}
	return s
}

func (c *Conv) computed(msg convComputed) tea.Cmd {
	c.computing = false
	switch {
	case msg.err == nil:
		if c.result == nil { // the first window has something to see
			c.y, c.x = msg.result.Sizes.H/2, msg.result.Sizes.W/2-2
		}
		c.result, c.other = msg.result, msg.other
		c.output = min(c.output, len(msg.result.Spec.Kernels)-1)
		c.channel = min(c.channel, msg.result.Spec.Seen()-1)
		c.move(c.y, c.x)
	case errors.Is(msg.err, lab.ErrImpossible):
		c.problem = msg.err
	default:
		c.problem = msg.err
	}
	c.stale = true
	if c.again && c.problem == nil {
		return tea.Batch(c.compute(), c.draw())
	}
	return c.draw()
}

// move puts the window on a value of the map, or the nearest there is.
func (c *Conv) move(y, x int) {
	if c.result == nil {
		return
	}
	z := c.result.Sizes
	c.y, c.x = max(0, min(y, z.H-1)), max(0, min(x, z.W-1))
	c.stale = true
}

// tick moves the window while it plays.
func (c *Conv) tick() tea.Cmd {
	if c.playing && c.result != nil {
		c.due += speeds[c.speed] * 0.05 // ticks come 20 times a second
		steps := int(c.due)
		c.due -= float64(steps)
		if steps > 0 {
			c.advance(steps)
		}
	}
	if c.stale {
		return c.draw()
	}
	return nil
}

// advance slides the window on, in reading order, and stops at the end.
func (c *Conv) advance(steps int) {
	z := c.result.Sizes
	at := c.y*z.W + c.x + steps
	if at >= z.H*z.W-1 {
		at = z.H*z.W - 1
		c.playing, c.reveal = false, false
	}
	c.move(at/z.W, at%z.W)
}

// set changes a parameter, or says what is wrong with the value.
func (c *Conv) set(name, value string) (tea.Cmd, error) {
	if err := c.spec.Set(name, value); err != nil {
		return nil, err
	}
	return c.changed(), nil
}

// nextOf is the text after another one in a list, round and round.
func nextOf(list []string, text string, by int) string {
	i := slices.Index(list, text)
	if i < 0 {
		return list[0]
	}
	return list[(i+by+len(list))%len(list)]
}
