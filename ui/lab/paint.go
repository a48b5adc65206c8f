package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mllab/engine/run"
	"mllab/gen"
	"mllab/gen/text"
)

// PaintOptions say what a run that reads is to paint.
type PaintOptions struct {
	Run      string // folder, name in the session's root, or "last"; "" the one that comes with the program
	Prompt   string
	Negative string // what to keep away from; "": from what no text would give
	N        int    // pictures; 0: 16
	gen.PaintOptions
	// Files of the picture to begin with and of the mask, in place of their pixels; "": none.
	StartFile, MaskFile string
	// Tell is told, in a line, what a user should know: which words are not known; nil: nobody is.
	Tell func(line string)
	// Again is painted again in place of all that stands above but the run, where that is named; nil: nothing is.
	// It needs the start and the mask that it was painted with.
	Again *Painted
}

const (
	paintCount = 16 // pictures by default
	paintBatch = 16 // painted at once, at most
)

// request is what the options ask for.
func (o PaintOptions) request() Request {
	if o.Again != nil {
		r := o.Again.Request
		r.Start, r.Mask = o.Start, o.Mask
		return r
	}
	return Request{Kind: Variations, Count: o.N, Prompt: o.Prompt, Negative: o.Negative, PaintOptions: o.PaintOptions}
}

// Paint paints pictures after a prompt with a run's newest checkpoint, or, again, with the one of then if the run
// still has it.
func (s *Session) Paint(ctx context.Context, o PaintOptions) (*Painted, error) {
	if o.N == 0 {
		o.N = paintCount
	}
	if o.N < 1 || o.N > MaxTiles {
		return nil, Usage(fmt.Errorf("%d pictures: want 1 to %d", o.N, MaxTiles))
	}
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	t, err := s.studioFor(ctx, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if err := o.read(t); err != nil {
		return nil, err
	}
	r := o.request()
	if o.Again != nil {
		if err := o.Again.fits(r, t.about); err != nil {
			return nil, Usage(err)
		}
	}
	if _, err := t.plot(r); err != nil {
		return nil, err
	}
	for _, prompt := range []string{r.Prompt, r.To, r.Negative} {
		for _, line := range t.Read(prompt).Notices() {
			o.Tell(line)
		}
	}
	f, err := t.Paint(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	p := t.Painted(f)
	return &p, nil
}

// read reads the files of the start and the mask.
func (o *PaintOptions) read(t *Studio) (err error) {
	if o.StartFile != "" {
		var notes []string
		if o.Start, notes, err = t.OwnPicture(o.StartFile); err != nil {
			return err
		}
		for _, n := range notes {
			o.Tell(o.StartFile + ": " + n)
		}
	}
	if o.MaskFile != "" {
		o.Mask, err = t.OwnMask(o.MaskFile)
	}
	return err
}

// studioFor opens what options are to be painted with.
func (s *Session) studioFor(ctx context.Context, o PaintOptions) (*Studio, error) {
	if o.Again == nil {
		return s.openStudio(ctx, o.Run, newest)
	}
	if o.Run == "" {
		o.Run = o.Again.Run
	}
	t, err := s.openStudio(ctx, o.Run, o.Again.Step)
	if errors.Is(err, run.ErrNoCheckpoint) {
		t, err = s.openStudio(ctx, o.Run, newest)
	}
	if err == nil && t.about.Step != o.Again.Step {
		o.Tell(fmt.Sprintf("the picture is of step %d, of which %s has no checkpoint: step %d paints another", o.Again.Step,
			t.about.Name, t.about.Step))
	}
	return t, err
}

// painter is the loaded net, if it paints after texts.
func (l *loaded) painter() (gen.Painter, error) {
	p, ok := gen.PainterOf(l.net, l.plan.dataInfo(l.src.Info()))
	if !ok {
		return nil, l.noReader()
	}
	return p, nil
}

// noReader says that the run's model reads no text, and which do.
func (l *loaded) noReader() error {
	var names []string
	for _, m := range gen.Models() {
		if m.Reads {
			names = append(names, m.Name)
		}
	}
	return Usage(fmt.Errorf("model %s reads no text: want a run of %s", l.plan.o.Model, strings.Join(names, " or ")))
}

// understand makes tokens of a prompt. One of unknown words alone is an error; an empty one is no text.
func understand(words *text.Vocabulary, prompt string) (text.Encoding, error) {
	e := words.Encode(prompt, gen.TextLength)
	if len(e.Unknown) > 0 && !slices.ContainsFunc(e.IDs, func(id int32) bool { return id >= text.Special }) {
		return e, Usage(fmt.Errorf("the prompt has no word that this run knows: %s; it knows words such as %s",
			readingOf(words, prompt).strange(), strings.Join(words.Complete("", 8), ", ")))
	}
	return e, nil
}
