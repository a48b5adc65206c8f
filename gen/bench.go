package gen

import (
	"context"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/engine/train"
)

// Workload is a reference workload of models: cases to be timed, and the gate that
// an engine must pass before.
type Workload struct {
	Name  string // "W3"
	Cases []Case
	gate  gate
}

// Case is one measurement of a workload.
type Case struct {
	Name  string
	GFLOP float64 // of the contractions, 10^9 operations, by which rates are compared with other engines
	Steps int     // to be timed
	Warm  int     // before that
	open  func(context.Context, *engine.Engine, string) (*Bench, error)
}

// Workloads lists the reference workloads of this package.
func Workloads() []Workload {
	return []Workload{
		{"W3", []Case{
			{"vae_train_b128", 0.41984, 200, 20, w3Train}, {"vae_sample_b128", 0.08233, 200, 20, w3Sample},
		}, w3Gate},
		{"W4", []Case{
			{"dcgan_train_b64", 24.6373, 20, 5, w4Train}, {"generator_infer_b64", 2.3006, 20, 5, w4Infer},
		}, w4Gate},
		{"W5", []Case{
			{"unet_train_b32", 43.4907, 15, 3, w5Train}, {"ddim50_b16", 362.9, 3, 1, w5Sample},
		}, w5Gate},
	}
}

// Open compiles the case.
func (c Case) Open(ctx context.Context, eng *engine.Engine) (*Bench, error) {
	return c.open(ctx, eng, c.Name)
}

// Bench is a compiled case, ready to be timed.
type Bench struct {
	Params int // trainable values
	// Step runs the case once, without allocating.
	Step func(ctx context.Context) error
	// Program is what Step runs, once or several times.
	Program *engine.Program

	close func()
}

// Close frees the case.
func (b *Bench) Close() { b.close() }

// steady is a batch that stays the same, as the peers' does.
type steady struct{}

func (steady) Fill(step int, x []float32, labels []int32) error {
	state := uint32(step + 1)
	for i := range x {
		state = state*1664525 + 1013904223
		x[i] = float32(state>>8) / (1 << 24)
	}
	return nil
}

