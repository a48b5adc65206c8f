package lab

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"math"
)

// Painted is pictures with all that they were painted by, as a PNG file keeps it.
type Painted struct {
	// Request has no pixels of Start and Mask; their digests stand for them.
	Request     Request
	Start, Mask string // Digest of each, "" where there is none
	Run         string // its name; "" the net that comes with the program
	Step        int64  // of the run's checkpoint
	Version     string // of the program
	H, W, C     int
	Pixels      []float32 // [n H W C] in [0,1]; nil where a file's picture was changed since
}

// Painted is a film's pictures with what they were painted by.
func (t *Studio) Painted(f *Film) Painted {
	p := Painted{Request: f.Request, Start: Digest(f.Request.Start), Mask: Digest(f.Request.Mask), Run: t.about.Name,
		Step: t.about.Step, Version: Version, H: f.H, W: f.W, C: f.C, Pixels: f.Pictures}
	if t.own {
		p.Run = ""
	}
	p.Request.Start, p.Request.Mask = nil, nil
	return p
}

// Digest tells the pixels of a picture from all others; "" of none.
func Digest(pixels []float32) string {
	if pixels == nil {
		return ""
	}
	h := sha256.New()
	var b [4]byte
	for _, v := range pixels {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Pictures are the pixels as so many pictures.
func (p Painted) Pictures() *Pictures {
	n := len(p.Pixels) / max(1, p.H*p.W*p.C)
	return &Pictures{N: n, H: p.H, W: p.W, C: p.C, Pixels: p.Pixels}
}

// Image is one picture as it is, and several with gaps of one pixel in the columns of their request.
func (p Painted) Image() *image.RGBA {
	all := p.Pictures()
	_, cols := p.Request.tiles()
	img := all.Image(cols)
	if all.N == 1 {
		return cropped(img, image.Rect(1, 1, 1+p.W, 1+p.H))
	}
	return img
}

// cropped is a part of an image, at the origin.
func cropped(img *image.RGBA, r image.Rectangle) *image.RGBA {
	part := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	for y := range r.Dy() {
		copy(part.Pix[y*part.Stride:][:4*r.Dx()], img.Pix[img.PixOffset(r.Min.X, r.Min.Y+y):])
	}
	return part
}

// read fills the pixels from an image as Image makes it, and leaves them nil of an image of another size.
func (p *Painted) read(img image.Image) {
	n, cols := p.Request.tiles()
	cols = min(cols, n)
	gap := 1
	if n == 1 {
		gap = 0
	}
	rows := (n + cols - 1) / cols
	if b := img.Bounds(); b.Dx() != cols*(p.W+gap)+gap || b.Dy() != rows*(p.H+gap)+gap {
		return
	}
	p.Pixels = make([]float32, n*p.H*p.W*p.C)
	for i := range p.Pixels {
		c, at := i%p.C, i/p.C
		tile, y, x := at/(p.H*p.W), at/p.W%p.H, at%p.W
		o := img.Bounds().Min
		r, g, b, _ := img.At(o.X+gap+tile%cols*(p.W+gap)+x, o.Y+gap+tile/cols*(p.H+gap)+y).RGBA()
		p.Pixels[i] = float32([]uint32{r, g, b}[c]>>8) / 255
	}
}

// check says what of settings from outside cannot be.
func (p Painted) check() error {
	if p.H < 1 || p.W < 1 || p.H > maxSide || p.W > maxSide || p.C != 1 && p.C != 3 {
		return fmt.Errorf("pictures of %dx%dx%d: want sides of 1 to %d and 1 or 3 channels", p.H, p.W, p.C, maxSide)
	}
	n, cols := p.Request.tiles()
	if err := p.Request.Check(StudioAbout{H: p.H, W: p.W, C: p.C}); err != nil {
		return err
	}
	if rows := (n + cols - 1) / cols; cols*(p.W+1)*rows*(p.H+1) > maxPaintedPixels {
		return fmt.Errorf("%d pictures of %dx%d are too large for one file: want at most %d pixels", n, p.H, p.W,
			maxPaintedPixels)
	}
	for _, d := range []string{p.Start, p.Mask} {
		if b, err := hex.DecodeString(d); err != nil || d != "" && len(b) != sha256.Size {
			return errors.New("a digest that is none")
		}
	}
	return nil
}

const (
	maxSide          = 1024
	maxPaintedPixels = 1 << 24
)

// fits says why a request does not paint p again in a studio.
func (p Painted) fits(r Request, a StudioAbout) error {
	if p.H != a.H || p.W != a.W || p.C != a.C {
		return fmt.Errorf("painted as %dx%dx%d, and %s paints %dx%dx%d: name the run that it was painted with, %s", p.H, p.W,
			p.C, a.Name, a.H, a.W, a.C, p.runText())
	}
	for _, part := range []struct{ what, want, got string }{
		{"start", p.Start, Digest(r.Start)}, {"mask", p.Mask, Digest(r.Mask)},
	} {
		switch {
		case part.want == part.got:
		case part.want == "":
			return fmt.Errorf("it was painted without a %s: leave --%s out", part.what, part.what)
		case part.got == "":
			return fmt.Errorf("it was painted with a %s, which its file does not hold: give it by --%s", part.what, part.what)
		default:
			return fmt.Errorf("the %s is another than the one that it was painted with", part.what)
		}
	}
	return nil
}

// runText names the run for a line of text.
func (p Painted) runText() string {
	if p.Run == "" {
		return "the one that comes with the program"
	}
	return fmt.Sprintf("%q", p.Run)
}
