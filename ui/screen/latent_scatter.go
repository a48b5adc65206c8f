package screen

import (
	"image"
	"image/color"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// classes are the colours of labels on dark and on light ground: ten hues that keep a contrast of 3:1 or more.
var classes = [2][10]uint32{
	{0x5aa9ff, 0xff9f40, 0x2fd08a, 0xff6b9e, 0xf4e04d, 0xb48cff, 0x35d6e6, 0xff6a4a, 0xb9c2cc, 0xa6e04a},
	{0x1f6fd1, 0xc25e00, 0x0a8a50, 0xc8236f, 0x8f7a00, 0x6f3fd0, 0x007f94, 0xb8231a, 0x5f6b76, 0x4c7f00},
}

// classColor is the colour of a label. Beyond ten they repeat, and the names in the scatter tell them apart.
func classColor(th theme.Theme, label int) color.RGBA {
	if label < 0 {
		return th.Colors.Accent
	}
	list := classes[1]
	if th.Dark {
		list = classes[0]
	}
	v := list[label%len(list)]
	return color.RGBA{R: byte(v >> 16), G: byte(v >> 8), B: byte(v), A: 255}
}

// ScatterStyle are the colours of a scatter on a theme.
func ScatterStyle(th theme.Theme) lab.ScatterStyle {
	return lab.ScatterStyle{Back: th.Colors.Background, Grid: between(th.Colors.Background, th.Colors.Border, 0.45),
		Class: func(label int) color.RGBA { return classColor(th, label) }}
}

// between is a colour at a fraction of the way from a to b.
func between(a, b color.RGBA, f float64) color.RGBA {
	m := func(x, y byte) byte { return byte(float64(x)*(1-f) + float64(y)*f + .5) }
	return color.RGBA{R: m(a.R, b.R), G: m(a.G, b.G), B: m(a.B, b.B), A: 255}
}

// scatterBase is a drawn scatter without the cursor, kept while nothing but the cursor moves.
type scatterBase struct {
	scatter *lab.Scatter
	win     lab.Window
	w, h    int
	colors  theme.Colors
	im      *image.Paletted
}

// scatterImage draws the scatter as pixels, with cursor and path; base is used again where it fits.
func (o latentOrder) scatterImage(w, h int, base *scatterBase) (*image.Paletted, *scatterBase) {
	if base == nil || base.scatter != o.scatter || base.win != o.win || base.w != w || base.h != h ||
		base.colors != o.theme.Colors {
		dot := max(2, min(w, h)/130)
		base = &scatterBase{o.scatter, o.win, w, h, o.theme.Colors,
			o.scatter.Draw(o.win, w, h, dot, ScatterStyle(o.theme))}
	}
	im := image.NewPaletted(base.im.Rect, append(base.im.Palette[:len(base.im.Palette):len(base.im.Palette)],
		o.theme.Colors.Accent, o.theme.Colors.Text, o.theme.Colors.Good))
	copy(im.Pix, base.im.Pix)
	accent := byte(len(base.im.Palette))
	back, text, good := byte(0), accent+1, accent+2
	at := func(code []float32) (x, y float64) {
		fx, fy := o.win.Fraction(o.plane.Project(code))
		return fx * float64(w), fy * float64(h)
	}
	r := float64(max(4, min(w, h)/50))
	if o.mode == interpolate && o.picks[0] != nil && o.picks[1] != nil {
		const dots = 48
		for i := range dots + 1 {
			x, y := at(o.onPath(float64(i) / dots))
			ring(im, x, y, r/4+1, 0, back)
			ring(im, x, y, r/4, 0, text)
		}
	}
	for i, p := range o.picks {
		if o.mode == interpolate && p != nil {
			x, y := at(p)
			lab.MarkName(im, string(rune('A'+i)), int(x), int(y), max(1, h/600), good)
		}
	}
	if o.mode == attribute && o.strength != 0 {
		x, y := at(o.code)
		ring(im, x, y, r*0.7, r*0.7-2, text)
	}
	x, y := at(o.point(o.space))
	cross(im, int(x), int(y), between(o.theme.Colors.Background, o.theme.Colors.Accent, 0.5))
	ring(im, x, y, r+3, r-1, back)
	ring(im, x, y, r+2, r, accent)
	return im, base
}

// cross draws faint lines through the cursor, where nothing else is.
func cross(im *image.Paletted, x, y int, c color.RGBA) {
	k := byte(len(im.Palette))
	im.Palette = append(im.Palette, c)
	for px := 0; px < im.Rect.Dx(); px += 3 {
		under(im, px, y, k)
	}
	for py := 0; py < im.Rect.Dy(); py += 3 {
		under(im, x, py, k)
	}
}

func under(im *image.Paletted, x, y int, k byte) {
	if (image.Point{X: x, Y: y}).In(im.Rect) && im.Pix[y*im.Stride+x] < 2 { // ground or axis
		im.Pix[y*im.Stride+x] = k
	}
}

// ring fills the pixels whose distance from a place is from inner to outer.
func ring(im *image.Paletted, x, y, outer, inner float64, k byte) {
	for py := int(y-outer) - 1; py <= int(y+outer)+1; py++ {
		for px := int(x-outer) - 1; px <= int(x+outer)+1; px++ {
			dx, dy := float64(px)+.5-x, float64(py)+.5-y
			d := dx*dx + dy*dy
			if d <= outer*outer && d >= inner*inner && (image.Point{X: px, Y: py}).In(im.Rect) {
				im.Pix[py*im.Stride+px] = k
			}
		}
	}
}

// brailleCell is a character of a scatter that is drawn with characters.
type brailleCell struct {
	dots  rune
	votes map[int]int // dots by label
	text  string      // in place of dots
	style func(string) string
}

// brailleScatter draws the scatter with characters: eight dots a cell, in the colour of the label that has
// most of them.
func (o latentOrder) brailleScatter(w, h int) string {
	cells := make([]brailleCell, w*h)
	cell := func(x, y float64) (*brailleCell, int, int) {
		fx, fy := o.win.Fraction(x, y)
		px, py := int(fx*float64(2*w)), int(fy*float64(4*h))
		if fx < 0 || fy < 0 || px >= 2*w || py >= 4*h {
			return nil, 0, 0
		}
		return &cells[py/4*w+px/2], px % 2, py % 4
	}
	bits := [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}
	for i := range o.scatter.X {
		c, x, y := cell(o.scatter.X[i], o.scatter.Y[i])
		if c == nil {
			continue
		}
		if c.votes == nil {
			c.votes = map[int]int{}
		}
		c.dots |= bits[y][x]
		c.votes[o.scatter.Labels[i]]++
	}
	put := func(code []float32, text string, style func(string) string) {
		if c, _, _ := cell(o.plane.Project(code)); c != nil {
			c.text, c.style = text, style
		}
	}
	th := o.theme
	o.brailleAxes(cells, w, h)
	for label, at := range o.scatter.Middle {
		fx, fy := o.win.Fraction(at[0], at[1])
		st := th.Title.Foreground(classColor(th, label)).Reverse(true)
		if th.NoColor {
			st = th.Selected
		}
		const most = 8
		name := []rune(widget.Clean(o.scatter.Classes[label]))
		name = name[:min(len(name), most)]
		x0, y := int(fx*float64(w))-len(name)/2, int(fy*float64(h))
		for i, r := range name {
			if x := x0 + i; x >= 0 && x < w && fy >= 0 && y < h && ansi.StringWidth(string(r)) == 1 {
				cells[y*w+x].text, cells[y*w+x].style = string(r), func(s string) string { return st.Render(s) }
			}
		}
	}
	if o.mode == interpolate && o.picks[0] != nil && o.picks[1] != nil {
		for i := range 33 {
			put(o.onPath(float64(i)/32), "•", func(s string) string { return th.Title.Render(s) })
		}
	}
	for i, p := range o.picks {
		if o.mode == interpolate && p != nil {
			put(p, string(rune('A'+i)), func(s string) string { return th.Good.Bold(true).Reverse(true).Render(s) })
		}
	}
	put(o.point(o.space), "◉", func(s string) string { return th.Focus.Render(s) })
	return o.renderBraille(cells, w, h)
}

// brailleAxes draws the lines where the plane's coordinates are zero.
func (o latentOrder) brailleAxes(cells []brailleCell, w, h int) {
	fx, fy := o.win.Fraction(0, 0)
	x, y := int(fx*float64(w)), int(fy*float64(h))
	line := func(s string) string { return o.theme.Border.Render(s) }
	for i := range h {
		if c := i*w + x; fx >= 0 && x < w && cells[c].dots == 0 {
			cells[c].text, cells[c].style = "┊", line
		}
	}
	for i := range w {
		if c := y*w + i; fy >= 0 && y < h && cells[c].dots == 0 {
			cells[c].text, cells[c].style = "┈", line
		}
	}
}

func (o latentOrder) renderBraille(cells []brailleCell, w, h int) string {
	var b strings.Builder
	for y := range h {
		if y > 0 {
			b.WriteByte('\n')
		}
		for x := range w {
			c := cells[y*w+x]
			switch {
			case c.text != "":
				b.WriteString(c.style(c.text))
			case c.dots != 0:
				best, most := 0, 0
				for label, n := range c.votes {
					if n > most || n == most && label < best {
						best, most = label, n
					}
				}
				st := o.theme.Text
				if !o.theme.NoColor {
					st = st.Foreground(classColor(o.theme, best))
				}
				b.WriteString(st.Render(string(0x2800 + c.dots)))
			default:
				b.WriteByte(' ')
			}
		}
	}
	return b.String()
}
