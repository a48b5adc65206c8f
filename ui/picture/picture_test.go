package picture

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValuesToColours(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	im := FromGray([]float32{0, 1, -5, 9, nan, inf, -inf, .5}, 8, 1)
	assert.Equal(t, []byte{0, 63, 0, 63, 0, 63, 0, 32}, im.Pix)
	im = FromSigned([]float32{-2, 0, 2, 1}, 2, 2, 2)
	assert.Equal(t, []byte{0, 32, 64, 48}, im.Pix)
	assert.Equal(t, [3]byte{247, 247, 247}, im.Pal.RGB[32], "zero is the middle")
	im = FromHeat([]float32{3, 3}, 2, 1, 3, 3)
	assert.Equal(t, []byte{32, 32}, im.Pix, "a range without extent is the middle")
	im = FromGray([]float32{1}, 2, 2)
	assert.Equal(t, []byte{63, 0, 0, 0}, im.Pix, "missing values")
	assert.Empty(t, FromGray(nil, -3, 5).Pix)
	assert.Len(t, FromRGB([]float32{1, 1, 1, 0, 0}, 2, 1).Pix, 2)
}

func TestFromImage(t *testing.T) {
	pal := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black, color.RGBA{R: 9, A: 255}})
	pal.Pix[4] = 1
	im := FromImage(pal)
	assert.Equal(t, [3]byte{9, 0, 0}, im.Pal.RGB[im.Pix[4]])
	assert.Same(t, im.Pal, FromImage(pal).Pal, "a palette used before is kept")
	rgba := image.NewRGBA(image.Rect(2, 3, 34, 35))
	for i := range 32 * 32 {
		rgba.Set(2+i%32, 3+i/32, color.RGBA{R: byte(i), G: byte(i >> 3), B: 7, A: 255})
	}
	im = FromImage(rgba)
	assert.Equal(t, []int{32, 32}, []int{im.W, im.H})
	assert.Same(t, Cube, im.Pal, "too many colours")
	im = FromImage(rgba.SubImage(image.Rect(2, 3, 10, 5)))
	assert.Equal(t, [3]byte{3, 0, 7}, im.Pal.RGB[im.Pix[3]], "few colours are exact")
}

func TestNewPlaces(t *testing.T) {
	d := Display{Mode: Sixel, CellW: 4, CellH: 8, Background: color.RGBA{R: 1, G: 2, B: 3, A: 255}}
	p := New(FromGray([]float32{1, 0, 0, 1}, 2, 2), 3, 2, d) // 12 x 16 pixels: 6 times, 12 x 12
	require.Len(t, p.img.Pix, 12*16)
	x, y, k := p.Origin(2, 2)
	assert.Equal(t, []int{0, 2, 6}, []int{x, y, k})
	assert.Equal(t, [3]byte{1, 2, 3}, p.img.Pal.RGB[p.img.Pix[0]])
	assert.Equal(t, byte(63), p.img.Pix[2*12])
	assert.Equal(t, byte(0), p.img.Pix[2*12+6])
	p = New(heat(100, 300), 3, 2, d)
	assert.Equal(t, []int{12, 16}, []int{p.img.W, p.img.H}, "sampled down")
	for _, im := range []*Image{nil, {}, heat(1, 1), heat(5000, 1)} {
		p = New(im, -2, 0, Display{})
		assert.Equal(t, []int{1, 1}, []int{p.Cols, p.Rows})
	}
}

func TestRowHashes(t *testing.T) {
	d := Display{Mode: Sixel, CellW: 2, CellH: 4}
	vals := make([]float32, 8*12)
	a := New(FromGray(vals, 8, 12), 4, 3, d)
	vals[5*8] = 1
	b := New(FromGray(vals, 8, 12), 4, 3, d)
	assert.Equal(t, a.hash[0], b.hash[0])
	assert.NotEqual(t, a.hash[1], b.hash[1], "the row that changed")
	assert.Equal(t, a.hash[2], b.hash[2])
	h := New(FromHeat(make([]float32, 8*12), 8, 12, 0, 1), 4, 3, d)
	assert.NotEqual(t, a.hash[0], h.hash[0], "another palette")
	d.CellH, d.CellW = 2, 4
	c := New(FromGray(make([]float32, 16*6), 16, 6), 4, 3, d)
	assert.NotEqual(t, a.hash[0], c.hash[0], "another size of cells")
}

