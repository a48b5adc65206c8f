package screen

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/widget"
)

// reelLeft is the width of the names of the film's rows.
const reelLeft = 4

// reel draws the film: the steps from noise to picture, as many as have room, the noisy pictures above what the net
// expects at the end. On half-blocks it is one of them.
func (o studioOrder) reel(d *studioDrawn, w, h int) (title, body string, err error) {
	p := o.shot
	if p == nil || len(p.frames) == 0 {
		return "film", middle(widget.Wrap("the steps from noise to picture appear here while it is painted", w-2, h), w, h,
			o.theme), nil
	}
	r := o.reelShape(w, h)
	seen := o.at
	if seen < 0 || seen >= len(p.frames) {
		seen = len(p.frames) - 1
	}
	frames := reelFrames(p.frames, min(r.slots*r.pieces, max(1, p.of())), seen)
	parts := make([]string, 0, r.pieces+1)
	if r.left > 0 {
		parts = append(parts, o.reelNames(r, h))
	}
	for k := range r.pieces {
		parts = append(parts, o.reelPiece(d, r, k, frames, seen))
	}
	at := o.lay.place[studioFilm]
	d.origin[studioFilm] = rect{at.x + 2 + r.left, at.y + 1 + r.above, r.pieces * (r.cols + 1), r.boxH / o.lay.cellH}
	return o.reelTitle(w, r.rows == 2), widget.Block(joined(parts, h), w, h), nil
}

// reelShape says how the film is laid out.
type reelShape struct {
	pieces, cols int    // pictures beside each other, and their width in cells without the gutter
	rows         int    // 2: noisy and expected
	left, below  int    // cells of names at the left, lines of numbers below
	above        int    // empty lines above, so that all stands in the middle
	slots        int    // steps in a piece
	tiles        []tile // of a piece: slots of the first row, then those of the second
	boxW, boxH   int
}

// mostPixels is how wide a picture may be: xterm shows none that is wider than 1000.
const mostPixels = 960

func (o studioOrder) reelShape(w, h int) reelShape {
	r := reelShape{rows: 1}
	if o.display.Graphics() {
		r.rows, r.left = 2, reelLeft
	}
	if h >= 5 {
		r.below = 1
	}
	wide, _ := o.display.Pixels(w-r.left, 1)
	r.pieces = max(1, min((wide+mostPixels-1)/mostPixels, mostPieces))
	one := min(w-r.left-1, mostPixels/o.lay.cellW) // where one piece shows all steps there is one
	if oneW, oneH := o.display.Pixels(one, h-r.below); r.pieces > 1 {
		if _, slots, _ := reelTiles(o.about.W, o.about.H, oneW, oneH, r.rows, 1<<16); slots >= o.shot.of() {
			r.pieces = 1
		}
	}
	if r.cols = max(1, (w-r.left)/r.pieces-1); r.pieces == 1 {
		r.cols = max(1, one)
	}
	r.boxW, r.boxH = o.display.Pixels(r.cols, h-r.below)
	of := max(1, o.shot.of())
	var lines int
	r.tiles, r.slots, lines = reelTiles(o.about.W, o.about.H, r.boxW, r.boxH, r.rows, (of+r.pieces-1)/r.pieces)
	if lines > 1 {
		r.below = 0
	}
	top, bottom := r.boxH, 0
	for _, t := range r.tiles {
		top, bottom = min(top, t.y), max(bottom, t.y+t.h)
	}
	top = max(0, top-1) // a frame has room
	high := min(h-r.below, (bottom+1-top+o.lay.cellH-1)/o.lay.cellH)
	r.above = (h - r.below - high) / 2
	if r.boxH = high * o.lay.cellH; bottom+1-top > r.boxH {
		top = max(0, bottom-r.boxH)
	}
	for i := range r.tiles {
		r.tiles[i].y -= top
	}
	return r
}

// reelNames are the names of both rows.
func (o studioOrder) reelNames(r reelShape, h int) string {
	lines := make([]string, h)
	for row, name := range []string{"x_t", "x_0"} {
		t := r.tiles[row*r.slots]
		lines[min(h-1, r.above+(t.y+t.h/2)/o.lay.cellH)] = o.gridName(name, (row == 1) == o.clean)
	}
	return widget.Block(strings.Join(lines, "\n"), r.left, h)
}

