package screen

import (
	"cmp"
	"slices"

	"mllab/ui/picture"
)

// tones is a palette made for the pixels that it is to show: an enlarged picture of few colours is then flat where it is
// flat, while the fixed palette would dither it.
type tones struct {
	pal   *picture.Palette
	index []byte // by tone
}

const (
	mostTones   = 224 // leaves room for frames
	toneBits    = 5   // of each channel; green has one more
	unknownTone = 255
)

// toneOf is a colour in 0..1 in 16 bits.
func toneOf(r, g, b float32) int {
	level := func(v float32, bits int) int {
		most := float32(int(1)<<bits - 1)
		if !(v > 0) {
			return 0
		}
		return int(min(v, 1)*most + .5)
	}
	return level(r, toneBits)<<(2*toneBits+1) | level(g, toneBits+1)<<toneBits | level(b, toneBits)
}

// tone is the tones that are in the pixels with the same 16 bits: their sum, and how many.
type tone struct {
	key int
	sum [3]float32
	n   float32
}

func (t tone) mean(c int) float32 { return t.sum[c] / t.n }

// newTones divides the colours of pixels [n 3] in boxes of about as many pixels each, along their widest channel
// (Heckbert, "Color image quantization for frame buffer display", 1982).
func newTones(pixels []float32) *tones {
	at := map[int]int{}
	var all []tone
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i : i+3]
		k := toneOf(p[0], p[1], p[2])
		j, ok := at[k]
		if !ok {
			j = len(all)
			at[k] = j
			all = append(all, tone{key: k})
		}
		all[j].n++
		for c := range 3 {
			all[j].sum[c] += min(max(p[c], 0), 1)
		}
	}
	boxes := []box{boxOf(all)}
	for len(boxes) < mostTones {
		best := 0
		for i, b := range boxes {
			if b.wide > boxes[best].wide {
				best = i
			}
		}
		b := boxes[best]
		if b.wide == 0 {
			break // each box is of one tone
		}
		slices.SortFunc(b.tones, func(x, y tone) int {
			return cmp.Or(cmp.Compare(x.mean(b.channel), y.mean(b.channel)), cmp.Compare(x.key, y.key))
		})
		half := len(b.tones) / 2
		boxes[best] = boxOf(b.tones[:half])
		boxes = append(boxes, boxOf(b.tones[half:]))
	}
	t := &tones{index: make([]byte, 1<<(3*toneBits+1))}
	for i := range t.index {
		t.index[i] = unknownTone
	}
	var rgb [][3]byte
	for i, b := range boxes {
		var sum [3]float32
		n := float32(0)
		for _, x := range b.tones {
			t.index[x.key] = byte(i)
			n += x.n
			for c := range 3 {
				sum[c] += x.sum[c]
			}
		}
		n = max(n, 1)
		rgb = append(rgb, [3]byte{byte(sum[0]/n*255 + .5), byte(sum[1]/n*255 + .5), byte(sum[2]/n*255 + .5)})
	}
	t.pal = picture.NewPalette(rgb)
	return t
}

// box is tones that become one colour, and how wide they are along their widest channel.
type box struct {
	tones   []tone
	wide    float32
	channel int
}

func boxOf(all []tone) box {
	b := box{tones: all}
	if len(all) < 2 {
		return b
	}
	for c := range 3 {
		lo, hi := all[0].mean(c), all[0].mean(c)
		for _, x := range all {
			lo, hi = min(lo, x.mean(c)), max(hi, x.mean(c))
		}
		if hi-lo > b.wide {
			b.wide, b.channel = hi-lo, c
		}
	}
	return b
}

// image is pixels [h w 3] on the palette; a tone that it was not made for has the nearest colour.
func (t *tones) image(pixels []float32, w, h int) *picture.Image {
	im := &picture.Image{W: w, H: h, Pix: make([]byte, w*h), Pal: t.pal}
	for i := range im.Pix {
		p := pixels[i*3 : i*3+3]
		k := toneOf(p[0], p[1], p[2])
		if t.index[k] == unknownTone {
			t.index[k] = t.nearest(p)
		}
		im.Pix[i] = t.index[k]
	}
	return im
}

func (t *tones) nearest(p []float32) byte {
	best, at := float32(1e9), 0
	for i, c := range t.pal.RGB {
		d := float32(0)
		for k := range 3 {
			e := p[k] - float32(c[k])/255
			d += e * e
		}
		if d < best {
			best, at = d, i
		}
	}
	return byte(at)
}
