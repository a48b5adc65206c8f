package lab

import (
	"context"
	"errors"
	"fmt"

	"mllab/engine"
	"mllab/engine/train"
	"mllab/gen"
)

// easel paints pictures after texts with a net that reads, n at once, whichever kind of net it is. It is compiled
// once. While the net trains, paint must run inside the loop's Do.
type easel struct {
	brush *gen.Brush
	n     int // pictures at once
	one   int // values of a picture
	shown []float32
}

// newEasel compiles one for n pictures at once of a net whose parameters are in st.
func newEasel(ctx context.Context, eng *engine.Engine, net gen.Net, d gen.DataInfo, st *train.State,
	n int) (*easel, error) {
	if n < 1 {
		return nil, errors.New("paint: want at least one text")
	}
	e := &easel{n: n, one: d.H * d.W * d.C, shown: make([]float32, n*d.H*d.W*d.C)}
	var err error
	switch p := net.(type) {
	case gen.Painter:
		e.brush, err = gen.NewBrush(ctx, eng, p, d, st, n, false)
	default:
		err = fmt.Errorf("paint: a net of type %T paints nothing after a text", net)
	}
	return e, err
}

// close frees the program.
func (e *easel) close() {
	if e != nil && e.brush != nil {
		e.brush.Close()
		e.brush = nil
	}
}

// paint paints one picture a text into dst. avoid is one text, usually none, that all pictures keep away from.
// Picture i depends on the seed, i and n alone.
func (e *easel) paint(ctx context.Context, o gen.PaintOptions, texts [][]int32, avoid []int32, dst []float32) error {
	var ids, away []int32
	for range e.n {
		away = append(away, avoid...)
	}
	for first := 0; first < len(texts); first += e.n {
		ids = ids[:0]
		for i := range e.n {
			ids = append(ids, texts[min(first+i, len(texts)-1)]...)
		}
		each := o
		each.Seed = o.Seed + uint64(first/e.n)<<32
		if err := e.several(ctx, each, ids, away); err != nil {
			return err
		}
		copy(dst[first*e.one:], e.shown)
	}
	return nil
}

// several paints n pictures into shown.
func (e *easel) several(ctx context.Context, o gen.PaintOptions, ids, away []int32) error {
	painting, err := e.brush.Begin(o, ids, away)
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
	e.brush.Show(painting.X, e.shown)
	return nil
}