// benchTrain compiles a training step: forward, backward and optimiser as one program,
// with the noise drawn inside, on a batch that is already on the device.
func benchTrain(ctx context.Context, eng *engine.Engine, g gate) (*Bench, error) {
	net, err := g.net()
	if err != nil {
		return nil, err
	}
	d := g.data
	l, err := train.New(ctx, eng, net, steady{}, train.Options{
		Batch: g.batch, H: d.H, W: d.W, C: d.C, Seed: 1, LR: g.rate, Rule: g.rule,
	})
	if err != nil {
		return nil, err
	}
	x := make([]float32, g.batch*d.values())
	err = steady{}.Fill(0, x, nil)
	if err == nil {
		err = l.Preload(x, nil)
	}
	if err == nil {
		err = fillTokens(l.Programs()[0])
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return &Bench{
		Params: net.Params().Count(), Step: l.Repeat, Program: l.Programs()[0], close: l.Close,
	}, nil
}

// benchView compiles the drawing of n pictures with the parameters of a net that has
// not learned.
func benchView(ctx context.Context, eng *engine.Engine, net Net, d DataInfo, v View, n int) (*Bench, error) {
	st, err := train.NewState(eng, net.Params(), false)
	if err != nil {
		return nil, err
	}
	if err := st.Init(1); err != nil {
		st.Free()
		return nil, err
	}
	w, err := NewViewer(ctx, eng, d, st, v, n)
	if err != nil {
		st.Free()
		return nil, err
	}
	b := &Bench{
		Params: net.Params().Count(), Step: w.play, Program: w.prog, close: func() { w.Close(); st.Free() },
	}
	if err := fillTokens(w.prog); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// given makes a view take its noise from the device.
func given(v View) View {
	trace := v.Trace
	v.Trace = func(s *nn.Scope, n int, x ir.Value) ir.Value {
		s.Given = true
		return trace(s, n, x)
	}
	return v
}

// fillNormal gives an input of a case Gaussian noise, or closes the case.
func (b *Bench) fillNormal(label string) (*Bench, error) {
	t, err := b.Program.Tensor(label)
	if err == nil {
		err = engine.Write(t, nn.NewParams().Add(label, nn.Normal(1), t.Type().Shape...).Values(1))
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// fillTokens gives a program that takes a text one.
func fillTokens(p *engine.Program) error {
	if !p.Takes(tokensIn) {
		return nil
	}
	t, err := p.Tensor(tokensIn)
	if err != nil {
		return err
	}
	v := make([]int32, t.Type().Elems())
	for i := range v {
		v[i] = int32(i * 37 % vocabulary)
	}
	return engine.Write(t, v)
}

// w3Gate is a step of the fully connected VAE on 28x28 grey pictures, batch 128.
var w3Gate = gate{
	data: DataInfo{H: 28, W: 28, C: 1}, batch: 128, rule: optim.NewAdam(), rate: 1e-3,
	net: func() (Net, error) {
		s, err := registry["vae"].Choose(nil)
		if err != nil {
			return nil, err
		}
		return newVAE(s, DataInfo{H: 28, W: 28, C: 1}), nil
	},
	keys: map[string]key{
		train.InputX: {name: "input.x"}, nn.NoiseKind + "eps": {name: "input.eps"},
		train.ReportKind + "loss": {name: "loss.loss"},
	},
}

func w3Train(ctx context.Context, eng *engine.Engine, _ string) (*Bench, error) {
	return benchTrain(ctx, eng, w3Gate)
}

// w3Sample is decoder and sigmoid on given codes.
func w3Sample(ctx context.Context, eng *engine.Engine, name string) (*Bench, error) {
	net, err := w3Gate.net()
	if err != nil {
		return nil, err
	}
	v := net.Sample()
	v.Name = name
	b, err := benchView(ctx, eng, net, w3Gate.data, given(v), w3Gate.batch)
	if err != nil {
		return nil, err
	}
	return b.fillNormal(nn.NoiseKind + "z")
}

// rgb is what W4 and W5 are trained on.
var rgb = DataInfo{H: 32, W: 32, C: 3}

// w4Gate is a step of the DCGAN, batch 64.
var w4Gate = gate{
	data: rgb, batch: 64, rule: optim.Adam{B1: 0.5, B2: 0.999, Eps: 1e-8}, rate: 2e-4,
	net: func() (Net, error) {
		s, err := registry["dcgan"].Choose(nil)
		if err != nil {
			return nil, err
		}
		return newDCGAN(s, rgb), nil
	},
	keys: map[string]key{
		train.InputX:                {name: "input.real", turn: image, scale: 0.5, shift: 0.5},
		nn.NoiseKind + "z":          {name: "input.z", turn: column},
		train.ReportKind + "loss_d": {name: "loss.D"}, train.ReportKind + "loss_g": {name: "loss.G"},
	},
	layers: map[string]string{
		"g.t1": "G.0", "g.n1": "G.1", "g.t2": "G.3", "g.n2": "G.4", "g.t3": "G.6", "g.n3": "G.7", "g.t4": "G.9",
		"d.c1": "D.0", "d.c2": "D.2", "d.n2": "D.3", "d.c3": "D.5", "d.n3": "D.6", "d.c4": "D.8",
	},
	transposed: "g.",
}

func w4Train(ctx context.Context, eng *engine.Engine, _ string) (*Bench, error) {
	return benchTrain(ctx, eng, w4Gate)
}

// w4Infer is the generator with running statistics, on given codes.
func w4Infer(ctx context.Context, eng *engine.Engine, name string) (*Bench, error) {
	net, err := w4Gate.net()
	if err != nil {
		return nil, err
	}
	v := net.Sample()
	v.Name = name
	b, err := benchView(ctx, eng, net, w4Gate.data, given(v), w4Gate.batch)
	if err != nil {
		return nil, err
	}
	return b.fillNormal(nn.NoiseKind + "z")
}

// w5Gate is a step of the UNet on texts of 16 tokens, batch 32.
var w5Gate = gate{
	data: rgb, batch: 32, rule: optim.NewAdam(), rate: 2e-4,
	net: func() (Net, error) {
		m := newUNet(32, rgb)
		m.tokens = 16
		return m, nil
	},
	keys: map[string]key{
		train.InputX:              {name: "input.x0", turn: image, scale: 0.5, shift: 0.5},
		nn.NoiseKind + "eps":      {name: "input.eps", turn: image},
		nn.NoiseKind + "t":        {name: "input.t", scale: 1.0 / diffusionSteps, shift: 0.5 / diffusionSteps},
		tokensIn:                  {name: "input.tok"},
		train.ReportKind + "loss": {name: "loss.loss"},
	},
	table: "emb.",
}

func w5Train(ctx context.Context, eng *engine.Engine, _ string) (*Bench, error) {
	return benchTrain(ctx, eng, w5Gate)
}

// w5Sample draws 16 pictures in 50 steps, from noise that is drawn inside.
func w5Sample(ctx context.Context, eng *engine.Engine, name string) (*Bench, error) {
	net, err := w5Gate.net()
	if err != nil {
		return nil, err
	}
	v := net.Sample()
	v.Name = name
	if v.Rounds != samplerRounds {
		return nil, fmt.Errorf("the sampler takes %d rounds, want %d", v.Rounds, samplerRounds)
	}
	return benchView(ctx, eng, net, w5Gate.data, v, viewCount)
}
