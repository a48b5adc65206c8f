package gen

import (
	"context"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// output is the label of the pictures of a drawing program.
const output = "pictures"

// Viewer draws one view of a net again and again. While the net trains, Draw must
// run inside the loop's Do.
type Viewer struct {
	prog   *engine.Program
	x, rng *engine.Tensor // nil where the view has no use for them
	labels *engine.Tensor // likewise
	tokens *engine.Tensor // likewise
	round  *engine.Tensor // nil where there is one round
	out    *engine.Tensor
	state  [4]int32
	rounds [][]int32 // what round is to hold, one after the other
}

// NewViewer compiles a view of n pictures (2n of a view in Pairs, one of a Whole) of the net whose
// parameters are in st; averaged parameters are preferred. Close frees it.
func NewViewer(ctx context.Context, eng *engine.Engine, d DataInfo, st *train.State, v View,
	n int) (*Viewer, error) {
	if n < 1 {
		return nil, fmt.Errorf("view %s of %d pictures: want at least 1", v.Name, n)
	}
	prog, err := eng.Program(ctx, v.Name, st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Kind = st.Kind()
		x := ir.None
		if v.Takes {
			x = train.NewBatch(s, n, d.H, d.W, d.C).X()
		}
		b.Output(output, v.Trace(s, n, x))
	})
	if err != nil {
		return nil, err
	}
	w := &Viewer{prog: prog}
	if v.Takes {
		w.x, err = prog.Tensor(train.InputX)
	}
	if err == nil && prog.Takes(train.InputLabels) {
		w.labels, err = prog.Tensor(train.InputLabels)
	}
	if err == nil && prog.Takes(train.InputTokens) {
		w.tokens, err = prog.Tensor(train.InputTokens)
	}
	if err == nil && prog.Takes(nn.RandomIn) {
		w.rng, err = prog.Tensor(nn.RandomIn)
	}
	if err == nil && prog.Takes(roundIn) {
		w.round, err = prog.Tensor(roundIn)
	}
	for i := range max(1, v.Rounds) {
		w.rounds = append(w.rounds, []int32{int32(i)})
	}
	if err == nil {
		w.out, err = prog.Tensor(output)
	}
	if err != nil {
		prog.Close()
		return nil, err
	}
	return w, nil
}

// Shape of what is drawn: pictures, height, width, channels.
func (v *Viewer) Shape() [4]int { return [4]int(v.out.Type().Shape) }

// Values is the number of values of all pictures together.
func (v *Viewer) Values() int { return v.out.Type().Elems() }

// Label gives a view that takes examples their labels, one each. Views that have no
// use for them accept any.
func (v *Viewer) Label(labels []int32) error {
	if v.labels == nil {
		return nil
	}
	return engine.Write(v.labels, labels)
}

// Tell gives a view that takes examples their texts, TextLength tokens each. Views that have no use for them accept any.
func (v *Viewer) Tell(tokens []int32) error {
	if v.tokens == nil {
		return nil
	}
	return engine.Write(v.tokens, tokens)
}

// Draw writes the pictures, Values float32 in [0,1], row-major [n H W C]. x are the
// test examples of a view that Takes them, else nil. Equal seeds give equal noise.
func (v *Viewer) Draw(ctx context.Context, seed uint64, x, dst []float32) error {
	return v.draw(ctx, seed, 0, x, dst)
}

func (v *Viewer) draw(ctx context.Context, seed uint64, round int, x, dst []float32) error {
	if v.x != nil {
		if err := engine.Write(v.x, x); err != nil {
			return err
		}
	}
	if v.rng != nil {
		v.state = randomState(seed, round)
		if err := engine.Write(v.rng, v.state[:]); err != nil {
			return err
		}
	}
	if err := v.play(ctx); err != nil {
		return err
	}
	return engine.Read(v.out, dst)
}

// play runs all rounds on what the inputs hold. It does not allocate.
func (v *Viewer) play(ctx context.Context) error {
	for _, number := range v.rounds {
		if v.round != nil {
			if err := engine.Write(v.round, number); err != nil {
				return err
			}
		}
		if err := v.prog.Run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Program is the compiled view.
func (v *Viewer) Program() *engine.Program { return v.prog }

// Close frees the program.
func (v *Viewer) Close() { v.prog.Close() }

// randomState is what the input "rng" of a program takes. The last word sets these
// draws apart from a training's, whose is 0.
func randomState(seed uint64, round int) [4]int32 {
	return [4]int32{int32(uint32(seed)), int32(uint32(seed >> 32)), int32(uint32(round)), 1}
}

// sampleBatch is how many pictures a Sampler makes at once.
const sampleBatch = 64

// Sampler draws any number of new pictures.
type Sampler struct {
	v   *Viewer
	buf []float32
}

// NewSampler compiles the sampler of a net whose parameters are in st.
func NewSampler(ctx context.Context, eng *engine.Engine, net Net, d DataInfo, st *train.State) (*Sampler,
	error) {
	view := net.Sample()
	if view.Trace == nil {
		return nil, errNoSamples
	}
	v, err := NewViewer(ctx, eng, d, st, view, sampleBatch)
	if err != nil {
		return nil, err
	}
	return &Sampler{v, make([]float32, v.Values())}, nil
}

// Draw fills dst with pictures, H*W*C float32 in [0,1] each. Picture i depends on
// the seed and i alone.
func (s *Sampler) Draw(ctx context.Context, seed uint64, dst []float32) error {
	one := s.v.Values() / sampleBatch
	if len(dst)%one != 0 {
		return fmt.Errorf("sample: room for %d values: want a multiple of %d", len(dst), one)
	}
	for round := 0; len(dst) > 0; round++ {
		if err := s.v.draw(ctx, seed, round, nil, s.buf); err != nil {
			return err
		}
		dst = dst[copy(dst, s.buf):]
	}
	return nil
}

// Program is the compiled sampler.
func (s *Sampler) Program() *engine.Program { return s.v.prog }

// Close frees the program.
func (s *Sampler) Close() { s.v.Close() }
