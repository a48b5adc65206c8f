package gen

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// PaintOptions say how pictures are painted. NewPaintOptions gives the usual ones.
type PaintOptions struct {
	Steps    int     // from noise to picture, 1 to MaxPaintSteps
	Guidance float64 // how far to go beyond what no text would give; 1: as the text says
	Sampler  string  // one of Samplers
	Seed     uint64

	// Start is a picture to begin with, [H W C] in [0,1] of the data's size, for all pictures; nil: noise alone.
	// Strength in (0,1] is how much noise it gets: 1 leaves nothing of it.
	Start    []float32
	Strength float64
	// Mask, [H W] of the data's size, is 1 where Start may be painted over and 0 where it must stay; nil: everywhere.
	Mask []float32
}

// Samplers are the ways from noise to a picture: "euler" and "heun" follow the flow by one and by two estimates a
// step (Karras et al., NeurIPS 2022, algorithm 1), "ddim" mixes the estimates of picture and noise anew (Song et al.,
// ICLR 2021), "ddpm" adds fresh noise as well (Ho et al., 2020).
var Samplers = []string{"euler", "heun", "ddim", "ddpm"}

// Bounds of what can be asked for.
const (
	MaxPaintSteps = 1000
	MaxGuidance   = 50
)

// NewPaintOptions are 20 steps of Euler at a guidance of 3.
func NewPaintOptions() PaintOptions {
	return PaintOptions{Steps: 20, Guidance: 3, Sampler: "euler", Strength: 1}
}

// Check says what cannot be painted. d are the pictures' sizes.
func (o PaintOptions) Check(d DataInfo) error {
	switch {
	case o.Steps < 1 || o.Steps > MaxPaintSteps:
		return fmt.Errorf("steps %d: want 1 to %d", o.Steps, MaxPaintSteps)
	case !(math.Abs(o.Guidance) <= MaxGuidance):
		return fmt.Errorf("guidance %v: want a number from %d to %d, such as 3", o.Guidance, -MaxGuidance, MaxGuidance)
	case !slices.Contains(Samplers, o.Sampler):
		return fmt.Errorf("sampler %q: unknown%s, want one of %s", clean(o.Sampler), nearest(o.Sampler, Samplers),
			strings.Join(Samplers, ", "))
	case o.Start != nil && len(o.Start) != d.values():
		return fmt.Errorf("a start of %d values: want %d, a picture of %dx%dx%d", len(o.Start), d.values(), d.H, d.W, d.C)
	case o.Start != nil && !(o.Strength > 0 && o.Strength <= 1):
		return fmt.Errorf("strength %v: want a number over 0, at most 1", o.Strength)
	case o.Mask != nil && o.Start == nil:
		return fmt.Errorf("a mask without a picture to keep: want a start as well")
	case o.Mask != nil && len(o.Mask) != d.H*d.W:
		return fmt.Errorf("a mask of %d values: want %d, one a pixel of %dx%d", len(o.Mask), d.H*d.W, d.H, d.W)
	}
	return nil
}

// Labels of a brush's program. Its rows are n pictures with their texts, then the same with what is to be avoided.
const (
	brushX    = "x"
	brushT    = "t"
	brushText = train.InputTokens
	brushOut  = "clean"
	brushLook = "look."
)

// Brush is the compiled estimate of a Painter for n pictures at once. While the net trains, a Painting's steps must
// run inside the loop's Do.
type Brush struct {
	net  Painter
	d    DataInfo
	fit  fit
	n    int
	prog *engine.Program
	x    *engine.Tensor
	t    *engine.Tensor
	text *engine.Tensor
	out  *engine.Tensor
	// Looks are the layers that look at the words, in their order.
	Looks []Look
	seen  []*engine.Tensor
}

