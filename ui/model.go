package ui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"mllab/ui/lab"
	"mllab/ui/lesson"
	"mllab/ui/picture"
	"mllab/ui/screen"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// Job is a training as the lab needs it; *lab.Job is one.
type Job interface {
	screen.Job
	Restart()
	Save() (dir string, err error)
	Stop()
	Done() <-chan struct{}
}

// Config is what a Model stands on.
type Config struct {
	Job     Job
	Start   func() (Job, error) // begins the training anew after its end
	Begin   func(lab.TrainOptions) (Job, error)
	Session *lab.Session
	Screen  byte            // digit of the first screen, 0: the first
	Open    map[byte]string // what screens are to open, by digit
	Set     map[byte][]Setting
	Devices func(context.Context) []lab.DeviceStatus

	Graphics picture.Mode
	Getenv   func(string) string
	Store    *picture.Store
	Out      *picture.Writer // nil in tests: nothing is known of the terminal's speed and cells
}

// Model is the lab: the one tea.Model. It holds the screens, the frame around them and what lies over
// them.
type Model struct {
	cfg     Config
	lab     *screen.Lab
	probe   *picture.Probe
	entries []screen.Entry
	screens []screen.Screen
	active  int
	keys    []screen.Key

	w, h    int
	dark    bool
	back    tea.BackgroundColorMsg
	noColor bool
	profile colorprofile.Profile

	learn  lessons
	held   bool // a button was pressed inside the View and is down
	help   bool
	page   int // of the help, from 0
	dialog *screen.Dialog
	notice screen.Notice
	until  time.Time // end of the notice; zero: begins with the next tick
	state  *lab.State
	saving bool
	odd    bool // every second tick

	decided bool   // the user said what becomes of the run
	dir     string // where it was saved

	content string
	dirty   bool
	clock   func() tea.Cmd // the next tick
}

type (
	tickMsg   time.Time
	expireMsg struct{}
	savedMsg  struct {
		dir  string
		err  error
		quit bool
	}
	startedMsg struct {
		job Job
		err error
	}
	saveAndQuitMsg struct{}
	beginMsg       struct { // another training, decided
		options lab.TrainOptions
		save    bool
	}
	quitMsg struct{}
)

const (
	tickEvery   = 50 * time.Millisecond
	noticeTime  = 5 * time.Second
	answersTime = time.Second
	leastW      = 60
	leastH      = 20
)

// New makes the lab around a training.
func New(c Config) *Model {
	if c.Getenv == nil {
		c.Getenv = func(string) string { return "" }
	}
	m := &Model{cfg: c, clock: tick, probe: picture.NewProbe(c.Graphics, c.Getenv), dark: true, dirty: true,
		noColor: c.Getenv("NO_COLOR") != "", entries: screen.All()}
	m.lab = &screen.Lab{Job: c.Job, Session: c.Session, Devices: c.Devices, Store: c.Store, Display: m.probe.Display(),
		Theme: theme.New(true, m.noColor)}
	if c.Out != nil {
		m.lab.Pace = c.Out.Interval
	}
	for _, e := range m.entries {
		m.screens = append(m.screens, e.New(m.lab))
	}
	m.learn = lessons{all: lesson.All(), lang: lesson.Language(c.Getenv)}
	for i, e := range m.entries {
		if e.Digit == c.Screen {
			m.active = i
		}
	}
	m.state = c.Job.State()
	m.keys = m.globalKeys()
	return m
}

// Init asks the terminal what it can, and starts the clock.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.clock(), tea.RequestBackgroundColor,
		tea.Tick(answersTime, func(time.Time) tea.Msg { return expireMsg{} }), m.tell(screen.Show{})}
	if q := m.probe.Queries(); q != "" {
		cmds = append(cmds, tea.Raw(q))
	}
	return tea.Batch(append(cmds, m.open())...)
}

// open hands the screens what the command line sets, and wants them to open.
func (m *Model) open() tea.Cmd {
	var cmds []tea.Cmd
	for i, e := range m.entries {
		s, ok := m.screens[i].(screen.Teachable)
		if !ok {
			continue
		}
		set := m.cfg.Set[e.Digit]
		if what, wanted := m.cfg.Open[e.Digit]; wanted {
			set = append(set[:len(set):len(set)], Setting{"open", what})
		}
		for _, v := range set {
			cmd, err := s.Set(v.Name, v.Value)
			if err != nil {
				m.notice = screen.Notice{Text: err.Error(), Bad: true}
			}
			cmds = append(cmds, cmd)
		}
	}
	return tea.Batch(cmds...)
}

