package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mllab/gen"
)

const (
	paintRows  = 32 // estimates made at once, at most
	guidedRows = 2  // those of one picture: with its text, and with what it keeps away from
	keptBrush  = 6  // compiled brushes that a studio keeps
)

// brushes are compiled for a number of rows each. The latest few are kept for requests to come.
type brushes struct {
	l    *loaded
	net  gen.Painter
	kept []*gen.Brush // the latest used last
}

// of gives a brush of so many rows. All tell where layers looked, so that a picture is the same whether it is asked.
func (b *brushes) of(ctx context.Context, rows int) (*gen.Brush, error) {
	at := slices.IndexFunc(b.kept, func(k *gen.Brush) bool { return k.Rows() == rows })
	if at >= 0 {
		k := b.kept[at]
		b.kept = append(slices.Delete(b.kept, at, at+1), k)
		return k, nil
	}
	if len(b.kept) == keptBrush {
		b.kept[0].Close()
		b.kept = slices.Delete(b.kept, 0, 1)
	}
	k, err := gen.NewRows(ctx, b.l.eng, b.net, b.l.plan.dataInfo(b.l.src.Info()), b.l.state, rows, true)
	if err != nil {
		return nil, err
	}
	b.kept = append(b.kept, k)
	return k, nil
}

func (b *brushes) close() {
	for _, k := range b.kept {
		k.Close()
	}
	b.kept = nil
}

// Paint carries out a request. each is called after every step, from Paint's goroutine, and may be nil; the frame is
// the callee's own. A prompt without any word that is known is an error, as is what Request.Check says.
func (t *Studio) Paint(ctx context.Context, r Request, each func(Frame)) (*Film, error) {
	s, err := t.plot(r)
	if err != nil {
		return nil, err
	}
	s.each = each
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, t.ended(ctx)
	}
	if t.closed {
		return nil, errStudioClosed
	}
	f, err := s.carryOut(ctx, &t.brushes)
	switch {
	case err == nil:
		return f, nil
	case ctx.Err() != nil:
		return nil, t.ended(ctx)
	case errors.Is(err, gen.ErrNoNumbers):
		return nil, fmt.Errorf("run %s, step %d: %w", t.about.Name, t.about.Step, err)
	}
	return nil, err
}

// ended is why a Paint that was cut short has no picture.
func (t *Studio) ended(ctx context.Context) error {
	if t.ctx.Err() != nil {
		return errStudioClosed
	}
	return ctx.Err()
}

// sitting is a request on its way: its pictures in groups, one of which is painted after the other.
type sitting struct {
	film   *Film
	groups []group
	of     int // steps of all groups
	each   func(Frame)

	begun     time.Time
	done      int
	x, clean  []float32 // what has been painted so far, [Tiles H W C]
	some, end []float32 // the same of a group
}

// group is pictures that are painted together: so many steps, and terms that one brush has room for.
type group struct {
	steps int
	at    []int // which pictures
	tiles []gen.Tile
}

func (g group) rows() int {
	n := 0
	for _, t := range g.tiles {
		n += len(t.Terms)
	}
	return n
}

// plot checks a request, reads its prompts and lays its pictures out.
func (t *Studio) plot(r Request) (*sitting, error) {
	if err := r.Check(t.about); err != nil {
		return nil, err
	}
	words := t.l.plan.words
	prompt, err := understand(words, r.Prompt)
	if err != nil {
		return nil, err
	}
	to := prompt
	if r.Kind == Interpolation {
		if to, err = understand(words, r.To); err != nil {
			return nil, Usage(fmt.Errorf("the other prompt: %w", err))
		}
	}
	avoid := words.None(gen.TextLength)
	if strings.TrimSpace(r.Negative) != "" {
		if avoid, err = understand(words, r.Negative); err != nil {
			return nil, Usage(fmt.Errorf("negative prompt: %w", err))
		}
	}
	n, cols := r.tiles()
	a := t.about
	f := &Film{Request: r, Reading: t.Read(r.Prompt), Tiles: n, Cols: cols, H: a.H, W: a.W, C: a.C}
	s := &sitting{film: f}
	if a.OneShot {
		r.Steps, r.Guidance = 1, 1
	}
	for _, i := range r.order() {
		tile, steps := gen.Tile{Terms: gen.Guided(prompt.IDs, avoid.IDs, r.Guidance)}, r.Steps
		switch r.Kind {
		case One:
			tile.Stream, tile.Spread = r.noise(r.Variation)
		case Variations:
			tile.Stream, tile.Spread = r.noise(i)
		case Interpolation:
			tile.Terms = between(prompt.IDs, to.IDs, avoid.IDs, r.Guidance, float64(i)/float64(n-1))
		case Grid:
			tile.Terms = gen.Guided(prompt.IDs, avoid.IDs, r.Guidances[i/cols])
			steps = r.StepCounts[i%cols]
		}
		s.add(i, tile, steps)
	}
	for _, g := range s.groups {
		s.of += g.steps
	}
	if r.Looks && !f.Reading.Empty {
		f.looks = newLooked(a.Looks, f.Reading)
	}
	return s, nil
}

