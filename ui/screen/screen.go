package screen

import (
	"context"
	"sort"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
)

// Screen is one page of the lab. Its methods are called from the goroutine of the root model alone.
type Screen interface {
	// Keys is the table of its keys, in order of importance.
	Keys() []Key
	// Update takes every message that is not a key or a click: those of its own commands, and Show,
	// Tick, Resize from the root.
	Update(msg tea.Msg) tea.Cmd
	// View draws the screen in w x h cells. It is pure: the same fields, the same text. The last line
	// may be covered by a notice.
	View(w, h int) string
}

// Job is the training as screens need it; *lab.Job is one. No method blocks.
type Job interface {
	State() *lab.State
	Pause()
	Continue()
	StepOnce()
	SetLR(lr float64)
}

// Lab is what the root model lends to every screen. The root changes the fields between messages.
type Lab struct {
	Job     Job
	Devices func(context.Context) []lab.DeviceStatus
	Store   *picture.Store
	Display picture.Display
	Theme   theme.Theme
	// Pace is the time to leave between two pictures of the same place, given the least that is wanted:
	// longer where the terminal is slow.
	Pace func(least time.Duration) time.Duration
}

// Messages from the root model to screens.
type (
	// Show says that the screen became the active one.
	Show struct{}
	// Resize gives the size of the View; it comes again when the display or the theme changed.
	Resize struct{ W, H int }
	// Tick comes 20 times a second to the active screen.
	Tick time.Time
)

// Messages from screens to the root model, as the result of a command.
type (
	// Save writes the run to disk.
	Save struct{}
	// Restart begins the training anew.
	Restart struct{}
	// Notice is shown in the last line for a few seconds.
	Notice struct {
		Text string
		Bad  bool
	}
	// Dialog asks the user something; escape closes it.
	Dialog struct {
		Title, Text string
		Keys        []Key
	}
)

// Entry is a screen in the registry.
type Entry struct {
	Title string
	Digit byte // '1' to '9', then '0': the key, and the place among the tabs
	New   func(*Lab) Screen
}

var entries = map[byte]Entry{}

// register adds a screen; a digit that is taken is a mistake in the program.
func register(e Entry) bool {
	if old, taken := entries[e.Digit]; taken {
		panic("screen: " + e.Title + " and " + old.Title + " have the same digit")
	}
	entries[e.Digit] = e
	return true
}

// All lists the screens in the order of their tabs.
func All() []Entry {
	all := make([]Entry, 0, len(entries))
	for _, e := range entries {
		all = append(all, e)
	}
	place := func(d byte) byte { return (d - '1' + 10) % 10 } // 0 stands right of 9, as on a keyboard
	sort.Slice(all, func(i, j int) bool { return place(all[i].Digit) < place(all[j].Digit) })
	return all
}

// send is the command that gives the message to the root model.
func send(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }
