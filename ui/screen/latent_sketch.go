package screen

import (
	"errors"
	"math"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// latentOwn is the message of a user's picture that was read.
type latentOwn struct {
	pixels []float32
	notes  []string
	err    error
	size   [3]int // that it was read for
}

// openPicture reads a picture in the background, for the net that is open now.
func (l *Latent) openPicture(path string) tea.Cmd {
	switch {
	case l.net == nil:
		return send(Notice{Text: "open a run first: a picture gets its code from a net", Bad: true})
	case l.space.Sampled:
		return send(Notice{Text: "a " + l.space.Model + " has no encoder: a picture gets no code", Bad: true})
	}
	s := l.space
	return func() tea.Msg {
		pixels, notes, err := s.OwnPicture(path)
		return latentOwn{pixels, notes, err, [3]int{s.H, s.W, s.C}}
	}
}

// takeOwn puts a picture on the canvas, where it is encoded and can be drawn on.
func (l *Latent) takeOwn(msg latentOwn) tea.Cmd {
	if msg.err == nil && (l.net == nil || msg.size != [3]int{l.space.H, l.space.W, l.space.C}) {
		msg.err = errors.New("another net was opened meanwhile: open the picture again")
	}
	if msg.err != nil {
		return send(Notice{Text: msg.err.Error(), Bad: true})
	}
	cmd := l.setMode(sketch)
	l.canvas = msg.pixels
	cmd = tea.Batch(cmd, l.changed())
	if len(msg.notes) > 0 {
		cmd = tea.Batch(cmd, send(Notice{Text: strings.Join(msg.notes, "; ")}))
	}
	return cmd
}

func (l *Latent) penKey(string) tea.Cmd {
	l.pen = !l.pen
	if l.pen {
		l.ink(l.brush[0], l.brush[1], false)
	}
	return l.changed()
}

func (l *Latent) clear(string) tea.Cmd {
	l.canvas, l.pen = make([]float32, len(l.canvas)), false
	return l.changed()
}

// moveBrush moves the brush by pixels and draws while the pen is down.
func (l *Latent) moveBrush(dx, dy int, fast bool) tea.Cmd {
	n := 1
	if fast {
		n = 5
	}
	for range n {
		l.brush[0] = max(0, min(l.brush[0]+dx, l.space.W-1))
		l.brush[1] = max(0, min(l.brush[1]-dy, l.space.H-1))
		if l.pen {
			l.ink(l.brush[0], l.brush[1], false)
		}
	}
	return l.changed()
}

// ink puts a soft dot at a pixel, or takes what is there away. It is as wide as a stroke of a digit.
func (l *Latent) ink(x, y int, erase bool) {
	s := l.space
	next := append([]float32(nil), l.canvas...)
	radius := max(1, float64(min(s.H, s.W))/20)
	r := int(math.Ceil(radius + 1))
	for py := max(0, y-r); py <= min(s.H-1, y+r); py++ {
		for px := max(0, x-r); px <= min(s.W-1, x+r); px++ {
			cover := float32(max(0, min(1, radius+.5-math.Hypot(float64(px-x), float64(py-y)))))
			for c := range s.C {
				v := &next[(py*s.W+px)*s.C+c]
				if erase {
					*v *= 1 - cover
				} else {
					*v = max(*v, cover)
				}
			}
		}
	}
	l.canvas, l.brush = next, [2]int{x, y}
}

// stroke draws from where the brush was to a pixel, so that a fast mouse leaves no gaps.
func (l *Latent) stroke(x, y int, erase bool) tea.Cmd {
	from := l.brush
	n := max(1, max(from[0]-x, x-from[0]), max(from[1]-y, y-from[1]))
	for i := 1; i <= n; i++ {
		l.ink(from[0]+(x-from[0])*i/n, from[1]+(y-from[1])*i/n, erase)
	}
	return l.changed()
}
