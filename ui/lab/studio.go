package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"mllab/gen"
	"mllab/samples"
)

// Studio is a net that paints after prompts, opened for use: a run's newest checkpoint, or the one that comes with
// the program. Its methods may be called from any goroutine. One Paint runs at a time: a second waits for it, or
// ends when its context does.
type Studio struct {
	s     *Session
	l     *loaded
	about StudioAbout
	own   bool               // the net is the program's own
	stop  context.CancelFunc // ends the Paint that runs when the studio is closed
	ctx   context.Context

	turn    chan struct{} // holds one token: whoever put it in may use what follows
	brushes brushes
	closed  bool
}

// StudioAbout is what a studio has opened. It never changes.
type StudioAbout struct {
	Name    string // of the run
	Model   string
	Data    string
	H, W, C int   // of the pictures
	Params  int   // numbers that the net has learned
	Step    int64 // of its training
	Words   int   // that it knows
	Chinese bool  // some of them are Chinese
	OneShot bool  // it draws at once: a GAN or a VAE, without steps, guidance or a picture to begin with
	Device  string

	Looks    []LookAbout // layers that look at the words, in their order
	Examples []string    // prompts of its data's test split
	Notes    []string    // what was wrong with the checkpoints, one line each
}

// LookAbout is a layer that looks at the words: from each of H x W places, in Heads ways.
type LookAbout struct {
	Name  string
	H, W  int
	Heads int
}

const studioExamples = 12

// OpenStudio opens a run (a folder, a name in the session's root, or "last") for painting, and compiles what paints
// one picture. "" is the net that comes with the program. It ends with the session, or by Close.
func (s *Session) OpenStudio(ctx context.Context, run string) (*Studio, error) {
	t, err := s.openStudio(ctx, run, newest)
	if err != nil {
		return nil, err
	}
	if _, err = t.brushes.of(ctx, guidedRows); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// openStudio is OpenStudio at a checkpoint, compiling nothing.
func (s *Session) openStudio(ctx context.Context, run string, step int64) (*Studio, error) {
	var l *loaded
	var err error
	if run == "" {
		l, err = openShipped(s)
	} else {
		l, err = s.loadRunAt(run, "", step)
	}
	if err != nil {
		return nil, err
	}
	t, err := s.newStudio(ctx, l)
	if err != nil {
		l.close()
		return nil, err
	}
	t.own = run == ""
	return t, nil
}

// newStudio makes one of a run that is open, which is its own from then on, and compiles nothing.
func (s *Session) newStudio(ctx context.Context, l *loaded) (*Studio, error) {
	p, err := l.painter()
	if err != nil {
		return nil, err
	}
	t := &Studio{s: s, l: l, about: l.aboutStudio(), turn: make(chan struct{}, 1)}
	t.ctx, t.stop = context.WithCancel(context.WithoutCancel(ctx))
	t.brushes = brushes{l: l, net: p}
	for _, k := range gen.LooksOf(p) {
		t.about.Looks = append(t.about.Looks, LookAbout{k.Name, k.H, k.W, k.Heads})
	}
	s.mu.Lock()
	first := s.studios == nil
	if first {
		s.studios = map[*Studio]bool{}
	}
	s.studios[t] = true
	s.mu.Unlock()
	if first {
		s.atClose(s.closeStudios)
	}
	return t, nil
}

// aboutStudio is what can be told of a run without compiling.
func (l *loaded) aboutStudio() StudioAbout {
	d, words := l.plan.dataInfo(l.src.Info()), l.plan.words.Known()
	a := StudioAbout{Name: filepath.Base(l.dir), Model: l.plan.o.Model, Data: l.plan.o.Data, H: d.H, W: d.W, C: d.C,
		Params: l.net.Params().Count(), Step: l.step, Words: len(words), Device: deviceText(l.eng.Device()), Notes: l.notes}
	a.Chinese = slices.ContainsFunc(words, func(w string) bool {
		return strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	})
	_, a.OneShot = l.net.(gen.OneShot)
	if c, ok := l.src.(samples.Captioner); ok {
		for i := 0; i < 4*studioExamples && len(a.Examples) < studioExamples; i++ {
			if line := c.Caption(samples.Test, i); line != "" && !slices.Contains(a.Examples, line) {
				a.Examples = append(a.Examples, line)
			}
		}
	}
	return a
}

// About is what was opened.
func (t *Studio) About() StudioAbout { return t.about }

// OwnPicture reads a picture of the user's (PNG, JPEG or GIF) to begin with: its middle, [H W C] in [0,1]. notes say, a
// line each, how it was changed to fit.
func (t *Studio) OwnPicture(path string) (pixels []float32, notes []string, err error) {
	return ownPicture(path, t.about.H, t.about.W, t.about.C)
}

// OwnMask reads a picture of the user's as a mask, [H W] in [0,1]: white may be painted over. It must have the size
// that is painted, since a mask that is off by a pixel is worse than none.
func (t *Studio) OwnMask(path string) ([]float32, error) {
	p, err := samples.ReadPicture(path, samples.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("mask %w", err)
	}
	if a := t.about; p.H != a.H || p.W != a.W {
		return nil, Usage(fmt.Errorf("mask %s: it has %dx%d pixels: want the %dx%d of the pictures, white where they may be "+
			"painted over", path, p.W, p.H, a.W, a.H))
	}
	mask := make([]float32, p.H*p.W)
	for i := range mask {
		for _, v := range p.Pixels[i*p.C : (i+1)*p.C] {
			mask[i] += v / float32(p.C)
		}
		mask[i] = min(mask[i], 1)
	}
	return mask, nil
}

var errStudioClosed = errors.New("the studio was closed: open it again")

// Close ends the Paint that runs, and frees the programs, the parameters and the device. Further calls do nothing.
func (t *Studio) Close() error {
	t.s.mu.Lock()
	delete(t.s.studios, t)
	t.s.mu.Unlock()
	t.stop()
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	if t.closed {
		return nil
	}
	t.closed = true
	t.brushes.close()
	t.l.close()
	return nil
}

// closeStudios closes those that nobody else has.
func (s *Session) closeStudios() error {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.studios))
	s.mu.Unlock()
	var errs []error
	for _, t := range open {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}
