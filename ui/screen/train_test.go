package screen

import (
	"errors"
	"math"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
)

func TestLadder(t *testing.T) {
	for _, c := range []struct{ v, up, down float64 }{
		{1e-3, 2e-3, 5e-4}, {2e-3, 5e-3, 1e-3}, {5e-3, 1e-2, 2e-3}, {3e-4, 5e-4, 2e-4}, {0.1, 0.2, 0.05},
		{1, 2, 0.5}, {10, 10, 5}, {1e-8, 2e-8, 1e-8}, {0, 1e-8, 1e-8}, {math.NaN(), 1e-8, 1e-8}, {1e9, 10, 5e8},
		{9.999e-4, 1e-3, 5e-4},
	} {
		assert.Equal(t, c.up, ladder(c.v, true), "above %v", c.v)
		if c.v < 1e8 {
			assert.Equal(t, c.down, ladder(c.v, false), "below %v", c.v)
		}
	}
}

// TestLadderGoesBack checks that from rung to rung up and down leads through the same numbers.
func TestLadderGoesBack(t *testing.T) {
	v := 1e-8
	for v < 10 {
		next := ladder(v, true)
		require.Greater(t, next, v)
		require.Equal(t, v, ladder(next, false))
		v = next
	}
}

func TestArrange(t *testing.T) {
	for _, c := range []struct {
		name       string
		n, unit    int
		w, h       int
		wantN      int
		wantC      int
		everything bool
	}{
		{"64 samples at one pixel a value", 64, 0, 281, 233, 64, 8, false},
		{"fewer, twice as large", 64, 0, 374, 325, 30, 6, false},
		{"a small font", 64, 0, 228, 208, 49, 7, false},
		{"pairs stay together", 32, 2, 374, 325, 30, 6, false},
		{"pairs fill rows", 32, 2, 240, 240, 32, 4, false},
		{"half-blocks", 64, 0, 38, 32, 64, 0, true},
		{"half-blocks of pairs", 32, 2, 38, 32, 32, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, columns := arrange(lab.View{N: c.n, H: 28, W: 28, C: 1, Columns: c.unit}, c.w, c.h)
			assert.Equal(t, c.wantN, n)
			assert.Equal(t, c.wantC, columns)
			if !c.everything {
				assert.Zero(t, n%columns, "no empty places")
			}
		})
	}
}

func TestCurvesFollow(t *testing.T) {
	var c curves
	s := []lab.Series{{Name: "loss", X: []float64{1, 2}, Y: []float64{9, 8}}}
	c.follow(s)
	grown := []lab.Series{{Name: "loss", X: []float64{1, 2, 3}, Y: []float64{9, 8, 7}},
		{Name: "test_neg_elbo", X: []float64{3}, Y: []float64{8}}}
	c.follow(grown)
	require.Len(t, c.list, 2)
	assert.Equal(t, 3, c.list[0].Curve.Len())
	assert.True(t, c.list[1].Dashed)
	assert.Equal(t, "test neg ELBO", c.list[1].Name)
	again := []lab.Series{{Name: "loss", X: []float64{1, 2, 3, 4}, Y: []float64{5, 4, 3, 2}}}
	c.follow(again)
	require.Len(t, c.list, 1)
	assert.Equal(t, 4, c.list[0].Curve.Len(), "a run that began again has its own curve")
}

func TestTrend(t *testing.T) {
	falling := lab.Series{Name: "loss"}
	for i := range 100 {
		falling.Y = append(falling.Y, 100-float64(i)/100)
	}
	still := lab.Series{Name: "kl", Y: []float64{1, 1, 1, 1}}
	broken := lab.Series{Name: "nan", Y: []float64{1, 1, math.NaN(), 1}}
	all := []lab.Series{falling, still, broken}
	assert.Equal(t, "▼0.50", trend(all, "loss"))
	assert.Empty(t, trend(all, "kl"))
	assert.Empty(t, trend(all, "nan"))
	assert.Empty(t, trend(all, "other"))
	for _, d := range []float64{0, 0.005, 0.996, 1, 9.949, 9.96, 99.7, 9999, 1e9} {
		assert.LessOrEqual(t, ansi.StringWidth(change(d)), 4, "%v", d)
	}
}

func TestTexts(t *testing.T) {
	assert.Equal(t, "1e-3", rateText(1e-3))
	assert.Equal(t, "2.5e-4", rateText(2.5e-4))
	assert.Equal(t, "0.05", rateText(0.05))
	assert.Equal(t, "neg ELBO", label("neg_elbo"))
	assert.Equal(t, 21400, roughly(21412))
	assert.Equal(t, 0, roughly(0))
	s := &lab.State{Err: errors.New("data x:\n  gone")}
	assert.Equal(t, "data x: gone — r begins again, q quits", errorText(s))
}

func TestDevicesWithoutAny(t *testing.T) {
	d := newDevices(&Lab{})
	assert.Nil(t, d.Update(Show{}))
	for w := range 100 {
		d.View(w, 10)
	}
}
