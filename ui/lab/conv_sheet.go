package lab

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// A sheet is a page of small pictures with a line of text below each.
const (
	sheetGap  = 8
	sheetText = 16 // height of a line
	sheetTile = 192
)

var (
	sheetPaper = color.RGBA{R: 250, G: 250, B: 250, A: 255}
	sheetInk   = color.RGBA{R: 30, G: 30, B: 30, A: 255}
)

// sheetTileOf is one picture of a sheet.
type sheetTileOf struct {
	img   *image.RGBA
	label string
}

// Sheet is the input and every map as a page: signed maps blue below and red above zero, others from black to
// white, all maps on one scale.
func (r *ConvResult) Sheet() *image.RGBA {
	p := r.Plane
	tiles := []sheetTileOf{{valueImage(p.H, p.W, func(y, x int) color.RGBA {
		v := p.Values[(y*p.W+x)*p.C:]
		if p.C == 3 {
			return color.RGBA{level(v[0]), level(v[1]), level(v[2]), 255}
		}
		return color.RGBA{level(v[0]), level(v[0]), level(v[0]), 255}
	}), fmt.Sprintf("input %dx%d", p.W, p.H)}}
	k := len(r.Maps)
	lo, hi := 0.0, 0.0
	for _, m := range r.Maps {
		lo, hi = min(lo, m.Min), max(hi, m.Max)
	}
	for o, m := range r.Maps {
		img := valueImage(r.Sizes.OutH, r.Sizes.OutW, func(y, x int) color.RGBA {
			return mapColor(float64(r.Out[(y*r.Sizes.OutW+x)*k+o]), lo, hi)
		})
		tiles = append(tiles, sheetTileOf{img, fmt.Sprintf("%d %s %.3g..%.3g", o+1, m.Kernel, m.Min, m.Max)})
	}
	title := fmt.Sprintf("%s, %dx%d, %s: %s", r.Picture.Name, r.Picture.W, r.Picture.H, r.Spec.Kind,
		r.Spec.Formula(r.Picture.H))
	return sheet([]string{title}, [][]sheetTileOf{tiles})
}

// mapColor is the colour of a value of maps from lo to hi: diverging about zero where some are below it.
func mapColor(v, lo, hi float64) color.RGBA {
	if lo < -1e-6 {
		return diverging(v / max(-lo, hi))
	}
	g := level(float32(v / max(hi, 1e-9)))
	return color.RGBA{g, g, g, 255}
}

// diverging runs from blue at -1 over white at 0 to red at 1 (after ColorBrewer's RdBu).
func diverging(v float64) color.RGBA {
	anchors := [][3]float64{{5, 48, 97}, {33, 102, 172}, {67, 147, 195}, {146, 197, 222}, {247, 247, 247},
		{244, 165, 130}, {214, 96, 77}, {178, 24, 43}, {103, 0, 31}}
	t := (max(-1, min(v, 1)) + 1) / 2 * float64(len(anchors)-1)
	if math.IsNaN(t) {
		t = 0
	}
	i := min(int(t), len(anchors)-2)
	f := t - float64(i)
	at := func(c int) uint8 { return uint8(anchors[i][c]*(1-f) + anchors[i+1][c]*f + .5) }
	return color.RGBA{at(0), at(1), at(2), 255}
}

// valueImage draws h x w values, enlarged by a whole factor to at most the size of a tile.
func valueImage(h, w int, at func(y, x int) color.RGBA) *image.RGBA {
	k := max(1, min(sheetTile/max(h, w), 8))
	img := image.NewRGBA(image.Rect(0, 0, w*k, h*k))
	for y := range h {
		for x := range w {
			c := at(y, x)
			for i := range k * k {
				img.SetRGBA(x*k+i%k, y*k+i/k, c)
			}
		}
	}
	return img
}

// sheet lays out rows of tiles, each row below a title.
func sheet(titles []string, rows [][]sheetTileOf) *image.RGBA {
	const widest = 1280
	w, h := 0, sheetGap
	type spot struct {
		tile sheetTileOf
		x, y int
	}
	var spots []spot
	var heads []int
	for _, row := range rows {
		heads = append(heads, h)
		h += sheetText + sheetGap
		x, tall := sheetGap, 0
		for _, t := range row {
			wide := max(t.img.Bounds().Dx(), 7*len(t.label)) + sheetGap
			if x > sheetGap && x+wide > widest {
				x, h, tall = sheetGap, h+tall+sheetText+sheetGap, 0
			}
			spots = append(spots, spot{t, x, h})
			x += wide
			w, tall = max(w, x), max(tall, t.img.Bounds().Dy())
		}
		h += tall + sheetText + sheetGap
	}
	for _, t := range titles {
		w = max(w, 7*len(t)+2*sheetGap)
	}
	page := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(page, page.Bounds(), image.NewUniform(sheetPaper), image.Point{}, draw.Src)
	write := func(text string, x, y int) {
		d := font.Drawer{Dst: page, Src: image.NewUniform(sheetInk), Face: basicfont.Face7x13,
			Dot: fixed.P(x, y+11)}
		d.DrawString(text)
	}
	for i, t := range titles {
		write(t, sheetGap, heads[i])
	}
	for _, s := range spots {
		b := s.tile.img.Bounds()
		draw.Draw(page, b.Add(image.Pt(s.x, s.y)), s.tile.img, image.Point{}, draw.Src)
		write(s.tile.label, s.x, s.y+b.Dy()+2)
	}
	return page
}
