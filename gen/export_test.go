package gen

import (
	"context"
	"slices"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/safetensors"
	"mllab/engine/train"
)

// Loss gives a vae's loss and its terms, for tests.
func Loss(n Net, s *nn.Scope, b train.Batch) (loss, recon, kl ir.Value) {
	v := n.(*vae)
	return v.loss(s, b, s.B.Const(ir.F32, v.beta))
}

// NearKink is the bound of the golden gate.
const NearKink = nearKink

// Kink is a value that a Kinked program may turn.
type Kink = kink

// Kinked is the step of a workload's golden gate with another bound of what is undecided.
type Kinked struct{ r *run }

// OpenKinked compiles it, on the parameters and inputs of a file that stays open.
func (w Workload) OpenKinked(ctx context.Context, eng *engine.Engine, f *safetensors.File, near float64) (Kinked, error) {
	r, err := w.gate.open(ctx, eng, f, &nn.Kinks{Near: near})
	return Kinked{r}, err
}

// Close frees the program.
func (k Kinked) Close() { k.r.prog.Close() }

// Undecided lists the values within the bound, in a run with none turned.
func (k Kinked) Undecided(ctx context.Context) ([]Kink, error) {
	if _, err := k.r.once(ctx, nil); err != nil {
		return nil, err
	}
	return k.r.undecided()
}

// Gradients runs the step with values turned and gives its gradients by the file's names, in the file's layouts.
func (k Kinked) Gradients(ctx context.Context, turned ...Kink) (map[string][]float32, error) {
	if _, err := k.r.once(ctx, turned); err != nil {
		return nil, err
	}
	all := map[string][]float32{}
	for _, p := range k.r.params.Trainable() {
		t, err := k.r.prog.Tensor(gradKind + p.Name)
		if err != nil {
			return nil, err
		}
		v, err := t.Float32()
		if err != nil {
			return nil, err
		}
		key, _ := k.r.key(gradKind+p.Name, t.Type().Rank())
		info, _ := k.r.f.Info(key.name)
		from := make([]float32, len(v)) // of each of ours the place in the file
		for i := range from {
			from[i] = float32(i)
		}
		if from, err = key.turn.apply(from, key.name, info.Shape, t.Type().Shape); err != nil {
			return nil, err
		}
		theirs := slices.Clone(v)
		for i, at := range from {
			theirs[int(at)] = v[i]
		}
		all[key.name] = theirs
	}
	return all, nil
}
