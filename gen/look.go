package gen

import (
	"context"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// Looker is a net whose layers can be looked at while it learns.
type Looker interface {
	Net
	// Look applies the net to pictures x, f32 [n H W C] in [0,1], and taps its layers in
	// the scope. It gives the chances of what the net tells apart, f32 [n K].
	Look(s *nn.Scope, x ir.Value) ir.Value
	// Answers names the K things that the chances are of; nil: the data's labels.
	Answers() []string
}

// Featured is a net that gives features of pictures, by which sets of pictures can
// be compared.
type Featured interface {
	Net
	// Features maps pictures x, f32 [n H W C] in [0,1], to features f32 [n F] and logits f32 [n K].
	Features(s *nn.Scope, x ir.Value) (features, logits ir.Value)
}

// Probe looks at the layers of a net whose parameters may change between two runs.
// While the net trains, its methods must run inside the loop's Do.
type Probe struct {
	prog    *engine.Program
	x, rng  *engine.Tensor // nil where the net has no use for it
	chances *engine.Tensor
	maps    []*engine.Tensor
	kernels []*engine.Tensor // of the state; nil where a layer has none
	taps    []nn.Tap
}

// NewProbe compiles a look at n pictures by a net whose parameters are in st; averaged
// parameters are preferred. Close frees it.
func NewProbe(ctx context.Context, eng *engine.Engine, net Looker, d DataInfo, st *train.State,
	n int) (*Probe, error) {
	p := &Probe{}
	var kernels []string
	prog, err := eng.Program(ctx, "maps", st.Tensors(), func(b *ir.Builder) {
		p.taps, kernels = nil, nil
		s := nn.NewScope(b)
		s.Kind, s.Taps = st.Kind(), &p.taps
		b.Output("chances", net.Look(s, train.NewBatch(s, n, d.H, d.W, d.C).X()))
		for i, t := range p.taps {
			b.Output(fmt.Sprintf("tap.%d", i), t.Value)
			label := ""
			if k := t.Last().Kernel; k != nil && len(k.Shape) == 4 {
				label = s.Label(k)
			}
			kernels = append(kernels, label)
		}
	})
	if err != nil {
		return nil, err
	}
	p.prog = prog
	if err := p.find(st, kernels); err != nil {
		prog.Close()
		return nil, err
	}
	return p, nil
}

func (p *Probe) find(st *train.State, kernels []string) (err error) {
	if p.prog.Takes(train.InputX) {
		p.x, err = p.prog.Tensor(train.InputX)
	}
	if err == nil && p.prog.Takes(nn.RandomIn) {
		p.rng, err = p.prog.Tensor(nn.RandomIn)
	}
	if err == nil {
		p.chances, err = p.prog.Tensor("chances")
	}
	for i := range p.taps {
		if err != nil {
			return err
		}
		var t *engine.Tensor
		t, err = p.prog.Tensor(fmt.Sprintf("tap.%d", i))
		p.maps = append(p.maps, t)
		p.kernels = append(p.kernels, st.Tensors()[kernels[i]])
	}
	return err
}

// Run looks at pictures, n*H*W*C float32 in [0,1]. Noise is the same in every run.
func (p *Probe) Run(ctx context.Context, x []float32) error {
	if p.x != nil {
		if err := engine.Write(p.x, x); err != nil {
			return err
		}
	}
	if p.rng != nil {
		state := randomState(1, 0)
		if err := engine.Write(p.rng, state[:]); err != nil {
			return err
		}
	}
	return p.prog.Run(ctx)
}

// Taps lists the layers that are looked at.
func (p *Probe) Taps() []nn.Tap { return p.taps }

// Shape of the values of tap i: pictures, height, width, channels.
func (p *Probe) Shape(i int) [4]int { return [4]int(p.maps[i].Type().Shape) }

// Maps gives the values of tap i in the last run.
func (p *Probe) Maps(i int) ([]float32, error) { return p.maps[i].Float32() }

// Chances gives what the net told apart in the last run, K values a picture.
func (p *Probe) Chances() ([]float32, error) { return p.chances.Float32() }

// Kernel gives the kernel [R S Cin C] of tap i and its shape, nil without one.
func (p *Probe) Kernel(i int) ([]float32, []int, error) {
	k := p.kernels[i]
	if k == nil {
		return nil, nil, nil
	}
	v, err := k.Float32()
	return v, k.Type().Shape, err
}

// Close frees the program.
func (p *Probe) Close() { p.prog.Close() }
