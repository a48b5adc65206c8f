package screen

import (
	"image"
	"image/color"

	"mllab/ui/picture"
	"mllab/ui/theme"
)

// tile is one of several pictures in a place: where it is in pixels, and the code that it is of (nil: none).
type tile struct {
	x, y, w, h int
	code       []float32
	frame      color.RGBA // drawn around it where its alpha is not 0
}

// pixel is which of a picture's w x h pixels the mouse is on, where the tile shows it at origin o, in cells of that many
// pixels of the terminal; not ok: none.
func (t tile) pixel(m Mouse, o rect, cellW, cellH, w, h int) (x, y int, ok bool) {
	px, py := (m.X-o.x)*cellW+cellW/2, (m.Y-o.y)*cellH+cellH/2
	if !t.has(px, py) {
		return 0, 0, false
	}
	return (px - t.x) * w / t.w, (py - t.y) * h / t.h, true
}

func (t tile) has(x, y int) bool { return x >= t.x && y >= t.y && x < t.x+t.w && y < t.y+t.h }

// fitTile is the size of a picture of w x h pixels within a box: enlarged by a whole factor, or made smaller.
func fitTile(w, h, boxW, boxH int) (int, int) {
	if k := min(boxW/max(1, w), boxH/max(1, h)); k >= 1 {
		return w * k, h * k
	}
	if boxW*h < boxH*w {
		return max(1, boxW), max(1, h*boxW/w)
	}
	return max(1, w*boxH/h), max(1, boxH)
}

// tileGap is the distance of two tiles in pixels.
const tileGap = 2

// tileFill lays out at most so many pictures of w x h in a box, in rows: as large as a whole factor allows while
// at least as many as wanted are shown. Where the box has no room for that they are made smaller, three or
// more in a row.
func tileFill(w, h, boxW, boxH, want, most int) []tile {
	room := func(tw, th int) (cols, rows int) {
		return min((boxW+tileGap)/(tw+tileGap), most), (boxH - 2 + tileGap) / (th + tileGap)
	}
	for k := min(boxW/w, boxH/h); k >= 1; k-- {
		if cols, rows := room(w*k, h*k); cols*rows >= want || k == 1 && cols*rows >= 3 {
			return tileGrid(w, h, boxW, boxH, cols, max(1, min(rows, most/cols)))
		}
	}
	const least, narrow = 3, 10
	cols := min(max(least, (boxW+1)/(narrow+1)), most)
	tw, th := fitTile(w, h, (boxW+1)/cols-1, boxH)
	if th == boxH && tw > 0 {
		cols = min(max(cols, (boxW+1)/(tw+1)), most)
	}
	return tileGrid(w, h, boxW, boxH, cols, max(1, min((boxH+1)/(th+1), most/cols)))
}

// tileSquares lays out pictures all over a box, about ten in a row.
func tileSquares(w, h, boxW, boxH int) (tiles []tile, cols, rows int) {
	const wanted, least, narrow = 10, 5, 10
	off := func(n int) int { return max(n-wanted, wanted-n) }
	for k := 1; k*w <= boxW; k++ {
		if n := (boxW + tileGap) / (k*w + tileGap); n >= least && (cols == 0 || off(n) < off(cols)) {
			cols, rows = n, max(1, (boxH+tileGap)/(k*h+tileGap))
		}
	}
	if cols == 0 {
		cols = max(least, (boxW+1)/(narrow+1))
		_, th := fitTile(w, h, (boxW+1)/cols-1, boxH)
		rows = max(1, (boxH+1)/(th+1))
	}
	return tileGrid(w, h, boxW, boxH, cols, rows), cols, rows
}

// tileGrid lays out cols x rows pictures of w x h in the middle of a box.
func tileGrid(w, h, boxW, boxH, cols, rows int) []tile {
	gap := tileGap
	if boxW < cols*12 {
		gap = 1 // half-blocks
	}
	tw, th := fitTile(w, h, (boxW+gap)/cols-gap, (boxH+gap)/rows-gap)
	x0, y0 := max(0, (boxW-cols*(tw+gap)+gap)/2), max(0, (boxH-rows*(th+gap)+gap)/2)
	var all []tile
	for i := range cols * rows {
		all = append(all, tile{x: x0 + i%cols*(tw+gap), y: y0 + i/cols*(th+gap), w: tw, h: th})
	}
	return all
}

