package screen

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

const mostBrush = 31

var brushSizes = []int{1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 31}

// canvas is a picture to paint over, and where. What its slices hold is never changed: they are replaced.
type canvas struct {
	base   []float32 // [H W C] in [0,1]; nil: none
	taken  *shot     // that it is of, nil: a file's
	mask   []float32 // [H W]: 1 where it may be painted over; nil: nothing was marked
	brush  [2]int    // x, y
	size   int       // of the brush
	pen    bool      // it marks as it moves
	before bool      // the picture to paint over is shown rather than what came of it
}

// from is the canvas with the picture of a shot, if there is one that was not taken before.
func (c canvas) from(p *shot, tile int, again bool) canvas {
	if p == nil || p.film == nil || p == c.taken && !again {
		return c
	}
	if v := p.picture(-1, tile, false); v != nil {
		c.base, c.taken, c.before = slices.Clone(v), p, true
	}
	return c
}

// wholeMask is the mask to paint with: nil, everywhere, where nothing was marked.
func (s *Studio) wholeMask() []float32 {
	if !slices.Contains(s.mask, 1) {
		return nil
	}
	return s.mask
}

// ink marks what the brush covers at a pixel, or takes the marks away.
func (s *Studio) ink(x, y int, erase bool) {
	w, h := s.about.W, s.about.H
	next := make([]float32, w*h)
	copy(next, s.mask)
	value := float32(1)
	if erase {
		value = 0
	}
	x0, y0, x1, y1 := s.brushBox(x, y)
	for py := max(0, y0); py < min(h, y1); py++ {
		for px := max(0, x0); px < min(w, x1); px++ {
			next[py*w+px] = value
		}
	}
	s.mask, s.brush, s.before = next, [2]int{x, y}, true
}

// brushBox is what the brush covers at a pixel.
func (c canvas) brushBox(x, y int) (x0, y0, x1, y1 int) {
	x0, y0 = x-c.size/2, y-c.size/2
	return x0, y0, x0 + c.size, y0 + c.size
}

// stroke marks from where the brush was to a pixel, so that a fast mouse leaves no gaps.
func (s *Studio) stroke(x, y int, erase bool) tea.Cmd {
	from := s.brush
	n := max(1, max(from[0]-x, x-from[0]), max(from[1]-y, y-from[1]))
	for i := 1; i <= n; i++ {
		s.ink(from[0]+(x-from[0])*i/n, from[1]+(y-from[1])*i/n, erase)
	}
	return s.draw()
}

// moveBrush moves the brush by pixels, and marks while the pen is down.
func (s *Studio) moveBrush(dx, dy int, fast bool) tea.Cmd {
	if s.base == nil {
		return nil
	}
	n := 1
	if fast {
		n = 5
	}
	for range n {
		x := max(0, min(s.brush[0]+dx, s.about.W-1))
		y := max(0, min(s.brush[1]-dy, s.about.H-1))
		if s.brush = [2]int{x, y}; s.pen {
			s.ink(x, y, false)
		}
	}
	s.before = true
	return s.draw()
}

func (s *Studio) penKey(string) tea.Cmd {
	if s.base == nil {
		return nil
	}
	if s.pen = !s.pen; s.pen {
		s.ink(s.brush[0], s.brush[1], false)
	}
	return s.draw()
}

// brushKey changes the size of the brush.
func (s *Studio) brushKey(key string) tea.Cmd {
	s.size = rungOf(brushSizes, s.size, key == "b")
	return s.draw()
}

func (s *Studio) clearMask(string) tea.Cmd {
	s.mask, s.pen, s.before = nil, false, true
	return s.draw()
}

func (s *Studio) invertMask(string) tea.Cmd {
	if s.base == nil {
		return nil
	}
	next := make([]float32, s.about.H*s.about.W)
	for i := range next {
		next[i] = 1
		if s.mask != nil {
			next[i] = 1 - s.mask[i]
		}
	}
	s.mask, s.before = next, true
	return s.draw()
}

// beforeAfter shows the picture to paint over, or what came of it.
func (s *Studio) beforeAfter(string) tea.Cmd {
	s.before = !s.before
	return s.draw()
}

// goOn makes what came out the picture to paint over next.
func (s *Studio) goOn(string) tea.Cmd {
	if s.shot == nil || s.shot.film == nil {
		return send(Notice{Text: "enter paints first"})
	}
	s.canvas = s.canvas.from(s.shot, 0, true)
	return s.draw()
}
