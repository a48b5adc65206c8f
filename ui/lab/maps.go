package lab

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/samples"
)

// Maps are the feature maps of a net on one picture. They are immutable.
type Maps struct {
	Version int
	Input   View // the picture
	Label   int  // its own, -1 without one
	Classes []string
	Probs   []float64 // one a class
	Layers  []MapLayer
}

// MapLayer is what a layer of a net makes of a picture.
type MapLayer struct {
	Name, Kind             string // "c1", nn.ConvKind
	H, W, C                int
	Values                 []float32 // [H W C]
	Kernel                 []float32 // [R S Cin C], nil where there is none
	R, S, Cin, Stride, Pad int
	Field                  Field
}

// WatchMaps keeps State.Maps up to date for an example of the test set; -1 stops. It
// takes a small share of the training's time. Nets without layers to show ignore it.
func (j *Job) WatchMaps(example int) { j.watch(mapsWish{on: example >= 0, example: example}) }

// WatchPicture keeps State.Maps up to date for a picture of the user's own, [H W C] of
// the data's size, values in [0,1]. It is not copied and must not change.
func (j *Job) WatchPicture(pixels []float32) { j.watch(mapsWish{on: true, pixels: pixels}) }

// mapsWish is what the maps are to be of.
type mapsWish struct {
	on      bool
	example int
	pixels  []float32 // nil: the example
	version int       // of the wish
}

func (j *Job) watch(w mapsWish) {
	j.mu.Lock()
	w.version = j.wish.version + 1
	j.wish = w
	if !w.on {
		j.st.Maps = nil
		j.publish()
	}
	j.mu.Unlock()
	select {
	case j.wishes <- struct{}{}:
	default:
	}
}

// looks draws feature maps beside a training.
type looks struct {
	eng    *engine.Engine
	net    gen.Looker
	src    samples.Source
	state  *train.State
	loop   *train.Loop // nil: a net at rest
	cancel context.CancelFunc
	done   sync.WaitGroup
	ctx    context.Context // of all that looks at the net; ends before the engine does

	mu    sync.Mutex // held while a probe is made or runs
	one   *gen.Probe // on one picture
	many  *gen.Probe // on strongBatch pictures
	drawn int
}

// newLooks begins to wait for wishes, if the net can be looked at; else it gives nil.
func (j *Job) newLooks(ctx context.Context, eng *engine.Engine, net gen.Net, src samples.Source,
	loop *train.Loop) *looks {
	seen, ok := net.(gen.Looker)
	if !ok {
		return nil
	}
	l := &looks{eng: eng, net: seen, src: src, state: loop.State(), loop: loop}
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.done.Go(func() { j.look(l) })
	return l
}

// endLooks ends what looks at the net; j.mu is not held, since a look publishes.
func (j *Job) endLooks() {
	j.mu.Lock()
	l := j.looks
	j.looks = nil
	j.mu.Unlock()
	l.close()
}

// close waits for a look under way and frees the programs.
func (l *looks) close() {
	if l == nil {
		return
	}
	l.cancel()
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range []*gen.Probe{l.one, l.many} {
		if p != nil {
			p.Close()
		}
	}
	l.one, l.many = nil, nil
}

// look draws the maps whenever the wish or the net has changed, as often as their
// share of the time allows.
func (j *Job) look(l *looks) {
	var took time.Duration
	seen, step := -1, -1
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-j.wishes:
		case <-time.After(max(viewEvery, time.Duration(float64(took)/viewShare))):
		}
		j.mu.Lock()
		w := j.wish
		j.mu.Unlock()
		now := l.loop.Step()
		if !w.on || w.version == seen && now == step {
			continue
		}
		seen, step = w.version, now
		begin := time.Now()
		m, err := l.draw(w)
		took = time.Since(begin)
		if l.ctx.Err() != nil {
			return
		}
		j.shown(w, m, err)
	}
}

// shown publishes maps, unless something else is wished for by now.
func (j *Job) shown(w mapsWish, m *Maps, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.wish.version != w.version {
		return
	}
	if err != nil {
		j.wish.on = false
		j.event("feature maps: " + err.Error())
	} else {
		j.st.Maps = m
	}
	j.publish()
}

// draw looks at what is wished for.
func (l *looks) draw(w mapsWish) (*Maps, error) {
	info := l.src.Info()
	x, label := w.pixels, -1
	if x == nil {
		x = make([]float32, info.Values())
		var err error
		if label, err = l.example(w.example, x); err != nil {
			return nil, err
		}
	} else if len(x) != info.Values() {
		return nil, fmt.Errorf("a picture of %d values: want %dx%dx%d", len(x), info.H, info.W, info.C)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(&l.one, 1); err != nil {
		return nil, err
	}
	m := &Maps{Label: label, Classes: info.Labels, Input: View{
		Name: "input", N: 1, H: info.H, W: info.W, C: info.C, Pixels: x,
	}}
	if own := l.net.Answers(); own != nil {
		m.Classes, m.Label = own, -1
	}
	err := l.do(func() error {
		if err := l.one.Run(l.ctx, x); err != nil {
			return err
		}
		return m.read(l.one, info)
	})
	l.drawn++
	m.Version, m.Input.Version = l.drawn, l.drawn
	return m, err
}

// do has f done between two steps of the training, if there is one.
func (l *looks) do(f func() error) error {
	if l.loop == nil {
		return f()
	}
	return l.loop.Do(f)
}

// example reads a test example, or a training example where none are kept for testing.
func (l *looks) example(i int, x []float32) (int, error) {
	if testCount(l.src, 1) == 0 {
		return l.src.Example(samples.Train, i, x)
	}
	return l.src.Example(samples.Test, i, x)
}

// ready compiles a probe of n pictures, once. l.mu is held.
func (l *looks) ready(p **gen.Probe, n int) (err error) {
	if l.ctx.Err() != nil {
		return l.ctx.Err()
	}
	if *p == nil {
		*p, err = gen.NewProbe(l.ctx, l.eng, l.net, dataInfo(l.src.Info()), l.state, n)
	}
	return err
}

// read takes everything from a probe that has run.
func (m *Maps) read(p *gen.Probe, info samples.Info) error {
	chances, err := p.Chances()
	if err != nil {
		return err
	}
	for _, c := range chances {
		m.Probs = append(m.Probs, float64(c))
	}
	f := whole(info)
	for i, t := range p.Taps() {
		f = f.after(t.Layers)
		s, last := p.Shape(i), t.Last()
		layer := MapLayer{Name: t.Name, Kind: last.Kind, H: s[1], W: s[2], C: s[3], Stride: last.Stride,
			Pad: last.Pad, R: last.Size, S: last.Size, Field: f.Field}
		if last.Kind == nn.TransposedKind {
			layer.Stride = last.Up
		}
		var shape []int
		if layer.Values, err = p.Maps(i); err == nil {
			layer.Kernel, shape, err = p.Kernel(i)
		}
		if err != nil {
			return err
		}
		if layer.Kernel != nil {
			layer.R, layer.S, layer.Cin = shape[0], shape[1], shape[2]
		}
		m.Layers = append(m.Layers, layer)
	}
	return nil
}
