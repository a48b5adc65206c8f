package widget_test

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/theme"
	"mllab/ui/widget"
)

// A panel with numbers: values are text already, with units, and stand right below each other.
func ExampleBox() {
	th := theme.New(true, false)
	w, h := widget.Inner(30, 5)
	body := widget.Numbers([]widget.Number{
		{Key: "neg ELBO", Value: widget.Sig(112.4)},
		{Key: "images/s", Value: widget.Count(21400)},
		{Key: "speed", Value: widget.Eng(96e9, "FLOP/s")},
	}, w, h, th)
	fmt.Println(ansi.Strip(widget.Box("now", body, 30, 5, false, th)))
	// Output:
	// ╭─ now ──────────────────────╮
	// │ neg ELBO            112    │
	// │ images/s         21 400    │
	// │ speed      96.0 GFLOP/s    │
	// ╰────────────────────────────╯
}

// A chart is drawn with characters, or, where the terminal has pixels, as a picture between the same axes:
// picture.New(picture.FromImage(chart.Raster(cellW, cellH)), cols, rows, display) of chart.PictureSize, its
// cells given to chart.Compose.
func ExampleNewChart() {
	curve := widget.CurveOf([]float64{0, 100, 200, 300}, []float64{10, 4, 1, 0})
	chart := widget.NewChart([]widget.Series{{Name: "loss", Curve: curve}},
		widget.ChartOptions{XLabel: "step"}, 40, 8, theme.New(true, true))
	for line := range strings.SplitSeq(ansi.Strip(chart.Braille()), "\n") {
		fmt.Println(strings.TrimRight(line, " "))
	}
	// Output:
	// 10┤⠙⠲⣄⡀
	//   │   ⠉⠓⢦⣀
	//   │      ⠈⠙⠲⢤⡀
	//  5┤          ⠉⠓⠦⢤⣀⡀
	//   │               ⠉⠉⠓⠲⠤⢤⣀⡀
	//  0┤                      ⠉⠉⠓⠒⠒⠒⠲⠤⠤⠤⠤⠤⣄⣀⣀
	//   └0──────────100─────────200───────step
	//    ── loss
}
