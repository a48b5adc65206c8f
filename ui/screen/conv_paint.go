package screen

import (
	"sync"

	"mllab/ui/picture"
)

// paper is an indexed image under construction.
type paper struct {
	img  *picture.Image
	ink  [marks]byte // palette indices of the marks
	unit int         // pixels of a thin line
}

// The colours of marks, which no map and no picture uses.
const (
	markWindow = iota // the window, the pixel that it makes
	markEdge          // around a mark, so that it is seen on any colour
	markVeil          // not computed yet
	markFrame         // the border of the picture within its padding
	marks
)

var markColors = [marks][3]byte{{255, 40, 200}, {0, 0, 0}, {96, 96, 104}, {64, 160, 255}}

// The palettes of the lab: one of picture's, and the marks. Of grey pictures the padding is bluish.
var (
	paintGrey   = marked(append(slicesOf(picture.Gray.RGB), tinted()...))
	paintSigned = marked(picture.Diverging.RGB)
	paintColor  = marked(picture.Cube.RGB)
)

// paintBacks are the palettes with the colour of a terminal's background, made once each.
var paintBacks struct {
	sync.Mutex
	m map[paintBack]*picture.Palette
}

type paintBack struct {
	of   *picture.Palette
	back [3]byte
}

// onBack is a palette that has the background's colour, where there is a place left for it.
func onBack(p *picture.Palette, back [3]byte) *picture.Palette {
	if len(p.RGB) >= 256 {
		return p
	}
	paintBacks.Lock()
	defer paintBacks.Unlock()
	key := paintBack{p, back}
	if paintBacks.m[key] == nil {
		if paintBacks.m == nil || len(paintBacks.m) > 32 {
			paintBacks.m = map[paintBack]*picture.Palette{}
		}
		rgb := slicesOf(p.RGB)
		rgb = append(rgb[:len(rgb)-marks], append([][3]byte{back}, markColors[:]...)...)
		paintBacks.m[key] = picture.NewPalette(rgb)
	}
	return paintBacks.m[key]
}

func slicesOf(rgb [][3]byte) [][3]byte { return append([][3]byte(nil), rgb...) }

func marked(rgb [][3]byte) *picture.Palette {
	return picture.NewPalette(append(slicesOf(rgb), markColors[:]...))
}

// tinted are the greys as they are in the padding.
func tinted() [][3]byte {
	var list [][3]byte
	for _, c := range picture.Gray.RGB {
		v := float64(c[0])
		list = append(list, [3]byte{byte(18 + v*.55), byte(30 + v*.65), byte(70 + v*.7)})
	}
	return list
}

func newPaper(w, h, unit int, pal *picture.Palette, back [3]byte) *paper {
	pal = onBack(pal, back)
	c := &paper{img: &picture.Image{W: max(w, 1), H: max(h, 1), Pal: pal}, unit: max(1, unit)}
	c.img.Pix = make([]byte, c.img.W*c.img.H)
	for i := range c.ink {
		c.ink[i] = byte(len(pal.RGB) - marks + i)
	}
	free := nearest(pal, back)
	for i := range c.img.Pix {
		c.img.Pix[i] = free
	}
	return c
}

// nearest is the index of the colour that is nearest to c.
func nearest(p *picture.Palette, c [3]byte) (at byte) {
	best := 1 << 30
	for i, q := range p.RGB {
		d := 0
		for k := range q {
			e := int(q[k]) - int(c[k])
			d += e * e
		}
		if d < best {
			best, at = d, byte(i)
		}
	}
	return at
}

// frame says where on a paper which part of a map is: enlarged by a whole factor, or made smaller.
type frame struct {
	to, part rect
}

// fitted puts a part of a map into the middle of a box of pixels.
func fitted(part, box rect) frame {
	if part.w < 1 || part.h < 1 || box.w < 1 || box.h < 1 {
		return frame{part: part}
	}
	f := frame{part: part}
	if s := min(box.w/part.w, box.h/part.h); s >= 1 {
		f.to.w, f.to.h = part.w*s, part.h*s
	} else if part.w*box.h > part.h*box.w {
		f.to.w, f.to.h = box.w, max(1, part.h*box.w/part.w)
	} else {
		f.to.w, f.to.h = max(1, part.w*box.h/part.h), box.h
	}
	f.to.x, f.to.y = box.x+(box.w-f.to.w)/2, box.y+(box.h-f.to.h)/2
	return f
}