// reelPiece draws the slots of one piece, and adds its tiles to those for the mouse.
func (o studioOrder) reelPiece(d *studioDrawn, r reelShape, piece int, frames []int, seen int) string {
	p := o.shot
	from := piece * r.slots
	var pixels []float32
	var here []tile
	var pictures [][]float32
	texts := make([]string, r.slots)
	marked := -1
	for i := range min(r.slots, len(frames)-from) {
		at := frames[from+i]
		if at < 0 {
			continue
		}
		texts[i] = fmt.Sprint(p.frames[at].Step)
		for row := range r.rows {
			clean := row == 1 || r.rows == 1 && o.clean
			v := p.picture(at, o.tile, clean)
			if v == nil {
				continue
			}
			t := r.tiles[row*r.slots+i]
			if at == seen {
				marked, t.frame = i, o.theme.Colors.Accent
			}
			here, pictures, pixels = append(here, t), append(pictures, v), append(pixels, v...)
			t.x += piece * (r.cols + 1) * o.lay.cellW
			d.tiles[studioFilm] = append(d.tiles[studioFilm], t)
			d.frames = append(d.frames, at)
			d.cleans = append(d.cleans, clean)
		}
	}
	m := newTonedMosaic(r.boxW, r.boxH, o.about.W, o.about.H, o.about.C, o.theme, pixels)
	for i, t := range here {
		m.put(t, pictures[i])
	}
	rows := r.boxH / o.lay.cellH
	pic := picture.New(picture.FromImage(m.im), r.cols, rows, o.display)
	id := filmID
	if piece > 0 {
		id = moreFilmID + piece - 1
	}
	d.pics[id] = pic
	text := strings.Repeat("\n", r.above) + pic.Cells(id, nil)
	if r.below > 0 {
		text += "\n" + o.under(r.tiles[:r.slots], texts, marked, r.cols+1)
	}
	return text
}