// NewBrush compiles one for n pictures of the net whose parameters are in st; averaged parameters are preferred. With
// looks it keeps where the layers looked. Close frees it.
func NewBrush(ctx context.Context, eng *engine.Engine, net Painter, d DataInfo, st *train.State, n int,
	looks bool) (*Brush, error) {
	if n < 1 {
		return nil, fmt.Errorf("brush for %d pictures: want at least 1", n)
	}
	h, w, c := net.Size()
	k := &Brush{net: net, d: d, fit: fit{d, h, w}, n: n}
	var err error
	k.prog, err = eng.Program(ctx, "brush", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Kind = st.Kind()
		var into *[]Look
		if looks {
			into = &k.Looks
		}
		k.Looks = nil
		y := net.Clean(s, s.Input(brushX, ir.Of(ir.F32, 2*n, h, w, c)), s.Input(brushT, ir.Of(ir.F32, 2*n)),
			s.Input(brushText, ir.Of(ir.I32, 2*n, TextLength)), into)
		b.Output(brushOut, y)
		for _, l := range k.Looks {
			b.Output(brushLook+l.Name, l.Weights)
		}
	})
	if err != nil {
		return nil, err
	}
	for label, t := range map[string]**engine.Tensor{brushX: &k.x, brushT: &k.t, brushText: &k.text, brushOut: &k.out} {
		if *t, err = k.prog.Tensor(label); err != nil {
			k.Close()
			return nil, err
		}
	}
	for _, l := range k.Looks {
		t, err := k.prog.Tensor(brushLook + l.Name)
		if err != nil {
			k.Close()
			return nil, err
		}
		k.seen = append(k.seen, t)
	}
	return k, nil
}

// Close frees the program.
func (k *Brush) Close() { k.prog.Close() }

// Count is how many pictures are painted at once.
func (k *Brush) Count() int { return k.n }

// Painting is n pictures on their way from noise. Its slices are its own and change with every step.
type Painting struct {
	k    *Brush
	o    PaintOptions
	rng  []*rand.Rand
	step int
	base float64 // time at which it began

	X, Clean []float32 // [n h w C] in about [-1,1]: as noisy as the step is, and the estimate of the end
	start    []float32 // [h w C] in [-1,1], nil: none
	mask     []float32 // [h w C]
	xs, ts   []float32
	out      []float32
}

// Begin lays out n pictures of noise. texts and avoid hold n texts of TextLength tokens each; a row of avoid is
// usually that of no text.
func (k *Brush) Begin(o PaintOptions, texts, avoid []int32) (*Painting, error) {
	if err := o.Check(k.d); err != nil {
		return nil, err
	}
	if len(texts) != k.n*TextLength || len(avoid) != k.n*TextLength {
		return nil, fmt.Errorf("%d and %d tokens: want %d, %d texts of %d", len(texts), len(avoid), k.n*TextLength, k.n,
			TextLength)
	}
	if err := engine.Write(k.text, slices.Concat(texts, avoid)); err != nil {
		return nil, err
	}
	size := k.out.Type().Elems() / 2
	p := &Painting{k: k, o: o, base: 1, X: make([]float32, size), Clean: make([]float32, size),
		xs: make([]float32, 2*size), ts: make([]float32, 2*k.n), out: make([]float32, 2*size)}
	for i := range k.n {
		p.rng = append(p.rng, rand.New(rand.NewPCG(o.Seed, uint64(i)+1)))
	}
	p.noise(p.X)
	if o.Start != nil {
		p.begin()
	}
	return p, nil
}

// noise fills dst with standard Gaussian noise, each picture from its own numbers.
func (p *Painting) noise(dst []float32) {
	one := len(dst) / p.k.n
	for i, r := range p.rng {
		for j := range one {
			dst[i*one+j] = float32(r.NormFloat64())
		}
	}
}

// begin mixes the start into the noise.
func (p *Painting) begin() {
	p.base = min(max(p.o.Strength, leastTime), 1)
	p.start = p.k.inside(p.o.Start, p.k.d.C, -1)
	if p.o.Mask != nil {
		wide := make([]float32, p.k.d.values())
		for i := range wide {
			wide[i] = min(max(p.o.Mask[i/p.k.d.C], 0), 1)
		}
		p.mask = p.k.inside(wide, p.k.d.C, 0)
		for i, v := range p.mask {
			p.mask[i] = (v + 1) / 2
		}
	}
	alpha, sigma := p.k.net.Process().Mix(p.base)
	for i := range p.X {
		p.X[i] = float32(alpha)*p.start[i%len(p.start)] + float32(sigma)*p.X[i]
	}
}

