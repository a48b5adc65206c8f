package screen

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

var _ = register(Entry{Title: "Latent", Digit: '3', New: func(l *Lab) Screen { return newLatent(l) }})

// latentNet is a net that was opened for its space of codes; *lab.Latent is one.
type latentNet interface {
	Space() *lab.Space
	Decode(ctx context.Context, code []float32) ([]float32, error)
	DecodeAll(ctx context.Context, codes []float32) ([]float32, error)
	Encode(ctx context.Context, picture []float32) ([]float32, error)
	Close()
}

// Latent shows the space of codes of a trained net: where the test set lies in it, and what the net draws at
// any place of it.
type Latent struct {
	lab *Lab
	// from opens a run by name, or "" the running training.
	from func(ctx context.Context, name string, tell func(string)) (latentNet, error)

	net     latentNet // nil: nothing is open
	space   *lab.Space
	opening string // what is being opened, "" nothing
	cancel  context.CancelFunc
	stage   *atomic.Pointer[string]
	failed  error // why nothing was opened
	list    runList
	prompt  *prompt

	latentLook
	w, h    int
	which   int // panel shown at the right where there is room for one
	version int // of what is to be seen
	art     latentArt
	drawing bool
	last    time.Time // when something was drawn last
	saveDir string
	saving  bool
}

// latentMode is what the screen is for at the moment.
type latentMode int

// The modes, in the order of their names.
const (
	explore latentMode = iota
	traverse
	interpolate
	attribute
	sketch
	latentModes
)

var latentModeNames = [latentModes]string{"explore", "traverse", "interpolate", "attribute", "draw"}

// latentLook is what is looked at. A copy of it is drawn on another goroutine: what its slices hold is
// never changed, they are replaced.
type latentLook struct {
	mode    latentMode
	code    []float32 // at the cursor
	pca     bool      // the plane is that of the principal components
	axes    [2]int    // else of these dimensions
	plane   lab.Plane
	scatter *lab.Scatter
	win     lab.Window
	dim     int // that is traversed, and marked among the bars

	flat      bool         // traverse: a raster of the plane, not a row for each dimension
	picks     [2][]float32 // interpolate: from and to
	next      int          // the pick that space sets next
	along     float64      // interpolate: how far the cursor was when it was on the path last
	way       []float32    // the code there
	spherical bool
	labels    [2]int // attribute: from and to
	strength  float64
	canvas    []float32 // sketch: [H W C]
	brush     [2]int    // x, y
	pen       bool
}

const (
	reach       = 3.0 // how far a traversal goes to both sides: three deviations of the prior
	maxStrength = 3.0
	pathSteps   = 8
)

func newLatent(l *Lab) *Latent {
	s := &Latent{lab: l, saveDir: ".", stage: &atomic.Pointer[string]{}}
	s.spherical = true
	s.from = s.open
	return s
}

// open is from for a lab with a session.
func (l *Latent) open(ctx context.Context, name string, tell func(string)) (latentNet, error) {
	if name != "" {
		n, err := l.lab.Session.Latent(ctx, lab.LatentOptions{Run: name, Tell: tell})
		if err != nil {
			return nil, err
		}
		return n, nil
	}
	n, err := l.lab.Job.(interface {
		Latent(ctx context.Context, tell func(string)) (*lab.Latent, error)
	}).Latent(ctx, tell)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// latentOpened is the message of a finished opening.
type latentOpened struct {
	net latentNet
	err error
}

// Update takes sizes, ticks, and what was opened, drawn and saved.
func (l *Latent) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Show:
		if l.net == nil {
			return l.findRuns()
		}
	case Resize:
		l.w, l.h = msg.W, msg.H
		l.version++
		return l.draw()
	case Tick:
		return l.draw()
	case latentRuns:
		l.list.take(savedRuns(msg))
	case latentOpened:
		return l.take(msg)
	case latentDrawn:
		return l.show(msg)
	case latentSaved:
		l.saving = false
		if msg.err != nil {
			return send(Notice{Text: "not saved: " + msg.err.Error(), Bad: true})
		}
		return send(Notice{Text: "written to " + msg.path})
	case latentOwn:
		return l.takeOwn(msg)
	}
	return nil
}

