package screen

import "mllab/ui/picture"

// The places of the Latent screen. The first four are pictures, the others are text.
const (
	placeBig   = iota // scatter, grid or canvas
	placeAt           // what the net draws at the cursor
	placeNear         // the nearest encoded pictures
	placeStrip        // pictures along a dimension, a path, an attribute
	placeFacts        // numbers
	placeBars         // divergence by dimension
	latentPlaces
	latentPictures = placeFacts
)

// latentID is the id of a picture's place in the store. Other screens have other tens.
func latentID(place int) int { return 30 + place }

// rect is a place in whole numbers of cells or pixels; w is 0 where it is not shown.
type rect struct{ x, y, w, h int }

func (r rect) has(x, y int) bool { return x >= r.x && y >= r.y && x < r.x+r.w && y < r.y+r.h }

// latentLayout says where everything stands. It is comparable: another layout, other pictures.
type latentLayout struct {
	full         bool // all places
	tall         bool // else, high enough for a second one at the right
	w, h         int
	place        [latentPlaces]rect
	cellW, cellH int
}

func newLatentLayout(w, h int, d picture.Display) latentLayout {
	l := latentLayout{w: w, h: h, full: w >= fullW && h >= fullH, cellW: max(1, d.CellW), cellH: max(1, d.CellH)}
	body := max(0, h-2) // a line above, one below
	if !l.full {
		const lines = 4 // of numbers and of bars
		high := max(0, body-lines)
		right := max(min(24, w/2), min(l.square(high), w*46/100))
		left := max(0, w-right-1)
		l.place[placeBig] = rect{0, 1, left, body}
		const enough = 24
		at := high
		if l.tall = high >= enough; l.tall {
			at = max(high*2/5, min((right-5)*l.cellW/l.cellH+2, high*3/5)) // a square, if it can be
		}
		l.place[placeAt] = rect{left + 1, 1, right, at}
		below := rect{left + 1, 1, right, high}
		if l.tall {
			below = rect{left + 1, 1 + at, right, high - at}
		}
		l.place[placeNear], l.place[placeStrip] = below, below
		l.place[placeFacts] = rect{left + 1, 1 + high, right, lines / 2}
		l.place[placeBars] = rect{left + 1, 1 + high + lines/2, right, lines / 2}
		return l
	}
	const facts = 19 // cells of the numbers, with the blank before them
	left := max(40, min(l.square(body), w*54/100))
	x, right := left+1, w-left-1
	atH := min(body*45/100, 26)
	atW := max(20, min(l.square(atH), right-facts))
	barsH := max(6, min(body/6, 10))
	nearH := (body - atH - barsH + 1) / 2
	stripH := body - atH - barsH - nearH
	l.place = [latentPlaces]rect{
		placeBig: {0, 1, left, body}, placeAt: {x, 1, atW, atH}, placeFacts: {x + atW + 1, 1, right - atW - 1, atH},
		placeNear: {x, 1 + atH, right, nearH}, placeStrip: {x, 1 + atH + nearH, right, stripH},
		placeBars: {x, 1 + atH + nearH + stripH, right, barsH},
	}
	return l
}

// square is the width of a panel of that height whose picture is a square.
func (l latentLayout) square(h int) int {
	return (max(0, h-2)*l.cellH+l.cellW-1)/l.cellW + 5
}