// inside brings a picture [H W C] in [0,1] to the size that is worked on, in [-1,1], framed with a value.
func (k *Brush) inside(v []float32, c int, frame float32) []float32 {
	out := make([]float32, k.fit.h*k.fit.w*c)
	for i := range out {
		out[i] = frame
	}
	top, left := (k.fit.h-k.d.H)/2, (k.fit.w-k.d.W)/2
	for y := range k.fit.h {
		for x := range k.fit.w {
			fromY, fromX := y-top, x-left
			if top < 0 || left < 0 { // larger pictures are shrunk: the nearest pixel
				fromY, fromX = (2*y+1)*k.d.H/(2*k.fit.h), (2*x+1)*k.d.W/(2*k.fit.w)
			}
			if fromY < 0 || fromX < 0 || fromY >= k.d.H || fromX >= k.d.W {
				continue
			}
			for j := range c {
				out[(y*k.fit.w+x)*c+j] = 2*v[(fromY*k.d.W+fromX)*c+j] - 1
			}
		}
	}
	return out
}

// Steps done, and those asked for.
func (p *Painting) Steps() (done, of int) { return p.step, p.o.Steps }

// time at which step i ends.
func (p *Painting) time(i int) float64 { return p.base * (1 - float64(i)/float64(p.o.Steps)) }

// Step takes one step and reports whether the pictures are finished.
func (p *Painting) Step(ctx context.Context) (done bool, err error) {
	if p.step >= p.o.Steps {
		return true, nil
	}
	t, s := p.time(p.step), p.time(p.step+1)
	if err := p.estimate(ctx, p.X, t); err != nil {
		return false, err
	}
	pr := p.k.net.Process()
	switch p.o.Sampler {
	case "heun":
		if err := p.heun(ctx, pr, t, s); err != nil {
			return false, err
		}
	case "euler":
		da, ds := pr.Slope(t)
		for i, e := range p.rest(pr, t) {
			p.X[i] += float32((s - t) * (da*float64(p.Clean[i]) + ds*float64(e)))
		}
	case "ddim":
		p.mingle(pr, t, s, 0)
	default:
		p.mingle(pr, t, s, 1)
	}
	p.step++
	p.keep(pr, s)
	if p.step == p.o.Steps {
		copy(p.X, p.Clean)
		if p.mask != nil {
			for i := range p.X {
				m := p.mask[i%len(p.mask)]
				p.X[i] = m*p.X[i] + (1-m)*p.start[i%len(p.start)]
			}
		}
	}
	return p.step == p.o.Steps, nil
}

// estimate writes the guided estimate of the pictures behind x at time t into Clean.
func (p *Painting) estimate(ctx context.Context, x []float32, t float64) error {
	t = min(max(t, leastTime), 1-leastTime)
	copy(p.xs, x)
	copy(p.xs[len(x):], x)
	for i := range p.ts {
		p.ts[i] = float32(t)
	}
	k := p.k
	if err := engine.Write(k.x, p.xs); err != nil {
		return err
	}
	if err := engine.Write(k.t, p.ts); err != nil {
		return err
	}
	if err := k.prog.Run(ctx); err != nil {
		return err
	}
	if err := engine.Read(k.out, p.out); err != nil {
		return err
	}
	g := float32(p.o.Guidance)
	with, without := p.out[:len(x)], p.out[len(x):]
	for i := range p.Clean {
		v := without[i] + g*(with[i]-without[i])
		p.Clean[i] = min(max(v, -1), 1)
	}
	return nil
}

