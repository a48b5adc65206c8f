package screen

import (
	"math"
	"slices"

	tea "charm.land/bubbletea/v2"

	"mllab/gen"
	"mllab/ui/lab"
)

// brush is a painting under way: a density, and a cursor on it.
type brush struct {
	d     lab.Density
	x, y  int // cell of the cursor
	size  int // radius in cells
	erase bool
	dirty bool // what the game has not got yet
}

// paintSide is the side of a painted density in cells.
const paintSide = 40

// paintKeys are the keys of painting.
func (g *GAN2D) paintKeys(bind func(help, shown, long string, do func(string) tea.Cmd, press ...string) Key,
	while func(Key) Key) []Key {
	return []Key{
		while(bind("paint", "space", "paint: where the cursor is; with the mouse: the left button", g.dabKey,
			"space", " ")),
		while(bind("erase", "x", "paint: take away; with the mouse: the right button", g.dabKey, "x")),
		while(bind("move", "↑↓←→", "paint: move the cursor", g.moveBrush, "up", "down", "left", "right")),
		while(bind("size", "+/-", "paint: a larger or smaller brush", g.sizeBrush, "+", "=", "-")),
		while(bind("clear", "c", "paint: begin with an empty plane", g.clearBrush, "c")),
		while(bind("done", "esc", "paint: back to the game, which has learned meanwhile", g.paint, "esc", "b",
			"enter")),
	}
}

// paint begins to paint, or ends it.
func (g *GAN2D) paint(string) tea.Cmd {
	if g.brush != nil {
		cmd := g.learn()
		g.brush = nil
		return tea.Batch(cmd, g.again())
	}
	return g.with(func(game Game2D) tea.Cmd {
		b := &brush{x: paintSide / 2, y: paintSide / 4, size: 2}
		b.d = lab.Density{W: paintSide, H: paintSide, Weights: make([]float32, paintSide*paintSide)}
		if d := g.state.Density; g.state.Data == "drawn" && d.W == paintSide && d.H == paintSide {
			b.d.Weights = slices.Clone(d.Weights)
		}
		g.brush, g.editing = b, false
		return g.again()
	})
}

func (g *GAN2D) moveBrush(key string) tea.Cmd {
	b := g.brush
	switch key {
	case "up":
		b.y--
	case "down":
		b.y++
	case "left":
		b.x--
	case "right":
		b.x++
	}
	b.x, b.y = max(0, min(b.x, paintSide-1)), max(0, min(b.y, paintSide-1))
	return g.again()
}

func (g *GAN2D) sizeBrush(key string) tea.Cmd {
	if key == "-" {
		g.brush.size = max(0, g.brush.size-1)
	} else {
		g.brush.size = min(8, g.brush.size+1)
	}
	return g.again()
}

func (g *GAN2D) clearBrush(string) tea.Cmd {
	clear(g.brush.d.Weights)
	g.brush.dirty = false // nothing cannot be learned
	return g.again()
}

func (g *GAN2D) dabKey(key string) tea.Cmd {
	g.brush.dab(key == "x")
	return tea.Batch(g.learn(), g.again())
}

// dab paints a disc at the cursor.
func (b *brush) dab(erase bool) {
	for y := max(0, b.y-b.size); y <= min(paintSide-1, b.y+b.size); y++ {
		for x := max(0, b.x-b.size); x <= min(paintSide-1, b.x+b.size); x++ {
			if math.Hypot(float64(x-b.x), float64(y-b.y)) > float64(b.size)+0.3 {
				continue
			}
			w := &b.d.Weights[y*paintSide+x]
			if *w = 1; erase {
				*w = 0
			}
		}
	}
	b.dirty = true
}

// learn gives the game what was painted, if there is anything.
func (g *GAN2D) learn() tea.Cmd {
	b := g.brush
	if !b.dirty || g.game == nil || !slices.Contains(b.d.Weights, 1) {
		return nil
	}
	b.dirty = false
	d := b.d
	d.Weights = slices.Clone(d.Weights)
	return bad(g.game.Paint(d))
}

// dab paints with the mouse: a drag paints, its end lets the game learn.
func (g *GAN2D) dab(m Mouse, l planeLayout) tea.Cmd {
	b := g.brush
	switch m.Kind {
	case WheelUp:
		return g.sizeBrush("+")
	case WheelDown:
		return g.sizeBrush("-")
	case Release:
		return tea.Batch(g.learn(), g.again())
	}
	col, row, ok := l.planeCell(m.X, m.Y)
	if !ok {
		return nil
	}
	fromX, fromY := b.x, b.y
	if m.Kind == Press {
		b.erase = m.Button == tea.MouseRight
		fromX, fromY = col, row
	}
	n := max(abs(col-fromX), abs(row-fromY), 1)
	for k := 1; k <= n; k++ { // a fast drag leaves no gaps
		b.x, b.y = fromX+(col-fromX)*k/n, fromY+(row-fromY)*k/n
		b.dab(b.erase)
	}
	return g.again()
}

func abs(v int) int { return max(v, -v) }

// planeCell is the cell of a density that lies under a cell of the View.
func (l planeLayout) planeCell(x, y int) (col, row int, ok bool) {
	px, py, side := l.planePixel(x, y)
	if side <= 0 {
		return 0, 0, false
	}
	u := (px/side*2 - 1) * gen.Reach2D
	v := (1 - py/side*2) * gen.Reach2D
	return lab.Density{W: paintSide, H: paintSide}.At(u, v)
}

// brushed draws what is painted, with the cursor.
func (c *sketch2D) brushed(b brush) {
	c.density(b.d)
	cell := 2 * c.scale / paintSide
	edge := (gen.Reach2D - 1) * c.scale
	x, y := edge+(float64(b.x)+.5)*cell, edge+(float64(b.y)+.5)*cell
	r := (float64(b.size) + .5) * cell
	n := max(8, int(8*r))
	for k := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
		c.set(int(x+r*cos), int(y+r*sin), cursorColor)
	}
	c.set(int(x), int(y), cursorColor)
}
