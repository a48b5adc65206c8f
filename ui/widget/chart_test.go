package widget

import (
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/theme"
)

func TestCurveKeepsPeaks(t *testing.T) {
	var c Curve
	for i := range 100_000 {
		v := 1.
		if i == 77_777 {
			v = 9
		}
		c.Add(float64(i), v)
	}
	assert.Equal(t, 100_000, c.Len())
	assert.LessOrEqual(t, len(c.buckets), curveBuckets)
	peak, n := 0., 0
	for i, b := range c.buckets {
		peak = max(peak, b.max)
		n += b.n
		if i > 0 {
			require.Greater(t, b.x0, c.buckets[i-1].x1)
		}
	}
	assert.Equal(t, 9., peak)
	assert.Equal(t, 100_000, n)
	x, y, ok := c.Last()
	assert.True(t, ok)
	assert.Equal(t, []float64{99_999, 1}, []float64{x, y})
}

func TestCurveSkipsAndRewinds(t *testing.T) {
	var c Curve
	for i := range 10 {
		c.Add(float64(i), 5)
	}
	c.Add(10, math.NaN())
	c.Add(math.Inf(1), 3)
	assert.Equal(t, []int{10, 2}, []int{c.Len(), c.Skipped()})
	c.Add(11, 6)
	assert.True(t, c.buckets[len(c.buckets)-1].gap)
	c.Add(4, 7) // rewound to step 4
	x, y, _ := c.Last()
	assert.Equal(t, []float64{4, 7}, []float64{x, y})
	assert.Equal(t, 5, c.Len())
	_, _, ok := (&Curve{}).Last()
	assert.False(t, ok)
	assert.Equal(t, 2, CurveOf([]float64{3, 1, 2}, []float64{1, 2}).Len())
}

func TestSmoothIsUnbiased(t *testing.T) {
	c := CurveOf([]float64{0, 1, 2, 3}, []float64{5, 5, 5, 5})
	for _, b := range smooth(c.buckets, .9, c.spacing()) {
		assert.InDelta(t, 5, b.last, 1e-9, "a constant stays what it is, from the first point on")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		log    bool
		n      int
		want   string
	}{
		{0, 10, false, 5, "0 2 4 6 8 10"[:9]}, {98.1, 192, false, 5, "100 120 140 160 180"}, {0, 1, false,
			6, "0 0.2 0.4 0.6 0.8 1.0"},
		{-1, 1, false, 5, "-1.0 -0.5 0 0.5 1.0"}, {1e-4, 3e-4, false, 4, "1e-4 2e-4 3e-4"}, {0, 25000,
			false, 3, "0 10k 20k"},
		{1e-3, 100, true, 6, "1e-3 0.01 0.1 1 10 100"}, {90, 180, true, 5, "100 120 140 160 180"}, {1, 100,
			true, 12, "1 2 5 10 20 50 100"},
		{1e-30, 1e30, true, 4, ""}, {5, 5, false, 3, ""}, {-1e300, 1e300, false, 3, ""},
	} {
		a := newAxis(c.lo, c.hi, c.log)
		vals, labels := a.ticks(c.n)
		assert.NotEmpty(t, vals, "%+v", c)
		assert.LessOrEqual(t, len(vals), c.n, "%+v", c)
		if c.want != "" && !strings.HasPrefix(c.want, "0 2 4 6") {
			assert.Equal(t, c.want, strings.Join(labels, " "), "%+v", c)
		}
		for i, v := range vals {
			assert.True(t, a.at(v) > -1e-6 && a.at(v) < 1+1e-6, "%g of %+v", v, c)
			assert.NotEmpty(t, labels[i])
		}
	}
}

func TestChartGoldens(t *testing.T) {
	train, test := lossCurves(3000)
	both := []Series{{Name: "train", Curve: train}, {Name: "test", Curve: test, Dashed: true}}
	golden(t, "chart-70x16", NewChart(both, ChartOptions{XLabel: "step"}, 70, 16, dark).String())
	golden(t, "chart-smooth-40x10", NewChart(both, ChartOptions{Smooth: .9}, 40, 10, dark).String())
	golden(t, "chart-24x6", NewChart(both, ChartOptions{}, 24, 6, dark).String())
	golden(t, "chart-tiny-14x3", NewChart(both, ChartOptions{}, 14, 3, dark).String())
	empty := ChartOptions{Empty: "the loss will be here: press space to train"}
	golden(t, "chart-empty-40x7", NewChart(nil, empty, 40, 7, dark).String())

	var c Curve
	for i := range 200 {
		v := math.Pow(10, 2-float64(i)/40)
		switch {
		case i == 60:
			v = math.NaN()
		case i > 90 && i < 100:
			v = -1
		}
		c.Add(float64(i), v)
	}
	golden(t, "chart-log-60x12", NewChart([]Series{{Name: "gap", Curve: &c}}, ChartOptions{LogY: true}, 60,
		12, dark).String())
	zoom := ChartOptions{XMin: 1000, XMax: 1100}
	golden(t, "chart-zoom-50x8", NewChart(both[:1], zoom, 50, 8, dark).String())
}

