package screen

import (
	tea "charm.land/bubbletea/v2"

	"mllab/ui/widget"
)

// Mouse takes clicks, drags and the wheel: modes in the header, places on the plane, pictures, bars, the canvas.
func (l *Latent) Mouse(m Mouse) tea.Cmd {
	if l.net == nil {
		if m.Kind == Press {
			return l.list.click(m.Y)
		}
		return nil
	}
	lay := newLatentLayout(l.w, l.h, l.lab.Display)
	big := lay.place[placeBig]
	switch {
	case m.Y == 0 && m.Kind == Press:
		if i, ok := modeUnder(m.X, l.w, latentModeNames[:]); ok {
			return l.setMode(latentMode(i))
		}
	case l.mode == sketch && big.has(m.X, m.Y):
		return l.drawMouse(m)
	case m.Kind == WheelUp || m.Kind == WheelDown:
		return l.wheel(m, lay)
	case m.Kind == Press && lay.place[placeBars].has(m.X, m.Y):
		return l.clickBar(m, lay)
	case m.Kind != Press && m.Kind != Drag:
	case big.has(m.X, m.Y) && l.mode != traverse:
		return l.goTo(m)
	case m.Kind == Press:
		return l.clickTile(m)
	}
	return nil
}

// scatterCells is where the scatter is drawn.
func (l *Latent) scatterCells() rect {
	r := newLatentLayout(l.w, l.h, l.lab.Display).place[placeBig]
	w, h := widget.Inner(r.w, r.h)
	if l.lab.Display.Graphics() {
		w-- // the gutter
	}
	return rect{r.x + 2, r.y + 1, w, h}
}

// goTo moves the cursor to a place of the scatter. A click on an encoded picture takes its whole code, with what
// it has beside the plane.
func (l *Latent) goTo(m Mouse) tea.Cmd {
	o := l.scatterCells()
	if !o.has(m.X, m.Y) {
		return nil
	}
	x, y := l.win.At((float64(m.X-o.x)+.5)/float64(o.w), (float64(m.Y-o.y)+.5)/float64(o.h))
	l.code = l.plane.Lift(x, y)
	if m.Kind == Press {
		rx, ry := (l.win.X1-l.win.X0)/float64(o.w)*0.75, (l.win.Y1-l.win.Y0)/float64(o.h)*0.75
		best := 1.0
		for i := range l.scatter.X {
			dx, dy := (l.scatter.X[i]-x)/rx, (l.scatter.Y[i]-y)/ry
			if d := dx*dx + dy*dy; d < best {
				best, l.code = d, l.space.Code(i)
			}
		}
	}
	if l.mode == interpolate && m.Kind == Press && m.Button == tea.MouseRight {
		return l.mark("")
	}
	return l.changed()
}

// clickTile goes to the code of the picture under the mouse.
func (l *Latent) clickTile(m Mouse) tea.Cmd {
	for p, o := range l.art.origin {
		if !o.has(m.X, m.Y) || !l.shown(p, l.art.lay) {
			continue
		}
		x0, y0 := (m.X-o.x)*l.art.lay.cellW, (m.Y-o.y)*l.art.lay.cellH
		for _, t := range l.art.tiles[p] {
			if t.code != nil && t.has(x0+l.art.lay.cellW/2, y0+l.art.lay.cellH/2) && l.mode != sketch {
				l.code, l.strength = t.code, 0
				l.follow()
				return l.changed()
			}
		}
	}
	return nil
}

// clickBar chooses a dimension.
func (l *Latent) clickBar(m Mouse, lay latentLayout) tea.Cmd {
	r := lay.place[placeBars]
	x, w := m.X-r.x, r.w
	if lay.full {
		w, _ = widget.Inner(r.w, r.h)
		x -= 2
	}
	order := l.bars()
	if i := x / l.barWidth(w); x >= 0 && i < len(order) {
		l.dim = order[i]
		return l.changed()
	}
	return nil
}

// wheel zooms the plane about the mouse, moves along a path, or changes the strength or the dimension's value.
func (l *Latent) wheel(m Mouse, lay latentLayout) tea.Cmd {
	up := m.Kind == WheelUp
	key := map[bool]string{true: "+", false: "-"}[up]
	switch {
	case l.mode == attribute && !lay.place[placeBig].has(m.X, m.Y):
		return l.stronger(key)
	case l.mode == interpolate && !lay.place[placeBig].has(m.X, m.Y):
		return l.scrub(map[bool]string{true: ".", false: ","}[up])
	case l.mode == traverse && !l.flat:
		return l.arrow(map[bool]string{true: "right", false: "left"}[up])
	}
	o := l.scatterCells()
	if !o.has(m.X, m.Y) {
		return nil
	}
	x, y := l.win.At((float64(m.X-o.x)+.5)/float64(o.w), (float64(m.Y-o.y)+.5)/float64(o.h))
	return l.zoom(x, y, map[bool]float64{true: 1 / 1.25, false: 1.25}[up])
}

// drawMouse draws with the left button and takes away with the right one.
func (l *Latent) drawMouse(m Mouse) tea.Cmd {
	o := l.art.origin[placeBig]
	if len(l.art.tiles[placeBig]) != 1 || o.w == 0 || m.Kind != Press && m.Kind != Drag {
		return nil
	}
	lay := l.art.lay
	x, y, ok := l.art.tiles[placeBig][0].pixel(m, o, lay.cellW, lay.cellH, l.space.W, l.space.H)
	if !ok {
		return nil
	}
	erase := m.Button == tea.MouseRight
	if m.Kind == Drag {
		return l.stroke(x, y, erase)
	}
	l.ink(x, y, erase)
	return l.changed()
}
