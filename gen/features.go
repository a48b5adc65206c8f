package gen

import (
	"context"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// Extractor gives features and logits of pictures, of a net that has learned to tell
// classes apart.
type Extractor struct {
	prog             *engine.Program
	x                *engine.Tensor
	features, logits *engine.Tensor
	n, values        int
}

// NewExtractor compiles the features of a net whose parameters are in st, n pictures
// at once; averaged parameters are preferred. Close frees it.
func NewExtractor(ctx context.Context, eng *engine.Engine, net Featured, d DataInfo, st *train.State,
	n int) (*Extractor, error) {
	prog, err := eng.Program(ctx, "features", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Kind = st.Kind()
		features, logits := net.Features(s, train.NewBatch(s, n, d.H, d.W, d.C).X())
		b.Output("features", features)
		b.Output("logits", logits)
	})
	if err != nil {
		return nil, err
	}
	e := &Extractor{prog: prog, n: n, values: d.values()}
	for label, t := range map[string]**engine.Tensor{
		train.InputX: &e.x, "features": &e.features, "logits": &e.logits,
	} {
		if *t, err = prog.Tensor(label); err != nil {
			prog.Close()
			return nil, err
		}
	}
	return e, nil
}

// Run gives features and logits of pictures, H*W*C float32 in [0,1] each.
func (e *Extractor) Run(ctx context.Context, pictures []float32) (features, logits Points, err error) {
	if len(pictures)%e.values != 0 {
		return features, logits, fmt.Errorf("features of %d values: want a multiple of %d", len(pictures), e.values)
	}
	features.D, logits.D = e.features.Type().Shape[1], e.logits.Type().Shape[1]
	x := make([]float32, e.n*e.values)
	for len(pictures) > 0 {
		if err := ctx.Err(); err != nil {
			return features, logits, err
		}
		count := copy(x, pictures) / e.values
		pictures = pictures[count*e.values:]
		if err := engine.Write(e.x, x); err != nil {
			return features, logits, err
		}
		if err := e.prog.Run(ctx); err != nil {
			return features, logits, err
		}
		for t, p := range map[*engine.Tensor]*Points{e.features: &features, e.logits: &logits} {
			v, err := t.Float32()
			if err != nil {
				return features, logits, err
			}
			p.N += count
			p.Values = append(p.Values, v[:count*p.D]...)
		}
	}
	return features, logits, nil
}

// Close frees the program.
func (e *Extractor) Close() { e.prog.Close() }
