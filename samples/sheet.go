package samples

import (
	"fmt"
	"image"
	"image/color"
)

const (
	sheetGap    = 2       // pixels around each example of a contact sheet
	sheetPixels = 1 << 26 // largest contact sheet
)

// Sheet is a contact sheet: the examples first, first+1, ... of a split, row by row, on dark grey. A split
// that ends before the sheet leaves the rest empty.
func Sheet(src Source, split Split, first, rows, cols int) (*image.RGBA, error) {
	n := src.Info()
	if rows < 1 || cols < 1 || rows > sheetPixels/cols ||
		(rows*cols) > sheetPixels/((n.H+sheetGap)*(n.W+sheetGap)) {
		return nil, fmt.Errorf("samples: a sheet of %dx%d pictures of %dx%d: want at least one picture, "+
			"and at most %d megapixels", rows, cols, n.H, n.W, sheetPixels>>20)
	}
	img := image.NewRGBA(image.Rect(0, 0, cols*(n.W+sheetGap)+sheetGap, rows*(n.H+sheetGap)+sheetGap))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = 40, 40, 48, 255
	}
	buf := make([]float32, n.Values())
	for k := range rows * cols {
		if size := n.Len(split); size != Endless && first+k >= size {
			break
		}
		if _, err := src.Example(split, first+k, buf); err != nil {
			return nil, err
		}
		x0, y0 := sheetGap+k%cols*(n.W+sheetGap), sheetGap+k/cols*(n.H+sheetGap)
		for p := range n.H * n.W {
			img.SetRGBA(x0+p%n.W, y0+p/n.W, pixel(buf[p*n.C:(p+1)*n.C]))
		}
	}
	return img, nil
}

// pixel is one HWC value, of one or three channels, as a colour.
func pixel(v []float32) color.RGBA {
	level := func(f float32) uint8 { return uint8(min(max(f, 0), 1)*255 + 0.5) }
	if len(v) < 3 {
		l := level(v[0])
		return color.RGBA{l, l, l, 255}
	}
	return color.RGBA{level(v[0]), level(v[1]), level(v[2]), 255}
}
