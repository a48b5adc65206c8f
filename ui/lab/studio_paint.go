package lab

import (
	"context"
	"time"

	"mllab/gen"
)

// easelKind is what an easel is compiled for.
type easelKind struct {
	rows  int
	looks bool
}

// easels are compiled brushes, kept for the next request.
type easels struct {
	l    *loaded
	net  gen.Painter
	kept map[easelKind]*gen.Brush
}

func (e *easels) of(ctx context.Context, kind easelKind) (*gen.Brush, error) {
	if k, ok := e.kept[kind]; ok {
		return k, nil
	}
	k, err := gen.NewBrush(ctx, e.l.eng, e.net, e.l.plan.dataInfo(e.l.src.Info()), e.l.state, kind.rows/2, kind.looks)
	if err != nil {
		return nil, err
	}
	if e.kept == nil {
		e.kept = map[easelKind]*gen.Brush{}
	}
	e.kept[kind] = k
	return k, nil
}

func (e *easels) close() {
	for _, k := range e.kept {
		k.Close()
	}
	e.kept = nil
}

// Paint carries out a request. each is called after every step, from Paint's goroutine; the frame is the callee's
// own. It may be nil.
func (t *Studio) Paint(ctx context.Context, r Request, each func(Frame)) (*Film, error) {
	if err := r.Check(t.about); err != nil {
		return nil, err
	}
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-t.turn }()
	if t.closed {
		return nil, errStudioClosed
	}
	begin := time.Now()
	k, err := t.easels.of(ctx, easelKind{rows: 2, looks: true})
	if err != nil {
		return nil, err
	}
	e, err := understand(t.l.plan.words, r.Prompt, nil)
	if err != nil {
		return nil, Usage(err)
	}
	p, err := k.Begin(r.PaintOptions, e.IDs, t.l.plan.words.None(gen.TextLength).IDs)
	if err != nil {
		return nil, err
	}
	a := t.about
	f := &Film{Request: r, Reading: t.Read(r.Prompt), Tiles: 1, Cols: 1, H: a.H, W: a.W, C: a.C}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if done, err = p.Step(ctx); err != nil {
			return nil, err
		}
		fr := Frame{Tiles: 1, Cols: 1, X: make([]float32, a.H*a.W*a.C), Clean: make([]float32, a.H*a.W*a.C),
			Clock: time.Since(begin)}
		fr.Step, fr.Of = p.Steps()
		k.Show(p.X, fr.X)
		k.Show(p.Clean, fr.Clean)
		f.Frames, f.Pictures, f.Took = append(f.Frames, fr), fr.X, fr.Clock
		if each != nil {
			each(fr)
		}
	}
	f.First = f.Frames[0].Clock
	return f, nil
}
