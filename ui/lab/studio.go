package lab

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"mllab/gen"
	"mllab/gen/text"
	"mllab/samples"
)

// Studio is a net that paints after prompts, opened for use: a run's newest checkpoint, or the one that comes with
// the program. Its methods may be called from any goroutine. One Paint runs at a time: a second waits for it, or
// ends when its context does.
type Studio struct {
	s     *Session
	l     *loaded
	about StudioAbout
	stop  context.CancelFunc // ends the Paint that runs when the studio is closed
	ctx   context.Context

	turn   chan struct{} // holds one token: whoever has it may use what follows
	easels *easels
	closed bool
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
	var l *loaded
	var err error
	if run == "" {
		l, err = openShipped(s)
	} else {
		l, err = s.loadRun(run, "")
	}
	if err != nil {
		return nil, err
	}
	t, err := newStudio(ctx, s, l)
	if err != nil {
		l.close()
		return nil, err
	}
	return t, nil
}

func newStudio(ctx context.Context, s *Session, l *loaded) (*Studio, error) {
	p, err := l.painter()
	if err != nil {
		return nil, err
	}
	t := &Studio{s: s, l: l, turn: make(chan struct{}, 1), easels: &easels{l: l, net: p}}
	t.ctx, t.stop = context.WithCancel(context.WithoutCancel(ctx))
	t.about = l.aboutStudio()
	first, err := t.easels.of(ctx, easelKind{rows: 2, looks: true})
	if err != nil {
		t.easels.close()
		t.stop()
		return nil, err
	}
	for _, k := range first.Looks {
		t.about.Looks = append(t.about.Looks, LookAbout{k.Name, k.H, k.W, k.Heads})
	}
	s.keepStudio(t)
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
	t.easels.close()
	t.l.close()
	return nil
}

// keepStudio has the session close t where nobody else does.
func (s *Session) keepStudio(t *Studio) {
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
}

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

// Span is a piece of a prompt, in bytes: prompt[Start:End].
type Span = text.Span

// Token is a piece of a prompt as the net reads it.
type Token struct {
	Text  string // "<unknown>" for a word that it does not know
	Span         // where it comes from
	Place int    // its row in what layers looked at
}

// UnknownWord is a word of a prompt that the vocabulary does not have.
type UnknownWord struct {
	Word    string   // as normalised: printable
	Nearest []string // known words that are written alike, the nearest first; may be empty
}

// Reading is a prompt as the net reads it.
type Reading struct {
	Tokens  []Token
	Unknown []UnknownWord // the first few, each once
	More    int           // how many further unknown words there are
	Cut     bool          // the prompt was longer than what is read
	Empty   bool          // it has no words: the net paints what it holds likely at all
}

// Read reads a prompt, within microseconds.
func (t *Studio) Read(prompt string) Reading { return readingOf(t.l.plan.words, prompt) }

func readingOf(words *text.Vocabulary, prompt string) Reading {
	e := words.Encode(prompt, gen.TextLength)
	r := Reading{More: e.More, Cut: e.Cut || e.Left > 0, Empty: e.Empty()}
	for i, span := range e.Spans {
		r.Tokens = append(r.Tokens, Token{Text: words.Token(e.IDs[i]), Span: span, Place: i})
	}
	for _, w := range e.Unknown {
		r.Unknown = append(r.Unknown, UnknownWord{w.Word, w.Nearest})
	}
	return r
}

// Complete lists at most n known words that begin with the last word of what was typed. Completed puts one in.
func (t *Studio) Complete(typed string, n int) []string {
	last := typed[lastWord(typed):]
	words := t.l.plan.words
	found := words.Complete(last, n)
	if len(found) > 0 || last == "" {
		return found
	}
	for i := range last { // Chinese has no spaces: what is typed of the next word may follow others
		if r := []rune(last[i:]); i > 0 && unicode.Is(unicode.Han, r[0]) {
			if found = words.Complete(last[i:], n); len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

// Completed is what was typed with its last word, as far as word begins with it, replaced by word.
func Completed(typed, word string) string {
	for i := lastWord(typed); i < len(typed); i++ {
		if rest := text.Normalise(typed[i:]); rest != "" && strings.HasPrefix(word, rest) {
			return typed[:i] + word
		}
	}
	return typed[:lastWord(typed)] + word
}

// lastWord is where the last word of a text begins.
func lastWord(typed string) int { return strings.LastIndexFunc(typed, unicode.IsSpace) + 1 }
