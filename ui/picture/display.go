package picture

import (
	"fmt"
	"image/color"
	"strings"
)

// Mode is a way to show pixels.
type Mode int

// The modes, by the names of the --graphics flag. Auto means: ask the terminal.
const (
	Auto Mode = iota
	Sixel
	Kitty
	ITerm
	Blocks
	None
)

var modeNames = [...]string{"auto", "sixel", "kitty", "iterm", "blocks", "none"}

// String returns the name that ParseMode reads.
func (m Mode) String() string {
	if m < 0 || int(m) >= len(modeNames) {
		return fmt.Sprintf("mode %d", int(m))
	}
	return modeNames[m]
}

// ParseMode reads the name of a mode, upper or lower case.
func ParseMode(s string) (Mode, error) {
	for i, n := range modeNames {
		if strings.EqualFold(strings.TrimSpace(s), n) {
			return Mode(i), nil
		}
	}
	return Auto, fmt.Errorf("graphics %q: want one of %s", s, strings.Join(modeNames[:], ", "))
}

// pixels reports whether the mode sends pixels rather than characters.
func (m Mode) pixels() bool { return m == Sixel || m == Kitty || m == ITerm }

// Depth is the number of colours that characters can have.
type Depth int

// Depths of half-blocks. NoColor draws shades with characters.
const (
	TrueColor Depth = iota
	Colors256
	Colors16
	NoColor
)

// Display is what a picture is made for: the mode, never Auto, and the pixels of one cell (1 x 2 for
// half-blocks). It is comparable: when it changes, pictures have to be made again.
type Display struct {
	Mode         Mode
	CellW, CellH int
	Depth        Depth
	Background   color.RGBA // fills what a picture leaves free of its cells
}

// HalfBlocks is the display that every terminal has.
func HalfBlocks() Display { return Display{Mode: Blocks, CellW: 1, CellH: 2} }

// Pixels returns the size in pixels of an area of cells.
func (d Display) Pixels(cols, rows int) (w, h int) {
	return max(cols, 0) * max(d.CellW, 1), max(rows, 0) * max(d.CellH, 1)
}

// Graphics reports whether the display has real pixels, so that a chart may be a picture.
func (d Display) Graphics() bool { return d.Mode.pixels() }