func tick() tea.Cmd {
	return tea.Tick(tickEvery, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Update routes a message. It does nothing slow.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if t, ok := msg.(tickMsg); ok {
		return m, tea.Batch(m.clock(), m.onTick(time.Time(t)))
	}
	m.dirty = true
	var cmds []tea.Cmd
	if m.probe.Update(msg) {
		cmds = append(cmds, m.redraw())
	}
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		cmds = append(cmds, m.onKey(msg))
	case tea.MouseMsg:
		cmds = append(cmds, m.onMouse(msg))
	case tea.WindowSizeMsg, tea.BackgroundColorMsg, tea.ColorProfileMsg, tea.TerminalVersionMsg,
		expireMsg:
		cmds = append(cmds, m.onTerminal(msg))
	case screen.Goto:
		cmds = append(cmds, m.digit(string(msg.Digit)))
	case screen.Save, saveAndQuitMsg, savedMsg, screen.Restart, screen.Begin, beginMsg, screen.UseJob, startedMsg,
		quitMsg:
		cmds = append(cmds, m.onRun(msg))
	case screen.Notice:
		m.notice, m.until = msg, time.Time{}
	case screen.Close:
		m.dialog = nil
	case screen.Dialog:
		m.dialog, m.help = &msg, false
	default:
		for _, s := range m.screens {
			cmds = append(cmds, s.Update(msg))
		}
	}
	return m, tea.Batch(cmds...)
}

// onTick looks at the training, 20 times a second.
func (m *Model) onTick(now time.Time) tea.Cmd {
	if s := m.lab.Job.State(); s != m.state && (m.odd || urgent(m.state, s)) {
		m.state, m.dirty = s, true
	}
	m.odd = !m.odd
	if m.notice.Text != "" {
		switch {
		case m.until.IsZero():
			m.until = now.Add(noticeTime)
		case now.After(m.until):
			m.notice, m.dirty = screen.Notice{}, true
		}
	}
	m.watchLearner()
	if b, ok := m.screens[m.active].(interface{ Busy() bool }); ok && b.Busy() {
		m.dirty = true
	}
	return m.tell(screen.Tick(now))
}

// urgent reports whether a new state must be seen at once. Else numbers change with every second tick:
// that is as fast as they are read, and leaves the processor to the training.
func urgent(old, s *lab.State) bool {
	return s.Phase != old.Phase || s.LR != old.LR || s.Detail != old.Detail ||
		len(s.Events) != len(old.Events) || s.Step < old.Step || s.Phase == lab.Paused || s.Dir != old.Dir
}

// tell gives a message to the active screen.
func (m *Model) tell(msg tea.Msg) tea.Cmd { return m.screens[m.active].Update(msg) }

// redraw tells all screens that what they have drawn does not fit any more.
func (m *Model) redraw() tea.Cmd {
	m.lab.Display = m.probe.Display()
	if m.w == 0 {
		return nil
	}
	w, h := m.room()
	var cmds []tea.Cmd
	for _, s := range m.screens {
		cmds = append(cmds, s.Update(screen.Resize{W: w, H: h}))
	}
	return tea.Batch(cmds...)
}

// room is the size of a screen's View: all but the frame, a blank at either side, and a lesson beside it.
func (m *Model) room() (w, h int) {
	w, h = max(0, m.w-4), max(0, m.h-2)
	if panel := m.learn.width(m.w); panel > 0 {
		w -= panel + 1
	}
	return w, h
}

func (m *Model) small() bool { return m.w < leastW || m.h < leastH }

// onTerminal takes what the terminal says of itself.
func (m *Model) onTerminal(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		if m.cfg.Out != nil {
			if q := m.probe.Resize(m.cfg.Out.File, m.w, m.h); q != "" {
				cmd = tea.Raw(q)
			}
		}
	case tea.BackgroundColorMsg:
		if msg.Color == nil {
			return nil
		}
		m.back, m.dark = msg, msg.IsDark()
	case tea.ColorProfileMsg:
		if m.profile != 0 && m.profile != msg.Profile {
			cmd = tea.ClearScreen // the renderer repaints nothing by itself that was drawn in other colours
		}
		m.profile = msg.Profile
		m.noColor = m.cfg.Getenv("NO_COLOR") != "" || msg.Profile <= colorprofile.ASCII
	case tea.TerminalVersionMsg:
		if m.probe.ForceTrueColor() {
			cmd = func() tea.Msg { return tea.CapabilityMsg{Content: "RGB"} }
		}
	case expireMsg:
		m.probe.Expire()
	}
	m.lab.Theme = theme.New(m.dark, m.noColor).WithBackground(m.back.Color)
	return tea.Batch(cmd, m.redraw())
}

