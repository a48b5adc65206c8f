package screen

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// net is the second page of the convolution lab: the feature maps of the net that is trained, on one
// picture, layer by layer. They change while it learns.
type net struct {
	lab      *Lab
	on       bool // the page is shown
	asked    Job  // that keeps its maps up to date for us
	example  int
	own      []float32 // a picture of the user's in the place of the example
	maps     *lab.Maps
	layer    int
	channel  int
	y, x     int // the value of the map that is looked at
	patch    bool
	finding  bool
	opening  bool // a run is being opened
	strong   []lab.Strong
	strongOf string // the layer and the channel that they are of
	onStrong bool   // where there is no room for both, they stand in the place of the kernel

	w, h    int
	art     netArt
	drawing bool
	stale   bool
	last    time.Time // of the last drawing
}

// mapper is a job that shows what is inside its net; *lab.Job is one.
type mapper interface {
	WatchMaps(example int)
	WatchPicture(pixels []float32)
	Strongest(ctx context.Context, layer string, channel, k int) ([]lab.Strong, error)
}

const (
	netEvery    = 150 * time.Millisecond
	strongCount = 9
)

// netStrongest is the message of a finished search.
type netStrongest struct {
	of   string
	list []lab.Strong
	err  error
}

func newNet(l *Lab) *net { return &net{lab: l, stale: true} }

// shown tells the page whether it is seen: only then the job draws maps.
func (n *net) shown(on bool) {
	if n.on = on; on {
		n.ask()
		n.stale = true
		return
	}
	if m, ok := n.asked.(mapper); ok {
		m.WatchMaps(-1)
	}
	n.asked = nil
}

// ask has the lab's job keep its maps up to date.
func (n *net) ask() {
	m, ok := n.lab.Job.(mapper)
	if !ok {
		n.asked, n.maps = nil, nil
		return
	}
	if n.asked != n.lab.Job {
		n.maps, n.strong, n.strongOf = nil, nil, ""
	}
	n.asked, n.opening = n.lab.Job, false
	if n.own != nil {
		m.WatchPicture(n.own)
		return
	}
	m.WatchMaps(n.example)
}

func (n *net) resize(w, h int) { n.w, n.h, n.stale = w, h, true }

// tick takes what is new, and draws it as often as the terminal is quick enough.
func (n *net) tick(now time.Time) tea.Cmd {
	if n.on && n.asked != n.lab.Job {
		n.ask()
	}
	if m := n.lab.Job.State().Maps; m != n.maps && m != nil && len(m.Layers) > 0 {
		if n.maps == nil { // the first value that is looked at has something to see
			n.y, n.x = m.Layers[0].H/2, m.Layers[0].W/2
		}
		n.maps = m
		n.choose(n.layer, n.channel, n.y, n.x)
	}
	if n.maps == nil || n.art.of == n.maps && !n.stale {
		return nil
	}
	least := netEvery
	if n.lab.Pace != nil {
		least = n.lab.Pace(least)
	}
	if !n.stale && now.Sub(n.last) < least {
		return nil
	}
	n.last = now
	return n.draw()
}

func (n *net) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case netDrawn:
		n.take(msg)
		if n.stale {
			return n.draw()
		}
	case netOpened:
		n.opening = false
		return send(Notice{Text: msg.err.Error(), Bad: true})
	case netStrongest:
		n.finding = false
		if msg.err != nil {
			return send(Notice{Text: msg.err.Error(), Bad: true})
		}
		n.strong, n.strongOf, n.stale, n.onStrong = msg.list, msg.of, true, true
		return n.draw()
	}
	return nil
}

// choose looks at a value of a map, or the nearest there is.
func (n *net) choose(layer, channel, y, x int) {
	if n.maps == nil || len(n.maps.Layers) == 0 {
		return
	}
	n.layer = max(0, min(layer, len(n.maps.Layers)-1))
	l := n.maps.Layers[n.layer]
	n.channel = max(0, min(channel, l.C-1))
	n.y, n.x = max(0, min(y, l.H-1)), max(0, min(x, l.W-1))
	n.stale = true
}

// chosen is the layer that is looked at, nil while there is none.
func (n *net) chosen() *lab.MapLayer {
	if n.maps == nil || n.layer >= len(n.maps.Layers) {
		return nil
	}
	return &n.maps.Layers[n.layer]
}

func (n *net) keys() []Key {
	none := func() bool { return n.chosen() == nil }
	keys := []Key{
		bindKey("up/down", "layer", "choose a layer", n.move, "up", "down"),
		bindKey("left/right", "map", "choose one of its maps", n.move, "left", "right"),
		bindKey("hjkl", "value", "choose a value of the map: the part of the input it sees is marked", n.move,
			"h", "j", "k", "l"),
		bindKey("[ ]", "example", "another picture of the test set", n.nextExample, "[", "]"),
		bindKey("s", "strongest", "find the test pictures that this map answers to most", n.search, "s"),
		bindKey("z", "patch", "show the part of the input that the value sees, enlarged", n.togglePatch, "z"),
		bindKey("space", "pause", "pause the training, or go on", n.pause, "space", " "),
	}
	for i := range keys {
		keys[i].Hidden = none
	}
	return append(keys, bindKey("b", "train a cnn", "begin to train a classifier (cnn) on the built-in digits",
		n.begin, "b"))
}

