package lab

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"sync"

	"mllab/gen"
)

// NetView is the net of a run at rest: a job that trains nothing, whose feature maps can be looked at.
type NetView struct {
	Idle
	looks *looks
	close func() error
	once  sync.Once
	err   error

	mu    sync.Mutex
	state *State
	wish  int // counts what was wished for
}

// ViewRun opens the newest checkpoint of a run (a folder, a name in the session's root, or "last") to look at
// its net. It ends with the session, or by Close.
func (s *Session) ViewRun(ctx context.Context, name string) (*NetView, error) {
	l, err := s.loadRun(name, "")
	if err != nil {
		return nil, err
	}
	net, ok := l.net.(gen.Looker)
	if !ok {
		l.close()
		return nil, Usage(fmt.Errorf("run %s: model %s has no layers to look at: want one of a cnn or a GAN", l.dir,
			l.plan.o.Model))
	}
	k := &looks{eng: l.eng, net: net, src: l.src, state: l.state}
	k.ctx, k.cancel = context.WithCancel(ctx)
	v := &NetView{looks: k, state: &State{Model: l.plan.o.Model, Data: l.plan.o.Data, Run: filepath.Base(l.dir),
		Dir: l.dir, Phase: Finished, Step: int(l.step), Batch: l.plan.o.Batch, Device: deviceText(l.eng.Device())}}
	v.close = func() error {
		k.close()
		l.close()
		return nil
	}
	s.atClose(v.Close)
	return v, nil
}

// Close gives the device back. It may be called twice.
func (v *NetView) Close() error {
	v.once.Do(func() { v.err = v.close() })
	return v.err
}

// State is what the run is, with the maps that were asked for.
func (v *NetView) State() *State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}

// WatchMaps has State.Maps be those of an example of the test set; -1: none.
func (v *NetView) WatchMaps(example int) { v.watch(mapsWish{on: example >= 0, example: example}) }

// WatchPicture has State.Maps be those of a picture of the data's size.
func (v *NetView) WatchPicture(pixels []float32) { v.watch(mapsWish{on: true, pixels: pixels}) }

// watch draws the maps on another goroutine, and publishes them unless something else is wished for by then.
func (v *NetView) watch(w mapsWish) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wish++
	mine := v.wish
	if !w.on {
		v.publish(nil, nil)
		return
	}
	v.looks.done.Go(func() {
		m, err := v.looks.draw(w)
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.wish == mine && v.looks.ctx.Err() == nil {
			v.publish(m, err)
		}
	})
}

// publish makes the next state. v.mu is held.
func (v *NetView) publish(m *Maps, err error) {
	next := *v.state
	next.Maps, next.Err = m, err
	v.state = &next
}

// Strongest is Job.Strongest.
func (v *NetView) Strongest(ctx context.Context, layer string, channel, k int) ([]Strong, error) {
	return v.looks.strongest(ctx, layer, channel, k)
}

// Maps are those of an example of the test set.
func (v *NetView) Maps(example int) (*Maps, error) {
	return v.looks.draw(mapsWish{on: true, example: example})
}

// Sheet is the input and every map of every layer as a page; each layer has a scale of its own.
func (m *Maps) Sheet() *image.RGBA {
	in := m.Input
	titles := []string{"input" + m.verdict()}
	rows := [][]sheetTileOf{{{valueImage(in.H, in.W, func(y, x int) color.RGBA {
		v := in.Pixels[(y*in.W+x)*in.C:]
		if in.C == 3 {
			return color.RGBA{level(v[0]), level(v[1]), level(v[2]), 255}
		}
		return color.RGBA{level(v[0]), level(v[0]), level(v[0]), 255}
	}), fmt.Sprintf("%dx%d", in.W, in.H)}}}
	for _, l := range m.Layers {
		lo, hi := 0.0, 0.0
		for _, v := range l.Values {
			lo, hi = min(lo, float64(v)), max(hi, float64(v))
		}
		title := fmt.Sprintf("%s, %s, %dx%d, %d maps, %.3g..%.3g", l.Name, l.Kind, l.W, l.H, l.C, lo, hi)
		if l.Field.Size > 0 {
			title += fmt.Sprintf(", each value sees %dx%d pixels", l.Field.Size, l.Field.Size)
		}
		titles = append(titles, title)
		var tiles []sheetTileOf
		for c := range l.C {
			img := valueImage(l.H, l.W, func(y, x int) color.RGBA {
				return mapColor(float64(l.Values[(y*l.W+x)*l.C+c]), lo, hi)
			})
			tiles = append(tiles, sheetTileOf{img, fmt.Sprint(c + 1)})
		}
		rows = append(rows, tiles)
	}
	return sheet(titles, rows)
}

// verdict is what the net says of the picture, "" where it says nothing.
func (m *Maps) verdict() string {
	best := -1
	for i, p := range m.Probs {
		if best < 0 || p > m.Probs[best] {
			best = i
		}
	}
	if best < 0 || best >= len(m.Classes) {
		return ""
	}
	text := fmt.Sprintf(": the net says %s (%.0f%%)", m.Classes[best], 100*m.Probs[best])
	if m.Label >= 0 && m.Label < len(m.Classes) {
		text += ", it is " + m.Classes[m.Label]
	}
	return text
}
