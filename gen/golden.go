package gen

import (
	"context"
	"fmt"
	"math"
	"strings"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/engine/safetensors"
	"mllab/engine/train"
)

// Golden is how far a device is from numbers computed elsewhere.
type Golden struct {
	MaxRelLoss float64 // of the worst loss
	MaxRelGrad float64 // of the worst gradient: largest error over that gradient's largest value
	Worst      string  // the parameter with that gradient
	// Grads is the error of every gradient, by parameter.
	Grads map[string]float64
	// Turned counts the activations that got the slope of the other side of their kink, since float32 does not decide their
	// sign (nn.Kinks), and the gradients passed only so.
	Turned int
}

// The gate that an engine must pass before it is timed.
const (
	GoldenLoss = 1e-4
	GoldenGrad = 1e-3
)

// Passed reports whether the gate is passed.
func (g Golden) Passed() bool { return g.MaxRelLoss <= GoldenLoss && g.MaxRelGrad <= GoldenGrad }

// gate says how a training step is compared with another engine's numbers, whose
// names and layouts are PyTorch's.
type gate struct {
	data  DataInfo
	batch int
	rule  optim.Rule
	rate  float64
	net   func() (Net, error)
	// keys are the file's names of inputs and losses, by the program's labels.
	keys map[string]key
	// layers are the file's names of layers, where they differ.
	layers map[string]string
	// transposed begins the names of transposed convolutions, table those of tables of
	// rows; "" there are none.
	transposed, table string
}

// key finds a tensor in a file. Values become scale*v + shift; a scale of 0 is 1.
type key struct {
	name         string
	turn         turn
	scale, shift float64
}

// turn says which of the file's dimensions each of ours is; nil: they are the
// same, or joined after the first.
type turn []int

var (
	image      = turn{0, 2, 3, 1} // [N C H W]
	column     = turn{0, 1, 2, 3} // [N C 1 1], of which we have [N C]
	linear     = turn{1, 0}       // [out in]
	conv       = turn{2, 3, 1, 0} // [out in R S]
	transposed = turn{2, 3, 0, 1} // [in out R S]
)

// Golden runs one training step on the parameters, examples and noise of a
// safetensors file and compares its losses and gradients with the file's. A model
// that minimises two losses updates the first one's parameters in between. Where the
// gradients differ, activations whose sign float32 does not decide may be taken on
// their other side (Golden.Turned).
func (w Workload) Golden(ctx context.Context, eng *engine.Engine, path string) (Golden, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return Golden{}, err
	}
	defer f.Close()
	g, err := w.gate.compare(ctx, eng, f)
	if err != nil {
		return Golden{}, fmt.Errorf("golden gate of %s: %w", w.Name, err)
	}
	return g, nil
}

// compare runs the step, and where its gradients differ once more with the kinks of its activations in view.
func (g gate) compare(ctx context.Context, eng *engine.Engine, f *safetensors.File) (Golden, error) {
	out, err := g.try(ctx, eng, f, nil)
	if err != nil || out.Passed() || out.MaxRelLoss > GoldenLoss {
		return out, err
	}
	turned, err := g.try(ctx, eng, f, &nn.Kinks{Near: nearKink})
	if err == nil && turned.Passed() {
		return turned, nil
	}
	return out, err
}

// try compares one step, with kinks the best of those that run.turn tries.
func (g gate) try(ctx context.Context, eng *engine.Engine, f *safetensors.File, kinks *nn.Kinks) (Golden, error) {
	r, err := g.open(ctx, eng, f, kinks)
	if err != nil {
		return Golden{}, err
	}
	defer r.prog.Close()
	best, err := r.once(ctx, nil)
	if err != nil || kinks == nil {
		return best, err
	}
	return r.turn(ctx, best)
}

// run is a gate on its way.
type run struct {
	gate
	prog   *engine.Program
	f      *safetensors.File
	params *nn.Params
	step   *train.Step
	kinks  *nn.Kinks // nil: none are turned
}

// open compiles the step; the caller closes its program.
func (g gate) open(ctx context.Context, eng *engine.Engine, f *safetensors.File, kinks *nn.Kinks) (*run, error) {
	net, err := g.net()
	if err != nil {
		return nil, err
	}
	r := &run{gate: g, f: f, params: net.Params(), kinks: kinks}
	r.prog, err = eng.Program(ctx, "golden", nil, func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Given = true
		s.Kinks = kinks
		r.step = train.NewStep(s, g.rule, func(params []*nn.Param, grads []ir.Value) {
			for i, p := range params {
				b.Output(gradKind+p.Name, grads[i])
			}
		})
		net.Step(r.step, train.NewBatch(s, g.batch, g.data.H, g.data.W, g.data.C))
		r.step.Finish()
	})
	return r, err
}

const gradKind = "grad."

// key of a label of the program; none where the file has nothing to say.
func (g gate) key(label string, rank int) (key, bool) {
	if k, ok := g.keys[label]; ok {
		return k, true
	}
	kind, name, _ := strings.Cut(label, ".")
	dot := strings.LastIndex(name, ".")
	if kind+"." != nn.ParamKind && kind+"." != gradKind || dot < 0 {
		return key{}, false
	}
	k := key{name: label}
	if layer, ok := g.layers[name[:dot]]; ok {
		k.name = kind + "." + layer + name[dot:]
	}
	switch {
	case rank == 4 && g.transposed != "" && strings.HasPrefix(name, g.transposed):
		k.turn = transposed
	case rank == 4:
		k.turn = conv
	case rank == 2 && (g.table == "" || !strings.HasPrefix(name, g.table)):
		k.turn = linear
	}
	return k, true
}

