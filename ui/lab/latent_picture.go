package lab

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	xdraw "golang.org/x/image/draw"

	"mllab/samples"
)

// OwnPicture reads a user's picture (PNG, JPEG or GIF) as a net takes it: its middle, [H W C] of the space's
// pictures, values in [0,1]. notes say, a line each, how it was changed to fit.
func (s *Space) OwnPicture(path string) (pixels []float32, notes []string, err error) {
	pixels, notes, err = ownPicture(path, s.H, s.W, s.C)
	if err == nil && s.C == 1 && s.inverted(pixels) {
		for i, v := range pixels {
			pixels[i] = 1 - v
		}
		notes = append(notes, "inverted, as the model's pictures are light on dark")
	}
	return pixels, notes, err
}

// ownPicture reads the middle of a user's picture as [h w c] in [0,1]. notes say how it was changed to fit.
func ownPicture(path string, h, w, c int) (pixels []float32, notes []string, err error) {
	const side = 1024 // what is larger is made smaller while it is read
	p, err := samples.ReadPicture(path, side)
	if err != nil {
		return nil, nil, fmt.Errorf("picture %w", err)
	}
	notes = append(notes, p.Notes...)
	b := image.Rect(0, 0, p.W, p.H)
	src := image.NewRGBA(b)
	for i := range p.H * p.W {
		v := p.Pixels[i*p.C : (i+1)*p.C]
		c := color.RGBA{R: level(v[0]), G: level(v[min(1, p.C-1)]), B: level(v[p.C-1]), A: 255}
		src.SetRGBA(i%p.W, i/p.W, c)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	xdraw.CatmullRom.Scale(dst, dst.Bounds(), src, middleOf(b, w, h), xdraw.Src, nil)
	if p.W != w || p.H != h {
		notes = append(notes, fmt.Sprintf("its middle scaled from %dx%d to the %dx%d of the model", p.W, p.H, w, h))
	}
	pixels = make([]float32, h*w*c)
	for i := range h * w {
		at := dst.Pix[4*i : 4*i+3]
		if c == 1 {
			pixels[i] = (0.299*float32(at[0]) + 0.587*float32(at[1]) + 0.114*float32(at[2])) / 255
			continue
		}
		for k := range c {
			pixels[i*c+k] = float32(at[min(k, 2)]) / 255
		}
	}
	if p.C != 1 && c == 1 {
		notes = append(notes, "made grey")
	}
	return pixels, notes, nil
}

// inverted reports whether a picture has a light ground where the model's pictures have a dark one.
func (s *Space) inverted(pixels []float32) bool {
	edge := func(p []float32) float32 {
		sum := float32(0)
		for x := range s.W {
			sum += p[x] + p[(s.H-1)*s.W+x]
		}
		return sum / float32(2*s.W)
	}
	const few = 50
	mine, n := float32(0), min(few, s.N)
	for i := range n {
		mine += edge(s.Picture(i)) / float32(n)
	}
	return mine < 0.2 && edge(pixels) > 0.8
}

// middleOf is the largest part in the middle of r with the proportions w to h.
func middleOf(r image.Rectangle, w, h int) image.Rectangle {
	cw, ch := min(r.Dx(), max(1, r.Dy()*w/h)), min(r.Dy(), max(1, r.Dx()*h/w))
	x, y := r.Min.X+(r.Dx()-cw)/2, r.Min.Y+(r.Dy()-ch)/2
	return image.Rect(x, y, x+cw, y+ch)
}

// Enlarge gives the pictures k times as large, by repetition.
func (p *Pictures) Enlarge(k int) *Pictures {
	if k <= 1 {
		return p
	}
	to := &Pictures{N: p.N, H: p.H * k, W: p.W * k, C: p.C, Pixels: make([]float32, p.N*p.H*p.W*p.C*k*k)}
	for n := range p.N {
		for y := range to.H {
			for x := range to.W {
				from := ((n*p.H+y/k)*p.W + x/k) * p.C
				copy(to.Pixels[((n*to.H+y)*to.W+x)*p.C:][:p.C], p.Pixels[from:])
			}
		}
	}
	return to
}

// GIF writes the pictures as an animation without end, one every so often, there and back.
func (p *Pictures) GIF(w io.Writer, every time.Duration) error {
	if p.N < 1 {
		return errors.New("gif: there is no picture")
	}
	g := &gif.GIF{}
	add := func(i int) {
		g.Image = append(g.Image, p.frame(i))
		g.Delay = append(g.Delay, max(2, int(every/(10*time.Millisecond))))
	}
	for i := range p.N {
		add(i)
	}
	for i := p.N - 2; i > 0; i-- {
		add(i)
	}
	return gif.EncodeAll(w, g)
}

// frame is a picture with a palette: 256 greys, or 256 colours with dither.
func (p *Pictures) frame(i int) *image.Paletted {
	size := p.H * p.W * p.C
	pixels := p.Pixels[i*size : (i+1)*size]
	r := image.Rect(0, 0, p.W, p.H)
	if p.C == 1 {
		im := image.NewPaletted(r, greys)
		for k, v := range pixels {
			im.Pix[k] = level(v)
		}
		return im
	}
	src := image.NewRGBA(r)
	for k := range p.H * p.W {
		c := pixels[k*p.C:]
		src.SetRGBA(k%p.W, k/p.W, color.RGBA{R: level(c[0]), G: level(c[1]), B: level(c[2]), A: 255})
	}
	im := image.NewPaletted(r, palette.Plan9)
	draw.FloydSteinberg.Draw(im, r, src, image.Point{})
	return im
}

var greys = func() color.Palette {
	p := make(color.Palette, 256)
	for i := range p {
		p[i] = color.RGBA{R: uint8(i), G: uint8(i), B: uint8(i), A: 255}
	}
	return p
}()

// WriteFresh writes a file base-1.ext, base-2.ext, ... in a folder, the first that does not exist, and gives
// its path. Nothing is overwritten, and nothing half-written is left.
func WriteFresh(dir, base, ext string, write func(io.Writer) error) (path string, err error) {
	const most = 10000
	base = strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, base)
	for i := 1; i <= most; i++ {
		path = filepath.Join(dir, fmt.Sprintf("%s-%d%s", base, i, ext))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err = errors.Join(write(f), f.Close()); err != nil {
			_ = os.Remove(path)
			return "", err
		}
		return path, nil
	}
	return "", fmt.Errorf("%s: %d files of this name are there: move some away", filepath.Join(dir, base), most)
}
