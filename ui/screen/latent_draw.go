package screen

import (
	"context"
	"fmt"
	"image/color"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// latentArt is what was drawn, by place.
type latentArt struct {
	lay    latentLayout
	panels [latentPictures]string
	tiles  [latentPictures][]tile // for clicks
	origin [latentPictures]rect   // of the tiles in cells of the View
	seen   [latentPictures]int    // version that a place shows
	base   *scatterBase
	inked  []float32 // canvas whose code is known
	near   []lab.Near
}

// latentOrder is what to draw, on another goroutine than the model's.
type latentOrder struct {
	latentLook
	net     latentNet
	space   *lab.Space
	lay     latentLayout
	display picture.Display
	theme   theme.Theme
	version int
	which   [latentPictures]bool
	base    *scatterBase
	inked   []float32
	bars    []int
}

// latentDrawn is the message of a finished order.
type latentDrawn struct {
	order  latentOrder
	panels [latentPictures]string
	tiles  [latentPictures][]tile
	origin [latentPictures]rect
	pics   [latentPictures]*picture.Picture
	base   *scatterBase
	code   []float32 // of the canvas, where it was encoded
	near   []lab.Near
	err    error
}

// latentPace is the least time between two drawings of the same kind.
const latentPace = 30 * time.Millisecond

// draw begins to draw what has changed, if nothing is being drawn: first what the cursor is on, then the rest.
func (l *Latent) draw() tea.Cmd {
	if l.net == nil || l.drawing || l.w <= 0 || l.h <= 0 {
		return nil
	}
	if l.lab.Pace != nil && time.Since(l.last) < l.lab.Pace(latentPace) {
		return nil // the next tick comes here again
	}
	lay := newLatentLayout(l.w, l.h, l.lab.Display)
	o := latentOrder{latentLook: l.latentLook, net: l.net, space: l.space, lay: lay, display: l.lab.Display,
		theme: l.lab.Theme, version: l.version, base: l.art.base, inked: l.art.inked, bars: l.bars()}
	var due [latentPictures]bool
	for p := range due {
		due[p] = (l.art.seen[p] != l.version || l.art.lay != lay) && l.shown(p, lay)
	}
	switch {
	case due == [latentPictures]bool{}:
		return nil
	case due[placeAt] || due[placeBig] && l.mode != traverse:
		o.which[placeAt], o.which[placeBig] = due[placeAt], due[placeBig] && l.mode != traverse
	default:
		o.which = due
	}
	l.drawing = true
	return func() tea.Msg { return o.draw() }
}

// shown reports whether a place is on the screen.
func (l *Latent) shown(place int, lay latentLayout) bool {
	return lay.full || place == placeBig || lay.tall && place == placeAt || place == l.chosen(lay)
}

// chosen is the place at the right where there is room for one, or for one more.
func (l *Latent) chosen(lay latentLayout) int {
	if lay.tall {
		return placeStrip - l.which%2
	}
	return placeAt + l.which
}

// show puts what was drawn on the screen, and begins what is due.
func (l *Latent) show(d latentDrawn) tea.Cmd {
	l.drawing, l.last = false, time.Now()
	if d.order.net != l.net {
		return l.draw() // another net was opened meanwhile
	}
	if l.art.lay != d.order.lay {
		l.art = latentArt{lay: d.order.lay, inked: l.art.inked}
	}
	for p := range d.order.which {
		if d.order.which[p] {
			l.art.panels[p], l.art.tiles[p], l.art.origin[p] = d.panels[p], d.tiles[p], d.origin[p]
			l.art.seen[p] = d.order.version
			l.lab.Store.Publish(latentID(p), d.pics[p])
		}
	}
	if d.base != nil {
		l.art.base = d.base
	}
	if d.near != nil {
		l.art.near = d.near
	}
	if d.err != nil {
		return tea.Batch(send(Notice{Text: d.err.Error(), Bad: true}), l.draw())
	}
	if d.code != nil {
		l.art.inked = d.order.canvas
		if l.mode == sketch {
			l.code = d.code
		}
	}
	return l.draw()
}

func (o latentOrder) draw() tea.Msg {
	d := latentDrawn{order: o}
	ctx := context.Background()
	if o.mode == sketch && o.which[placeAt] && !same(o.canvas, o.inked) {
		if d.code, d.err = o.net.Encode(ctx, o.canvas); d.err != nil {
			return d
		}
		o.code = d.code
	}
	draw := [latentPictures]func(ctx context.Context, d *latentDrawn, w, h int) (string, string, error){
		o.big, o.at, o.near, o.strip,
	}
	for p, f := range draw {
		if !o.which[p] {
			continue
		}
		r := o.lay.place[p]
		w, h := widget.Inner(r.w, r.h)
		if w < 4 || h < 1 {
			continue
		}
		title, body, err := f(ctx, &d, w, h)
		if err != nil {
			d.err = err
		}
		d.panels[p] = widget.Box(title, body, r.w, r.h, p == placeBig, o.theme)
	}
	return d
}

// same reports whether two slices are one.
func same(a, b []float32) bool { return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] }