// feed gives the program the file's parameters and inputs, buffers their initial
// values, the first step's scalars and the model's, and all else, the state of the
// optimiser, zeros.
func (r *run) feed() error {
	own := map[string][]float32{}
	for _, p := range r.params.All() {
		if p.Buffer {
			own[nn.ParamKind+p.Name] = p.Values(1)
		}
	}
	for label, v := range r.step.Scalars() {
		own[label] = []float32{float32(v)}
	}
	numbers := make([]float32, len(r.rule.Scalars()))
	r.rule.Numbers(optim.NowAt(1, r.rate, r.rule.Knobs()), numbers)
	for _, label := range r.prog.Labels() {
		if !r.prog.Takes(label) {
			continue
		}
		t, err := r.prog.Tensor(label)
		if err != nil {
			return err
		}
		values, ok := own[label]
		if strings.HasPrefix(label, train.HyperKind) {
			values, ok = numbers, true // all groups have one rate
		}
		if k, known := r.key(label, t.Type().Rank()); known && !ok {
			if values, err = k.read(r.f, t.Type()); err != nil {
				return err
			}
		} else if !ok {
			values = make([]float32, t.Type().Elems())
		}
		if err := write(t, values); err != nil {
			return fmt.Errorf("%s: %w", label, err)
		}
	}
	return nil
}

// write copies values into a tensor of either type.
func write(t *engine.Tensor, v []float32) error {
	if t.Type().DType == ir.F32 {
		return engine.Write(t, v)
	}
	whole := make([]int32, len(v))
	for i, x := range v {
		whole[i] = int32(x)
	}
	return engine.Write(t, whole)
}

// read gives a tensor of the file in our layout.
func (k key) read(f *safetensors.File, want ir.Type) ([]float32, error) {
	info, ok := f.Info(k.name)
	if !ok {
		return nil, fmt.Errorf("the file has no tensor %s", k.name)
	}
	v := make([]float32, want.Elems())
	if info.DType == safetensors.I64 {
		whole := make([]int64, len(v))
		if err := f.ReadI64(k.name, whole); err != nil {
			return nil, err
		}
		for i, x := range whole {
			v[i] = float32(x)
		}
	} else if err := f.ReadF32(k.name, v); err != nil {
		return nil, err
	}
	if k.scale != 0 {
		for i := range v {
			v[i] = float32(k.scale*float64(v[i]) + k.shift)
		}
	}
	return k.turn.apply(v, k.name, info.Shape, want.Shape)
}

// apply gives values of the file's shape in our order.
func (p turn) apply(v []float32, name string, from, to []int) ([]float32, error) {
	if p == nil {
		if len(from) == 0 != (len(to) == 0) || len(from) > 0 && from[0] != to[0] || ir.Elems(from) != ir.Elems(to) {
			return nil, fmt.Errorf("%s has shape %s, want %s", name, ir.ShapeString(from), ir.ShapeString(to))
		}
		return v, nil
	}
	shape := append([]int(nil), to...)
	for len(shape) < len(p) {
		shape = append(shape, 1)
	}
	stride := make([]int, len(p)) // in the file, by our dimensions
	fits := len(from) == len(p) && len(shape) == len(p)
	for i, d := range p {
		if fits = fits && from[d] == shape[i]; fits {
			stride[i] = ir.Elems(from[d+1:])
		}
	}
	if !fits {
		return nil, fmt.Errorf("%s has shape %s, which does not make %s", name, ir.ShapeString(from),
			ir.ShapeString(to))
	}
	out := make([]float32, len(v))
	at := make([]int, len(p))
	for i := range out {
		source := 0
		for d, x := range at {
			source += x * stride[d]
		}
		out[i] = v[source]
		for d := len(at) - 1; d >= 0; d-- {
			if at[d]++; at[d] < shape[d] {
				break
			}
			at[d] = 0
		}
	}
	return out, nil
}

// compare looks at every loss and every gradient.
func (r *run) compare() (Golden, error) {
	out := Golden{Grads: map[string]float64{}}
	for _, label := range r.prog.Labels() {
		name, isGrad := strings.CutPrefix(label, gradKind)
		_, isLoss := r.keys[label]
		if !isGrad && !(isLoss && strings.HasPrefix(label, train.ReportKind)) {
			continue
		}
		off, err := r.relative(label)
		switch {
		case err != nil:
			return Golden{}, err
		case !isGrad:
			out.MaxRelLoss = max(out.MaxRelLoss, off)
			continue
		case off >= out.MaxRelGrad:
			out.MaxRelGrad, out.Worst = off, name
		}
		out.Grads[name] = off
	}
	return out, nil
}

// relative is the largest difference between a result and the file's tensor, over
// the largest absolute value in the file's. A result that is no number is infinitely far.
func (r *run) relative(label string) (float64, error) {
	t, err := r.prog.Tensor(label)
	if err != nil {
		return 0, err
	}
	got, err := t.Float32()
	if err != nil {
		return 0, err
	}
	k, _ := r.key(label, t.Type().Rank())
	want, err := k.read(r.f, t.Type())
	if err != nil {
		return 0, err
	}
	most, norm := 0.0, 0.0
	for i, w := range want {
		d := math.Abs(float64(got[i]) - float64(w))
		if math.IsNaN(d) {
			return math.Inf(1), nil
		}
		most, norm = max(most, d), max(norm, math.Abs(float64(w)))
	}
	return most / max(norm, math.SmallestNonzeroFloat32), nil
}
