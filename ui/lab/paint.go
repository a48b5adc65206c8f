package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mllab/gen"
	"mllab/gen/text"
)

// PaintOptions say what a run that reads is to paint.
type PaintOptions struct {
	Run      string // folder, name in the session's root, or "last"
	Prompt   string
	Negative string // what to keep away from; "": from what no text would give
	N        int    // pictures; 0: 16
	gen.PaintOptions
	// Tell is told, in a line, which words are not known; nil: nobody is.
	Tell func(line string)
}

const (
	paintCount = 16 // pictures by default
	paintBatch = 16 // painted at once, at most
)

// Paint paints pictures after a prompt with a run's newest checkpoint.
func (s *Session) Paint(ctx context.Context, o PaintOptions) (*Pictures, error) {
	if o.N == 0 {
		o.N = paintCount
	}
	if o.N < 1 || o.N > maxPictures {
		return nil, Usage(fmt.Errorf("%d pictures: want 1 to %d", o.N, maxPictures))
	}
	l, err := s.loadRun(o.Run, "")
	if err != nil {
		return nil, err
	}
	defer l.close()
	p, err := l.painter()
	if err != nil {
		return nil, err
	}
	d := l.plan.dataInfo(l.src.Info())
	if err := o.Check(d); err != nil {
		return nil, Usage(err)
	}
	prompt, err := understand(l.plan.words, o.Prompt, o.Tell)
	if err != nil {
		return nil, Usage(err)
	}
	avoid := l.plan.words.None(gen.TextLength).IDs
	if strings.TrimSpace(o.Negative) != "" {
		e, err := understand(l.plan.words, o.Negative, o.Tell)
		if err != nil {
			return nil, Usage(fmt.Errorf("negative prompt: %w", err))
		}
		avoid = e.IDs
	}
	out := &Pictures{N: o.N, H: d.H, W: d.W, C: d.C, Pixels: make([]float32, o.N*d.H*d.W*d.C)}
	texts := make([][]int32, o.N)
	for i := range texts {
		texts[i] = prompt.IDs
	}
	return out, l.paint(ctx, p, d, o.PaintOptions, texts, avoid, out.Pixels)
}

// painter is the loaded net, if it paints after texts.
func (l *loaded) painter() (gen.Painter, error) {
	p, ok := l.net.(gen.Painter)
	if !ok {
		var names []string
		for _, m := range gen.Models() {
			if m.Reads {
				names = append(names, m.Name)
			}
		}
		return nil, Usage(fmt.Errorf("model %s reads no text: want a run of %s", l.plan.o.Model, strings.Join(names, " or ")))
	}
	return p, nil
}

// understand makes tokens of a prompt, and tells which of its words the vocabulary does not know. A prompt of
// unknown words alone is an error; an empty one is no text.
func understand(words *text.Vocabulary, prompt string, tell func(string)) (text.Encoding, error) {
	e := words.Encode(prompt, gen.TextLength)
	known := 0
	for _, id := range e.IDs {
		if id >= text.Special {
			known++
		}
	}
	var strange []string
	for _, w := range e.Unknown {
		s := fmt.Sprintf("%q", w.Word)
		if len(w.Nearest) > 0 {
			s += " (near " + strings.Join(w.Nearest, ", ") + ")"
		}
		strange = append(strange, s)
	}
	if e.More > 0 {
		strange = append(strange, fmt.Sprintf("%d more", e.More))
	}
	switch {
	case len(strange) > 0 && known == 0:
		return e, fmt.Errorf("the prompt has no word that this run knows: %s; it knows words such as %s",
			strings.Join(strange, ", "), strings.Join(words.Complete("", 8), ", "))
	case tell == nil:
	case len(strange) > 0:
		tell("unknown words are passed over: " + strings.Join(strange, ", "))
	}
	if tell != nil && (e.Left > 0 || e.Cut) {
		tell(fmt.Sprintf("the prompt is long: only its first %d words are read", gen.TextLength))
	}
	return e, nil
}

// paint paints one picture a text into dst, as many at once as are wanted, at most paintBatch.
func (l *loaded) paint(ctx context.Context, p gen.Painter, d gen.DataInfo, o gen.PaintOptions, texts [][]int32,
	avoid []int32, dst []float32) error {
	n := min(len(texts), paintBatch)
	if n == 0 {
		return errors.New("paint: want at least one text")
	}
	k, err := gen.NewBrush(ctx, l.eng, p, d, l.state, n, false)
	if err != nil {
		return err
	}
	defer k.Close()
	one := d.H * d.W * d.C
	shown := make([]float32, n*one)
	var ids, away []int32
	for range n {
		away = append(away, avoid...)
	}
	for first := 0; first < len(texts); first += n {
		ids = ids[:0]
		for i := range n {
			ids = append(ids, texts[min(first+i, len(texts)-1)]...)
		}
		each := o
		each.Seed = o.Seed + uint64(first/n)<<32
		painting, err := k.Begin(each, ids, away)
		if err != nil {
			return err
		}
		for done := false; !done; {
			if err := ctx.Err(); err != nil {
				return err
			}
			if done, err = painting.Step(ctx); err != nil {
				return err
			}
		}
		k.Show(painting.X, shown)
		copy(dst[first*one:], shown)
	}
	return nil
}
