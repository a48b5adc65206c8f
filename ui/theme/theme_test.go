package theme

import (
	"image/color"
	"math"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// linear is the light of a channel (IEC 61966-2-1).
func linear(v byte) float64 {
	c := float64(v) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// contrast is the ratio of WCAG 2.1, 1 to 21.
func contrast(a, b color.RGBA) float64 {
	y := func(c color.RGBA) float64 { return .2126*linear(c.R) + .7152*linear(c.G) + .0722*linear(c.B) + .05 }
	return max(y(a), y(b)) / min(y(a), y(b))
}

func tokens(c Colors) map[string]color.RGBA {
	m := map[string]color.RGBA{"text": c.Text, "dim": c.Dim, "accent": c.Accent, "good": c.Good,
		"warn": c.Warn,
		"bad":  c.Bad, "border": c.Border, "focus": c.Focus}
	for i, s := range c.Series {
		m["series "+string(rune('1'+i))] = s
	}
	return m
}

func TestReadable(t *testing.T) {
	for _, dark := range []bool{true, false} {
		c := New(dark, false).Colors
		for name, v := range tokens(c) {
			least := 3.
			if name == "text" {
				least = 10
			} else if name == "dim" || name == "bad" || name == "warn" {
				least = 4.5
			}
			assert.GreaterOrEqual(t, contrast(v, c.Background), least, "%s, dark %v", name, dark)
		}
	}
}

// On 16 colours the nearest one must not be the background's own black or white.
func TestReadableInSixteenColours(t *testing.T) {
	for _, dark := range []bool{true, false} {
		c := New(dark, false).Colors
		back := colorprofile.ANSI.Convert(c.Background)
		for name, v := range tokens(c) {
			assert.NotEqual(t, back, colorprofile.ANSI.Convert(v), "%s, dark %v", name, dark)
		}
	}
}

// deficient simulates dichromatic sight after F. Viénot, H. Brettel and J. Mollon, Digital video colourmaps
// for checking the legibility of displays by dichromats, Color Res. Appl. 24 (1999).
func deficient(c color.RGBA, protan bool) [3]float64 {
	r, g, b := linear(c.R), linear(c.G), linear(c.B)
	if protan {
		return [3]float64{.11238*r + .88762*g, .11238*r + .88762*g, .00401*r - .00401*g + b}
	}
	return [3]float64{.29275*r + .70725*g, .29275*r + .70725*g, -.02234*r + .02234*g + b}
}

func TestSeriesAreToldApart(t *testing.T) {
	for _, dark := range []bool{true, false} {
		s := New(dark, false).Colors.Series
		for i := range s {
			for j := range i {
				for _, protan := range []bool{true, false} {
					a, b := deficient(s[i], protan), deficient(s[j], protan)
					d := 0.
					for k := range a {
						e := math.Cbrt(max(a[k], 0)) - math.Cbrt(max(b[k], 0))
						d += e * e
					}
					assert.Greater(t, math.Sqrt(d), .06, "series %d and %d, dark %v, protan %v", i+1, j+1,
						dark, protan)
				}
			}
		}
	}
}

func TestNoColor(t *testing.T) {
	th := New(true, true)
	for _, s := range []string{th.Text.Render("x"), th.Bad.Render("x"), th.SeriesStyle(3).Render("x"),
		th.Selected.Render("x")} {
		assert.NotContains(t, s, "38;", "no colour")
		assert.NotContains(t, s, "48;", "no colour")
	}
	assert.NotEqual(t, th.Border.Render("x"), th.Focus.Render("x"))
	assert.NotEqual(t, th.Text.Render("x"), th.Bad.Render("x"))
}

func TestAnySeries(t *testing.T) {
	th := New(false, false)
	for _, i := range []int{-7, 0, 5, 6, 1 << 40} {
		assert.NotZero(t, th.SeriesColor(i).A)
		assert.NotEmpty(t, th.SeriesStyle(i).Render("x"))
	}
	assert.Equal(t, th.SeriesColor(0), th.SeriesColor(SeriesCount))
	b := th.WithBackground(color.RGBA{R: 1, G: 2, B: 3, A: 255})
	assert.Equal(t, color.RGBA{R: 1, G: 2, B: 3, A: 255}, b.Colors.Background)
	require.Equal(t, th.Colors.Background, th.WithBackground(nil).Colors.Background)
}
