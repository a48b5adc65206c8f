package screen

import (
	"fmt"
	"image/color"
	"strings"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// hero draws the large panel: the picture, or all that were painted at once, or what is to be painted over.
func (o studioOrder) hero(d *studioDrawn, w, h int) (title, body string, err error) {
	p := o.shot
	switch {
	case o.mode == studioEdit && o.base != nil && (o.before || p == nil):
		return fitting(w-2, "mark what is to be painted over", "mark a part"), o.easel(d, w, h), nil
	case p == nil:
		return studioModeNames[o.mode], middle(widget.Wrap(o.ask, min(w, 46), h), w, h, o.theme), nil
	case p.tiles > 1:
		return o.sheetTitle(w), o.sheet(d, w, h), nil
	}
	boxW, boxH := o.display.Pixels(w-1, h)
	t := o.framed(boxW, boxH)
	v := p.picture(o.at, 0, o.clean)
	if v == nil {
		return o.heroTitle(w), "", nil
	}
	m := newTonedMosaic(boxW, boxH, o.about.W, o.about.H, o.about.C, o.theme, v)
	if o.mapped(p) {
		if v, err = o.heated(v, t.w, t.h); err != nil {
			return o.heroTitle(w), "", err
		}
		m = newTonedMosaic(boxW, boxH, t.w, t.h, 3, o.theme, v)
	}
	m.put(t, v)
	if o.mode == studioEdit {
		o.outline(m, t)
	}
	return o.heroTitle(w), o.picture(d, studioHero, heroID, m, []tile{t}, w-1, h, 0, 0), nil
}

// mapped reports whether the map of a word lies over the picture.
func (o studioOrder) mapped(p *shot) bool {
	return o.overlay && o.film != nil && o.film == p.film && o.token >= 0 && o.token < len(o.film.Reading.Tokens)
}

// framed is a tile in the middle of a box with a faint frame, so that its edge is seen on any background.
func (o studioOrder) framed(boxW, boxH int) tile {
	t := tileGrid(o.about.W, o.about.H, boxW, boxH, 1, 1)[0]
	if t.w+2 <= boxW && t.h+2 <= boxH {
		t.frame = between(o.theme.Colors.Background, o.theme.Colors.Border, 0.6)
	}
	return t
}

// heroTitle says what the picture is: which step, or of which settings.
func (o studioOrder) heroTitle(w int) string {
	p, r := o.shot, o.shot.request
	seed := fmt.Sprintf("seed %d", r.Seed)
	if o.mapped(p) {
		word := "“" + widget.Clean(o.film.Reading.Tokens[o.token].Text) + "”"
		return fitting(w-2, "where it looked at "+word, word)
	}
	took := seconds(p.took)
	f, ok := p.frame(o.at)
	switch {
	case p.film == nil && o.of > 0 && ok && o.at < 0:
		return fitting(w-2, fmt.Sprintf("painting · step %d of %d · %s", f.Step, f.Of, took),
			fmt.Sprintf("step %d of %d", f.Step, f.Of))
	case ok && o.at >= 0 && o.clean:
		return fitting(w-2, fmt.Sprintf("step %d of %d · the end that it expects", f.Step, f.Of),
			fmt.Sprintf("step %d, expected", f.Step))
	case ok && o.at >= 0:
		return fitting(w-2, fmt.Sprintf("step %d of %d · as noisy as it is there", f.Step, f.Of),
			fmt.Sprintf("step %d of %d", f.Step, f.Of))
	case o.about.OneShot:
		return fitting(w-2, seed+" · drawn at once in "+took, seed)
	case p.film == nil && ok:
		return fitting(w-2, fmt.Sprintf("stopped at step %d of %d", f.Step, f.Of), "stopped")
	case r.Start != nil:
		return fitting(w-2, fmt.Sprintf("painted over · strength %s · %s", plainNumber(r.Strength), took), "painted over")
	}
	return fitting(w-2, fmt.Sprintf("%s · %d steps · guidance %s · %s", seed, r.Steps, plainNumber(r.Guidance), took),
		fmt.Sprintf("%s · %d steps", seed, r.Steps), seed)
}

// gridLeft is the width of the names of a grid's rows.
const gridLeft = 6

// sheet draws several pictures; the chosen one has a bright frame. A grid has its settings beside it.
func (o studioOrder) sheet(d *studioDrawn, w, h int) string {
	p := o.shot
	if p.request.Kind == lab.Grid {
		return o.gridSheet(d, w, h)
	}
	boxW, boxH := o.display.Pixels(w-1, h)
	cols := sheetColumns(p.tiles, o.about.W, o.about.H, boxW, boxH)
	tiles := sheetTiles(o.about.W, o.about.H, boxW, boxH, cols, (p.tiles+cols-1)/cols)[:p.tiles]
	m := o.sheetMosaic(tiles, boxW, boxH)
	return o.picture(d, studioHero, heroID, m, tiles, w-1, h, 0, 0)
}

// sheetMosaic puts the pictures into their tiles.
func (o studioOrder) sheetMosaic(tiles []tile, boxW, boxH int) *mosaic {
	m := newTonedMosaic(boxW, boxH, o.about.W, o.about.H, o.about.C, o.theme, o.shot.whole(o.at, o.clean))
	for i := range tiles {
		if v := o.shot.picture(o.at, i, o.clean); v != nil && i != o.tile {
			m.put(tiles[i], v)
		}
	}
	if o.tile < len(tiles) { // last, so that no neighbour covers its frame
		t := &tiles[o.tile]
		t.frame = o.theme.Colors.Accent
		if v := o.shot.picture(o.at, o.tile, o.clean); v != nil {
			m.put(*t, v)
			m.box(t.x-2, t.y-2, t.w+4, t.h+4, t.frame)
		}
	}
	return m
}

// sheetColumns is how many in a row make n pictures largest in a box.
func sheetColumns(n, w, h, boxW, boxH int) int {
	best, at := 0, 1
	for cols := 1; cols <= n; cols++ {
		rows := (n + cols - 1) / cols
		tw, _ := fitTile(w, h, (boxW+tileGap)/cols-tileGap, (boxH+tileGap)/rows-tileGap)
		if tw > best {
			best, at = tw, cols
		}
	}
	return at
}

// sheetTiles lays out cols x rows pictures as large as they can be: pixels need not be enlarged by a whole factor where
// they are small.
func sheetTiles(w, h, boxW, boxH, cols, rows int) []tile {
	tiles := tileGrid(w, h, boxW, boxH, cols, rows)
	const most = 8 // screen pixels a pixel, from where on nothing is gained
	wide, high := (boxW-2)/cols-tileGap, (boxH-2)/rows-tileGap
	tw := min(wide, high*w/h)
	if tw <= tiles[0].w || tw > most*w || boxW < cols*12 {
		return tiles
	}
	th := tw * h / w
	x0, y0 := (boxW-cols*(tw+tileGap)+tileGap)/2, (boxH-rows*(th+tileGap)+tileGap)/2
	for i := range tiles {
		tiles[i].x, tiles[i].y, tiles[i].w, tiles[i].h = x0+i%cols*(tw+tileGap), y0+i/cols*(th+tileGap), tw, th
	}
	return tiles
}

// tileColumns is how many pictures stand in a row of the sheet that is shown.
func (s *Studio) tileColumns() int {
	p := s.shot
	if p.request.Kind == lab.Grid {
		return max(1, p.cols)
	}
	r := s.layout().place[studioHero]
	w, h := widget.Inner(r.w, r.h)
	boxW, boxH := s.lab.Display.Pixels(w-1, h)
	return sheetColumns(p.tiles, s.about.W, s.about.H, boxW, boxH)
}

// gridSheet draws guidance downwards and steps to the right.
func (o studioOrder) gridSheet(d *studioDrawn, w, h int) string {
	p := o.shot
	cols := max(1, p.cols)
	rows := (p.tiles + cols - 1) / cols
	boxW, boxH := o.display.Pixels(w-1-gridLeft, h-1)
	tiles := sheetTiles(o.about.W, o.about.H, boxW, boxH, cols, rows)
	for i, up := 0, tiles[0].y-tileGap; i < len(tiles); i++ { // below their names
		tiles[i].y -= max(0, up)
	}
	m := o.sheetMosaic(tiles[:p.tiles], boxW, boxH)
	cells := strings.Split(o.picture(d, studioHero, heroID, m, tiles, w-1-gridLeft, h-1, gridLeft, 1), "\n")
	names := make([]string, h-1)
	for i, g := range p.request.Guidances[:min(rows, len(p.request.Guidances))] {
		t := tiles[i*cols]
		names[min(h-2, (t.y+t.h/2)/o.lay.cellH)] = o.gridName("g "+plainNumber(g), i == o.tile/cols)
	}
	top := make([]tile, 0, cols)
	var texts []string
	for i, n := range p.request.StepCounts[:min(cols, len(p.request.StepCounts))] {
		top, texts = append(top, tiles[i]), append(texts, fmt.Sprintf("%d steps", n))
	}
	lines := []string{strings.Repeat(" ", gridLeft) + o.under(top, texts, o.tile%cols, w-gridLeft)}
	for i, c := range cells {
		lines = append(lines, widget.Fit(names[i], gridLeft)+c)
	}
	return strings.Join(lines, "\n")
}

func (o studioOrder) gridName(text string, chosen bool) string {
	if chosen {
		return o.theme.Focus.Render(text)
	}
	return o.theme.Dim.Render(text)
}

// under is a line with a text in the middle of each tile; where texts would touch, their first word must do, and
// what then does not fit is left out.
func (o studioOrder) under(tiles []tile, texts []string, chosen, w int) string {
	var b strings.Builder
	used := 0
	for i, t := range tiles {
		text, room := texts[i], (t.w+tileGap)/o.lay.cellW
		if text == "" {
			continue
		}
		if len(text) >= room {
			text, _, _ = strings.Cut(text, " ")
		}
		at := (t.x+t.w/2)/o.lay.cellW - len(text)/2
		if i == len(tiles)-1 {
			at = min(at, w-len(text))
		}
		if at < used || at+len(text) > w || used > 0 && at == used {
			continue
		}
		b.WriteString(strings.Repeat(" ", at-used) + o.gridName(text, i == chosen))
		used = at + len(text)
	}
	return widget.Fit(b.String(), w)
}

// sheetTitle says what the pictures are, and which one is chosen.
func (o studioOrder) sheetTitle(w int) string {
	p := o.shot
	r := p.request
	what := ""
	switch r.Kind {
	case lab.Grid:
		one := p.alone(o.tile).request
		what = fmt.Sprintf("guidance %s · %d steps", plainNumber(one.Guidance), one.Steps)
	case lab.Interpolation:
		what = fmt.Sprintf("%d%% of the way", o.tile*100/max(1, p.tiles-1))
	case lab.Variations:
		what = fmt.Sprintf("picture %d of %d", o.tile+1, p.tiles)
	}
	f, ok := p.frame(o.at)
	if ok && (o.at >= 0 || p.film == nil) {
		step := fmt.Sprintf("step %d of %d", f.Step, f.Of)
		return fitting(w-2, step+" · "+what, step)
	}
	took := seconds(p.took)
	return fitting(w-2, what+" · all in "+took, what)
}

// alone is one of several pictures, as if it had been painted by itself.
func (p *shot) alone(i int) *shot {
	a := &shot{request: p.request, tiles: 1, cols: 1, one: p.one, took: p.took}
	a.pixels = p.picture(-1, i, false)
	for _, f := range p.frames {
		if (i+1)*p.one <= min(len(f.X), len(f.Clean)) {
			f.X, f.Clean = f.X[i*p.one:(i+1)*p.one], f.Clean[i*p.one:(i+1)*p.one]
			f.Tiles, f.Cols = 1, 1
			a.frames = append(a.frames, f)
		}
	}
	r := &a.request
	if r.Kind == lab.Grid {
		if n := len(r.StepCounts); n > 0 && i/n < len(r.Guidances) {
			r.Guidance, r.Steps = r.Guidances[i/n], r.StepCounts[i%n]
		}
	}
	if r.Kind == lab.Variations {
		r.Variation = i
	}
	r.Kind, r.Looks = lab.One, false // maps are of the first picture
	if p.film != nil {
		f := *p.film
		f.Request, f.Tiles, f.Cols, f.Pictures, f.Frames = a.request, 1, 1, a.pixels, a.frames
		a.film = &f
	}
	return a
}

// easel draws the picture to paint over with what is marked on it, and the brush.
func (o studioOrder) easel(d *studioDrawn, w, h int) string {
	boxW, boxH := o.display.Pixels(w-1, h)
	t := o.framed(boxW, boxH)
	W, H := o.about.W, o.about.H
	v := resample(colored(o.base, o.about.C), W, H, 3, t.w, t.h)
	mark := o.theme.Colors.Accent
	tint := [3]float32{float32(mark.R) / 255, float32(mark.G) / 255, float32(mark.B) / 255}
	stripe := max(2, o.lay.cellW/2)
	for i := range t.w * t.h {
		x, y := i%t.w, i/t.w
		if o.mask == nil || o.mask[y*H/t.h*W+x*W/t.w] == 0 {
			continue
		}
		share := float32(0.45)
		if o.lay.cellW > 1 && (x+y)/stripe%2 == 0 {
			share = 0.7
		}
		for k := range 3 {
			v[i*3+k] += share * (tint[k] - v[i*3+k])
		}
	}
	m := newTonedMosaic(boxW, boxH, t.w, t.h, 3, o.theme, v)
	m.put(t, v)
	o.outline(m, t)
	c := o.theme.Colors.Warn
	if o.pen {
		c = o.theme.Colors.Good
	}
	x0, y0, x1, y1 := o.brushBox(o.brush[0], o.brush[1])
	x0, y0, x1, y1 = max(0, x0), max(0, y0), min(W, x1), min(H, y1)
	m.box(t.x+x0*t.w/W, t.y+y0*t.h/H, max(1, (x1-x0)*t.w/W), max(1, (y1-y0)*t.h/H), c)
	return o.picture(d, studioHero, heroID, m, []tile{t}, w-1, h, 0, 0)
}

// outline draws the edge of what is marked.
func (o studioOrder) outline(m *mosaic, t tile) {
	if o.mask == nil || o.lay.cellW < 2 {
		return
	}
	W, H := o.about.W, o.about.H
	at := func(x, y int) bool { return x >= 0 && y >= 0 && x < W && y < H && o.mask[y*W+x] > 0 }
	c := color.RGBA(o.theme.Colors.Accent)
	for y := range H {
		for x := range W {
			if !at(x, y) {
				continue
			}
			x0, y0, x1, y1 := t.x+x*t.w/W, t.y+y*t.h/H, t.x+(x+1)*t.w/W, t.y+(y+1)*t.h/H
			if !at(x-1, y) {
				m.box(x0, y0, 1, y1-y0, c)
			}
			if !at(x+1, y) {
				m.box(x1-1, y0, 1, y1-y0, c)
			}
			if !at(x, y-1) {
				m.box(x0, y0, x1-x0, 1, c)
			}
			if !at(x, y+1) {
				m.box(x0, y1-1, x1-x0, 1, c)
			}
		}
	}
}

// colored is a picture with three channels.
func colored(v []float32, c int) []float32 {
	if c == 3 {
		return v
	}
	out := make([]float32, len(v)/c*3)
	for i := range out {
		out[i] = v[i/3*c]
	}
	return out
}
