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

// Pointer is a screen that takes the mouse inside its View.
type Pointer interface{ Mouse(m Mouse) tea.Cmd }

// Mouse is what the mouse did at a cell of the View, counted from 0 at its upper left. A drag may leave
// the View and then has the nearest cell of it.
type Mouse struct {
	X, Y   int
	Kind   MouseKind
	Button tea.MouseButton // of Press, Drag and Release
}

// MouseKind is what the mouse did.
type MouseKind uint8

// The kinds. A Drag is a move with a button held that was pressed inside the View.
const (
	Press MouseKind = iota
	Drag
	Release
	WheelUp
	WheelDown
)

// Typist is a screen that writes text at times: while Typing, every key but ctrl+c goes to Type and none
// to the key tables.
type Typist interface {
	Typing() bool
	Type(key tea.KeyPressMsg) tea.Cmd
}

// Teachable is a screen that lessons and the command line set up and look at. Names are words in lower
// case with dots between: "padding", "out.h".
type Teachable interface {
	// Facts are the present values by name.
	Facts() map[string]string
	// Set changes one; the error says what was wanted. Every such screen takes "open" if it can be opened
	// with something, such as a file.
	Set(name, value string) (tea.Cmd, error)
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
	Session *lab.Session // nil where there is none, as in tests
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
	// Hide says that the screen is no longer the active one.
	Hide struct{}
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
	// Begin stops the training, after a question if it would be lost, and begins another.
	Begin struct{ Options lab.TrainOptions }
	// UseJob makes a job the lab's. The one before goes on or stands still as it did.
	UseJob struct{ Job Job }
	// Goto makes the screen with this digit the active one.
	Goto struct{ Digit byte }
	// Notice is shown in the last line for a few seconds.
	Notice struct {
		Text string
		Bad  bool
	}
	// Close closes the dialog.
	Close struct{}
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
