package screen

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// studioArt is what was drawn, by place.
type studioArt struct {
	lay    studioLayout
	panels [studioPictures]string
	seen   [studioPictures]any    // what a place shows, comparable
	origin [studioPictures]rect   // of its tiles, in cells of the View
	tiles  [studioPictures][]tile // for clicks
	frames []int                  // of the film's tiles
	cleans []bool                 // which of them show what the net expects
	words  []rect                 // of the maps with their words, in cells of the View; w is 0 where one is not shown
}

// studioOrder is what to draw, on another goroutine than the model's.
type studioOrder struct {
	studioLook
	film    *lab.Film // whose maps are shown
	about   lab.StudioAbout
	heat    heatOf
	lay     studioLayout
	display picture.Display
	theme   theme.Theme
	of      int // steps that are being painted, 0: none
	ask     string
	which   [studioPictures]bool
	keys    [studioPictures]any
}

// studioDrawn is the message of a finished order.
type studioDrawn struct {
	order  studioOrder
	panels [studioPictures]string
	origin [studioPictures]rect
	tiles  [studioPictures][]tile
	frames []int
	cleans []bool
	words  []rect
	pics   map[int]*picture.Picture // by id
	err    error
}

// studioPace is the least time between two drawings.
const studioPace = 30 * time.Millisecond

func (s *Studio) layout() studioLayout {
	return newStudioLayout(s.w, s.h, s.lab.Display, s.hasFilm(), s.hasLooks())
}

// hasFilm and hasLooks say what there is to see of the open net beside its pictures.
func (s *Studio) hasFilm() bool  { return !s.about.OneShot }
func (s *Studio) hasLooks() bool { return len(s.about.Looks) > 0 }

// visible reports whether a place is on the screen.
func (s *Studio) visible(place int, lay studioLayout) bool {
	if lay.place[place].w == 0 {
		return false
	}
	switch {
	case lay.full || place == studioHero || !s.hasFilm() || !s.hasLooks():
		return true
	case place == studioLooks:
		return s.maps
	}
	return !s.maps
}

// draw begins to draw what has changed, if nothing is being drawn.
func (s *Studio) draw() tea.Cmd {
	if s.net == nil || s.listing || s.drawing || s.w <= 0 || s.h <= 0 {
		return nil
	}
	if s.lab.Pace != nil && time.Since(s.last) < s.lab.Pace(studioPace) {
		return nil // the next tick comes here again
	}
	o := studioOrder{studioLook: s.studioLook, film: s.mapped(), about: s.about, heat: s.heat, lay: s.layout(),
		display: s.lab.Display, theme: s.lab.Theme, ask: s.teach()}
	if s.job != nil {
		o.of = max(1, s.job.of)
	}
	o.keys = [studioPictures]any{o.heroKey(s.version), o.filmKey(s.version), o.looksKey(s.version)}
	due := false
	for p := range o.which {
		o.which[p] = s.visible(p, o.lay) && (s.art.lay != o.lay || s.art.seen[p] != o.keys[p])
		due = due || o.which[p]
	}
	if !due {
		return nil
	}
	s.drawing = true
	return func() tea.Msg { return o.draw() }
}

// mapped is the film whose maps are shown: that of the picture, and while one is painted the last one.
func (s *Studio) mapped() *lab.Film {
	p := s.shot
	switch {
	case p == nil:
		return nil
	case p.film == nil && p.request.Looks:
		if old := s.shots[s.mode]; old != nil && old.request.Looks {
			return old.film
		}
		return nil
	case !p.request.Looks:
		return nil
	}
	return p.film
}