// picture makes a place's picture of a mosaic and gives its cells. Left of it stand some cells of text.
func (o latentOrder) picture(d *latentDrawn, place int, m *mosaic, tiles []tile, cols, rows, left int) string {
	p := picture.New(picture.FromImage(m.im), cols, rows, o.display)
	r := o.lay.place[place]
	d.pics[place], d.tiles[place] = p, tiles
	d.origin[place] = rect{r.x + 2 + left, r.y + 1, cols, rows}
	return p.Cells(latentID(place), nil)
}

// pictures draws tiles of these pixels into the place.
func (o latentOrder) pictures(d *latentDrawn, place int, tiles []tile, pixels []float32, w, h int) string {
	boxW, boxH := o.display.Pixels(w-1, h)
	s := o.space
	m := newMosaic(boxW, boxH, s.W, s.H, s.C, o.theme)
	size := s.H * s.W * s.C
	for i, t := range tiles {
		m.put(t, pixels[i*size:(i+1)*size])
	}
	return o.picture(d, place, m, tiles, w-1, h, 0)
}

// at draws what the net makes of the code at the cursor.
func (o latentOrder) at(ctx context.Context, d *latentDrawn, w, h int) (title, body string, err error) {
	code := o.point(o.space)
	pixels, err := o.net.Decode(ctx, code)
	if err != nil {
		return "at the cursor", "", err
	}
	boxW, boxH := o.display.Pixels(w-1, h)
	tiles := tileGrid(o.space.W, o.space.H, boxW, boxH, 1, 1)
	tiles[0].code = code
	if !o.lay.full {
		d.near = o.space.Nearest(code, 1)
	}
	title = fitting(w-2, "drawn from the code at the cursor", "at the cursor", "cursor")
	if o.mode == sketch {
		title = fitting(w-2, "what the net makes of it", "reconstruction", "out")
	}
	return title, o.pictures(d, placeAt, tiles, pixels, w, h), nil
}

// near draws the encoded pictures that are nearest, each in a frame of its label's colour.
func (o latentOrder) near(_ context.Context, d *latentDrawn, w, h int) (title, body string, err error) {
	const want, most = 5, 12
	boxW, boxH := o.display.Pixels(w-1, h)
	tiles := tileFill(o.space.W, o.space.H, boxW, boxH, want, most)
	d.near = o.space.Nearest(o.point(o.space), len(tiles))
	tiles = tiles[:len(d.near)]
	var pixels []float32
	names := make([]string, len(tiles))
	for i, n := range d.near {
		pixels = append(pixels, o.space.Picture(n.Index)...)
		tiles[i].code = o.space.Code(n.Index)
		if label := o.space.Labels[n.Index]; label >= 0 {
			names[i] = o.space.Class(label)
			tiles[i].frame = classColor(o.theme, label)
		}
	}
	title = "nearest"
	if len(names) > 0 && names[0] != "" {
		title += " · " + strings.Join(names, " ")
	}
	return title, o.pictures(d, placeNear, tiles, pixels, w, h), nil
}

// strip draws a row of pictures: along the dimension, the path or the attribute, or a drawing and its
// reconstruction.
func (o latentOrder) strip(ctx context.Context, d *latentDrawn, w, h int) (title, body string, err error) {
	const want, most = 5, 12
	boxW, boxH := o.display.Pixels(w-1, h)
	s := o.space
	if o.mode == sketch {
		out, err := o.net.Decode(ctx, o.code)
		if err != nil {
			return "", "", err
		}
		tiles := tileGrid(s.W, s.H, boxW, boxH-2, 2, 1)
		tiles[1].code = o.code
		for i := range tiles {
			tiles[i].frame = o.theme.Colors.Border
		}
		pair := append(append([]float32(nil), o.canvas...), out...)
		return "drawn │ reconstruction", o.pictures(d, placeStrip, tiles, pair, w, h), nil
	}
	tiles := tileFill(s.W, s.H, boxW, boxH, want, most)
	codes, at, title, hint := o.row(len(tiles))
	if codes == nil {
		return title, middle(widget.Wrap(hint, w-2, h), w, h, o.theme), nil
	}
	pixels, err := o.net.DecodeAll(ctx, codes)
	if err != nil {
		return title, "", err
	}
	for i := range tiles {
		tiles[i].code = codes[i*s.Dims : (i+1)*s.Dims]
	}
	if at >= 0 && at < len(tiles) {
		tiles[at].frame = o.theme.Colors.Accent
	}
	return title, o.pictures(d, placeStrip, tiles, pixels, w, h), nil
}

