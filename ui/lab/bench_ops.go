package lab

import (
	"context"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/grad"
	"mllab/ops"
)

// matmulWorkload is W1: square matrix products, plain and transposed.
func matmulWorkload() workload {
	w := workload{name: "W1"}
	for _, n := range []int{256, 512, 1024} {
		for _, v := range []struct {
			suffix string
			ta, tb bool
		}{{"", false, false}, {"_nt", false, true}, {"_tn", true, false}} {
			size := float64(n)
			steps := 100 * (1024 / n) * (1024 / n) // long enough for the system to give each thread a core of its own
			w.cases = append(w.cases, graphCase(fmt.Sprintf("matmul%d%s", n, v.suffix), 2e-9*size*size*size, steps,
				func(b *ir.Builder) {
					t := ir.Of(ir.F32, n, n)
					b.Output("c", ops.MatMulT(b, b.Input("a", t), b.Input("b", t), v.ta, v.tb))
				}))
		}
	}
	return w
}

// convLayer is a convolution with bias of W2, on a batch of 32.
type convLayer struct {
	name       string
	side       int // of the input
	in, out    int // channels
	size       int
	transposed bool
	conv       ops.Conv
}

const convBatch = 32

var convLayers = []convLayer{
	{"a_64_64_16_k3", 16, 64, 64, 3, false, ops.Conv{Stride: 1, Pad: 1}},
	{"b_3_64_32_k3", 32, 3, 64, 3, false, ops.Conv{Stride: 1, Pad: 1}},
	{"c_depthwise_64_16_k3", 16, 64, 64, 3, false, ops.Conv{Stride: 1, Pad: 1, Groups: 64}},
	{"d_strided_64_128_32_k4s2", 32, 64, 128, 4, false, ops.Conv{Stride: 2, Pad: 1}},
	{"e_transposed_128_64_16_k4s2", 16, 128, 64, 4, true, ops.Conv{Stride: 2, Pad: 1}},
}

// convWorkload is W2: each layer forward, and forward with the gradients of input,
// weight and bias for a given gradient of the output.
func convWorkload() workload {
	w := workload{name: "W2"}
	for _, l := range convLayers {
		w.cases = append(w.cases,
			graphCase(l.name+"/fwd", l.gflop(), 60, func(b *ir.Builder) {
				_, y := l.forward(b)
				b.Output("y", y)
			}),
			graphCase(l.name+"/fwdbwd", 3*l.gflop(), 60, func(b *ir.Builder) {
				in, y := l.forward(b)
				b.Output("y", y)
				for i, g := range grad.From(b, y, b.Input("gy", b.Type(y)), in) {
					b.Output([]string{"gx", "gw", "gb"}[i], g)
				}
			}))
	}
	return w
}

// forward gives input, weight and bias, and the layer's result.
func (l convLayer) forward(b *ir.Builder) (in []ir.Value, y ir.Value) {
	x := b.Input("x", ir.Of(ir.F32, convBatch, l.side, l.side, l.in))
	w := b.Input("w", ir.Of(ir.F32, l.size, l.size, l.in/max(1, l.conv.Groups), l.out))
	bias := b.Input("b", ir.Of(ir.F32, l.out))
	if l.transposed {
		y = ops.ConvTranspose2D(b, x, w, l.conv)
	} else {
		y = ops.Conv2D(b, x, w, l.conv)
	}
	return []ir.Value{x, w, bias}, ops.Add(b, y, bias)
}

// gflop counts the products and sums of the layer, forward, without the zeros that
// a transposed convolution does not multiply by.
func (l convLayer) gflop() float64 {
	positions := l.side // of the kernel, a side
	if !l.transposed {
		positions /= l.conv.Stride
	}
	each := l.size * l.size * l.in / max(1, l.conv.Groups) * l.out
	return 2e-9 * float64(convBatch*positions*positions) * float64(each)
}

// graphCase is a case of one graph, whose inputs are filled with reproducible noise.
func graphCase(name string, gflop float64, steps int, trace func(b *ir.Builder)) openCase {
	return openCase{name, gflop, steps, 5, func(ctx context.Context, e *engine.Engine) (*benchCase, error) {
		p, err := e.Program(ctx, name, nil, trace)
		if err != nil {
			return nil, err
		}
		for i, label := range p.Labels() {
			if !p.Takes(label) {
				continue
			}
			t, err := p.Tensor(label)
			if err == nil {
				err = engine.Write(t, noise(t.Type().Elems(), uint32(i+1)))
			}
			if err != nil {
				p.Close()
				return nil, err
			}
		}
		return &benchCase{0, p, p.Run, p.Close}, nil
	}}
}

// noise is n reproducible numbers in [-0.5, 0.5).
func noise(n int, seed uint32) []float32 {
	v := make([]float32, n)
	for i := range v {
		seed = seed*1664525 + 1013904223 // Numerical Recipes' generator
		v[i] = float32(seed>>8)/(1<<24) - 0.5
	}
	return v
}
