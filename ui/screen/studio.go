package screen

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

var _ = register(Entry{Title: "Studio", Digit: '2', New: func(l *Lab) Screen { return newStudio(l) }})

// studioNet is a net that paints after prompts; *lab.Studio is one.
type studioNet interface {
	About() lab.StudioAbout
	Read(prompt string) lab.Reading
	Complete(typed string, n int) []string
	Paint(ctx context.Context, r lab.Request, each func(lab.Frame)) (*lab.Film, error)
	Painted(f *lab.Film) lab.Painted // with its settings, for a file
	OwnPicture(path string) (pixels []float32, notes []string, err error)
	Close() error
}

// heatOf tells where a film's net looked; (*lab.Film).Heat is one.
type heatOf func(f *lab.Film, place, layer, head, step int) (lab.Heat, error)

// Studio paints after a prompt, and shows how the picture came to be: every step from noise to it, and where the net
// looked for each word.
type Studio struct {
	lab *Lab
	// from opens a run by name, or "" the net that comes with the program.
	from func(ctx context.Context, name string) (studioNet, error)
	heat heatOf

	net     studioNet // nil: nothing is open
	about   lab.StudioAbout
	opening string // what is being opened, "" nothing
	cancel  context.CancelFunc
	failed  error  // why nothing was opened
	tried   bool   // the net that comes with the program was asked for
	listing bool   // the list of runs lies over what is open
	later   string // a picture to open when a net is
	list    runList

	studioLook
	asked    studioAsk
	word     string      // that was chosen last
	reading  lab.Reading // of the prompt
	other    lab.Reading // of the prompt to go to
	row      int         // of the settings, that + and - change
	choosing bool        // the settings have the focus
	typing   *typing
	history  history

	shots   [studioModes]*shot
	job     *painting // under way
	due     time.Time // when settings were changed that are to be painted by themselves; zero: none
	painted int       // how many paintings were finished

	w, h    int
	maps    bool // the maps are shown where film and maps take turns
	version int  // of size, theme and display
	art     studioArt
	drawing bool
	last    time.Time // when something was drawn last
	saveDir string
	saving  bool
	saved   int
}

// studioMode is what is painted.
type studioMode int

// The modes, in the order of their names and of their keys.
const (
	studioDraw  studioMode = iota // a picture
	studioVary                    // others like it
	studioMorph                   // the way to another prompt
	studioGrid                    // guidance x steps
	studioEdit                    // over a part of a picture
	studioModes
)

var studioModeNames = [studioModes]string{"draw", "vary", "morph", "grid", "edit"}

// studioLook is what is looked at. A copy of it is drawn on another goroutine: what it points to is never changed.
type studioLook struct {
	mode    studioMode
	shot    *shot // what was painted so far, nil: nothing
	at      int   // the frame that is looked at; -1: the newest
	clean   bool  // of a frame, what the net expects at the end rather than the noisy picture
	tile    int   // the chosen one of several
	token   int   // the chosen word; -1: none
	layer   int   // whose map is shown; -1: the mean over all
	head    int
	moment  bool // the map of the step that is looked at rather than the mean over all
	overlay bool // the map lies over the picture
	canvas
}

func newStudio(l *Lab) *Studio {
	s := &Studio{lab: l, saveDir: ".", heat: (*lab.Film).Heat, asked: newStudioAsk()}
	s.row = 2 // guidance
	s.studioLook = studioLook{at: -1, token: -1, layer: -1, head: -1, canvas: canvas{size: 3}}
	s.from = func(ctx context.Context, name string) (studioNet, error) {
		t, err := l.Session.OpenStudio(ctx, name)
		if err != nil {
			return nil, err
		}
		return t, nil
	}
	return s
}

// Messages of the Studio's own commands.
type (
	// studioOpened is a finished opening.
	studioOpened struct {
		net  studioNet
		name string
		err  error
	}
	// studioHistory is the prompts of earlier sessions.
	studioHistory struct{ all []string }
	// studioSaved is a file that was written.
	studioSaved struct {
		path string
		err  error
	}
)

// Update takes sizes, ticks, and what was opened, painted, drawn and saved.
func (s *Studio) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Show:
		return s.shown()
	case Resize:
		s.w, s.h = msg.W, msg.H
		s.version++
		return s.draw()
	case tea.PasteMsg:
		return s.paste(msg.Content)
	case Tick:
		return tea.Batch(s.paintDue(time.Time(msg)), s.draw())
	case studioRuns:
		s.list.take(savedRuns(msg))
	case studioHistory:
		s.history.all = append(msg.all, s.history.all...)
		s.history.begin()
	case studioOpened:
		return s.take(msg)
	case studioFrames:
		return s.takeFrames(msg)
	case studioPainted:
		return s.finish(msg)
	case studioDrawn:
		return s.show(msg)
	case studioRead:
		return s.takePicture(msg)
	case studioSaved:
		s.saving = false
		if msg.err != nil {
			return send(Notice{Text: "not saved: " + msg.err.Error(), Bad: true})
		}
		s.saved++
		return send(Notice{Text: "written to " + msg.path + ", with its settings: o opens it again"})
	}
	return nil
}

// Busy reports whether the View changes with every Tick.
func (s *Studio) Busy() bool { return s.opening != "" || s.job != nil }