// row gives n codes to be shown in a row, which of them the cursor is at (-1: none), and what they are; or no
// codes and what is missing.
func (o latentOrder) row(n int) (codes []float32, at int, title, hint string) {
	at = -1
	switch o.mode {
	case interpolate:
		title = "path from A to B"
		if o.picks[0] == nil || o.picks[1] == nil {
			return nil, -1, title, "space marks A at the cursor; move on, and space marks B: " +
				"the path between them is drawn here"
		}
		title = "from A to B along " + map[bool]string{true: "the arc about zero", false: "a straight line"}[o.spherical]
		if same(o.code, o.way) {
			at = int(o.along*float64(n-1) + .5)
		}
		return lab.Between(o.picks[0], o.picks[1], n, o.spherical), at, title, ""
	case attribute:
		dir, err := o.space.Direction(o.labels[0], o.labels[1])
		title = "from " + o.space.Class(o.labels[0]) + " to " + o.space.Class(o.labels[1])
		if err != nil {
			return nil, -1, title, err.Error()
		}
		at = int((o.strength+maxStrength)/(2*maxStrength)*float64(n-1) + .5)
		return lab.Along(o.code, dir, -maxStrength, maxStrength, n), at, fmt.Sprintf("%s, strength %+g to %+g", title,
			-maxStrength, maxStrength), ""
	}
	v := float64(o.code[o.dim])
	if v >= -reach && v <= reach {
		at = int((v+reach)/(2*reach)*float64(n-1) + .5)
	}
	return lab.Traverse(o.code, o.dim, -reach, reach, n), at, fmt.Sprintf("z%d from %+g to %+g", o.dim, -reach,
		reach), ""
}

// big draws the large panel: the scatter, or the grid of a traversal, or the canvas.
func (o latentOrder) big(ctx context.Context, d *latentDrawn, w, h int) (title, body string, err error) {
	switch {
	case o.mode == sketch:
		return o.canvasPanel(d, w, h)
	case o.mode == traverse && o.flat:
		return o.raster(ctx, d, w, h)
	case o.mode == traverse:
		return o.rows(ctx, d, w, h)
	}
	title = o.scatterTitle(w)
	if !o.display.Graphics() {
		d.origin[placeBig] = rect{o.lay.place[placeBig].x + 2, o.lay.place[placeBig].y + 1, w, h}
		return title, o.brailleScatter(w, h), nil
	}
	boxW, boxH := o.display.Pixels(w-1, h)
	im, base := o.scatterImage(boxW, boxH, o.base)
	d.base = base
	p := picture.New(picture.FromImage(im), w-1, h, o.display)
	d.pics[placeBig] = p
	d.origin[placeBig] = rect{o.lay.place[placeBig].x + 2, o.lay.place[placeBig].y + 1, w - 1, h}
	return title, p.Cells(latentID(placeBig), nil), nil
}

// scatterTitle says what the points are, and what the axes.
func (o latentOrder) scatterTitle(w int) string {
	axes := o.plane.X + " × " + o.plane.Y
	long := axes
	if o.pca {
		long = fmt.Sprintf("%s %.0f%% × %s %.0f%%", o.plane.X, 100*o.space.PCA.Explained(0), o.plane.Y,
			100*o.space.PCA.Explained(1))
	}
	what := widget.Count(o.space.N) + " " + o.space.Split + " pictures"
	if o.space.Sampled {
		what = widget.Count(o.space.N) + " codes drawn at random"
	}
	return fitting(w-2, what+" · "+long, long, axes, "codes")
}

