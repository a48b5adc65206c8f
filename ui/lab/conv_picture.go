package lab

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"mllab/samples"
)

// ConvPicture is what the kernels slide over: H x W pixels of C channels (1 or 3), values in [0,1], [H W C].
// It is immutable.
type ConvPicture struct {
	Name    string // of a built-in one, or the path
	Notes   []string
	H, W, C int
	Pixels  []float32
}

// maxConvSide is the longer side in pixels from which on a user's picture is made smaller.
const maxConvSide = 256

// convDrawers draw the built-in pictures.
var convDrawers = map[string]func() *ConvPicture{
	"scene": drawScene, "digit": drawDigit, "edges": drawEdges, "text": drawText, "checker": drawChecker,
	"point": drawPoint, "blob": drawBlob,
}

// ConvPictures lists the built-in pictures.
func ConvPictures() []string {
	return []string{"scene", "digit", "edges", "text", "checker", "point", "blob"}
}

// OpenConvPicture draws a built-in picture or reads a file (PNG, JPEG or GIF), which may take seconds where
// it is large.
func OpenConvPicture(name string) (*ConvPicture, error) {
	if draw := convDrawers[name]; draw != nil {
		p := draw()
		p.Name = name
		return p, nil
	}
	p, err := samples.ReadPicture(name, maxConvSide)
	if err != nil {
		if !strings.ContainsAny(name, "./\\") {
			return nil, Usage(fmt.Errorf("picture %q: no such file, want one of %s, or a PNG, JPEG or GIF file", name,
				strings.Join(ConvPictures(), ", ")))
		}
		return nil, fmt.Errorf("picture %w", err)
	}
	return &ConvPicture{Name: name, Notes: p.Notes, H: p.H, W: p.W, C: p.C, Pixels: p.Pixels}, nil
}

// Values are the pixels with 1 or 3 channels. Grey is the brightness of ITU-R BT.601.
func (p *ConvPicture) Values(channels int) []float32 {
	if channels == p.C {
		return p.Pixels
	}
	out := make([]float32, p.H*p.W*channels)
	for i := range p.H * p.W {
		if channels == 3 {
			v := p.Pixels[i]
			out[3*i], out[3*i+1], out[3*i+2] = v, v, v
			continue
		}
		v := p.Pixels[3*i:]
		out[i] = 0.299*v[0] + 0.587*v[1] + 0.114*v[2]
	}
	return out
}

// shade makes a picture of a function of the place of each pixel's middle, 0 to 1 from the upper left.
func shade(h, w, c int, f func(y, x float64) [3]float64) *ConvPicture {
	p := &ConvPicture{H: h, W: w, C: c, Pixels: make([]float32, h*w*c)}
	for i := range h * w {
		v := f((float64(i/w)+.5)/float64(h), (float64(i%w)+.5)/float64(w))
		for k := range c {
			p.Pixels[i*c+k] = float32(max(0, min(v[k], 1)))
		}
	}
	return p
}

// soft is 1 inside of a shape (d < 0) and 0 outside, with an edge as wide as w.
func soft(d, w float64) float64 { return max(0, min(.5-d/w, 1)) }

func blend(a, b [3]float64, f float64) [3]float64 {
	for i := range a {
		a[i] += (b[i] - a[i]) * f
	}
	return a
}

// drawScene is a landscape: a sky, a sun, hills, a house, a tree, and grass with a texture.
func drawScene() *ConvPicture {
	const edge = 1 / 48.
	return shade(48, 64, 3, func(y, x float64) [3]float64 {
		c := blend([3]float64{.30, .55, .92}, [3]float64{.85, .92, 1}, y*1.5)
		c = blend(c, [3]float64{1, .86, .30}, soft(math.Hypot((x-.82)*1.33, y-.20)-.11, edge))
		hill := .52 + .09*math.Sin(5*x+.6) + .03*math.Sin(13*x)
		c = blend(c, [3]float64{.42, .55, .62}, soft(hill-y, edge))
		ground := .68 + .03*math.Sin(4*x+2)
		blade := .5 + .5*math.Sin(90*x+9*math.Sin(23*y))*math.Sin(70*y)
		c = blend(c, [3]float64{.18 + .14*blade, .45 + .25*blade, .16}, soft(ground-y, edge))
		wall := max(math.Abs(x-.34)-.13, math.Abs(y-.66)-.12)
		c = blend(c, [3]float64{.90, .82, .68}, soft(wall, edge/2))
		roof := max(.36-y+math.Abs(x-.34)*1.1, y-.545)
		c = blend(c, [3]float64{.70, .22, .18}, soft(roof, edge/2))
		door := max(math.Abs(x-.39)-.025, math.Abs(y-.71)-.07)
		c = blend(c, [3]float64{.33, .20, .12}, soft(door, edge/2))
		pane := max(math.Abs(x-.28)-.04, math.Abs(y-.64)-.04)
		c = blend(c, [3]float64{.20, .30, .45}, soft(pane, edge/2))
		trunk := max(math.Abs(x-.68)-.015, math.Abs(y-.68)-.10)
		c = blend(c, [3]float64{.36, .24, .14}, soft(trunk, edge/2))
		leaf := math.Hypot((x-.68)*1.33, y-.48) - .13 - .015*math.Sin(40*x)*math.Sin(40*y)
		return blend(c, [3]float64{.10 + .08*blade, .38 + .16*blade, .14}, soft(leaf, edge))
	})
}

