// Package widget draws the parts of which screens are made: panels, lists of numbers, tables, gauges, tab
// and key lines, charts. Numbers and texts go in, cells come out. It knows no model and no picture
// protocol; it imports the theme alone.
//
// Every function is pure and returns a block of exactly the width and height that was asked for, in cells,
// lines separated by "\n" without a last one. Texts are cleaned (see Clean), so that no control character
// or escape sequence of a file name, a caption or an error reaches the terminal. Sizes of zero or less
// give an empty block; a block too small for its contents drops whole items, never half a number.
//
// Frame of the whole screen: TabsLine above, KeysLine below, Sides for the lines between.
// Panels: Box(title, body, w, h, focused, th); the body has Inner(w, h) cells.
// Texts: Clean, Fit (one line), Block (a text to w x h), Columns (blocks side by side).
// Lists: Numbers, Table, Help, Popup, Bar, Tabs.
// Number texts: Eng, Sig, Count, Percent, Duration, Bytes.
// Charts: Curve collects points in bounded memory; NewChart lays axes out; Chart.Braille draws with
// characters, and Chart.Raster draws the plot area as pixels which a screen shows as a picture between
// the same axes (Chart.Compose).
package widget
