package lesson

import (
	"fmt"
	"image/color"
	"strings"

	"charm.land/glamour/v2"
	"charm.land/glamour/v2/ansi"

	"mllab/ui/theme"
)

// Render draws Markdown in lines of at most w cells, in the theme's colours.
func Render(markdown string, w int, th theme.Theme) []string {
	r, err := glamour.NewTermRenderer(glamour.WithStyles(styles(th)), glamour.WithWordWrap(max(10, w)))
	if err != nil {
		return strings.Split(markdown, "\n") // the styles are ours: it does not happen
	}
	text, err := r.Render(markdown)
	if err != nil {
		return strings.Split(markdown, "\n")
	}
	return strings.Split(strings.Trim(text, "\n"), "\n")
}

func styles(th theme.Theme) ansi.StyleConfig {
	text := func(s string) *string { return &s }
	yes := true
	ink := func(c color.RGBA) *string {
		if th.NoColor {
			return nil
		}
		return text(fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
	}
	c := th.Colors
	indent := uint(2)
	heading := ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Color: ink(c.Accent), Bold: &yes, BlockSuffix: "\n"}}
	return ansi.StyleConfig{
		Document:    ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Color: ink(c.Text)}},
		Heading:     heading,
		BlockQuote:  ansi.StyleBlock{Indent: new(uint(1)), IndentToken: text("▌ "), StylePrimitive: ansi.StylePrimitive{Color: ink(c.Accent)}},
		List:        ansi.StyleList{LevelIndent: indent},
		Item:        ansi.StylePrimitive{BlockPrefix: "•\u00a0"},
		Enumeration: ansi.StylePrimitive{BlockPrefix: ".\u00a0"},
		Emph:        ansi.StylePrimitive{Italic: &yes},
		Strong:      ansi.StylePrimitive{Bold: &yes},
		Code:        ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Color: ink(c.Warn)}},
		CodeBlock: ansi.StyleCodeBlock{StyleBlock: ansi.StyleBlock{Margin: &indent,
			StylePrimitive: ansi.StylePrimitive{Color: ink(c.Text)}}},
		HorizontalRule: ansi.StylePrimitive{Color: ink(c.Border), Format: "\n────\n"},
	}
}
