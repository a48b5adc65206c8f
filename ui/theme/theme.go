// Package theme holds the colours of the terminal lab as tokens, and the lipgloss styles made of them.
//
// It knows a light and a dark palette, a palette without colour (NO_COLOR) that leans on bold, faint
// and underline, and nothing of screens, models or pictures. Colours are chosen so that the nearest of
// the 16 ANSI colours is still readable on the palette's background, and so that the six series colours
// (after Okabe and Ito, "Color universal design", 2008) are told apart by colour-blind eyes.
// Begin at New.
package theme

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// SeriesCount is the number of series colours; series i has the colour i modulo SeriesCount.
const SeriesCount = 6

// Colors are the tokens as plain colours, for pixels and for styles that a screen builds itself.
type Colors struct {
	Text, Dim, Accent, Good, Warn, Bad, Border, Focus color.RGBA
	// Background is the terminal's background: a guess from dark or light until the terminal's answer
	// is given to WithBackground.
	Background color.RGBA
	Series     [SeriesCount]color.RGBA
}

// Theme is a set of ready styles. It is a value: copy it, and ask for a new one when the terminal's
// answer to the background query arrives.
type Theme struct {
	Dark, NoColor bool
	Colors        Colors

	Text, Dim, Accent, Good, Warn, Bad lipgloss.Style
	// Border is for the frames of panels, Focus for the frame of the one panel that has the focus.
	Border, Focus lipgloss.Style
	// Title is for the names of panels, Selected for the chosen row, tab or item.
	Title, Selected lipgloss.Style
	Series          [SeriesCount]lipgloss.Style
}

// New returns the theme for a dark or light terminal. With noColor (the NO_COLOR convention of
// no-color.org) the styles carry attributes only, and no colour.
func New(dark, noColor bool) Theme {
	t := Theme{Dark: dark, NoColor: noColor, Colors: light}
	if dark {
		t.Colors = darkness
	}
	t.build()
	return t
}

// WithBackground returns the theme with the terminal's own background colour, which pictures of charts
// are drawn on. The caller decides between dark and light beforehand.
func (t Theme) WithBackground(c color.Color) Theme {
	if c == nil {
		return t
	}
	r, g, b, _ := c.RGBA()
	t.Colors.Background = color.RGBA{R: byte(r >> 8), G: byte(g >> 8), B: byte(b >> 8), A: 255}
	return t
}

// SeriesStyle returns the style of series i, for any i.
func (t Theme) SeriesStyle(i int) lipgloss.Style {
	return t.Series[((i%SeriesCount)+SeriesCount)%SeriesCount]
}

// SeriesColor returns the colour of series i, for any i.
func (t Theme) SeriesColor(i int) color.RGBA {
	return t.Colors.Series[((i%SeriesCount)+SeriesCount)%SeriesCount]
}

func (t *Theme) build() {
	s := func() lipgloss.Style { return lipgloss.NewStyle() }
	if t.NoColor {
		t.Text, t.Border = s(), s()
		t.Dim = s().Faint(true)
		t.Accent, t.Focus, t.Good, t.Title = s().Bold(true), s().Bold(true), s().Bold(true), s().Bold(true)
		t.Warn, t.Bad = s().Underline(true), s().Bold(true).Underline(true)
		t.Selected = s().Reverse(true)
		for i := range t.Series {
			t.Series[i] = s().Bold(i%2 == 1)
		}
		return
	}
	fg := func(c color.RGBA) lipgloss.Style { return s().Foreground(c) }
	c := t.Colors
	t.Text, t.Dim, t.Accent = fg(c.Text), fg(c.Dim), fg(c.Accent)
	t.Good, t.Warn, t.Bad = fg(c.Good), fg(c.Warn), fg(c.Bad)
	t.Border, t.Focus = fg(c.Border), fg(c.Focus).Bold(true)
	t.Title = fg(c.Text).Bold(true)
	t.Selected = fg(c.Accent).Bold(true).Reverse(true)
	for i := range t.Series {
		t.Series[i] = fg(c.Series[i])
	}
}

func rgb(v uint32) color.RGBA {
	return color.RGBA{R: byte(v >> 16), G: byte(v >> 8), B: byte(v), A: 255}
}

// darkness and light: series in the order sky blue, orange, bluish green, reddish purple, yellow,
// vermillion, lightened on dark and darkened on light so that each keeps a contrast of 3:1 or more.
var (
	darkness = Colors{
		Text: rgb(0xe4e4e4), Dim: rgb(0x8f8f8f), Accent: rgb(0x5fd7ff), Good: rgb(0x2fc99a),
		Warn: rgb(0xf0b429), Bad: rgb(0xff6b4a), Border: rgb(0x7a7a7a), Focus: rgb(0x5fd7ff),
		Background: rgb(0x000000),
		Series: [SeriesCount]color.RGBA{rgb(0x56b4e9), rgb(0xe69f00), rgb(0x1fbf8f), rgb(0xdd8ab9),
			rgb(0xf0e442), rgb(0xf0703a)},
	}
	light = Colors{
		Text: rgb(0x1c1c1c), Dim: rgb(0x6a6a6a), Accent: rgb(0x005fa8), Good: rgb(0x00714f),
		Warn: rgb(0x8a5a00), Bad: rgb(0xb3300e), Border: rgb(0x7a7a7a), Focus: rgb(0x005fa8),
		Background: rgb(0xffffff),
		Series: [SeriesCount]color.RGBA{rgb(0x0066a0), rgb(0x956700), rgb(0x009e73), rgb(0x663c53),
			rgb(0x9c942a), rgb(0x6a2f00)},
	}
)