// drawEdges is a chart of edges in many directions, of stripes that grow finer, and of steps of grey.
func drawEdges() *ConvPicture {
	return shade(48, 48, 1, func(y, x float64) [3]float64 {
		v := 0.
		switch {
		case y < .5 && x < .5: // a star: an edge in every direction
			if math.Mod(math.Atan2(y-.25, x-.25)+math.Pi, math.Pi/4) < math.Pi/8 && math.Hypot(y-.25, x-.25) < .23 {
				v = 1
			}
		case y < .5: // a disc and a ring
			if r := math.Hypot(y-.25, x-.75); r < .1 || r > .15 && r < .21 {
				v = .85
			}
		case x < .5: // stripes
			if math.Mod(math.Floor(math.Pow(x*2, .6)*12), 2) == 0 {
				v = 1
			}
		default:
			v = math.Floor((x-.5)*12) / 5
		}
		return [3]float64{v}
	})
}

// drawText is words in the font of the golang.org/x/image module.
func drawText() *ConvPicture {
	img := image.NewGray(image.Rect(0, 0, 64, 44))
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.White), Face: basicfont.Face7x13}
	for i, line := range []string{"kernels", "slide", "and sum."} {
		d.Dot = fixed.P(4, 13+14*i)
		d.DrawString(line)
	}
	p := &ConvPicture{H: 44, W: 64, C: 1}
	for _, v := range img.Pix {
		p.Pixels = append(p.Pixels, float32(v)/255)
	}
	return p
}

// drawDigit is the first of the built-in digits that is a 5.
func drawDigit() *ConvPicture {
	p := &ConvPicture{H: 28, W: 28, C: 1, Pixels: make([]float32, 28*28)}
	src, err := samples.Open("digits", samples.Options{})
	for i := 0; err == nil && i < 100; i++ {
		var label int
		if label, err = src.Example(samples.Test, i, p.Pixels); err == nil && label == 5 {
			return p
		}
	}
	return drawPoint() // the digits are built in: this is not reached
}

func drawChecker() *ConvPicture {
	return shade(32, 32, 1, func(y, x float64) [3]float64 {
		return [3]float64{float64((int(y*8) + int(x*8)) % 2)}
	})
}

// drawPoint is one white pixel: what comes out is the kernel itself, turned about.
func drawPoint() *ConvPicture {
	p := &ConvPicture{H: 15, W: 15, C: 1, Pixels: make([]float32, 15*15)}
	p.Pixels[7*15+7] = 1
	return p
}

// drawBlob is a smooth hill, as a feature map deep in a network is.
func drawBlob() *ConvPicture {
	return shade(12, 12, 1, func(y, x float64) [3]float64 {
		return [3]float64{.25 + .7*math.Exp(-10*((y-.5)*(y-.5)+(x-.45)*(x-.45)))}
	})
}

// IsConvPicture reports whether a name is that of a built-in picture.
func IsConvPicture(name string) bool { return slices.Contains(ConvPictures(), name) }

// Fit is the picture stretched to h x w with 1 or 3 channels: each value the mean of the pixels that fall
// into it, or the nearest pixel where there are fewer.
func (p *ConvPicture) Fit(h, w, channels int) []float32 {
	in := p.Values(channels)
	out := make([]float32, h*w*channels)
	for i := range out {
		y, x, c := i/channels/w, i/channels%w, i%channels
		y0, y1 := y*p.H/h, max((y+1)*p.H/h, y*p.H/h+1)
		x0, x1 := x*p.W/w, max((x+1)*p.W/w, x*p.W/w+1)
		sum := float32(0)
		for j := y0; j < y1; j++ {
			for k := x0; k < x1; k++ {
				sum += in[(j*p.W+k)*channels+c]
			}
		}
		out[i] = sum / float32((y1-y0)*(x1-x0))
	}
	return out
}
