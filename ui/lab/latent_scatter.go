package lab

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// ScatterStyle has the colours of a scatter. Class gives that of a label, and of -1 for none.
type ScatterStyle struct {
	Back, Grid color.RGBA
	Class      func(label int) color.RGBA
}

// Scatter is a set of codes on a plane, ready to be drawn.
type Scatter struct {
	X, Y    []float64
	Labels  []int
	Classes map[int]string     // names of the labels that occur
	Middle  map[int][2]float64 // where their mean codes are
}

// Scatter projects all codes.
func (s *Space) Scatter(p Plane) *Scatter {
	c := &Scatter{X: make([]float64, s.N), Y: make([]float64, s.N), Labels: s.Labels,
		Classes: map[int]string{}, Middle: map[int][2]float64{}}
	for i := range s.N {
		c.X[i], c.Y[i] = p.Project(s.Code(i))
	}
	for label, mean := range s.classMean {
		code := make([]float32, s.Dims)
		for d, v := range mean {
			code[d] = float32(v)
		}
		x, y := p.Project(code)
		c.Classes[label], c.Middle[label] = s.Class(label), [2]float64{x, y}
	}
	return c
}

// maxClasses bounds the colours of a scatter, so that they fit into a palette; labels beyond share them.
const maxClasses = 200

// The first colours of a scatter's palette.
const scatterBack, scatterGrid, scatterClass = 0, 1, 2

// Draw draws the codes in a window as w x h pixels: the axes where they cross zero, a dot a code, and the name
// of each label at its middle. Dots are of a diameter in pixels.
func (c *Scatter) Draw(win Window, w, h, dot int, st ScatterStyle) *image.Paletted {
	pal := color.Palette{st.Back, st.Grid}
	index := map[int]byte{}
	for _, l := range c.Labels {
		if _, ok := index[l]; !ok {
			k := min(len(pal), scatterClass+maxClasses)
			if k == len(pal) {
				pal = append(pal, st.Class(l))
			} else {
				k = scatterClass + (l+1)%maxClasses
			}
			index[l] = byte(k)
		}
	}
	im := image.NewPaletted(image.Rect(0, 0, w, h), pal)
	fx, fy := win.Fraction(0, 0)
	for y := range h {
		setPixel(im, int(fx*float64(w)), y, scatterGrid)
	}
	for x := range w {
		setPixel(im, x, int(fy*float64(h)), scatterGrid)
	}
	for i := range c.X {
		fx, fy := win.Fraction(c.X[i], c.Y[i])
		disc(im, fx*float64(w), fy*float64(h), float64(dot)/2, index[c.Labels[i]])
	}
	for label, name := range c.Classes {
		fx, fy := win.Fraction(c.Middle[label][0], c.Middle[label][1])
		MarkName(im, name, int(fx*float64(w)), int(fy*float64(h)), max(1, h/600), index[label])
	}
	return im
}

func setPixel(im *image.Paletted, x, y int, k byte) {
	if (image.Point{X: x, Y: y}).In(im.Rect) {
		im.Pix[y*im.Stride+x] = k
	}
}

// disc fills the pixels whose middles are within r of a place.
func disc(im *image.Paletted, x, y, r float64, k byte) {
	for py := int(math.Floor(y - r)); py <= int(y+r); py++ {
		for px := int(math.Floor(x - r)); px <= int(x+r); px++ {
			dx, dy := float64(px)+.5-x, float64(py)+.5-y
			if dx*dx+dy*dy <= r*r {
				setPixel(im, px, py, k)
			}
		}
	}
}

// MarkName writes a name with its middle at x, y, k times as large as the font, in the scatter's own ground
// colour on a ground of another of its colours. A long name is cut.
func MarkName(im *image.Paletted, name string, x, y, k int, ground byte) {
	const wide, high, most = 7, 13, 12
	r := []rune(name)
	r = r[:min(len(r), most)]
	w := len(r) * wide
	mask := image.NewAlpha(image.Rect(0, 0, w, high))
	d := font.Drawer{Dst: mask, Src: image.Opaque, Face: basicfont.Face7x13, Dot: fixed.P(0, high-3)}
	d.DrawString(string(r))
	x0, y0 := x-w*k/2, y-high*k/2
	for py := -2; py < high*k; py++ {
		for px := -2 * k; px < (w+2)*k; px++ {
			corner := (px == -2*k || px == (w+2)*k-1) && (py == -2 || py == high*k-1)
			switch {
			case corner:
			case px >= 0 && py >= 0 && mask.AlphaAt(px/k, py/k).A > 127:
				setPixel(im, x0+px, y0+py, scatterBack)
			default:
				setPixel(im, x0+px, y0+py, ground)
			}
		}
	}
}
