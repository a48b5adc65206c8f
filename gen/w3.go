package gen

import (
	"context"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/engine/train"
)

// The reference workload W3: a training step of the fully connected VAE on 28x28
// grey pictures, and its sampler, at batch 128.
const (
	w3Batch = 128
	w3Rate  = 1e-3

	// W3TrainGFLOP and W3SampleGFLOP are the matrix products' operations, 10^9 of
	// them, by which rates are compared with other engines.
	W3TrainGFLOP  = 0.41984
	W3SampleGFLOP = 0.08233
)

var w3Data = DataInfo{H: 28, W: 28, C: 1}

// Bench is a compiled workload, ready to be timed.
type Bench struct {
	Case   string
	GFLOP  float64
	Params int // trainable values
	// Step runs the case once, without allocating.
	Step func(ctx context.Context) error
	// Program is what Step runs.
	Program *engine.Program

	close func()
}

// Close frees the case.
func (b *Bench) Close() { b.close() }

// w3Net is the model of the workload: the vae as it is without settings.
func w3Net() (*vae, error) {
	s, err := registry["vae"].Choose(nil)
	if err != nil {
		return nil, err
	}
	return newVAE(s, w3Data), nil
}

// grey is the batch of the workload: pictures that stay the same, as the peers' do.
type grey struct{}

func (grey) Fill(step int, x []float32, labels []int32) error {
	state := uint32(step + 1)
	for i := range x {
		state = state*1664525 + 1013904223
		x[i] = float32(state>>8) / (1 << 24)
	}
	return nil
}

// W3Train compiles the case vae_train_b128: forward, backward and Adam as one
// program, with the noise drawn inside, on a batch that is already on the device.
func W3Train(ctx context.Context, eng *engine.Engine) (*Bench, error) {
	net, err := w3Net()
	if err != nil {
		return nil, err
	}
	d := w3Data
	l, err := train.New(ctx, eng, net, grey{}, train.Options{
		Batch: w3Batch, H: d.H, W: d.W, C: d.C, Seed: 1, LR: w3Rate, Rule: optim.NewAdam(),
	})
	if err != nil {
		return nil, err
	}
	x := make([]float32, w3Batch*d.values())
	err = grey{}.Fill(0, x, nil)
	if err == nil {
		err = l.Preload(x, nil)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return &Bench{
		Case: "vae_train_b128", GFLOP: W3TrainGFLOP, Params: net.Params().Count(), Step: l.Repeat,
		Program: l.Programs()[0], close: l.Close,
	}, nil
}

// W3Sample compiles the case vae_sample_b128: decoder and sigmoid on given codes.
func W3Sample(ctx context.Context, eng *engine.Engine) (*Bench, error) {
	net, err := w3Net()
	if err != nil {
		return nil, err
	}
	st, err := train.NewState(eng, net.Params(), false)
	if err != nil {
		return nil, err
	}
	if err := st.Init(1); err != nil {
		st.Free()
		return nil, err
	}
	prog, err := eng.Program(ctx, "vae_sample_b128", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Given = true
		b.Output(output, net.Sample().Trace(s, w3Batch, ir.None))
	})
	if err != nil {
		st.Free()
		return nil, err
	}
	if err := fillNormal(prog, nn.NoiseKind+"z"); err != nil {
		prog.Close()
		st.Free()
		return nil, err
	}
	return &Bench{
		Case: "vae_sample_b128", GFLOP: W3SampleGFLOP, Params: net.Params().Count(), Step: prog.Run, Program: prog,
		close: func() { prog.Close(); st.Free() },
	}, nil
}

// fillNormal gives an input of a program Gaussian noise.
func fillNormal(p *engine.Program, label string) error {
	t, err := p.Tensor(label)
	if err != nil {
		return err
	}
	ps := nn.NewParams()
	return engine.Write(t, ps.Add(label, nn.Normal(1), t.Type().Shape...).Values(1))
}