func (n *net) begin(string) tea.Cmd {
	return send(Begin{Options: lab.TrainOptions{Model: "cnn", Data: "digits"}})
}

func (n *net) move(key string) tea.Cmd {
	layer, channel, y, x := n.layer, n.channel, n.y, n.x
	l := n.chosen()
	if l == nil {
		return nil
	}
	switch key {
	case "up":
		layer--
	case "down":
		layer++
	case "left":
		channel = (channel + l.C - 1) % l.C
	case "right":
		channel = (channel + 1) % l.C
	case "h":
		x--
	case "l":
		x++
	case "k":
		y--
	case "j":
		y++
	}
	if layer != n.layer && layer >= 0 && layer < len(n.maps.Layers) { // the same place of the picture
		to := n.maps.Layers[layer]
		y, x = y*to.H/max(1, l.H), x*to.W/max(1, l.W)
	}
	n.choose(layer, channel, y, x)
	return n.draw()
}

func (n *net) nextExample(key string) tea.Cmd {
	n.own = nil
	if key == "[" {
		n.example = max(0, n.example-1)
	} else {
		n.example++
	}
	n.ask()
	return nil
}

func (n *net) togglePatch(string) tea.Cmd {
	n.patch, n.stale = !n.patch, true
	return n.draw()
}

func (n *net) pause(string) tea.Cmd {
	switch s := n.lab.Job.State(); {
	case s.Phase == lab.Paused:
		n.lab.Job.Continue()
	case s.Phase.Running():
		n.lab.Job.Pause()
	default:
		return send(Notice{Text: "the training is over: b begins another"})
	}
	return nil
}

// mapName names the map that is looked at.
func (n *net) mapName() string {
	l := n.chosen()
	if l == nil {
		return ""
	}
	return fmt.Sprintf("%s map %d", l.Name, n.channel+1)
}

// search looks for the pictures that the map answers to most, on another goroutine: it takes a second or
// more. Where there is no room for both, another press shows the kernel again.
func (n *net) search(string) tea.Cmd {
	m, ok := n.lab.Job.(mapper)
	l := n.chosen()
	if !ok || l == nil || n.finding {
		return nil
	}
	of := n.mapName()
	if n.strongOf == of && !n.layout().full {
		n.onStrong, n.stale = !n.onStrong, true
		return n.draw()
	}
	n.finding = true
	layer, channel := l.Name, n.channel
	return func() tea.Msg {
		list, err := m.Strongest(context.Background(), layer, channel, strongCount)
		return netStrongest{of, list, err}
	}
}

// openRun has the lab look at the net of a run at rest, which is opened on another goroutine.
func (n *net) openRun(name string) tea.Cmd {
	s := n.lab.Session
	if s == nil {
		return send(Notice{Text: "run " + name + ": there is no session to open it in", Bad: true})
	}
	n.opening = true
	return func() tea.Msg {
		v, err := s.ViewRun(context.Background(), name)
		if err != nil {
			return netOpened{err}
		}
		return UseJob{Job: v}
	}
}

// netOpened is the message of a run that could not be opened.
type netOpened struct{ err error }

// look shows the net a picture of the user's.
func (n *net) look(p *lab.ConvPicture) tea.Cmd {
	if n.maps == nil || p == nil {
		return send(Notice{Text: "there is no net to show it to: b begins a training"})
	}
	in := n.maps.Input
	n.own = p.Fit(in.H, in.W, in.C)
	n.ask()
	return send(Notice{Text: fmt.Sprintf("the net looks at %s, made %dx%d; [ and ] go back to the test set",
		shortName(p.Name), in.W, in.H)})
}

// busy reports whether the View changes with every Tick: it does with the job's states, which the root
// follows.
func (n *net) busy() bool { return false }

// facts adds what lessons look at.
func (n *net) facts(f map[string]string) {
	s := n.lab.Job.State()
	f["net.model"], f["net.phase"] = s.Model, s.Phase.String()
	f["unit"] = ""
	l := n.chosen()
	if l == nil {
		return
	}
	f["net.layers"], f["net.layer"] = fmt.Sprint(len(n.maps.Layers)), l.Name
	f["net.map"] = fmt.Sprint(n.channel + 1)
	f["net.field"] = fmt.Sprint(l.Field.Size)
	f["unit"] = fmt.Sprintf("%s at %d, %d", n.mapName(), n.y, n.x)
}