// onRun takes what is to be done with the run.
func (m *Model) onRun(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case screen.Save:
		m.dialog = nil
		return m.save(false)
	case saveAndQuitMsg:
		return m.save(true)
	case savedMsg:
		m.saving = false
		if msg.err != nil {
			m.dialog = nil
			m.notice, m.until = screen.Notice{Text: "not saved: " + msg.err.Error(), Bad: true}, time.Time{}
			return nil
		}
		if m.dir = msg.dir; msg.quit {
			m.decided = true
			return tea.Quit
		}
		m.notice, m.until = screen.Notice{Text: "saved " + msg.dir}, time.Time{}
	case screen.Restart:
		m.dialog = nil
		if m.lab.Job.State().Phase.Running() {
			m.lab.Job.(Job).Restart()
			return nil
		}
		start := m.cfg.Start
		if start == nil {
			return nil
		}
		return func() tea.Msg {
			j, err := start()
			return startedMsg{j, err}
		}
	case screen.Begin:
		return m.begin(msg.Options)
	case beginMsg:
		return m.replace(msg)
	case screen.UseJob:
		if j, ok := msg.Job.(Job); ok {
			m.lab.Job, m.state = j, j.State()
		}
	case startedMsg:
		m.dialog, m.saving = nil, false
		if msg.err != nil {
			m.notice, m.until = screen.Notice{Text: msg.err.Error(), Bad: true}, time.Time{}
			return nil
		}
		m.lab.Job, m.state = msg.job, msg.job.State()
	case quitMsg:
		m.decided = true
		return tea.Quit
	}
	return nil
}

// begin stops the training and begins another, or asks first if steps would be lost.
func (m *Model) begin(o lab.TrainOptions) tea.Cmd {
	if m.cfg.Begin == nil {
		return nil
	}
	if !losing(m.lab.Job.State()) {
		return m.replace(beginMsg{options: o})
	}
	do := func(save bool) func(string) tea.Cmd {
		return func(string) tea.Cmd { return func() tea.Msg { return beginMsg{o, save} } }
	}
	m.help = false
	m.dialog = &screen.Dialog{
		Title: "Begin another training",
		Text:  "The running one has steps that are on no disk and would be lost. Save them?",
		Keys: []screen.Key{
			{Press: []string{"y", "enter"}, Do: do(true), Binding: widget.Binding{Keys: "y", Help: "save, then begin"}},
			{Press: []string{"n"}, Do: do(false), Binding: widget.Binding{Keys: "n", Help: "begin without saving"}},
		},
	}
	return nil
}

// replace puts another training in the place of the running one, on another goroutine.
func (m *Model) replace(msg beginMsg) tea.Cmd {
	if m.saving {
		return nil
	}
	m.saving = msg.save
	old := m.lab.Job.(Job)
	return func() tea.Msg {
		if msg.save {
			if _, err := old.Save(); err != nil {
				return startedMsg{nil, fmt.Errorf("not saved, so nothing else was begun: %w", err)}
			}
		}
		old.Stop()
		j, err := m.cfg.Begin(msg.options)
		return startedMsg{j, err}
	}
}

// save writes the run to disk on another goroutine.
func (m *Model) save(quit bool) tea.Cmd {
	if m.saving {
		return nil
	}
	m.saving = true
	save := m.lab.Job.(Job).Save
	if quit {
		save = m.saveAll()
	}
	return func() tea.Msg {
		dir, err := save()
		return savedMsg{dir, err, quit}
	}
}

// onMouse lets a click choose a tab, and gives the rest to the active screen.
func (m *Model) onMouse(msg tea.MouseMsg) tea.Cmd {
	if m.small() || m.dialog != nil || m.help {
		m.held = false
		return nil
	}
	at := msg.Mouse()
	if click, ok := msg.(tea.MouseClickMsg); ok && at.Y == 0 {
		if i, ok := widget.TabAt(programName, m.tabs(), m.active, m.w, at.X, m.lab.Theme); ok &&
			click.Button == tea.MouseLeft {
			return m.choose(i)
		}
		return nil
	}
	p, ok := m.screens[m.active].(screen.Pointer)
	if !ok || m.learn.covers(m.w) {
		return nil
	}
	w, h := m.room()
	to := screen.Mouse{X: at.X - 2, Y: at.Y - 1, Button: at.Button}
	inside := to.X >= 0 && to.Y >= 0 && to.X < w && to.Y < h
	to.X, to.Y = max(0, min(to.X, w-1)), max(0, min(to.Y, h-1))
	switch msg := msg.(type) {
	case tea.MouseClickMsg:
		m.held = inside
		to.Kind = screen.Press
	case tea.MouseMotionMsg:
		if !m.held || at.Button == tea.MouseNone {
			return nil
		}
		inside, to.Kind = true, screen.Drag
	case tea.MouseReleaseMsg:
		if !m.held {
			return nil
		}
		m.held, inside, to.Kind = false, true, screen.Release
	case tea.MouseWheelMsg:
		to.Kind = screen.WheelDown
		if msg.Button == tea.MouseWheelUp {
			to.Kind = screen.WheelUp
		}
	}
	if !inside {
		return nil
	}
	return p.Mouse(to)
}

// choose makes a screen the active one.
func (m *Model) choose(i int) tea.Cmd {
	if i == m.active || i < 0 || i >= len(m.screens) {
		return nil
	}
	hide := m.tell(screen.Hide{})
	m.active, m.held = i, false
	w, h := m.room()
	return tea.Batch(hide, m.tell(screen.Show{}), m.tell(screen.Resize{W: w, H: h}))
}
