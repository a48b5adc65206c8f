package picture

// GridOptions says what the values of many small pictures are and how they are coloured.
type GridOptions struct {
	W, H int // size of one picture in its own pixels
	// Channels is 1 (values on Palette) or 3 (red, green, blue in 0..1, channels last).
	Channels int
	// Palette colours one channel; nil is Gray. Lo is drawn as its first and Hi as its last colour; both
	// zero mean 0 and 1.
	Palette *Palette
	Lo, Hi  float32
	// Columns fixes the number of columns; 0 takes the arrangement with the largest pictures.
	Columns int
	// Min is the number of pictures that is wanted even where they have to be made smaller than one
	// pixel a value (by averaging, to a half, a third or a quarter).
	Min int
}

// Layout says where the pictures of a Grid stand: picture i is in row i/Cols and column i%Cols, each
// CellW x CellH pixels with one pixel between them.
type Layout struct {
	Rows, Cols, Shown int
	// Scale enlarges a value to Scale x Scale pixels; Shrink averages Shrink x Shrink values to a pixel.
	Scale, Shrink int
	CellW, CellH  int
}

// Size is the size of the whole grid in pixels.
func (l Layout) Size() (w, h int) {
	if l.Shown == 0 {
		return 0, 0
	}
	return l.Cols*(l.CellW+1) - 1, l.Rows*(l.CellH+1) - 1
}

// At returns the picture under pixel x, y of the grid.
func (l Layout) At(x, y int) (i int, ok bool) {
	if x < 0 || y < 0 || l.Shown == 0 || x/(l.CellW+1) >= l.Cols {
		return 0, false
	}
	i = y/(l.CellH+1)*l.Cols + x/(l.CellW+1)
	return i, i < l.Shown
}

// GridLayout arranges n pictures in a box of pixels: all of them enlarged as much as possible, or, where
// that is not possible, as many as fit at one pixel a value, or Min of them made smaller. A box in
// which not one picture fits gives a layout that shows none.
func GridLayout(n int, o GridOptions, boxW, boxH int) Layout {
	if n <= 0 || o.W <= 0 || o.H <= 0 || boxW <= 0 || boxH <= 0 {
		return Layout{}
	}
	var best Layout
	lo, hi := 1, n
	if o.Columns > 0 {
		lo, hi = o.Columns, o.Columns
	}
	for cols := lo; cols <= hi && cols*2-1 <= boxW; cols++ {
		rows := (n + cols - 1) / cols
		s := min((boxW-cols+1)/(cols*o.W), (boxH-rows+1)/(rows*o.H))
		if s >= 1 && (s > best.Scale || s == best.Scale && rows*cols < best.Rows*best.Cols) {
			best = Layout{Rows: rows, Cols: cols, Shown: n, Scale: s, Shrink: 1, CellW: o.W * s,
				CellH: o.H * s}
		}
	}
	if best.Shown > 0 {
		return best
	}
	for shrink := 1; shrink <= 4; shrink++ {
		l := Layout{Scale: 1, Shrink: shrink, CellW: (o.W + shrink - 1) / shrink,
			CellH: (o.H + shrink - 1) / shrink}
		cols := (boxW + 1) / (l.CellW + 1)
		if o.Columns > 0 {
			cols = min(cols, o.Columns)
		}
		rows := (boxH + 1) / (l.CellH + 1)
		if cols*rows == 0 {
			continue
		}
		l.Cols = min(cols, n)
		l.Rows = min(rows, (n+l.Cols-1)/l.Cols)
		l.Shown = min(n, l.Cols*l.Rows)
		if l.Shown > best.Shown {
			best = l
		}
		if best.Shown >= min(n, max(o.Min, 1)) {
			break
		}
	}
	return best
}

// Grid draws the pictures that lie one after the other in vals (N, H, W, channels last) into an image of
// at most boxW x boxH pixels, as GridLayout arranges them. Missing values are black. Nothing to show
// gives an empty image.
func Grid(vals []float32, o GridOptions, boxW, boxH int) *Image {
	o = o.withDefaults()
	size := o.W * o.H * o.Channels
	if size <= 0 {
		return newImage(0, 0, Gray)
	}
	l := GridLayout(len(vals)/size, o, boxW, boxH)
	w, h := l.Size()
	pal := o.Palette
	if o.Channels == 3 {
		pal = Cube
	}
	pal, gap := pal.with([3]byte{64, 64, 64})
	im := newImage(w, h, pal)
	for i := range im.Pix {
		im.Pix[i] = gap
	}
	lv := newLevels(len(o.Palette.RGB), o.Lo, o.Hi)
	for i := range l.Shown {
		g := gridCell{im: im, l: l, o: o, lv: lv, vals: vals[i*size : (i+1)*size],
			x0: i % l.Cols * (l.CellW + 1), y0: i / l.Cols * (l.CellH + 1)}
		g.draw()
	}
	return im
}

func (o GridOptions) withDefaults() GridOptions {
	if o.Palette == nil {
		o.Palette = Gray
	}
	if o.Lo == 0 && o.Hi == 0 {
		o.Hi = 1
	}
	if o.Channels != 3 {
		o.Channels = 1
	}
	return o
}

// gridCell draws one picture of a grid.
type gridCell struct {
	im     *Image
	l      Layout
	o      GridOptions
	lv     levels
	vals   []float32
	x0, y0 int
}

func (g gridCell) draw() {
	w := g.im.W
	for y := range g.l.CellH {
		row := g.im.Pix[(g.y0+y)*w+g.x0:][:g.l.CellW]
		for x := range row {
			if g.o.Channels == 1 {
				row[x] = g.lv.index(g.value(x, y, 0))
			} else {
				row[x] = Dither(g.value(x, y, 0), g.value(x, y, 1), g.value(x, y, 2), g.x0+x, g.y0+y)
			}
		}
	}
}

// value is the value at pixel x, y: repeated when enlarged, the mean when made smaller.
func (g gridCell) value(x, y, c int) float32 {
	if g.l.Shrink == 1 {
		return g.vals[(y/g.l.Scale*g.o.W+x/g.l.Scale)*g.o.Channels+c]
	}
	var sum, n float32
	for j := y * g.l.Shrink; j < min((y+1)*g.l.Shrink, g.o.H); j++ {
		for i := x * g.l.Shrink; i < min((x+1)*g.l.Shrink, g.o.W); i++ {
			sum += g.vals[(j*g.o.W+i)*g.o.Channels+c]
			n++
		}
	}
	return sum / n
}
