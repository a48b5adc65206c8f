package gen

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"mllab/engine"
)

// row is a term on its way through the brush.
type row struct {
	tile   int
	weight float32
}

// Painting is pictures on their way from noise. Its slices are its own and change with every step.
type Painting struct {
	k    *Brush
	o    PaintOptions
	rng  []*rand.Rand // of each picture, for the noise after the first
	rows []row
	step int
	base float64 // time at which it began

	X, Clean []float32 // [n h w C] in about [-1,1]: as noisy as the step is, and the estimate of the end
	start    []float32 // [h w C] in [-1,1], nil: none
	mask     []float32 // [h w C]
	xs, ts   []float32 // the brush's inputs and output
	out      []float32
}

// Begin lays out n pictures of noise. texts and avoid hold n texts of TextLength tokens each; a row of avoid is
// usually that of no text.
func (k *Brush) Begin(o PaintOptions, texts, avoid []int32) (*Painting, error) {
	n := k.rows / 2
	if len(texts) != n*TextLength || len(avoid) != n*TextLength {
		return nil, fmt.Errorf("%d and %d tokens: want %d, %d texts of %d", len(texts), len(avoid), n*TextLength, n,
			TextLength)
	}
	o, err := o.sure(k.net)
	if err != nil {
		return nil, err
	}
	tiles := make([]Tile, n)
	for i := range tiles {
		a, b := i*TextLength, (i+1)*TextLength
		tiles[i] = Tile{Terms: Guided(texts[a:b], avoid[a:b], o.Guidance), Stream: uint64(i)}
	}
	return k.Lay(o, tiles)
}

// Lay lays out pictures of noise, whose terms together are at most the brush's rows. The options' guidance is in the
// terms already.
func (k *Brush) Lay(o PaintOptions, tiles []Tile) (*Painting, error) {
	if err := o.Check(k.d); err != nil {
		return nil, err
	}
	o, err := o.sure(k.net)
	if err != nil {
		return nil, err
	}
	p := &Painting{k: k, o: o, base: 1}
	ids, err := p.lay(tiles)
	if err != nil {
		return nil, err
	}
	if err := engine.Write(k.text, ids); err != nil {
		return nil, err
	}
	one := k.size()
	p.X, p.Clean = make([]float32, len(tiles)*one), make([]float32, len(tiles)*one)
	p.xs, p.ts, p.out = make([]float32, k.rows*one), make([]float32, k.rows), make([]float32, k.rows*one)
	for i, t := range tiles {
		t.Noise(o.Seed, p.X[i*one:(i+1)*one])
		p.rng = append(p.rng, stream(o.Seed^laterNoise, t.Stream))
	}
	if o.Start != nil {
		p.begin()
	}
	return p, nil
}

// lay gives every term a row, the first terms of all pictures first, and the texts of all rows.
func (p *Painting) lay(tiles []Tile) (ids []int32, err error) {
	most := 0
	for i, t := range tiles {
		if len(t.Terms) < 1 {
			return nil, fmt.Errorf("picture %d of a painting has no text: want at least one", i)
		}
		most = max(most, len(t.Terms))
	}
	for j := range most {
		for i, t := range tiles {
			if j >= len(t.Terms) {
				continue
			}
			if n := len(t.Terms[j].Text); n != TextLength {
				return nil, fmt.Errorf("a text of %d tokens: want %d", n, TextLength)
			}
			p.rows = append(p.rows, row{i, float32(t.Terms[j].Weight)})
			ids = append(ids, t.Terms[j].Text...)
		}
	}
	if n := len(p.rows); n < 1 || n > p.k.rows {
		return nil, fmt.Errorf("%d texts: want 1 to %d", n, p.k.rows)
	}
	for len(ids) < p.k.rows*TextLength { // rows that nobody looks at
		ids = append(ids, ids[:TextLength]...)
	}
	return ids, nil
}

// noise fills dst with standard Gaussian noise, each picture from its own numbers.
func (p *Painting) noise(dst []float32) {
	one := p.k.size()
	for i, r := range p.rng {
		gaussian(r, dst[i*one:(i+1)*one])
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
	k, one := p.k, p.k.size()
	for i, r := range p.rows {
		copy(p.xs[i*one:(i+1)*one], x[r.tile*one:])
	}
	for i := range p.ts {
		p.ts[i] = float32(t)
	}
	if err := engine.Write(k.x, p.xs); err != nil {
		return err
	}
	if k.t != nil {
		if err := engine.Write(k.t, p.ts); err != nil {
			return err
		}
	}
	if err := k.prog.Run(ctx); err != nil {
		return err
	}
	if err := engine.Read(k.out, p.out); err != nil {
		return err
	}
	clear(p.Clean)
	for i, r := range p.rows {
		to := p.Clean[r.tile*one : (r.tile+1)*one]
		for j, v := range p.out[i*one : (i+1)*one] {
			to[j] += r.weight * v
		}
	}
	for i, v := range p.Clean {
		if v != v {
			return ErrNoNumbers
		}
		p.Clean[i] = min(max(v, -1), 1)
	}
	return nil
}

// ErrNoNumbers is given where a net's estimates are not numbers.
var ErrNoNumbers = errors.New("the net gives values that are not numbers: its training broke, go on from an earlier " +
	"checkpoint or train with a smaller --lr")

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