// Busy reports whether a net is being opened: the View then changes with every Tick.
func (l *Latent) Busy() bool { return l.opening != "" }

// begin opens a run, or with "" the running training, in the background. What is open stays until then.
func (l *Latent) begin(name string) tea.Cmd {
	_, live := l.lab.Job.(interface {
		Latent(ctx context.Context, tell func(string)) (*lab.Latent, error)
	})
	switch {
	case l.opening != "":
		return send(Notice{Text: "wait: " + l.opening + " is being opened"})
	case name == "" && (!live || l.lab.Job.State().Step == 0):
		return send(Notice{Text: "no training has done a step yet: 1 shows it, o opens a run by its name"})
	case name != "" && l.lab.Session == nil && l.net == nil:
		return send(Notice{Text: "there is no session to open a run with", Bad: true})
	}
	if l.opening = name; name == "" {
		l.opening = "the running training"
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	stage, from := l.stage, l.from
	stage.Store(nil)
	return func() tea.Msg {
		net, err := from(ctx, name, func(text string) { stage.Store(&text) })
		return latentOpened{net, err}
	}
}

// giveUp ends an opening that is under way, after what it is at.
func (l *Latent) giveUp(string) tea.Cmd {
	l.cancel()
	return nil
}

// take shows a net that was opened; on an error what was open before stays.
func (l *Latent) take(msg latentOpened) tea.Cmd {
	if l.opening = ""; l.cancel != nil {
		l.cancel()
	}
	if errors.Is(msg.err, context.Canceled) {
		return send(Notice{Text: "stopped: nothing else was opened"})
	}
	if msg.err != nil {
		l.failed = msg.err
		return send(Notice{Text: msg.err.Error(), Bad: true})
	}
	old := l.net
	l.net, l.space, l.failed = msg.net, msg.net.Space(), nil
	mode, spherical := l.mode, l.spherical
	if mode == sketch && l.space.Sampled || mode == attribute && len(l.space.Present()) < 2 {
		mode = explore
	}
	l.latentLook = latentLook{mode: mode, spherical: spherical, pca: true, axes: [2]int{0, min(1, l.space.Dims-1)}}
	l.code = l.space.Code(0)
	order := l.space.ByKL()
	l.dim = order[0]
	if len(l.space.PCA.Axes) < 2 {
		l.pca = false
	}
	if p := l.space.Present(); len(p) > 1 {
		l.labels = [2]int{p[0], p[1]}
	}
	l.replane()
	cmds := []tea.Cmd{l.setMode(l.mode)}
	for _, n := range l.space.Notes {
		cmds = append(cmds, send(Notice{Text: n}))
	}
	if old != nil {
		cmds = append(cmds, func() tea.Msg { old.Close(); return nil })
	}
	return tea.Batch(append(cmds, l.changed())...)
}

// replane computes the plane, what lies on it, and a window around all of it.
func (l *Latent) replane() {
	if l.pca {
		l.plane = l.space.PCAPlane()
	} else {
		l.plane = l.space.DimPlane(l.axes[0], l.axes[1])
	}
	l.scatter, l.win = l.space.Scatter(l.plane), l.space.Window(l.plane)
}

// changed says that what is to be seen is another; it begins to draw it.
func (l *Latent) changed() tea.Cmd {
	l.version++
	return l.draw()
}

// point is the code whose picture is shown: that at the cursor, with the attribute added.
func (k latentLook) point(s *lab.Space) []float32 {
	if k.mode != attribute || k.strength == 0 {
		return k.code
	}
	dir, err := s.Direction(k.labels[0], k.labels[1])
	if err != nil {
		return k.code
	}
	return lab.Along(k.code, dir, k.strength, k.strength, 1)
}