func TestCells(t *testing.T) {
	for _, mode := range []Mode{Sixel, Kitty, ITerm, Blocks, None} {
		d := Display{Mode: mode, CellW: 5, CellH: 10}
		p := New(heat(30, 40), 6, 4, d)
		got := p.Cells(7, func(r int) bool { return r == 2 })
		lines := strings.Split(got, "\n")
		require.Len(t, lines, 4, mode)
		seen := map[string]bool{}
		for r, l := range lines {
			assert.Equal(t, 7, ansi.StringWidth(l), "%v row %d", mode, r)
			hasMarker := strings.Contains(l, markerStart)
			assert.Equal(t, mode.pixels() && r != 2, hasMarker, "%v row %d", mode, r)
			if hasMarker {
				assert.False(t, seen[l], "two rows alike")
				seen[l] = true
				assert.True(t, strings.HasSuffix(l, nbsp) && strings.HasPrefix(l, strings.Repeat(nbsp, 6)))
			}
		}
	}
	assert.NotContains(t, New(heat(3, 3), 2, 2, Display{Mode: Sixel}).Cells(0, nil), "ml;", "no such id")
	assert.Equal(t, "   \n   ", Empty(2, 2))
	assert.Empty(t, Empty(-1, 0))
}

func TestHalfBlocks(t *testing.T) {
	im := FromGray([]float32{1, 0, 0, 1}, 2, 2)
	for depth, want := range map[Depth]string{
		TrueColor: "\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[m",
		Colors256: "\x1b[38;5;231;48;5;16m▀\x1b[38;5;16;48;5;231m▀\x1b[m",
		NoColor:   "▒▒",
	} {
		d := HalfBlocks()
		d.Depth = depth
		assert.Equal(t, want+nbsp, New(im, 2, 1, d).Cells(1, nil), "%d", depth)
	}
	d := HalfBlocks()
	d.Depth = Colors16
	assert.Regexp(t, "^\x1b\\[(37|97);(40|100)m▀\x1b\\[(30|90);(47|107)m▀\x1b\\[m"+nbsp+"$",
		New(im, 2, 1, d).Cells(1, nil))
	big := Display{Mode: Blocks, CellW: 4, CellH: 8}
	assert.Contains(t, New(im, 2, 1, big).Cells(1, nil), "38;2;255;255;255;48;2;0;0;0m",
		"the mean of a half cell")
}

func TestGrid(t *testing.T) {
	vals := make([]float32, 6*4*3)
	for i := range vals {
		vals[i] = float32(i/12) / 5
	}
	o := GridOptions{W: 3, H: 4}
	im := Grid(vals, o, 100, 20)
	l := GridLayout(6, o, 100, 20)
	w, h := l.Size()
	assert.Equal(t, []int{w, h}, []int{im.W, im.H})
	assert.Equal(t, Layout{Rows: 1, Cols: 6, Shown: 6, Scale: 5, Shrink: 1, CellW: 15, CellH: 20}, l)
	for i := range 6 {
		assert.Equal(t, byte(float32(i)/5*63+.5), im.Pix[16*i+3*im.W], "picture %d", i)
	}
	assert.Equal(t, [3]byte{64, 64, 64}, im.Pal.RGB[im.Pix[15]], "the gap")
	i, ok := l.At(17, 3)
	assert.True(t, ok)
	assert.Equal(t, 1, i)
	_, ok = l.At(96, 3)
	assert.False(t, ok)
}

