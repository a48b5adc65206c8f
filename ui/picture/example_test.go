package picture_test

import (
	"fmt"
	"strings"

	"mllab/ui/picture"
)

// A picture of two digits for half-blocks; with a display that Probe found, the same lines show it as pixels.
func Example() {
	d := picture.HalfBlocks()
	d.Depth = picture.NoColor
	one := []float32{0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0}
	box := []float32{1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1}
	w, h := d.Pixels(7, 2)
	img := picture.Grid(append(one, box...), picture.GridOptions{W: 3, H: 4}, w, h)
	pic := picture.New(img, 7, 2, d)
	fmt.Println("cells, and the gutter that carries markers:")
	for line := range strings.SplitSeq(pic.Cells(1, nil), "\n") {
		fmt.Println(strings.ReplaceAll(line, "\u00a0", "·"))
	}
	// Output:
	// cells, and the gutter that carries markers:
	//  █ ░█▒█·
	//  █ ░█▒█·
}
