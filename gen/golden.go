package gen

import (
	"context"
	"fmt"
	"math"
	"strings"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/engine/safetensors"
	"mllab/engine/train"
)

// Golden is how far a device is from numbers computed elsewhere.
type Golden struct {
	MaxRelLoss float64 // of the loss
	MaxRelGrad float64 // of the worst gradient: largest error over that gradient's largest value
	Worst      string  // the parameter with that gradient
}

// The gate that an engine must pass before it is timed.
const (
	GoldenLoss = 1e-4
	GoldenGrad = 1e-3
)

// Passed reports whether the gate is passed.
func (g Golden) Passed() bool { return g.MaxRelLoss <= GoldenLoss && g.MaxRelGrad <= GoldenGrad }

// W3Golden runs one step on the parameters, pictures and noise of a safetensors file
// and compares the loss and all gradients with the file's. Its keys are param.NAME,
// grad.NAME, input.x, input.eps and loss.loss, with PyTorch's names and layouts.
func W3Golden(ctx context.Context, eng *engine.Engine, path string) (Golden, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return Golden{}, err
	}
	defer f.Close()
	g, err := w3Golden(ctx, eng, f)
	if err != nil {
		return Golden{}, fmt.Errorf("golden gate of W3: %w", err)
	}
	return g, nil
}

func w3Golden(ctx context.Context, eng *engine.Engine, f *safetensors.File) (Golden, error) {
	net, err := w3Net()
	if err != nil {
		return Golden{}, err
	}
	params := net.Params().Trainable()
	prog, err := eng.Program(ctx, "golden", nil, func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Given = true
		loss, _, _ := net.loss(s, train.NewBatch(s, w3Batch, w3Data.H, w3Data.W, w3Data.C))
		var values []ir.Value
		for _, p := range params {
			values = append(values, s.Param(p))
		}
		b.Output("loss", loss)
		for i, g := range grad.Of(b, loss, values) {
			b.Output("grad."+params[i].Name, g)
		}
	})
	if err != nil {
		return Golden{}, err
	}
	defer prog.Close()
	if err := feedGolden(prog, f, params); err != nil {
		return Golden{}, err
	}
	if err := prog.Run(ctx); err != nil {
		return Golden{}, err
	}
	return compareGolden(prog, f, params)
}

// feedGolden copies parameters and inputs from the file.
func feedGolden(prog *engine.Program, f *safetensors.File, params []*nn.Param) error {
	keys := map[string]string{train.InputX: "input.x", nn.NoiseKind + "eps": "input.eps"}
	for _, p := range params {
		keys[nn.ParamKind+p.Name] = "param." + p.Name
	}
	for _, label := range prog.Labels() {
		key, ok := keys[label]
		if !ok {
			continue
		}
		t, err := prog.Tensor(label)
		if err != nil {
			return err
		}
		v, err := fromTorch(f, key, t.Type())
		if err != nil {
			return err
		}
		if err := engine.Write(t, v); err != nil {
			return err
		}
	}
	return nil
}

// fromTorch reads a tensor in our layout: a linear weight, [out in] there, is turned.
func fromTorch(f *safetensors.File, key string, want ir.Type) ([]float32, error) {
	v := make([]float32, want.Elems())
	if err := f.ReadF32(key, v); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(key, ".weight") {
		return v, nil
	}
	in, out := want.Shape[0], want.Shape[1]
	if info, _ := f.Info(key); !ir.SameShape(info.Shape, []int{out, in}) {
		return nil, fmt.Errorf("%s has shape %s, want %s", key, ir.ShapeString(info.Shape),
			ir.ShapeString([]int{out, in}))
	}
	turned := make([]float32, len(v))
	for o := range out {
		for i := range in {
			turned[i*out+o] = v[o*in+i]
		}
	}
	return turned, nil
}

func compareGolden(prog *engine.Program, f *safetensors.File, params []*nn.Param) (Golden, error) {
	loss, err := relative(prog, f, "loss", "loss.loss")
	if err != nil {
		return Golden{}, err
	}
	g := Golden{MaxRelLoss: loss}
	for _, p := range params {
		r, err := relative(prog, f, "grad."+p.Name, "grad."+p.Name)
		if err != nil {
			return Golden{}, err
		}
		if r >= g.MaxRelGrad {
			g.MaxRelGrad, g.Worst = r, p.Name
		}
	}
	return g, nil
}

// relative is the largest difference between a result and the file's tensor, over
// the largest absolute value in the file's. A result that is no number is infinitely far.
func relative(prog *engine.Program, f *safetensors.File, label, key string) (float64, error) {
	t, err := prog.Tensor(label)
	if err != nil {
		return 0, err
	}
	got, err := t.Float32()
	if err != nil {
		return 0, err
	}
	want, err := fromTorch(f, key, t.Type())
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