// show puts what was drawn on the screen, and begins what is due.
func (s *Studio) show(d studioDrawn) tea.Cmd {
	s.drawing, s.last = false, time.Now()
	if s.art.lay != d.order.lay {
		s.art = studioArt{lay: d.order.lay}
	}
	for p := range d.order.which {
		if d.order.which[p] {
			s.art.panels[p], s.art.origin[p], s.art.tiles[p] = d.panels[p], d.origin[p], d.tiles[p]
			s.art.seen[p] = d.order.keys[p]
		}
	}
	if d.order.which[studioFilm] {
		s.art.frames, s.art.cleans = d.frames, d.cleans
	}
	if d.order.which[studioLooks] {
		s.art.words = d.words
	}
	for id, p := range d.pics {
		s.lab.Store.Publish(id, p)
	}
	if d.err != nil {
		return tea.Batch(send(Notice{Text: d.err.Error(), Bad: true}), s.draw())
	}
	return s.draw()
}

// What a place shows: where two are equal, it need not be drawn anew.
type (
	heroKey struct {
		version    int
		shot       *shot
		mode       studioMode
		at, tile   int
		clean      bool
		overlay    mapKey
		base, mask *float32
		brush      [2]int
		size       int
		pen        bool
		before     bool
		of         int
		ask        string
	}
	filmKey struct {
		version  int
		shot     *shot
		at, tile int
		clean    bool
	}
	mapKey struct {
		film               *lab.Film
		token, layer, head int
		step               int
	}
	looksKey struct {
		version int
		of      mapKey
		several bool
	}
)

func (o studioOrder) heroKey(version int) any {
	k := heroKey{version: version, shot: o.shot, mode: o.mode, at: o.at, tile: o.tile, clean: o.clean, of: o.of, ask: o.ask}
	if o.overlay && o.film != nil {
		k.overlay = o.mapKey()
	}
	if o.mode == studioEdit {
		k.base, k.mask, k.brush, k.size, k.pen, k.before = first(o.base), first(o.mask), o.brush, o.size, o.pen, o.before
	}
	return k
}

func (o studioOrder) filmKey(version int) any {
	return filmKey{version, o.shot, o.at, o.tile, o.clean}
}

func (o studioOrder) looksKey(version int) any {
	return looksKey{version, o.mapKey(), o.shot != nil && o.shot.tiles > 1}
}

func (o studioOrder) mapKey() mapKey { return mapKey{o.film, o.token, o.layer, o.head, o.mapStep()} }

// mapStep is the frame whose maps are shown, -1 for the mean over all steps.
func (o studioOrder) mapStep() int {
	if !o.moment || o.film == nil || len(o.film.Frames) == 0 {
		return -1
	}
	if o.at < 0 || o.at >= len(o.film.Frames) {
		return len(o.film.Frames) - 1
	}
	return o.at
}

// first tells slices apart.
func first(v []float32) *float32 {
	if len(v) == 0 {
		return nil
	}
	return &v[0]
}

func (o studioOrder) draw() tea.Msg {
	d := studioDrawn{order: o, pics: map[int]*picture.Picture{}}
	drawn := [studioPictures]func(d *studioDrawn, w, h int) (title, body string, err error){o.hero, o.reel, o.looks}
	for p, f := range drawn {
		if !o.which[p] {
			continue
		}
		r := o.lay.place[p]
		w, h := widget.Inner(r.w, r.h)
		if w < 4 || h < 1 {
			continue
		}
		title, body, err := f(&d, w, h)
		if err != nil {
			d.err = err
		}
		d.panels[p] = widget.Box(title, body, r.w, r.h, p == studioHero, o.theme)
	}
	return d
}

// picture makes a place's picture of a mosaic and gives its cells; left and above it stand cells of text.
func (o studioOrder) picture(d *studioDrawn, place, id int, m *mosaic, tiles []tile, cols, rows, left, above int) string {
	p := picture.New(picture.FromImage(m.im), cols, rows, o.display)
	r := o.lay.place[place]
	d.pics[id], d.tiles[place] = p, tiles
	d.origin[place] = rect{r.x + 2 + left, r.y + 1 + above, cols, rows}
	return p.Cells(id, nil)
}
