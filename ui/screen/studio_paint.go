package screen

import (
	"context"
	"errors"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// shot is what was painted of a request so far. It is never changed: the next frame makes another.
type shot struct {
	request lab.Request
	frames  []lab.Frame
	film    *lab.Film // when it is finished
	pixels  []float32 // [tiles H W C], finished; nil: the newest frame is what there is
	tiles   int
	cols    int
	one     int // values of a picture
	took    time.Duration
}

const (
	shotFrames = 64                     // that are kept while painting, evenly
	shotValues = 16 << 20               // that they have at most
	paintWait  = 250 * time.Millisecond // after the last change of a setting
)

// of is the number of steps.
func (p *shot) of() int {
	if n := len(p.frames); n > 0 {
		return p.frames[n-1].Of
	}
	return 0
}

// frame is the one at an index, or the newest for -1; ok is false where there is none.
func (p *shot) frame(at int) (f lab.Frame, ok bool) {
	if len(p.frames) == 0 {
		return f, false
	}
	if at < 0 || at >= len(p.frames) {
		at = len(p.frames) - 1
	}
	return p.frames[at], true
}

// whole is all pictures of the frame at an index, or of what came out; nil where there are none.
func (p *shot) whole(at int, clean bool) []float32 {
	f, ok := p.frame(at)
	switch {
	case !ok, p.pixels != nil && (at < 0 || at >= len(p.frames)):
		return p.pixels
	case clean:
		return f.Clean
	}
	return f.X
}

// picture is one of them.
func (p *shot) picture(at, i int, clean bool) []float32 {
	all := p.whole(at, clean)
	if i < 0 || (i+1)*p.one > len(all) {
		return nil
	}
	return all[i*p.one : (i+1)*p.one]
}

// with is the shot with further frames.
func (p shot) with(frames []lab.Frame) *shot {
	p.frames = append(p.frames[:len(p.frames):len(p.frames)], frames...)
	most := shotFrames
	if values := len(frames[0].X) + len(frames[0].Clean); values > 0 {
		most = max(2, min(most, shotValues/values))
	}
	for len(p.frames) > most {
		var kept []lab.Frame
		for i, f := range p.frames {
			if i%2 == 0 || i == len(p.frames)-1 {
				kept = append(kept, f)
			}
		}
		p.frames = kept
	}
	last := p.frames[len(p.frames)-1]
	p.tiles, p.cols, p.took = last.Tiles, last.Cols, last.Clock
	return &p
}

// painting is a request that is being painted.
type painting struct {
	mode   studioMode
	shot   *shot
	inbox  *inbox
	cancel context.CancelFunc
	began  time.Time
	step   int
	of     int
	write  bool // to a file, when it is finished
}

// inbox holds frames between the goroutine that paints and the screen, which never keeps it waiting.
type inbox struct {
	mu     sync.Mutex
	frames []lab.Frame
	full   chan struct{} // has a token while there are frames; closed at the end
}

func newInbox() *inbox { return &inbox{full: make(chan struct{}, 1)} }

func (b *inbox) put(f lab.Frame) {
	b.mu.Lock()
	b.frames = append(b.frames, f)
	b.mu.Unlock()
	select {
	case b.full <- struct{}{}:
	default:
	}
}

// take waits for frames; none come after the end.
func (b *inbox) take() []lab.Frame {
	<-b.full
	return b.rest()
}

// Messages of a painting.
type (
	studioFrames struct {
		job    *painting
		frames []lab.Frame
	}
	studioPainted struct {
		job  *painting
		film *lab.Film
		err  error
	}
)

// paint begins to paint what is asked for; what is being painted ends.
func (s *Studio) paint(string) tea.Cmd {
	s.due = time.Time{}
	if s.net == nil {
		return send(Notice{Text: "open a run first: l lists them"})
	}
	if s.mode == studioEdit && s.base == nil {
		return send(Notice{Text: "there is no picture to begin with: d paints one, o opens one of yours"})
	}
	if s.mode == studioMorph && s.asked.To == "" {
		return s.typeText(fieldTo, "")
	}
	r := s.request()
	if err := r.Check(s.about); err != nil {
		return send(Notice{Text: err.Error(), Bad: true})
	}
	stopped := s.stop("")
	ctx, cancel := context.WithCancel(context.Background())
	one := s.about.H * s.about.W * s.about.C
	j := &painting{mode: s.mode, inbox: newInbox(), cancel: cancel, began: time.Now(), shot: &shot{request: r, one: one}}
	s.job, s.at, s.before = j, -1, false
	net := s.net
	return tea.Batch(stopped, func() tea.Msg {
		film, err := net.Paint(ctx, r, j.inbox.put)
		close(j.inbox.full)
		return studioPainted{j, film, err}
	}, j.next)
}

// rest is what is in the box and was not taken.
func (b *inbox) rest() []lab.Frame {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.frames
	b.frames = nil
	return all
}

// next waits for frames.
func (j *painting) next() tea.Msg {
	if frames := j.inbox.take(); len(frames) > 0 {
		return studioFrames{j, frames}
	}
	return nil
}

// stop ends what is being painted; the steps done stay.
func (s *Studio) stop(string) tea.Cmd {
	s.due = time.Time{}
	j := s.job
	if s.job = nil; j == nil {
		return nil
	}
	j.cancel()
	if j.write {
		return send(Notice{Text: "stopped: nothing was written"})
	}
	return nil
}

// takeFrames shows steps that were just made.
func (s *Studio) takeFrames(msg studioFrames) tea.Cmd {
	j := msg.job
	if j != s.job { // it was stopped, but drains its box
		return j.next
	}
	j.shot = j.shot.with(msg.frames)
	last := msg.frames[len(msg.frames)-1]
	j.step, j.of = last.Step, last.Of
	s.shot = j.shot
	s.tile = max(0, min(s.tile, s.shot.tiles-1))
	return tea.Batch(j.next, s.draw())
}

// finish shows what was painted.
func (s *Studio) finish(msg studioPainted) tea.Cmd {
	if msg.job != s.job {
		return nil
	}
	s.job = nil
	msg.job.cancel()
	if frames := msg.job.inbox.rest(); len(frames) > 0 && msg.err != nil {
		s.shot = msg.job.shot.with(frames)
	}
	if errors.Is(msg.err, context.Canceled) {
		return s.draw()
	}
	if msg.err != nil {
		return tea.Batch(send(Notice{Text: msg.err.Error(), Bad: true}), s.draw())
	}
	s.painted++
	f := msg.film
	s.shot = &shot{request: f.Request, frames: f.Frames, film: f, pixels: f.Pictures, tiles: f.Tiles, cols: f.Cols,
		one: f.H * f.W * f.C, took: f.Took}
	s.shots[s.mode] = s.shot
	s.tile = max(0, min(s.tile, f.Tiles-1))
	s.token = s.tokenOf(f.Reading)
	if msg.job.write {
		return tea.Batch(s.writePNG(), s.draw())
	}
	return s.draw()
}

// tokenOf is the word that was chosen last, where a prompt has it, or the first word that says something: not one of a
// letter or two; -1 where there is none.
func (s *Studio) tokenOf(r lab.Reading) int {
	for i, t := range r.Tokens {
		if t.Text == s.word {
			return i
		}
	}
	for i, t := range r.Tokens {
		if len(t.Text) > 2 && t.Text != unknownToken {
			return i
		}
	}
	return len(r.Tokens) - 1
}

// chooseToken shows the map of a word.
func (s *Studio) chooseToken(i int) tea.Cmd {
	if all := s.tokens(); i >= 0 && i < len(all) {
		s.token, s.word = i, all[i].Text
	}
	return s.draw()
}

// touched has changed settings painted by themselves, where that is one picture.
func (s *Studio) touched() tea.Cmd {
	var stopped tea.Cmd
	if s.mode == studioDraw && s.net != nil {
		stopped = s.stop("")
		s.due = time.Now()
	}
	return tea.Batch(stopped, s.draw())
}

// paintDue paints what was changed a moment ago.
func (s *Studio) paintDue(now time.Time) tea.Cmd {
	if s.due.IsZero() || now.Sub(s.due) < paintWait || s.typing != nil {
		return nil
	}
	return s.paint("")
}
