package lab

import (
	"context"
	"fmt"
	"slices"

	"mllab/samples"
)

// Strong is a place where a channel of a layer answers strongly.
type Strong struct {
	Example int     // of the test set
	Value   float32 // of the channel
	Y, X    int     // where in the layer's map
	Picture View
}

const (
	strongExamples = 1024 // that are looked through
	strongBatch    = 32
	maxStrong      = 64
)

// Strongest looks through the first test examples for the k whose largest value in a
// channel of a layer is largest, the strongest first. It runs between the steps of the
// training, and takes a second or more.
func (j *Job) Strongest(ctx context.Context, layer string, channel, k int) ([]Strong, error) {
	j.mu.Lock()
	l := j.looks
	j.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("strongest inputs: model %s has no layers to look at, or does not train now",
			j.plan.o.Model)
	}
	return l.strongest(ctx, layer, channel, k)
}

// strongest is Job.Strongest.
func (l *looks) strongest(ctx context.Context, layer string, channel, k int) ([]Strong, error) {
	if k < 1 || k > maxStrong {
		return nil, fmt.Errorf("strongest inputs: %d of them: want 1 to %d", k, maxStrong)
	}
	count := testCount(l.src, strongExamples)
	if count == 0 {
		return nil, fmt.Errorf("strongest inputs: the data keeps no examples for testing: raise the test fraction")
	}
	l.mu.Lock()
	err := l.ready(&l.many, strongBatch)
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	var best []Strong
	for first := 0; first < count; first += strongBatch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found, err := l.strong(layer, channel, first, min(strongBatch, count-first))
		if err != nil {
			return nil, err
		}
		best = strongest(append(best, found...), k)
	}
	return best, nil
}

// strongest keeps the k largest values, the first examples first among equals.
func strongest(all []Strong, k int) []Strong {
	slices.SortStableFunc(all, func(a, b Strong) int {
		switch {
		case a.Value > b.Value:
			return -1
		case a.Value < b.Value:
			return 1
		}
		return a.Example - b.Example
	})
	return all[:min(k, len(all))]
}

// strong gives the largest value of the channel in each of some examples.
func (l *looks) strong(layer string, channel, first, count int) ([]Strong, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.many == nil {
		return nil, fmt.Errorf("strongest inputs: the training has ended")
	}
	info := l.src.Info()
	size := info.Values()
	x := make([]float32, strongBatch*size)
	if err := samples.Read(l.src, samples.Test, first, x[:count*size], nil); err != nil {
		return nil, err
	}
	at, f := -1, whole(info)
	for i, t := range l.many.Taps() {
		if f = f.after(t.Layers); t.Name == layer {
			at = i
			break
		}
	}
	switch {
	case at < 0:
		return nil, fmt.Errorf("strongest inputs: there is no layer %q", layer)
	case channel < 0 || channel >= l.many.Shape(at)[3]:
		return nil, fmt.Errorf("strongest inputs: layer %s has channels 0 to %d, not %d", layer,
			l.many.Shape(at)[3]-1, channel)
	case f.Size == 0:
		return nil, fmt.Errorf("strongest inputs: layer %s is made of noise, not of pictures", layer)
	}
	var maps []float32
	err := l.do(func() (err error) {
		if err = l.many.Run(l.ctx, x); err == nil {
			maps, err = l.many.Maps(at)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return peaks(maps, l.many.Shape(at), channel, first, count, func(i int) View {
		own := slices.Clone(x[i*size : (i+1)*size])
		return View{Name: "input", N: 1, H: info.H, W: info.W, C: info.C, Pixels: own}
	}), nil
}

// peaks finds where each of some pictures is strongest in a channel of maps [n h w c].
func peaks(maps []float32, shape [4]int, channel, first, count int, picture func(i int) View) []Strong {
	h, w, c := shape[1], shape[2], shape[3]
	var all []Strong
	for i := range count {
		s := Strong{Example: first + i, Value: maps[i*h*w*c+channel], Picture: picture(i)}
		for p := range h * w {
			if v := maps[(i*h*w+p)*c+channel]; v > s.Value {
				s.Value, s.Y, s.X = v, p/w, p%w
			}
		}
		all = append(all, s)
	}
	return all
}