// raster draws pictures of a grid of places on the plane.
func (o latentOrder) raster(ctx context.Context, d *latentDrawn, w, h int) (title, body string, err error) {
	boxW, boxH := o.display.Pixels(w-1, h)
	s := o.space
	tiles, cols, rows := tileSquares(s.W, s.H, boxW, boxH)
	codes := o.plane.Raster(o.win, cols, rows)
	title = fitting(w-2, "pictures of the plane "+o.plane.X+" × "+o.plane.Y, "plane "+o.plane.X+" × "+o.plane.Y)
	pixels, err := o.net.DecodeAll(ctx, codes)
	if err != nil {
		return title, "", err
	}
	for i := range tiles {
		tiles[i].code = codes[i*s.Dims : (i+1)*s.Dims]
	}
	fx, fy := o.win.Fraction(o.plane.Project(o.code))
	if fx >= 0 && fx < 1 && fy >= 0 && fy < 1 {
		tiles[int(fy*float64(rows))*cols+int(fx*float64(cols))].frame = o.theme.Colors.Accent
	}
	return title, o.pictures(d, placeBig, tiles, pixels, w, h), nil
}

// rows draws a row of pictures for each of some dimensions, with their names at the left.
func (o latentOrder) rows(ctx context.Context, d *latentDrawn, w, h int) (title, body string, err error) {
	const label = 5
	s := o.space
	boxW, _ := o.display.Pixels(w-1-label, h)
	steps := 7
	if (boxW+tileGap)/steps-tileGap < s.W {
		steps = 5
	}
	_, th := fitTile(s.W, s.H, (boxW+tileGap)/steps-tileGap, o.lay.cellH*h)
	high := (th + tileGap + o.lay.cellH - 1) / o.lay.cellH // cells of a row
	n := max(1, min(h/high, s.Dims))
	first := 0
	for i, dim := range o.bars {
		if dim == o.dim {
			first = max(0, min(i-n/2, len(o.bars)-n))
		}
	}
	dims := o.bars[first:min(len(o.bars), first+n)]
	var codes []float32
	for _, dim := range dims {
		codes = append(codes, lab.Traverse(o.code, dim, -reach, reach, steps)...)
	}
	title = fitting(w-2, fmt.Sprintf("one dimension at a time, from %+g to %+g", -reach, reach), "by dimension")
	pixels, err := o.net.DecodeAll(ctx, codes)
	if err != nil {
		return title, "", err
	}
	var tiles []tile
	for i, dim := range dims {
		row := tileGrid(s.W, s.H, boxW, high*o.lay.cellH, steps, 1)
		for k := range row {
			row[k].y += i * high * o.lay.cellH
			row[k].code = codes[(i*steps+k)*s.Dims:][:s.Dims]
		}
		if v := float64(o.code[dim]); dim == o.dim && v >= -reach && v <= reach {
			row[int((v+reach)/(2*reach)*float64(steps-1)+.5)].frame = o.theme.Colors.Accent
		}
		tiles = append(tiles, row...)
	}
	names := make([]string, h)
	for i, dim := range dims {
		style := o.theme.Dim
		if dim == o.dim {
			style = o.theme.Focus
		}
		names[min(h-1, i*high+high/2)] = style.Render(fmt.Sprintf("z%d", dim))
	}
	boxW, boxH := o.display.Pixels(w-1-label, h)
	m := newMosaic(boxW, boxH, s.W, s.H, s.C, o.theme)
	size := s.H * s.W * s.C
	for i, t := range tiles {
		m.put(t, pixels[i*size:(i+1)*size])
	}
	cells := strings.Split(o.picture(d, placeBig, m, tiles, w-1-label, h, label), "\n")
	for i := range cells {
		cells[i] = widget.Fit(names[i], label) + cells[i]
	}
	return title, strings.Join(cells, "\n"), nil
}

// canvasPanel draws the canvas and the brush.
func (o latentOrder) canvasPanel(d *latentDrawn, w, h int) (title, body string, err error) {
	boxW, boxH := o.display.Pixels(w-1, h)
	s := o.space
	tiles := tileGrid(s.W, s.H, boxW-2, boxH-2, 1, 1)
	t := &tiles[0]
	t.x, t.y = t.x+1, t.y+1
	t.frame = between(o.theme.Colors.Background, o.theme.Colors.Border, 0.8)
	m := newMosaic(boxW, boxH, s.W, s.H, s.C, o.theme)
	m.put(*t, o.canvas)
	brush := color.RGBA(o.theme.Colors.Accent)
	if o.pen {
		brush = o.theme.Colors.Good
	}
	x0, y0 := t.x+o.brush[0]*t.w/s.W, t.y+o.brush[1]*t.h/s.H
	x1, y1 := t.x+(o.brush[0]+1)*t.w/s.W, t.y+(o.brush[1]+1)*t.h/s.H
	m.box(x0, y0, max(1, x1-x0), max(1, y1-y0), brush)
	title = fitting(w-2, "draw with the mouse, or with space and arrows", "draw here")
	return title, o.picture(d, placeBig, m, tiles, w-1, h, 0), nil
}
