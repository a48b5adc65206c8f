package lab

import (
	"math"
	"slices"
	"time"

	"mllab/gen"
)

// point adds a point to a series of the game.
func (g *GAN2D) point(name string, v float64) {
	if addPoint(g.run.series, name, g.run.step, v) {
		g.run.order = append(g.run.order, name)
	}
}

// addPoint adds a point to a series; one at the same step takes its place. It is true where the series is
// new. States share the memory of a series up to their own length, so what is cut off is copied.
func addPoint(all map[string]*Series, name string, step int, v float64) (fresh bool) {
	s := all[name]
	if s == nil {
		s = &Series{Name: name}
		all[name], fresh = s, true
	}
	n := len(s.X)
	for n > 0 && s.X[n-1] >= float64(step) {
		n--
	}
	if n < len(s.X) {
		s.X, s.Y = s.X[:n:n], s.Y[:n:n]
	}
	s.X, s.Y = thin(append(s.X, float64(step))), thin(append(s.Y, v))
	return fresh
}

// collected are the series in order, as they are now.
func collected(order []string, all map[string]*Series) []Series {
	var list []Series
	for _, name := range order {
		list = append(list, *all[name])
	}
	return list
}

// middlePush is the median length of arrows: a few long ones do not hide that most have vanished.
func middlePush(arrows []float32) float64 {
	lengths := make([]float64, 0, gen.Arrows2D)
	for i := 0; i+1 < len(arrows); i += 2 {
		lengths = append(lengths, math.Hypot(float64(arrows[i]), float64(arrows[i+1])))
	}
	slices.Sort(lengths)
	if len(lengths) == 0 {
		return 0
	}
	return lengths[len(lengths)/2]
}

// rateMeter is the rate of moves over about the last second, pauses left out: moves and time, both forgotten
// at the same rate. A mean of the intervals would count the long ones more often.
type rateMeter struct {
	last        time.Time
	moves, span float64
}

func (m *rateMeter) stop() { m.last = time.Time{} }

func (m *rateMeter) add() {
	now := time.Now()
	if !m.last.IsZero() {
		d := now.Sub(m.last).Seconds()
		keep := math.Exp(-d)
		m.moves, m.span = keep*m.moves+1, keep*m.span+d
	}
	m.last = now
}

func (m *rateMeter) rate() float64 {
	if m.span == 0 {
		return 0
	}
	return m.moves / m.span
}
