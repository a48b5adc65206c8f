package gen

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/samples"
)

// TestDivergence2D: none of a distribution from itself, JS at most log 2, KL above JS, and more the farther.
func TestDivergence2D(t *testing.T) {
	at := func(x, y float64) *Histogram2D {
		xy := make([]float32, 2*500)
		for i := 0; i < len(xy); i += 2 {
			xy[i], xy[i+1] = float32(x+0.3*math.Sin(float64(i))), float32(y+0.3*math.Cos(1.7*float64(i)))
		}
		return NewHistogram2D(xy)
	}
	sum := 0.0
	for _, v := range at(0, 0) {
		sum += v
	}
	assert.InDelta(t, 1, sum, 1e-9)
	kl, js := Divergence2D(at(0, 0), at(0, 0))
	assert.InDelta(t, 0, kl, 1e-12)
	assert.InDelta(t, 0, js, 1e-12)
	last := 0.0
	for _, x := range []float64{0.1, 0.3, 0.6, 0.9} {
		kl, js = Divergence2D(at(0, 0), at(x, 0))
		assert.Greater(t, js, last)
		assert.Greater(t, kl, js)
		assert.Less(t, js, math.Ln2)
		_, back := Divergence2D(at(x, 0), at(0, 0))
		assert.InDelta(t, js, back, 1e-12, "JS is the same both ways")
		last = js
	}
	nan := float32(math.NaN())
	outside := NewHistogram2D([]float32{1e30, -1e30, nan, 0, float32(math.Inf(1)), 0})
	for _, v := range outside {
		assert.Greater(t, v, 0.0)
	}
}

// TestTwoSamplesOfOneDistribution are near, as the document of Histogram2D says.
func TestTwoSamplesOfOneDistribution(t *testing.T) {
	p, err := samples.OpenPoints("ring", samples.PointsOptions{})
	require.NoError(t, err)
	real, fake := make([]float32, 2*8192), make([]float32, 2*Fakes2D)
	p.Fill(1, 1, real)
	p.Fill(1, 2, fake)
	m := MeasurePoints(NewHistogram2D(real), p.Modes, fake)
	assert.Less(t, m.JS, 0.012)
	assert.Equal(t, 8, m.Covered)
	assert.InDelta(t, 0.989, m.Quality, 0.02)
}

// TestCoverage2D counts by hand: a mode with less than a tenth of its share is not covered.
func TestCoverage2D(t *testing.T) {
	modes := []samples.Mode{{X: -0.5, Sigma: 0.1}, {X: 0.5, Sigma: 0.1}, {Y: 0.5, Sigma: 0.1}, {Y: -0.5,
		Sigma: 0.1}}
	var fake []float32
	put := func(n int, x, y float32) {
		for range n {
			fake = append(fake, x, y)
		}
	}
	put(60, -0.5, 0.29) // just inside 3 deviations
	put(30, 0.5, 0.31)  // just outside
	put(8, 0, 0.5)
	put(2, 0, -0.5) // fair would be 25 of 100
	m := MeasurePoints(NewHistogram2D(fake), modes, fake)
	assert.Equal(t, []int{60, 0, 8, 2}, m.Counts)
	assert.Equal(t, 2, m.Covered)
	assert.Equal(t, 4, m.Modes)
	assert.InDelta(t, 0.7, m.Quality, 1e-12)
	assert.Zero(t, MeasurePoints(NewHistogram2D(nil), modes, nil).Covered)
	assert.Zero(t, MeasurePoints(NewHistogram2D(fake), nil, fake).Modes)
}

// measured is how near a game is to the ring.
func measured(t *testing.T, g *Game2D) Measure2D {
	t.Helper()
	l, err := g.Look(context.Background())
	require.NoError(t, err)
	p, err := samples.OpenPoints("ring", samples.PointsOptions{})
	require.NoError(t, err)
	return MeasurePoints(NewHistogram2D(points2D(8192, 1<<40)), p.Modes, l.Fakes)
}

// TestPresetsDoWhatTheySay: the first finds all modes; the others do not, until they are cured. How soon a game finds the
// last modes hangs on the last bits of its arithmetic, so it may take up to three times as long.
func TestPresetsDoWhatTheySay(t *testing.T) {
	eng := onePlayer(t)
	steps := map[string][2]int{"ring": {800, 0}, "collapse": {800, 1000}, "vanishing": {400, 600},
		"oscillation": {800, 1000}}
	finds := func(g *Game2D, n int) (m Measure2D) {
		for range 3 {
			both2D(t, g, n)
			if m = measured(t, g); m.Covered >= 7 {
				break
			}
		}
		return m
	}
	for _, p := range Presets2D() {
		g := newGame2D(t, eng, p.Game(), 1)
		if p.Cure == "" {
			m := finds(g, steps[p.Name][0])
			assert.GreaterOrEqual(t, m.Covered, 7, "%s: %+v", p.Name, m)
			continue
		}
		both2D(t, g, steps[p.Name][0])
		m := measured(t, g)
		assert.LessOrEqual(t, m.Covered, 3, "%s fails: %+v", p.Name, m)
		cured := newGame2D(t, eng, p.Cured(g.Config()), 1)
		_, _, err := cured.Inherit(g)
		require.NoError(t, err)
		m = finds(cured, steps[p.Name][1])
		assert.GreaterOrEqual(t, m.Covered, 7, "%s is cured: %+v", p.Name, m)
	}
}
