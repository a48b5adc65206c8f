package lab

import (
	"context"

	"mllab/engine"
	"mllab/engine/train"
	"mllab/gen"
)

// copyist paints many pictures after texts with a net that reads, n at once, and is compiled once. While the net
// trains, paint must run inside the loop's Do.
type copyist struct {
	brush *gen.Brush
	n     int // pictures at once
	one   int // values of a picture
	shown []float32
}

// newCopyist compiles one for n pictures at once of a net whose parameters are in st.
func newCopyist(ctx context.Context, eng *engine.Engine, net gen.Painter, d gen.DataInfo, st *train.State,
	n int) (*copyist, error) {
	k := &copyist{n: n, one: d.H * d.W * d.C, shown: make([]float32, n*d.H*d.W*d.C)}
	var err error
	k.brush, err = gen.NewBrush(ctx, eng, net, d, st, n, false)
	return k, err
}

// close frees the program.
func (k *copyist) close() {
	if k != nil && k.brush != nil {
		k.brush.Close()
		k.brush = nil
	}
}

// paint paints one picture a text into dst. avoid is one text, usually none, that all pictures keep away from.
// Picture i depends on the seed, i and n alone.
func (k *copyist) paint(ctx context.Context, o gen.PaintOptions, texts [][]int32, avoid []int32, dst []float32) error {
	var ids, away []int32
	for range k.n {
		away = append(away, avoid...)
	}
	for first := 0; first < len(texts); first += k.n {
		ids = ids[:0]
		for i := range k.n {
			ids = append(ids, texts[min(first+i, len(texts)-1)]...)
		}
		each := o
		each.Seed = o.Seed + uint64(first/k.n)<<32
		if err := k.several(ctx, each, ids, away); err != nil {
			return err
		}
		copy(dst[first*k.one:], k.shown)
	}
	return nil
}

// several paints n pictures into shown.
func (k *copyist) several(ctx context.Context, o gen.PaintOptions, ids, away []int32) error {
	painting, err := k.brush.Begin(o, ids, away)
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
	k.brush.Show(painting.X, k.shown)
	return nil
}
