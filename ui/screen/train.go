package screen

import (
	"math"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

var _ = register(Entry{Title: "Train", Digit: '1', New: func(l *Lab) Screen { return newTrain(l) }})

// Train shows a training while it runs: pictures of what the net has learned, the losses, the numbers of
// the present step.
type Train struct {
	lab   *Lab
	keys  []Key
	state *lab.State

	w, h     int
	logY     bool
	which    int  // picture shown where there is room for one
	page     page // of a chart that has several
	wantLR   float64
	byHand   int   // single steps
	wantStop *bool // pause or go on, asked for and not yet seen in the state
	wantStep *int  // checkpoint asked for and not reached yet
	editor   *editor

	art     art // what was drawn last, for its layout
	drawing bool
	turn    turn
	stale   bool // what is on the screen is for another size, theme or choice
	seen    seen
}

// seen is what the pictures on the screen were made of, and when.
type seen struct {
	versions [places]int
	points   [2]int // of each chart
	pictures [places]time.Time
	charts   [2]time.Time
}

const (
	pictureEvery = 150 * time.Millisecond
	chartEvery   = 400 * time.Millisecond
	// riskySteps is from how many unsaved steps on a restart asks first.
	riskySteps = 500
)

func newTrain(l *Lab) *Train {
	t := &Train{lab: l, state: l.Job.State(), stale: true}
	bind := func(help, shown, long string, do func(string) tea.Cmd, press ...string) Key {
		return Key{Press: press, Binding: widget.Binding{Keys: shown, Help: help, Long: long}, Do: do}
	}
	pause := bind("pause", "space", "pause the training, or go on", t.pause, "space", " ")
	step := bind("step", "s", "do one step, then pause", t.step, "s")
	which := bind("picture", "v", "show the other picture, where there is room for one", t.other, "v")
	which.Hidden = func() bool { return !newLayout(t).single() }
	turn := bind("chart", "c", "next chart: loss, what is right, loss by noise", t.turnPage, "c")
	turn.Hidden = func() bool { return !captioned(t.state) }
	t.keys = []Key{
		pause, step, which, turn,
		bind("lr", "+/-", "raise or lower the learning rate: 1, 2, 5, 10", t.rate, "+", "=", "-"),
	}
	t.keys = append(t.keys, t.controlKeys(bind)...)
	t.keys = append(t.keys,
		bind("restart", "r", "begin again from step 0", t.restart, "r"),
		bind("log y", "l", "logarithmic scale of the losses", t.log, "l"),
		bind("save", "w", "write the run to disk now", func(string) tea.Cmd { return send(Save{}) }, "w"))
	t.keys = append(t.keys, t.editKeys(bind)...)
	return t
}

// Keys is the table of the screen's keys.
func (t *Train) Keys() []Key { return t.keys }

// Update takes ticks, sizes and finished pictures.
func (t *Train) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Show:
		t.stale = true
	case Resize:
		t.w, t.h, t.stale = msg.W, msg.H, true
		return t.draw(time.Time{})
	case Tick:
		t.follow(t.lab.Job.State())
		return t.draw(time.Time(msg))
	case drawn:
		t.take(msg)
		if t.stale {
			return t.draw(time.Time{})
		}
	}
	return nil
}

// follow takes a new state, and forgets wishes that it fulfils.
func (t *Train) follow(s *lab.State) {
	if s == t.state {
		return
	}
	if s.LR != t.state.LR || s.Phase == lab.Training && s.Step > t.state.Step {
		t.wantLR = 0
	}
	if t.wantStop != nil && (*t.wantStop == (s.Phase == lab.Paused) || !s.Phase.Running()) {
		t.wantStop = nil
	}
	if s.Step != t.state.Step || len(s.Events) != len(t.state.Events) {
		t.wantStep = nil
	}
	if !s.Phase.Running() {
		t.editor = nil
	}
	t.state = s
}

func (t *Train) pause(string) tea.Cmd {
	t.follow(t.lab.Job.State())
	stop := t.state.Phase != lab.Paused
	if t.wantStop != nil {
		stop = !*t.wantStop
	}
	if !t.state.Phase.Running() {
		return send(Notice{Text: overText})
	}
	t.wantStop = &stop
	if stop {
		t.lab.Job.Pause()
	} else {
		t.lab.Job.Continue()
	}
	return nil
}

func (t *Train) step(string) tea.Cmd {
	t.follow(t.lab.Job.State())
	if !t.state.Phase.Running() {
		return send(Notice{Text: overText})
	}
	stop := true
	t.wantStop = &stop
	t.byHand++
	t.lab.Job.StepOnce()
	return nil
}

func (t *Train) restart(string) tea.Cmd {
	t.follow(t.lab.Job.State())
	if !t.state.Unsaved || t.state.Step < riskySteps {
		return send(Restart{})
	}
	return send(Dialog{
		Title: "Restart",
		Text:  "The steps since the last save would be lost.",
		Keys: []Key{
			{Press: []string{"y", "r"}, Binding: widget.Binding{Keys: "y", Help: "begin again without saving"},
				Do: func(string) tea.Cmd { return send(Restart{}) }},
			{Press: []string{"w"}, Binding: widget.Binding{Keys: "w", Help: "save first, stay here"},
				Do: func(string) tea.Cmd { return send(Save{}) }},
		},
	})
}

func (t *Train) rate(key string) tea.Cmd {
	t.follow(t.lab.Job.State())
	if !t.state.Phase.Running() {
		return send(Notice{Text: overText})
	}
	lr := t.state.LR
	if t.wantLR > 0 {
		lr = t.wantLR
	}
	t.wantLR = ladder(lr, key != "-")
	t.lab.Job.SetLR(t.wantLR)
	return nil
}

func (t *Train) log(string) tea.Cmd {
	t.logY, t.stale = !t.logY, true
	return t.draw(time.Time{})
}

func (t *Train) other(string) tea.Cmd {
	t.which, t.stale = t.which+1, true
	return t.draw(time.Time{})
}

// ladder is the next learning rate above or below v, from 1e-8 to 10.
func ladder(v float64, up bool) float64 { return ladderIn(v, up, 1e-8, 10) }

// ladderIn is the next value above or below v of the series 1, 2, 5, 10, from least to most.
func ladderIn(v float64, up bool, least, most float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return least
	}
	steps := []float64{1, 2, 5, 10, 20}
	exp := math.Floor(math.Log10(v) + 1e-9)
	rung := func(m float64, e float64) float64 {
		// the nearest float64 to the decimal number, not the product of two rounded ones
		r, _ := strconv.ParseFloat(strconv.FormatFloat(m, 'f', 0, 64)+"e"+strconv.Itoa(int(e)), 64)
		return r
	}
	if up {
		for _, m := range steps {
			if r := rung(m, exp); r > v*(1+1e-9) {
				return min(r, most)
			}
		}
	}
	for i := len(steps) - 1; i >= 0; i-- {
		if r := rung(steps[i], exp); r < v*(1-1e-9) {
			return max(r, least)
		}
	}
	return max(rung(5, exp-1), least)
}
