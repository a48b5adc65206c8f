package lab

import (
	"fmt"

	"mllab/gen"
)

// looked is where layers looked, from each place of a picture to each token of its prompt.
type looked struct {
	layers []LookAbout
	tokens int
	sum    [][]float32   // by layer, [Heads H*W tokens], of all steps
	steps  int           // that were summed up
	frames [][][]float32 // by frame that is kept, the same
	row    []float32     // of the brush
}

func newLooked(layers []LookAbout, r Reading) *looked {
	k := &looked{layers: layers, tokens: len(r.Tokens)}
	for _, l := range layers {
		k.sum = append(k.sum, make([]float32, l.Heads*l.H*l.W*k.tokens))
	}
	return k
}

// values of all layers at one step.
func (k *looked) values() int {
	n := 0
	for _, s := range k.sum {
		n += len(s)
	}
	return n
}

// add adds what the brush's first row looked at in its last estimate; keep says whether it can be looked back at.
func (k *looked) add(b *gen.Brush, keep bool) error {
	var now [][]float32
	for i, l := range k.layers {
		rows := l.Heads * l.H * l.W
		if n := rows * gen.TextLength; len(k.row) < n {
			k.row = make([]float32, n)
		}
		row := k.row[:rows*gen.TextLength]
		if err := b.Seen(i, row); err != nil {
			return err
		}
		part := make([]float32, rows*k.tokens)
		for j := range rows {
			copy(part[j*k.tokens:(j+1)*k.tokens], row[j*gen.TextLength:])
		}
		for j, v := range part {
			k.sum[i][j] += v
		}
		now = append(now, part)
	}
	k.steps++
	if keep {
		k.frames = append(k.frames, now)
	}
	return nil
}

func (k *looked) heat(place, layer, head, step int) (Heat, error) {
	if place < 0 || place >= k.tokens {
		return Heat{}, fmt.Errorf("word %d of %d: there is no such", place+1, k.tokens)
	}
	if layer >= len(k.layers) {
		return Heat{}, fmt.Errorf("layer %d: want one of %d", layer, len(k.layers))
	}
	values, scale := k.sum, 1/float64(max(1, k.steps))
	if step >= 0 && len(k.frames) > 0 { // pictures that were painted before others stay as they are
		values, scale = k.frames[min(step, len(k.frames)-1)], 1
	}
	var h Heat
	for i, l := range k.layers {
		if layer < 0 || layer == i {
			h.H, h.W = max(h.H, l.H), max(h.W, l.W)
		}
	}
	sum, all := make([]float64, h.H*h.W), 0.0
	for i, l := range k.layers {
		if layer >= 0 && layer != i {
			continue
		}
		worth := k.tells(values[i], l)
		for j := range l.Heads {
			if head >= 0 && head != j {
				continue
			}
			all += worth
			at := values[i][j*l.H*l.W*k.tokens:]
			for p := range sum {
				sum[p] += worth * enlarged(l, p%h.W, p/h.W, h, func(p int) float64 {
					return float64(at[p*k.tokens+place])
				})
			}
		}
	}
	if all == 0 {
		return Heat{}, fmt.Errorf("head %d: no layer has so many", head)
	}
	return h.of(sum, scale/all), nil
}

// tells is what a layer counts in the mean: how much the share of a word differs between places, by its variance. A
// layer that looks at all words alike from everywhere, as those with most places often do, would wash out the others.
func (k *looked) tells(v []float32, l LookAbout) float64 {
	const least = 1e-12 // where no layer tells anything they count alike
	places := l.H * l.W
	var total float64
	for j := range l.Heads {
		for t := range k.tokens {
			var sum, squares float64
			for p := range places {
				x := float64(v[(j*places+p)*k.tokens+t])
				sum, squares = sum+x, squares+x*x
			}
			total += max(0, squares/float64(places)-sum*sum/float64(places*places))
		}
	}
	return total/float64(l.Heads) + least
}

// enlarged is the value of a layer at a place of a heat that may be larger: by interpolation between its places.
func enlarged(l LookAbout, x, y int, h Heat, at func(place int) float64) float64 {
	split := func(i, n, of int) (from, to int, share float64) {
		f := max(0, min((float64(i)+.5)*float64(n)/float64(of)-.5, float64(n-1)))
		from = int(f)
		return from, min(from+1, n-1), f - float64(from)
	}
	x0, x1, dx := split(x, l.W, h.W)
	y0, y1, dy := split(y, l.H, h.H)
	top := at(y0*l.W+x0)*(1-dx) + at(y0*l.W+x1)*dx
	return top*(1-dy) + (at(y1*l.W+x0)*(1-dx)+at(y1*l.W+x1)*dx)*dy
}

// of fills a heat with sums, each worth so much.
func (h Heat) of(sum []float64, scale float64) Heat {
	h.V = make([]float32, len(sum))
	for _, v := range sum {
		h.Max = max(h.Max, v*scale)
	}
	if h.Max > 0 {
		for i, v := range sum {
			h.V[i] = float32(v * scale / h.Max)
		}
	}
	return h
}