// at is the place of the map under a pixel.
func (f frame) at(px, py int) (x, y int, ok bool) {
	if !f.to.has(px, py) {
		return 0, 0, false
	}
	return f.part.x + (px-f.to.x)*f.part.w/f.to.w, f.part.y + (py-f.to.y)*f.part.h/f.to.h, true
}

// pixels is where a rectangle of the map lies; what is beyond the part is cut off.
func (f frame) pixels(r rect) rect {
	if f.part.w < 1 || f.part.h < 1 {
		return rect{}
	}
	edge := func(v, at, n, to, m int) int { return to + max(0, min(v-at, n))*m/n }
	x0, x1 := edge(r.x, f.part.x, f.part.w, f.to.x, f.to.w), edge(r.x+r.w, f.part.x, f.part.w, f.to.x, f.to.w)
	y0, y1 := edge(r.y, f.part.y, f.part.h, f.to.y, f.to.h), edge(r.y+r.h, f.part.y, f.part.h, f.to.y, f.to.h)
	return rect{x0, y0, x1 - x0, y1 - y0}
}

// paint fills the frame: color gives a pixel's index for a stretch x0 <= x < x1, y0 <= y < y1 of the map.
func (c *paper) paint(f frame, color func(px, py, x0, y0, x1, y1 int) byte) {
	span := func(i, n, m, at int) (from, to int) {
		from, to = at+i*n/m, at+((i+1)*n-1)/m+1
		if n < m {
			to = from + 1
		}
		return from, to
	}
	for j := range f.to.h {
		y0, y1 := span(j, f.part.h, f.to.h, f.part.y)
		row := c.img.Pix[(f.to.y+j)*c.img.W+f.to.x:][:f.to.w]
		for i := range row {
			x0, x1 := span(i, f.part.w, f.to.w, f.part.x)
			row[i] = color(f.to.x+i, f.to.y+j, x0, y0, x1, y1)
		}
	}
}

// grid are the values [h w c] that are painted: one channel, or three as colours.
type grid struct {
	values []float32
	w, c   int
}

// mean is the mean of a stretch.
func (g grid) mean(channel, x0, y0, x1, y1 int) float32 {
	sum := float32(0)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			sum += g.values[(y*g.w+x)*g.c+channel]
		}
	}
	return sum / float32((x1-x0)*(y1-y0))
}

// level is the index of v among n colours from lo to hi.
func level(v, lo, hi float32, n int) byte {
	if !(hi > lo) {
		return byte(n / 2)
	}
	f := (v-lo)/(hi-lo)*float32(n-1) + .5
	if !(f > 0) {
		return 0
	}
	return byte(min(f, float32(n-1)))
}

// outline draws a line around a rectangle of pixels, and a dark one around that where there is room to
// tell them apart.
func (c *paper) outline(r rect, mark int) {
	t := c.unit
	if t > 1 {
		c.ring(rect{r.x - 2*t, r.y - 2*t, r.w + 4*t, r.h + 4*t}, t, c.ink[markEdge])
	}
	c.ring(rect{r.x - t, r.y - t, r.w + 2*t, r.h + 2*t}, t, c.ink[mark])
}

// ring fills the border of a rectangle, t pixels wide; what is beyond the paper is left out.
func (c *paper) ring(r rect, t int, ink byte) {
	c.fill(rect{r.x, r.y, r.w, t}, ink)
	c.fill(rect{r.x, r.y + r.h - t, r.w, t}, ink)
	c.fill(rect{r.x, r.y, t, r.h}, ink)
	c.fill(rect{r.x + r.w - t, r.y, t, r.h}, ink)
}

func (c *paper) fill(r rect, ink byte) {
	for y := max(r.y, 0); y < min(r.y+r.h, c.img.H); y++ {
		for x := max(r.x, 0); x < min(r.x+r.w, c.img.W); x++ {
			c.img.Pix[y*c.img.W+x] = ink
		}
	}
}