// noise says which noise a variation has, and how far it is turned to it from the first one's.
func (r Request) noise(variation int) (stream uint64, spread float64) {
	if variation > 0 {
		spread = r.Spread
	}
	return uint64(variation), spread
}

// order lists the pictures of a request as they are painted: a grid column by column, since pictures of as many steps
// are painted together.
func (r Request) order() []int {
	n, cols := r.tiles()
	order := make([]int, n)
	for i := range order {
		order[i] = i
		if r.Kind == Grid {
			rows := n / cols
			order[i] = i%rows*cols + i/rows
		}
	}
	return order
}

// between are the terms of a picture at the fraction at of the way from one prompt to another: every step goes by a
// mixture of both guided estimates (Liu et al., 2022), since a mixture of words, or of their features, is a text that
// the net has never seen.
func between(a, b, avoid []int32, guidance, at float64) []gen.Term {
	var terms []gen.Term
	if at < 1 {
		terms = append(terms, gen.Term{Text: a, Weight: guidance * (1 - at)})
	}
	if at > 0 {
		terms = append(terms, gen.Term{Text: b, Weight: guidance * at})
	}
	if guidance != 1 {
		terms = append(terms, gen.Term{Text: avoid, Weight: 1 - guidance})
	}
	return terms
}

// add puts a picture into the last group, or a new one where it has no room.
func (s *sitting) add(at int, tile gen.Tile, steps int) {
	last := len(s.groups) - 1
	if last < 0 || s.groups[last].steps != steps || s.groups[last].rows()+len(tile.Terms) > paintRows {
		s.groups = append(s.groups, group{steps: steps})
		last++
	}
	g := &s.groups[last]
	g.at, g.tiles = append(g.at, at), append(g.tiles, tile)
}

// carryOut paints one group after the other.
func (s *sitting) carryOut(ctx context.Context, b *brushes) (*Film, error) {
	f := s.film
	s.begun = time.Now()
	s.x, s.clean = make([]float32, f.Tiles*f.values()), make([]float32, f.Tiles*f.values())
	for i := range s.x {
		s.x[i], s.clean[i] = blank, blank
	}
	for i, g := range s.groups {
		if err := s.paint(ctx, b, g, i == 0); err != nil {
			return nil, err
		}
	}
	f.Pictures, f.Took = s.x, time.Since(s.begun)
	return f, nil
}

// blank is the grey of pictures that are not begun.
const blank = 0.5

// paint paints a group; looks says whether to keep where layers looked at the first of its pictures.
func (s *sitting) paint(ctx context.Context, b *brushes, g group, looks bool) error {
	f := s.film
	k, err := b.of(ctx, g.rows())
	if err != nil {
		return err
	}
	o := f.Request.PaintOptions
	o.Steps = g.steps
	p, err := k.Lay(o, g.tiles)
	if err != nil {
		return err
	}
	s.some, s.end = make([]float32, len(g.at)*f.values()), make([]float32, len(g.at)*f.values())
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if done, err = p.Step(ctx); err != nil {
			return err
		}
		k.Show(p.X, s.some)
		k.Show(p.Clean, s.end)
		kept := s.show(g)
		if looks && f.looks != nil {
			if err := f.looks.add(k, kept); err != nil {
				return err
			}
		}
	}
	return nil
}

// show puts a group's pictures among the others, and hands the frame to whom it concerns. It reports whether the film
// keeps it.
func (s *sitting) show(g group) (kept bool) {
	f := s.film
	one := f.values()
	for j, i := range g.at {
		copy(s.x[i*one:(i+1)*one], s.some[j*one:])
		copy(s.clean[i*one:(i+1)*one], s.end[j*one:])
	}
	s.done++
	now := time.Since(s.begun)
	if s.done == 1 {
		f.First = now
	}
	frame := func() Frame {
		return Frame{Step: s.done, Of: s.of, Tiles: f.Tiles, Cols: f.Cols, X: slices.Clone(s.x),
			Clean: slices.Clone(s.clean), Clock: now}
	}
	every := (s.of + f.room() - 1) / f.room()
	if kept = (s.of-s.done)%every == 0; kept {
		f.Frames = append(f.Frames, frame())
	}
	if s.each != nil {
		s.each(frame())
	}
	return kept
}