func TestGridLayoutFits(t *testing.T) {
	for _, c := range []struct{ n, w, h, boxW, boxH, columns, min int }{
		{64, 28, 28, 320, 320, 0, 0}, {64, 28, 28, 60, 40, 0, 4}, {64, 28, 28, 29, 15, 0, 1}, {1, 5, 5, 4,
			4, 0, 1},
		{16, 28, 28, 300, 200, 8, 0}, {16, 28, 28, 100, 100, 8, 16}, {3, 1, 1, 1, 1, 0, 0}, {5, 4, 4, 0, 9,
			0, 0},
		{1000, 7, 3, 80, 48, 0, 1000},
	} {
		o := GridOptions{W: c.w, H: c.h, Columns: c.columns, Min: c.min}
		l := GridLayout(c.n, o, c.boxW, c.boxH)
		w, h := l.Size()
		assert.LessOrEqual(t, w, c.boxW, "%+v", c)
		assert.LessOrEqual(t, h, c.boxH, "%+v", c)
		assert.LessOrEqual(t, l.Shown, l.Rows*l.Cols)
		im := Grid(make([]float32, c.n*c.w*c.h), o, c.boxW, c.boxH)
		assert.Equal(t, []int{w, h}, []int{im.W, im.H}, "%+v", c)
	}
	assert.Equal(t, 64, GridLayout(64, GridOptions{W: 28, H: 28}, 320, 320).Shown)
	assert.GreaterOrEqual(t, GridLayout(64, GridOptions{W: 28, H: 28, Min: 4}, 60, 40).Shown, 4)
	rgb := Grid([]float32{1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0}, GridOptions{W: 2, H: 2, Channels: 3}, 1, 1)
	assert.Equal(t, [3]byte{255, 0, 0}, rgb.Pal.RGB[rgb.Pix[0]], "averaged colours")
}

func TestOcclude(t *testing.T) {
	s := NewStore()
	p := New(heat(30, 40), 6, 4, Display{Mode: Sixel, CellW: 5, CellH: 10})
	s.Publish(1, p)
	view := "title\n" + strings.ReplaceAll(p.Cells(1, nil), "\n", " text\n") + " text\nlast"
	got := strings.Split(s.Occlude(view, 2, 4), "\n")
	was := strings.Split(view, "\n")
	require.Len(t, got, len(was))
	for y := range was {
		assert.Equal(t, ansi.StringWidth(was[y]), ansi.StringWidth(got[y]))
		if y == 2 || y == 3 {
			assert.Contains(t, got[y], "▀")
			assert.NotContains(t, got[y], "ml;")
			continue
		}
		assert.Equal(t, was[y], got[y])
	}
	assert.Equal(t, view, s.Occlude(view, 9, 3))
	s.Publish(1, nil)
	assert.NotContains(t, strings.Split(s.Occlude(view, -5, 99), "\n")[1], "ml;", "a picture that is gone")
}

func TestSeal(t *testing.T) {
	p := New(heat(4, 40), 2, 20, Display{Mode: Kitty, CellW: 2, CellH: 2})
	view := p.Cells(2, func(r int) bool { return r == 3 }) + p.marker(1, 7)
	sealed := Seal(view)
	assert.True(t, strings.HasSuffix(sealed, "\x1b^ml;v;1:7-7,2:0-2,2:4-19,\x1b\\"), "%q", sealed[len(view):])
	list, ok := parseView("v;1:7-7,2:0-2,")
	assert.True(t, ok)
	assert.Equal(t, []rowRange{{1, 7, 7}, {2, 0, 2}}, list)
}

func TestParseMode(t *testing.T) {
	for _, m := range []Mode{Auto, Sixel, Kitty, ITerm, Blocks, None} {
		got, err := ParseMode(" " + strings.ToUpper(m.String()))
		require.NoError(t, err)
		assert.Equal(t, m, got)
	}
	_, err := ParseMode("vga")
	assert.EqualError(t, err, `graphics "vga": want one of auto, sixel, kitty, iterm, blocks, none`)
	assert.Equal(t, "mode 42", Mode(42).String())
}