func TestChartOddData(t *testing.T) {
	for name, c := range map[string]*Curve{
		"one point": CurveOf([]float64{3}, []float64{7}), "constant": CurveOf([]float64{1, 2, 3},
			[]float64{4, 4, 4}),
		"huge": CurveOf([]float64{1, 2}, []float64{-math.MaxFloat64,
			math.MaxFloat64}), "same x": CurveOf([]float64{1, 1}, []float64{0, 9}),
		"tiny": CurveOf([]float64{1, 2}, []float64{math.SmallestNonzeroFloat64,
			0}), "negative": CurveOf([]float64{1, 2}, []float64{-1, -2}),
		"big x": CurveOf([]float64{-math.MaxFloat64, math.MaxFloat64}, []float64{1, 2}),
	} {
		for _, o := range []ChartOptions{{}, {LogY: true}, {Smooth: 5},
			{Smooth: math.NaN(), XMin: 2, XMax: 1}, {XMin: 5e9, XMax: 6e9}} {
			ch := NewChart([]Series{{Name: "a", Curve: c}}, o, 50, 10, dark)
			exact(t, ch.String(), 50, 10, name, o)
			if im := ch.Raster(8, 16); im != nil {
				cols, rows := ch.PictureSize()
				require.Equal(t, []int{8 * cols, 16 * rows}, []int{im.Rect.Dx(), im.Rect.Dy()})
			}
		}
	}
	low := NewChart([]Series{{Name: "a", Curve: CurveOf([]float64{1, 2}, []float64{-1, -2})}},
		ChartOptions{LogY: true}, 50, 10, dark)
	assert.Contains(t, ansi.Strip(low.String()), "nothing positive to draw on a log axis")
}

func TestChartSaysWhatIsMissing(t *testing.T) {
	var c Curve
	c.Add(0, math.NaN())
	s := []Series{{Name: "loss", Curve: &c}}
	assert.Contains(t, ansi.Strip(NewChart(s, ChartOptions{}, 50, 9, dark).String()),
		"no points yet (1 nan or inf)")
	c.Add(1, 1)
	c.Add(2, 2)
	assert.Contains(t, ansi.Strip(NewChart(s, ChartOptions{}, 50, 9, dark).String()), "1 nan or inf")
}

func TestRaster(t *testing.T) {
	var c Curve
	for i := range 100_000 {
		v := 1.
		if i == 50_000 {
			v = 9
		}
		c.Add(float64(i), v)
	}
	ch := NewChart([]Series{{Name: "a", Curve: &c},
		{Name: "b", Curve: CurveOf([]float64{0, 1e5}, []float64{1, 9})}},
		ChartOptions{}, 60, 12, dark)
	im := ch.Raster(8, 16)
	require.NotNil(t, im)
	assert.LessOrEqual(t, len(im.Palette), 256)
	w, h := im.Rect.Dx(), im.Rect.Dy()
	at := func(x, y int) byte { return im.Pix[y*im.Stride+x] }
	peak := false
	for x := w/2 - 4; x < w/2+4; x++ {
		peak = peak || at(x, 1) >= lineIndex && at(x, 1) < lineIndex+shades
	}
	assert.True(t, peak, "the one high point of 100 000 is drawn to the top")
	assert.GreaterOrEqual(t, at(w/4, h-1), byte(lineIndex), "the level line at the bottom")
	partial := 0
	for _, p := range im.Pix {
		if k := int(p) - lineIndex - shades; k > 0 && k < shades-1 {
			partial++
		}
	}
	assert.Greater(t, partial, w/4, "the oblique line has soft edges")
	assert.Nil(t, NewChart(nil, ChartOptions{}, 60, 12, dark).Raster(8, 16))
	assert.Nil(t, ch.Raster(0, 16))

	cols, rows := ch.PictureSize()
	plot := strings.TrimSuffix(strings.Repeat(strings.Repeat("#", cols)+"|\n", rows), "\n")
	got := ch.Compose(plot)
	exact(t, got, 60, 12)
	for y := range rows {
		line := []rune(ansi.Strip(strings.Split(got, "\n")[ch.PlotY+y]))
		assert.Equal(t, strings.Repeat("#", cols)+"|", string(line[ch.PlotX:ch.PlotX+ch.PlotW]))
	}
}

func TestSeriesWithoutColourAreTold(t *testing.T) {
	a := CurveOf([]float64{0, 1}, []float64{0, 0})
	b := CurveOf([]float64{0, 1}, []float64{1, 1})
	s := ansi.Strip(NewChart([]Series{{Name: "a", Curve: a}, {Name: "b", Curve: b}}, ChartOptions{}, 40, 8,
		theme.New(true, true)).String())
	lines := strings.Split(s, "\n")
	assert.NotEqual(t, strings.Count(lines[0], "⠉")+strings.Count(lines[0], "⠈")+strings.Count(lines[0], "⠁"),
		strings.Count(lines[5], "⣀"), "the second is dashed")
	assert.Contains(t, s, "┄┄ b")
}

func BenchmarkChart(b *testing.B) {
	train, test := lossCurves(100_000)
	s := []Series{{Name: "train", Curve: train}, {Name: "test", Curve: test}}
	b.Run("braille", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = NewChart(s, ChartOptions{Smooth: .9}, 80, 24, dark).String()
		}
	})
	b.Run("raster", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = NewChart(s, ChartOptions{Smooth: .9}, 80, 24, dark).Raster(8, 16)
		}
	})
}
