package screen

import "mllab/ui/picture"

// The places of the Studio. The first three are made of pictures, the settings are text.
const (
	studioHero     = iota // the picture, or all that were painted at once
	studioFilm            // the steps from noise to it
	studioLooks           // where the net looked, a map for each word
	studioSettings        // what to paint with
	studioPlaces
	studioPictures = studioSettings
)

// Ids of pictures in the store: other screens have other tens. A film may be several pictures beside each other, and
// the maps are several with words between.
const (
	heroID     = 20
	filmID     = 21
	looksID    = 22
	mostRows   = 5 // rows of maps
	moreFilmID = looksID + mostRows
	mostPieces = 4 // of a film
)

// studioLayout says where everything stands. It is comparable: another layout, other pictures.
type studioLayout struct {
	w, h         int
	full         bool // all places; else film and maps take turns
	boxed        bool // the settings have a panel; else they are a few lines
	place        [studioPlaces]rect
	cellW, cellH int
}

const (
	studioHead  = 3 // lines above the pictures: whose net, the prompt, and what is to be said of it
	studioLines = 4 // of settings without a panel
	settingsW   = 29
	highEnough  = 30 // from here on the film has the whole width
)

// newStudioLayout has the picture as large as it can be, a square at the left. A net without steps has no film, and
// one without attention no maps: their room goes to the others.
func newStudioLayout(w, h int, d picture.Display, film, looks bool) studioLayout {
	l := studioLayout{w: w, h: h, full: w >= fullW && h >= fullH, cellW: max(1, d.CellW), cellH: max(1, d.CellH)}
	body := max(0, h-studioHead-1)
	if !l.full && h < highEnough { // beside the square a few lines, and one more panel
		left := max(20, min(l.square(body), w-max(30, w*42/100)-1))
		right := max(0, w-left-1)
		l.place[studioHero] = rect{0, studioHead, left, body}
		l.place[studioSettings] = rect{left + 1, studioHead, right, studioLines}
		below := rect{left + 1, studioHead + studioLines, right, max(0, body-studioLines)}
		l.put(studioFilm, below, film)
		l.put(studioLooks, below, looks)
		return l
	}
	l.boxed = true
	filmH := 0
	if film || looks && !l.full {
		filmH = max(6, min(body*3/10, 14))
	}
	top := body - filmH
	below := rect{0, studioHead + top, w, filmH}
	l.put(studioFilm, below, film)
	mapsW := 0
	if l.full && looks {
		mapsW = 30
	}
	left := max(20, min(l.square(top), w-settingsW-mapsW-1))
	l.place[studioHero] = rect{0, studioHead, left, top}
	l.place[studioSettings] = rect{left + 1, studioHead, w - left - 1, top}
	switch {
	case looks && !l.full:
		l.place[studioLooks] = below
	case looks:
		l.place[studioSettings].w = settingsW
		l.place[studioLooks] = rect{left + settingsW + 2, studioHead, w - left - settingsW - 2, top}
	}
	return l
}

func (l *studioLayout) put(place int, r rect, there bool) {
	if there {
		l.place[place] = r
	}
}

// square is the width of a panel of that height whose picture is a square.
func (l studioLayout) square(h int) int {
	return (max(0, h-2)*l.cellH+l.cellW-1)/l.cellW + 5
}