// shown finds out what there is to open, when the screen is looked at for the first time: the net that comes with the
// program, runs, and prompts of earlier sessions.
func (s *Studio) shown() tea.Cmd {
	if s.net != nil || s.lab.Session == nil {
		return nil
	}
	cmds := []tea.Cmd{s.findRuns()}
	if !s.tried && s.opening == "" {
		s.tried = true
		root := s.lab.Session.Root()
		cmds = append(cmds, func() tea.Msg { return studioHistory{readHistory(root)} }, s.begin(""))
	}
	return tea.Batch(cmds...)
}

// begin opens a run, or with "" the net that comes with the program, in the background. What is open stays until then.
func (s *Studio) begin(name string) tea.Cmd {
	s.tried = true
	if s.opening != "" {
		if name == "" {
			return nil
		}
		s.cancel() // what was asked for last counts
	}
	if s.opening = name; name == "" {
		s.opening = "the net that comes with mllab"
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	from, tag := s.from, s.opening
	return func() tea.Msg {
		if err := ctx.Err(); err != nil { // another was asked for before this began
			return studioOpened{nil, tag, err}
		}
		net, err := from(ctx, name)
		return studioOpened{net, tag, err}
	}
}

// live opens the run that is trained now, as it is on disk.
func (s *Studio) live(string) tea.Cmd {
	st := s.lab.Job.State()
	switch {
	case st.Model != "" && !reads(st.Model):
		return send(Notice{Text: "the model that is trained, " + st.Model + ", reads no text: l lists the runs that do"})
	case st.Dir == "":
		return send(Notice{Text: "no training is on disk yet: 1 shows it, and w there saves it"})
	}
	return s.begin(st.Dir)
}

// take shows a net that was opened; on an error what was open before stays.
func (s *Studio) take(msg studioOpened) tea.Cmd {
	if msg.name != s.opening { // another was asked for meanwhile
		if msg.net != nil {
			return func() tea.Msg { _ = msg.net.Close(); return nil }
		}
		return nil
	}
	if s.opening = ""; s.cancel != nil {
		s.cancel()
	}
	switch {
	case errors.Is(msg.err, context.Canceled):
		return send(Notice{Text: "stopped: nothing else was opened"})
	case msg.err != nil && s.net == nil:
		s.failed, s.later = msg.err, "" // the page says so
		return nil
	case msg.err != nil:
		return send(Notice{Text: msg.err.Error(), Bad: true})
	}
	old, stopped := s.net, s.stop("")
	s.net, s.about, s.failed, s.listing = msg.net, msg.net.About(), nil, false
	s.shots, s.art.seen = [studioModes]*shot{}, [studioPictures]any{}
	s.shot, s.at, s.tile, s.token, s.layer, s.head = nil, -1, 0, -1, -1, -1
	s.canvas = canvas{size: s.size}
	if s.about.OneShot && (s.mode == studioGrid || s.mode == studioEdit) {
		s.mode = studioDraw
	}
	if s.asked.Prompt == "" && !s.asked.typed && len(s.about.Examples) > 0 {
		s.asked.Prompt = oneLine(s.about.Examples[0])
	}
	s.row = min(s.row, len(s.rows())-1)
	s.history.more = nil
	for _, e := range s.about.Examples {
		s.history.more = append(s.history.more, oneLine(e))
	}
	s.read()
	cmds := []tea.Cmd{stopped}
	for _, n := range s.about.Notes {
		cmds = append(cmds, send(Notice{Text: n}))
	}
	if old != nil {
		cmds = append(cmds, func() tea.Msg { _ = old.Close(); return nil })
	}
	switch later := s.later; {
	case later != "":
		s.later = ""
		cmds = append(cmds, s.openPicture(later))
	case s.mode == studioDraw, s.asked.typed && (s.mode == studioVary || s.mode == studioGrid ||
		s.mode == studioMorph && s.asked.To != ""):
		cmds = append(cmds, s.paint(""))
	}
	return tea.Batch(append(cmds, s.draw())...)
}

// read reads the prompts anew, as the open net does.
func (s *Studio) read() {
	if s.net != nil {
		s.reading, s.other = s.net.Read(s.asked.Prompt), s.net.Read(s.asked.To)
	}
}

// setMode changes what is painted.
func (s *Studio) setMode(m studioMode) tea.Cmd {
	if s.about.OneShot && (m == studioGrid || m == studioEdit) {
		return send(Notice{Text: "a " + s.about.Model + " draws at once: it has no steps, and nothing to begin with"})
	}
	var stopped tea.Cmd
	if m != s.mode {
		s.shots[s.mode] = s.shot
		if s.job != nil {
			stopped = s.stop("")
		}
		if m == studioEdit {
			taken := s.taken
			if s.canvas = s.canvas.from(s.shot, s.tile, false); s.taken != taken {
				s.shots[studioEdit] = nil // that came of another picture
			}
			if s.mask == nil {
				s.brush = [2]int{s.about.W / 2, s.about.H / 2}
			}
		}
		s.mode, s.shot, s.at, s.tile, s.due = m, s.shots[m], -1, 0, time.Time{}
		s.pen = false
		s.row = min(s.row, len(s.rows())-1)
	}
	return tea.Batch(stopped, s.draw())
}