// joined puts blocks side by side in h lines, without a gap.
func joined(blocks []string, h int) string {
	lines := make([]string, h)
	for _, b := range blocks {
		for y, l := range strings.Split(b, "\n") {
			if y < h {
				lines[y] += l
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (o studioOrder) reelTitle(w int, both bool) string {
	if both {
		return fitting(w-2, "film · x_t as noisy as it is, x_0 the end that the net expects at that step",
			"film · x_t noisy, x_0 expected", "film")
	}
	if o.clean {
		return fitting(w-2, "film · the end that it expects (x: noisy)", "film · expected")
	}
	return fitting(w-2, "film · as noisy as it is (x: expected)", "film · noisy")
}

// reelTiles lays out the film: slots of steps beside each other in rows that belong together, or, where it is a single
// row and the box is high enough, in several lines.
func reelTiles(w, h, boxW, boxH, rows, of int) (tiles []tile, slots, lines int) {
	const want = 4 // slots at least, by making pictures smaller
	gap := tileGap
	if boxW < 72 {
		gap = 1
	}
	high := (boxH+gap)/rows - gap
	tw, th := fitTile(w, h, boxW, high)
	count := func() int { return max(1, (boxW+gap)/(tw+gap)) }
	if rows == 1 && count() < want { // in lines
		for tw > 8 && count()*max(1, (boxH+gap)/(th+gap)) < want {
			tw, th = tw*3/4, th*3/4
		}
		lines = max(1, (boxH+gap)/(th+gap))
	} else {
		for k := tw / max(1, w); count() < min(want, of) && tw > w/2; {
			if k--; k < 1 {
				tw, th = max(4, w/2), max(4, h/2)
				break
			}
			tw, th = w*k, h*k
		}
		lines = 1
	}
	slots = max(1, min(count()*lines, of, shotFrames))
	cols := min(count(), slots)
	if wide := min((boxW-2+gap)/cols-gap, high*w/h); lines == 1 && boxW >= cols*12 && wide > tw { // all there is to show
		tw, th = wide, wide*h/w
	}
	lines = (slots + cols - 1) / cols
	x0 := max(1, (boxW-cols*(tw+gap)+gap)/2)
	y0 := max(0, (boxH-rows*lines*(th+gap)+gap)/2)
	for row := range rows {
		for i := range slots {
			tiles = append(tiles, tile{x: x0 + i%cols*(tw+gap), y: y0 + (row+i/cols)*(th+gap), w: tw, h: th})
		}
	}
	return tiles, slots, lines
}

// reelFrames chooses a frame for each slot, evenly over all steps: the last that was there at the slot's step; the one
// that is looked at stands in the slot that is nearest to it. -1: that step is still to come.
func reelFrames(frames []lab.Frame, slots, seen int) []int {
	last := frames[len(frames)-1]
	of := max(1, last.Of)
	out := make([]int, slots)
	slot := func(step int) int { return ((step-1)*(slots-1) + (of-1)/2) / max(1, of-1) }
	for i := range out {
		step := of
		if slots > 1 {
			step = 1 + i*(of-1)/(slots-1)
		}
		if out[i] = -1; step > last.Step {
			continue
		}
		for at, f := range frames {
			if f.Step <= step || out[i] < 0 {
				out[i] = at
			}
		}
	}
	out[max(0, min(slot(frames[seen].Step), slots-1))] = seen
	return out
}

// looks draws a map for each word: where the net looked at it, bright where most.
func (o studioOrder) looks(d *studioDrawn, w, h int) (title, body string, err error) {
	title = fitting(w-2, "where it looked, by word", "words")
	if o.film == nil || len(o.film.Reading.Tokens) == 0 || h < 4 {
		text := "for each word of the prompt, where the net looked at it while it painted the picture"
		if o.shot != nil && o.shot.tiles > 1 {
			text = "maps are made of a single picture: enter goes on with the chosen one, enter again paints it"
		}
		return title, middle(widget.Wrap(text, min(w, 40), h), w, h, o.theme), nil
	}
	all := o.film.Reading.Tokens
	cols, high := mapShape(len(all), w, h-1, o.lay)
	rows := min((h-1)/(high+1), mostRows)
	first := 0
	if o.token >= 0 { // what is chosen is seen
		first = max(0, min(o.token/cols-rows/2, (len(all)+cols-1)/cols-rows))
	}
	d.words = make([]rect, len(all))
	wide := w / cols
	r := o.lay.place[studioLooks]
	var lines []string
	scale := ""
	for row := first; row < first+rows && row*cols < len(all); row++ {
		here := all[row*cols : min(len(all), (row+1)*cols)]
		boxW, boxH := o.display.Pixels(cols*wide-1, high)
		side := min((wide-1)*o.lay.cellW, boxH) // a cell is between one and the next
		if o.display.Graphics() {
			side -= 2 // for a frame
		}
		m := newHeatMosaic(boxW, boxH, side, o)
		var names strings.Builder
		for i, token := range here {
			at := row*cols + i
			heat, err := o.heat(o.film, token.Place, o.layer, o.head, o.mapStep())
			if err != nil {
				return title, "", err
			}
			t := tile{x: i*wide*o.lay.cellW + ((wide-1)*o.lay.cellW-side)/2, y: (boxH - side) / 2, w: side, h: side}
			if at == o.token {
				t.frame = o.theme.Colors.Accent
			}
			v, least := stretched(heat)
			if at == o.token {
				scale = o.scale(w, least, heat.Max)
			}
			m.put(t, smooth(v, heat.W, heat.H, side, side))
			names.WriteString(o.wordName(token, heat.Max, at == o.token, wide))
			d.words[at] = rect{r.x + 2 + i*wide, r.y + 1 + len(lines), wide, high + 1}
		}
		p := picture.New(picture.FromImage(m.im), cols*wide-1, high, o.display)
		id := looksID + row - first
		d.pics[id] = p
		lines = append(lines, strings.Split(p.Cells(id, nil), "\n")...)
		lines = append(lines, names.String())
	}
	for len(lines) < h-1 {
		lines = append(lines, "")
	}
	return title, strings.Join(append(lines[:h-1], scale), "\n"), nil
}

// mapShape is how many maps stand in a row, and how many lines of cells each is high, so that all words have room if
// they can and maps are large.
func mapShape(n, w, h int, lay studioLayout) (cols, high int) {
	const narrow, low = 8, 3
	for cols = 1; cols <= max(1, w/narrow); cols++ {
		side := (w/cols - 1) * lay.cellW
		high = max(low, (side+lay.cellH-1)/lay.cellH)
		if rows := (n + cols - 1) / cols; rows <= mostRows {
			if high = min(high, h/rows-1); high >= low && side <= 2*high*lay.cellH {
				return cols, high
			}
		}
	}
	cols = max(1, w/narrow)
	return cols, max(low, min((w/cols-1)*lay.cellW/lay.cellH, h-1))
}

// wordName is the line below a map: the word, and how much of its looking the keenest place gave to it.
func (o studioOrder) wordName(t lab.Token, most float64, chosen bool, w int) string {
	text := widget.Clean(t.Text)
	style := o.theme.Text
	switch {
	case t.Text == unknownToken:
		text, style = "?", o.theme.Warn
	case chosen:
		style = o.theme.Selected
	}
	share := " " + strings.TrimSpace(widget.Percent(most))
	name := ansi.Truncate(text, w-1, "…")
	out := style.Render(name)
	if ansi.StringWidth(name)+ansi.StringWidth(share) < w {
		out += o.theme.Dim.Render(share)
	}
	return widget.Center(out, w-1) + " "
}

// stretched is a map in colours from its least to its most, and what the least stands for: a word that is looked at
// from everywhere still has places that look at it more.
func stretched(h lab.Heat) (v []float32, least float64) {
	if len(h.V) == 0 {
		return nil, 0
	}
	lo, hi := slices.Min(h.V), slices.Max(h.V)
	v = make([]float32, len(h.V))
	for i, x := range h.V {
		if hi > lo {
			v[i] = (x - lo) / (hi - lo)
		}
	}
	return v, float64(lo) * h.Max
}

// scale is the last line of the maps: what the colours of the chosen one mean, and what is averaged over.
func (o studioOrder) scale(w int, least, most float64) string {
	const n = 6
	var b strings.Builder
	from, to := strings.TrimSpace(widget.Percent(least)), strings.TrimSpace(widget.Percent(most))
	b.WriteString(o.theme.Dim.Render(from + " "))
	for i := range n {
		c := picture.Viridis.RGB[i*(len(picture.Viridis.RGB)-1)/(n-1)]
		if o.theme.NoColor {
			b.WriteRune([]rune(" ░▒▒▓█")[i])
			continue
		}
		b.WriteString(o.theme.Text.Foreground(color.RGBA{R: c[0], G: c[1], B: c[2], A: 255}).Render("█"))
	}
	b.WriteString(o.theme.Dim.Render(" " + to))
	room := w - n - ansi.StringWidth(from+to) - 2
	if over := fitting(room-3, o.meaning()...); over != "" {
		b.WriteString(o.theme.Dim.Render(" · " + over))
	}
	return widget.Fit(b.String(), w)
}

// meaning says of which layer, head and step a map is, the longest first.
func (o studioOrder) meaning() []string {
	layer, head, step := "all layers", "heads", "steps"
	if o.layer >= 0 && o.layer < len(o.about.Looks) {
		layer = widget.Clean(o.about.Looks[o.layer].Name)
	}
	if o.head >= 0 {
		head = fmt.Sprintf("head %d", o.head+1)
	}
	if at := o.mapStep(); at >= 0 {
		step = fmt.Sprintf("step %d", o.film.Frames[at].Step)
	}
	return []string{"mean of " + layer + ", " + head + ", " + step, layer + ", " + head + ", " + step, layer}
}

// heated is a picture of the size of a tile with the map of the chosen word over it: grey where it lies.
func (o studioOrder) heated(v []float32, w, h int) ([]float32, error) {
	heat, err := o.heat(o.film, o.film.Reading.Tokens[o.token].Place, o.layer, o.head, o.mapStep())
	if err != nil {
		return nil, err
	}
	narrow, _ := stretched(heat)
	big := smooth(narrow, heat.W, heat.H, w, h)
	out := resample(colored(v, o.about.C), o.about.W, o.about.H, 3, w, h)
	ramp := picture.Viridis.RGB
	for i, m := range big {
		share := 0.35 + 0.4*m // where nothing is looked at the picture is seen
		c := ramp[int(max(0, min(m, 1))*float32(len(ramp)-1)+.5)]
		grey := 0.299*out[i*3] + 0.587*out[i*3+1] + 0.114*out[i*3+2]
		for k := range 3 {
			out[i*3+k] = share*float32(c[k])/255 + (1-share)*grey
		}
	}
	return out, nil
}

// smooth gives a map another size, by interpolation between its places.
func smooth(v []float32, w, h, tw, th int) []float32 {
	out := make([]float32, tw*th)
	if w <= 0 || h <= 0 || len(v) < w*h {
		return out
	}
	for y := range th {
		fy := max(0, min((float32(y)+.5)*float32(h)/float32(th)-.5, float32(h-1)))
		y0 := int(fy)
		y1, dy := min(y0+1, h-1), fy-float32(y0)
		for x := range tw {
			fx := max(0, min((float32(x)+.5)*float32(w)/float32(tw)-.5, float32(w-1)))
			x0 := int(fx)
			x1, dx := min(x0+1, w-1), fx-float32(x0)
			top := v[y0*w+x0]*(1-dx) + v[y0*w+x1]*dx
			out[y*tw+x] = top*(1-dy) + (v[y1*w+x0]*(1-dx)+v[y1*w+x1]*dx)*dy
		}
	}
	return out
}

// newHeatMosaic is a mosaic of maps.
func newHeatMosaic(boxW, boxH, side int, o studioOrder) *mosaic {
	m := &mosaic{w: side, h: side, c: 1, pal: picture.Viridis}
	m.blank(boxW, boxH, o.theme)
	return m
}
