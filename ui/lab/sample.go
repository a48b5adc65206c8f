package lab

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"mllab/gen"
	"mllab/samples"
)

// SampleOptions say what is to be drawn from a run.
type SampleOptions struct {
	Run  string // folder, name in the session's root, or "last"
	N    int    // pictures; 0: 64
	Seed uint64
}

// maxPictures bounds one call of Sample.
const maxPictures = 1 << 16

// Pictures are N pictures of H x W pixels and C channels, values in [0,1], row-major.
type Pictures struct {
	N, H, W, C int
	Pixels     []float32
}

// Sample draws new pictures from a run's newest checkpoint.
func (s *Session) Sample(ctx context.Context, o SampleOptions) (*Pictures, error) {
	if o.N == 0 {
		o.N = sampleCount
	}
	if o.N < 1 || o.N > maxPictures {
		return nil, Usage(fmt.Errorf("%d pictures: want 1 to %d", o.N, maxPictures))
	}
	l, err := s.loadRun(o.Run, "")
	if err != nil {
		return nil, err
	}
	defer l.close()
	info := l.src.Info()
	sampler, err := gen.NewSampler(ctx, l.eng, l.net, dataInfo(info), l.state)
	if err != nil {
		return nil, err
	}
	defer sampler.Close()
	out := &Pictures{N: o.N, H: info.H, W: info.W, C: info.C, Pixels: make([]float32, o.N*info.Values())}
	return out, sampler.Draw(ctx, o.Seed, out.Pixels)
}

// Image is a grid of the pictures with gaps of one pixel; 0 columns makes it
// about square.
func (p *Pictures) Image(columns int) *image.RGBA {
	if columns < 1 {
		columns = int(math.Ceil(math.Sqrt(float64(p.N))))
	}
	columns = min(columns, p.N)
	rows := (p.N + columns - 1) / columns
	img := image.NewRGBA(image.Rect(0, 0, columns*(p.W+1)+1, rows*(p.H+1)+1))
	for i := range img.Pix {
		img.Pix[i] = 0x20
		if i%4 == 3 {
			img.Pix[i] = 0xff
		}
	}
	for n := range p.N {
		x0, y0 := 1+n%columns*(p.W+1), 1+n/columns*(p.H+1)
		for i := range p.H * p.W {
			at := (n*p.H*p.W + i) * p.C
			c := color.RGBA{A: 255}
			c.R = level(p.Pixels[at])
			c.G, c.B = c.R, c.R
			if p.C >= 3 {
				c.G, c.B = level(p.Pixels[at+1]), level(p.Pixels[at+2])
			}
			img.SetRGBA(x0+i%p.W, y0+i/p.W, c)
		}
	}
	return img
}

func level(v float32) uint8 {
	if !(v > 0) {
		return 0
	}
	return uint8(min(v, 1)*255 + 0.5)
}

// PNG writes the grid of Image.
func (p *Pictures) PNG(w io.Writer, columns int) error { return png.Encode(w, p.Image(columns)) }

// DataSheet describes a source of samples and draws a contact sheet of its first
// training examples. Captions are theirs in the sheet's order, nil for a source
// without any.
func (s *Session) DataSheet(name string, rows, cols int) (info samples.Info, sheet *image.RGBA, captions []string,
	err error) {
	src, err := samples.Open(name, samples.Options{})
	if err != nil {
		return samples.Info{}, nil, nil, err
	}
	sheet, err = samples.Sheet(src, samples.Train, 0, rows, cols)
	info = src.Info()
	if c, ok := src.(samples.Captioner); ok && info.Captioned {
		for i := range rows * cols {
			captions = append(captions, c.Caption(samples.Train, i))
		}
	}
	return info, sheet, captions, err
}
