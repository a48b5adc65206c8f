package lab

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/ops"
)

// ConvLab computes convolutions of pictures on the session's device. Every shape is compiled once; kernels
// and biases are inputs, so that editing them compiles nothing. Its methods may be called from any
// goroutine and take their time: from a key path call them on another.
type ConvLab struct {
	session *Session

	mu       sync.Mutex
	eng      *engine.Engine
	programs map[convShape]*convProgram
	order    []convShape // the oldest first
}

// ConvResult is what came of a picture and a spec. It is immutable.
type ConvResult struct {
	Spec    ConvSpec
	Picture *ConvPicture
	Sizes   ConvSizes
	Plane   *ConvPlane
	Pre     []float32 // [H W outputs]: sums and bias
	Act     []float32 // [H W outputs]: their activation
	Out     []float32 // [OutH OutW outputs]: pooled, or Act
	Maps    []ConvStats
	Device  string
	Took    time.Duration // to run
	Compile time.Duration // before that, 0 where it was compiled already
}

// ConvStats describe one map.
type ConvStats struct {
	Kernel string  `json:"kernel"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Mean   float64 `json:"mean"`
	Std    float64 `json:"std"`
}

// convShape is what a compiled program depends on.
type convShape struct {
	h, w, channels, outputs, size, stride, pad, dilation int
	mode, kind, activation, pool                         string
	depthwise                                            bool
	poolSize, poolStride                                 int
}

type convProgram struct {
	program *engine.Program
	index   []int32 // of the gather that pads, nil without
}

// maxConvPrograms bounds the memory of what was compiled.
const maxConvPrograms = 24

// NewConvLab makes a lab on a session's device; without a session it computes by the reference.
func NewConvLab(s *Session) *ConvLab {
	l := &ConvLab{session: s, programs: map[convShape]*convProgram{}}
	if s != nil {
		s.atClose(l.close)
	}
	return l
}

// Compute gives the maps of a picture. An impossible spec is an error that wraps ErrImpossible.
func (l *ConvLab) Compute(ctx context.Context, pic *ConvPicture, spec ConvSpec) (*ConvResult, error) {
	if err := spec.Check(pic.H, pic.W); err != nil {
		return nil, err
	}
	in := pic.Values(spec.Channels)
	r := &ConvResult{Spec: spec, Picture: pic, Sizes: spec.Sizes(pic.H, pic.W),
		Plane: spec.Plane(in, pic.H, pic.W)}
	if l.session == nil {
		begin := time.Now()
		r.Pre, r.Act, r.Out = spec.Reference(r.Plane, r.Sizes)
		r.Took, r.Device = time.Since(begin), "reference"
	} else if err := l.onDevice(ctx, r, in); err != nil {
		return nil, err
	}
	r.Maps = convStats(r.Out, spec)
	return r, nil
}

// onDevice computes the maps of r, compiling first where this shape is new.
func (l *ConvLab) onDevice(ctx context.Context, r *ConvResult, in []float32) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.eng == nil {
		opt := l.session.opt
		opt.Threads = 1 // what takes microseconds leaves the others to a training
		eng, err := l.session.engine(opt)
		if err != nil {
			return err
		}
		l.eng = eng
	}
	begin := time.Now()
	p, fresh, err := l.program(ctx, r)
	if err != nil {
		return err
	}
	if fresh {
		r.Compile = time.Since(begin)
	}
	begin = time.Now()
	inputs := map[string][]float32{"x": in, "w": r.Spec.weights(), "b": r.Spec.biases()}
	for label, values := range inputs {
		t, err := p.program.Tensor(label)
		if err != nil {
			return err
		}
		if err := engine.Write(t, values); err != nil {
			return err
		}
	}
	if err := p.program.Run(ctx); err != nil {
		return err
	}
	for label, to := range map[string]*[]float32{"pre": &r.Pre, "act": &r.Act, "out": &r.Out} {
		t, err := p.program.Tensor(label)
		if err != nil {
			return err
		}
		if *to, err = t.Float32(); err != nil {
			return err
		}
	}
	r.Took, r.Device = time.Since(begin), deviceText(l.eng.Device())
	return nil
}

// program is the compiled program for the shape of r.
func (l *ConvLab) program(ctx context.Context, r *ConvResult) (p *convProgram, fresh bool, err error) {
	s := r.Spec
	shape := convShape{r.Picture.H, r.Picture.W, s.Channels, len(s.Kernels), s.Size, s.Stride, s.Pad, s.Dilation,
		s.Mode, s.Kind, s.Activation, s.Pool, s.Depthwise, s.PoolSize, s.PoolStride}
	if p := l.programs[shape]; p != nil {
		return p, false, nil
	}
	p = &convProgram{}
	if s.Mode != "zero" && s.Pad > 0 {
		p.index = r.Plane.index(r.Picture.W)
	}
	p.program, err = l.eng.Program(ctx, "conv-lab", nil, func(b *ir.Builder) {
		s.trace(b, r.Picture.H, r.Picture.W, len(p.index) > 0, r.Plane)
	})
	if err != nil {
		return nil, false, fmt.Errorf("convolution: %w", err)
	}
	if p.index != nil {
		t, err := p.program.Tensor("index")
		if err == nil {
			err = engine.Write(t, p.index)
		}
		if err != nil {
			p.program.Close()
			return nil, false, err
		}
	}
	if len(l.order) >= maxConvPrograms {
		l.programs[l.order[0]].program.Close()
		delete(l.programs, l.order[0])
		l.order = l.order[1:]
	}
	l.programs[shape], l.order = p, append(l.order, shape)
	return p, true, nil
}

// trace builds the graph of s for pictures of h x w. Padding that is no zero is gathered from the picture.
func (s ConvSpec) trace(b *ir.Builder, h, w int, gathered bool, plane *ConvPlane) {
	x := b.Input("x", ir.Of(ir.F32, 1, h, w, s.Channels))
	weight := b.Input("w", ir.Of(ir.F32, s.Size, s.Size, s.Seen(), len(s.Kernels)))
	bias := b.Input("b", ir.Of(ir.F32, len(s.Kernels)))
	c := ops.Conv{Stride: s.Stride, Pad: s.Pad, Dilation: s.Dilation, Groups: s.Groups()}
	if gathered {
		index := b.Input("index", ir.Of(ir.I32, plane.H*plane.W))
		x = ops.Gather(b, ops.Reshape(b, x, h*w, s.Channels), index)
		x = ops.Reshape(b, x, 1, plane.H, plane.W, s.Channels)
		c.Pad = 0
	} else if s.Kind == "resize" {
		x = ops.Upsample2D(b, x, s.Stride)
	}
	var pre ir.Value
	if s.Kind == "transposed" {
		pre = ops.ConvTranspose2D(b, x, weight, c)
	} else {
		if s.Kind == "resize" {
			c.Stride = 1
		}
		pre = ops.Conv2D(b, x, weight, c)
	}
	pre = ops.Add(b, pre, bias)
	act := s.activate(b, pre)
	out := act
	pool := ops.Pool{Size: s.PoolSize, Stride: s.PoolStride}
	switch s.Pool {
	case "max":
		out = ops.MaxPool2D(b, act, pool)
	case "average":
		out = ops.AvgPool2D(b, act, pool)
	}
	b.Output("pre", pre)
	b.Output("act", act)
	b.Output("out", out)
}

func (s ConvSpec) activate(b *ir.Builder, x ir.Value) ir.Value {
	switch s.Activation {
	case "relu":
		return ops.Relu(b, x)
	case "leaky":
		return ops.LeakyRelu(b, x, convLeak)
	case "sigmoid":
		return ops.Sigmoid(b, x)
	case "tanh":
		return ops.Tanh(b, x)
	case "silu":
		return ops.Silu(b, x)
	case "gelu":
		return ops.Gelu(b, x)
	}
	return x
}

// weights are the kernels as operators take them: [R S C/G K].
func (s ConvSpec) weights() []float32 {
	k, seen := len(s.Kernels), s.Seen()
	out := make([]float32, s.Size*s.Size*seen*k)
	for i := range out {
		o, c, tap := i%k, i/k%seen, i/k/seen
		out[i] = s.Kernels[o].Weights[c*s.Size*s.Size+tap]
	}
	return out
}

func (s ConvSpec) biases() []float32 {
	out := make([]float32, len(s.Kernels))
	for i := range out {
		out[i] = float32(s.Bias)
	}
	return out
}

// index are the pixels of a picture of width w that the plane holds, none of which is a zero.
func (p *ConvPlane) index(w int) []int32 {
	list := make([]int32, 0, p.H*p.W)
	for _, y := range p.sourceY {
		for _, x := range p.sourceX {
			list = append(list, y*int32(w)+x)
		}
	}
	return list
}

func convStats(out []float32, s ConvSpec) []ConvStats {
	k := len(s.Kernels)
	list := make([]ConvStats, k)
	n := float64(len(out) / k)
	for o := range list {
		m := ConvStats{Kernel: s.Kernels[o].Name, Min: math.Inf(1), Max: math.Inf(-1)}
		var sum, squares float64
		for i := o; i < len(out); i += k {
			v := float64(out[i])
			m.Min, m.Max = min(m.Min, v), max(m.Max, v)
			sum += v
			squares += v * v
		}
		m.Mean = sum / n
		m.Std = math.Sqrt(max(0, squares/n-m.Mean*m.Mean))
		list[o] = m
	}
	return list
}

// close frees the programs and the device.
func (l *ConvLab) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.programs {
		p.program.Close()
	}
	clear(l.programs)
	l.order = nil
	if l.eng == nil {
		return nil
	}
	err := l.eng.Close()
	l.eng = nil
	return err
}