// rest is the noise that X holds beside Clean at time t, in a buffer of its own.
func (p *Painting) rest(pr Process, t float64) []float32 {
	alpha, sigma := pr.Mix(min(max(t, leastTime), 1-leastTime))
	e := p.out[:len(p.X)]
	for i, x := range p.X {
		e[i] = (x - float32(alpha)*p.Clean[i]) / float32(sigma)
	}
	return e
}

// heun takes the mean of the slopes at both ends of a step.
func (p *Painting) heun(ctx context.Context, pr Process, t, s float64) error {
	from := slices.Clone(p.X)
	slope := make([]float32, len(p.X))
	da, ds := pr.Slope(t)
	for i, e := range p.rest(pr, t) {
		slope[i] = float32(da)*p.Clean[i] + float32(ds)*e
	}
	for i := range p.X {
		p.X[i] = from[i] + float32(s-t)*slope[i]
	}
	if s <= 0 {
		return nil // there is no noise left to estimate
	}
	if err := p.estimate(ctx, p.X, s); err != nil {
		return err
	}
	da, ds = pr.Slope(s)
	for i, e := range p.rest(pr, s) {
		p.X[i] = from[i] + float32(s-t)*(slope[i]+float32(da)*p.Clean[i]+float32(ds)*e)/2
	}
	return nil
}

// mingle mixes the estimates of picture and noise for time s; eta is the share of the noise that is fresh
// (Kingma et al., "Variational diffusion models", NeurIPS 2021, for any alpha and sigma).
func (p *Painting) mingle(pr Process, t, s, eta float64) {
	alphaT, sigmaT := pr.Mix(min(max(t, leastTime), 1-leastTime))
	alphaS, sigmaS := pr.Mix(s)
	fresh := 0.0
	if eta > 0 && alphaS > 0 {
		ratio := alphaT / alphaS * sigmaS / sigmaT
		fresh = eta * sigmaS * math.Sqrt(max(0, 1-ratio*ratio))
	}
	left := math.Sqrt(max(0, sigmaS*sigmaS-fresh*fresh))
	e := slices.Clone(p.rest(pr, t))
	if fresh > 0 {
		p.noise(p.out[:len(p.X)])
	}
	for i := range p.X {
		v := alphaS*float64(p.Clean[i]) + left*float64(e[i])
		if fresh > 0 {
			v += fresh * float64(p.out[i])
		}
		p.X[i] = float32(v)
	}
}

// keep puts back what the mask protects, as noisy as the rest is at time s (Lugmayr et al., "RePaint", CVPR 2022).
func (p *Painting) keep(pr Process, s float64) {
	if p.mask == nil {
		return
	}
	alpha, sigma := pr.Mix(s)
	fresh := p.out[:len(p.X)]
	p.noise(fresh)
	for i := range p.X {
		j := i % len(p.start)
		known := float32(alpha)*p.start[j] + float32(sigma)*fresh[i]
		p.X[i] = p.mask[j]*p.X[i] + (1-p.mask[j])*known
	}
}

// Show writes values as X or Clean hold them as pictures, [n H W C] in [0,1] of the data's size.
func (k *Brush) Show(v, dst []float32) {
	d, c := k.d, k.d.C
	top, left := (k.fit.h-d.H)/2, (k.fit.w-d.W)/2
	for n := range k.n {
		for y := range d.H {
			for x := range d.W {
				fromY, fromX := y+top, x+left
				if top < 0 || left < 0 {
					fromY, fromX = y*k.fit.h/d.H, x*k.fit.w/d.W
				}
				for j := range c {
					at := v[((n*k.fit.h+fromY)*k.fit.w+fromX)*c+j]
					dst[((n*d.H+y)*d.W+x)*c+j] = min(max((at+1)/2, 0), 1)
				}
			}
		}
	}
}

// Seen writes where layer i of Looks looked in the last estimate, with the texts: [n Heads H*W TextLength].
func (k *Brush) Seen(i int, dst []float32) error {
	all := make([]float32, k.seen[i].Type().Elems())
	if err := engine.Read(k.seen[i], all); err != nil {
		return err
	}
	copy(dst, all[:len(all)/2])
	return nil
}