// mosaic is an image of tiles on the background of the theme.
type mosaic struct {
	im      *image.Paletted
	w, h, c int // of the pictures
	pal     *picture.Palette
	tones   *tones // nil: the palette is a fixed one
}

func newMosaic(boxW, boxH, w, h, c int, th theme.Theme) *mosaic {
	m := &mosaic{w: w, h: h, c: c, pal: picture.Gray}
	if c == 3 {
		m.pal = picture.Cube
	}
	m.blank(boxW, boxH, th)
	return m
}

// newTonedMosaic is one for just these pictures: those with colour have a palette of their own.
func newTonedMosaic(boxW, boxH, w, h, c int, th theme.Theme, pixels []float32) *mosaic {
	if c != 3 {
		return newMosaic(boxW, boxH, w, h, c, th)
	}
	m := &mosaic{w: w, h: h, c: c, tones: newTones(pixels)}
	m.pal = m.tones.pal
	m.blank(boxW, boxH, th)
	return m
}

// blank makes the image, empty.
func (m *mosaic) blank(boxW, boxH int, th theme.Theme) {
	var pal color.Palette
	for _, v := range m.pal.RGB {
		pal = append(pal, color.RGBA{R: v[0], G: v[1], B: v[2], A: 255})
	}
	pal = append(pal, th.Colors.Background)
	m.im = image.NewPaletted(image.Rect(0, 0, boxW, boxH), pal)
	for i := range m.im.Pix {
		m.im.Pix[i] = byte(len(pal) - 1)
	}
}

// index is that of a colour, a new one while there is room in the palette.
func (m *mosaic) index(c color.RGBA) byte {
	for i, p := range m.im.Palette {
		if p == color.Color(c) {
			return byte(i)
		}
	}
	if len(m.im.Palette) < 256 {
		m.im.Palette = append(m.im.Palette, c)
		return byte(len(m.im.Palette) - 1)
	}
	return byte(m.im.Palette.Index(c))
}

// put draws a picture [h w c] into a tile.
func (m *mosaic) put(t tile, pixels []float32) {
	values := resample(pixels, m.w, m.h, m.c, t.w, t.h)
	var im *picture.Image
	switch {
	case m.tones != nil:
		im = m.tones.image(values, t.w, t.h)
	case m.c == 3:
		im = picture.FromRGB(values, t.w, t.h)
	default:
		im = picture.FromValues(values, t.w, t.h, m.pal, 0, 1)
	}
	for y := range t.h {
		if t.y+y >= 0 && t.y+y < m.im.Rect.Dy() && t.x+t.w <= m.im.Rect.Dx() {
			copy(m.im.Pix[(t.y+y)*m.im.Stride+t.x:], im.Pix[y*t.w:(y+1)*t.w])
		}
	}
	if t.frame.A > 0 {
		m.box(t.x-1, t.y-1, t.w+2, t.h+2, t.frame)
	}
}

// box draws the outline of a rectangle.
func (m *mosaic) box(x, y, w, h int, c color.RGBA) {
	k := m.index(c)
	set := func(x, y int) {
		if (image.Point{X: x, Y: y}).In(m.im.Rect) {
			m.im.Pix[y*m.im.Stride+x] = k
		}
	}
	for i := range w {
		set(x+i, y)
		set(x+i, y+h-1)
	}
	for i := range h {
		set(x, y+i)
		set(x+w-1, y+i)
	}
}

// resample gives a picture another size: repeated where it is enlarged by a whole factor, else the mean of
// what falls into each pixel.
func resample(pixels []float32, w, h, c, tw, th int) []float32 {
	out := make([]float32, tw*th*c)
	if tw >= w && th >= h {
		for i := range tw * th {
			from := (i/tw*h/th*w + i%tw*w/tw) * c
			copy(out[i*c:(i+1)*c], pixels[from:])
		}
		return out
	}
	for y := range th {
		y0, y1 := y*h/th, max((y+1)*h/th, y*h/th+1)
		for x := range tw {
			x0, x1 := x*w/tw, max((x+1)*w/tw, x*w/tw+1)
			n := float32((y1 - y0) * (x1 - x0))
			for py := y0; py < y1; py++ {
				for px := x0; px < x1; px++ {
					for k := range c {
						out[(y*tw+x)*c+k] += pixels[(py*w+px)*c+k] / n
					}
				}
			}
		}
	}
	return out
}
