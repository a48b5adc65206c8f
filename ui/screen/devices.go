package screen

import (
	"context"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

var _ = register(Entry{Title: "Devices", Digit: '0', New: func(l *Lab) Screen { return newDevices(l) }})

// Devices lists what there is to compute with: every target with the device that was found and its
// measured peaks, or the reason why there is none.
type Devices struct {
	lab     *Lab
	keys    []Key
	found   []lab.DeviceStatus
	probed  bool
	probing bool
	ticks   int
	h       int
	first   int    // line at the top
	device  string // that the training uses
}

// searched is the message of a finished search.
type searched []lab.DeviceStatus

func newDevices(l *Lab) *Devices {
	d := &Devices{lab: l}
	d.keys = []Key{
		{Press: []string{"r"}, Binding: widget.Binding{Keys: "r", Help: "probe again",
			Long: "look for devices and measure again"}, Do: func(string) tea.Cmd { return d.probe() }},
		{Press: []string{"up", "k", "down", "j", "pgup", "pgdown", "home", "end"}, Do: d.scroll,
			Binding: widget.Binding{Keys: "↑/↓", Help: "scroll"}},
	}
	return d
}

// Keys is the table of the screen's keys.
func (d *Devices) Keys() []Key { return d.keys }

// Update takes the results of a search; the first Show begins one.
func (d *Devices) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Show:
		if d.lab.Job != nil {
			d.device, _, _ = strings.Cut(d.lab.Job.State().Device, " ")
		}
		if !d.probed {
			return d.probe()
		}
	case Resize:
		d.h = msg.H
	case Tick:
		if d.probing {
			d.ticks++
		}
	case searched:
		d.found, d.probed, d.probing = msg, true, false
	}
	return nil
}

func (d *Devices) probe() tea.Cmd {
	if d.probing || d.lab.Devices == nil {
		return nil
	}
	d.probing, d.ticks = true, 0
	find := d.lab.Devices
	return func() tea.Msg { return searched(find(context.Background())) }
}

func (d *Devices) scroll(key string) tea.Cmd {
	page := max(1, d.h-3)
	switch key {
	case "up", "k":
		d.first--
	case "down", "j":
		d.first++
	case "pgup":
		d.first -= page
	case "pgdown":
		d.first += page
	case "home":
		d.first = 0
	case "end":
		d.first = 1 << 20
	}
	d.first = max(0, d.first)
	return nil
}

const nbsp = "\u00a0"

var spinner = []string{"◐", "◓", "◑", "◒"}

// View draws the list.
func (d *Devices) View(w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	th := d.lab.Theme
	head := th.Title.Render("devices") + th.Dim.Render(fitting(w-7,
		" · every target of the compiler, and what it found here", " · what there is to compute with"))
	foot := th.Dim.Render(fitting(w,
		"peaks are measured, float32; mllab train vae --device NAME uses another one",
		"mllab train vae --device NAME uses another one"))
	if d.probing {
		foot = th.Accent.Render(spinner[d.ticks/2%len(spinner)] + " looking for devices and measuring their peaks")
	}
	room := max(0, h-4)
	lines := d.lines(w)
	first := min(d.first, max(0, len(lines)-room))
	shown := lines[first:min(len(lines), first+room)]
	body := widget.Block(strings.Join(shown, "\n"), w, room)
	if left := len(lines) - first - len(shown); left > 0 {
		foot = th.Dim.Render("↓ " + strconv.Itoa(left) + " more lines")
	}
	return widget.Block(head+"\n\n"+body+"\n\n"+foot, w, h)
}

// Busy reports whether a search is under way: the View then changes with every Tick.
func (d *Devices) Busy() bool { return d.probing }

// lines are the devices, several lines each.
func (d *Devices) lines(w int) []string {
	th := d.lab.Theme
	if !d.probed {
		return []string{th.Dim.Render("what was found is listed here in a moment")}
	}
	nameW := 6
	for _, s := range d.found {
		nameW = max(nameW, len(s.Target))
	}
	indent := strings.Repeat(" ", nameW+4)
	wrap := func(text string) []string {
		t := widget.Wrap(text, max(1, w-len(indent)), 3)
		var out []string
		for _, l := range strings.Split(t, "\n") {
			if strings.TrimSpace(l) != "" {
				out = append(out, strings.ReplaceAll(strings.TrimRight(l, " "), nbsp, " "))
			}
		}
		return out
	}
	var all []string
	for i, s := range d.found {
		if i > 0 {
			all = append(all, "")
		}
		mark, style, text := th.Good.Render("●"), th.Text, s.Name
		if !s.Found {
			mark, style, text = th.Dim.Render("○"), th.Dim, "not available: "+s.Reason
		}
		title := mark + " " + th.Title.Render(widget.Fit(widget.Clean(s.Target), nameW)) + "  "
		if s.Found && s.Target == d.device {
			text += " · in use"
		}
		for k, l := range wrap(text) {
			if k > 0 {
				title = indent
			}
			all = append(all, title+style.Render(l))
		}
		if !s.Found {
			continue
		}
		var details []string
		for _, t := range s.Detail {
			item := t.Name + " " + t.Text
			if len(item) < 32 { // stays in one line
				item = strings.ReplaceAll(item, " ", nbsp)
			}
			details = append(details, item)
		}
		for _, l := range wrap(strings.Join(details, " · ")) {
			all = append(all, indent+th.Dim.Render(l))
		}
		for _, l := range wrap(peaks(s)) {
			all = append(all, indent+th.Accent.Render(l))
		}
	}
	return all
}

// fitting is the first of the texts that fits into w cells, or nothing.
func fitting(w int, texts ...string) string {
	for _, t := range texts {
		if ansi.StringWidth(t) <= w {
			return t
		}
	}
	return ""
}

// peaks are the measured rates, or "". A number and its unit stay in one line.
func peaks(s lab.DeviceStatus) string {
	eng := func(v float64, unit string) string {
		return strings.ReplaceAll(strings.TrimSpace(widget.Eng(v, unit)), " ", nbsp)
	}
	var list []string
	if s.Peak > 0 {
		list = append(list, "peak "+eng(s.Peak, "FLOP/s")+" a thread")
		if s.PeakAll > s.Peak {
			list = append(list, eng(s.PeakAll, "FLOP/s")+" all")
		}
	}
	if s.Bandwidth > 0 {
		list = append(list, "memory "+eng(s.Bandwidth, "B/s"))
	}
	return strings.Join(list, " · ")
}
