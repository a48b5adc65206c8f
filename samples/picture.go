package samples

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/image/draw"
)

const (
	maxPicture   = 200_000_000 // pixels; larger ones are refused before they are decoded
	largePicture = 16_000_000  // pixels; of larger ones one at a time is decoded, for memory's sake
)

// isPicture goes by the name's ending.
func isPicture(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".jpg", ".jpeg", ".gif":
		return true
	}
	return false
}

// format is the reader of a picture's file, chosen by what the file begins with: endings lie.
type format struct {
	decode func(*bufio.Reader) (image.Image, error)
	config func(*bufio.Reader) (image.Config, error)
}

func sniff(in *bufio.Reader) (format, error) {
	head, err := in.Peek(6)
	switch {
	case strings.HasPrefix(string(head), "\x89PNG"):
		return format{
			func(r *bufio.Reader) (image.Image, error) { return png.Decode(r) },
			func(r *bufio.Reader) (image.Config, error) { return png.DecodeConfig(r) },
		}, nil
	case strings.HasPrefix(string(head), "\xff\xd8"):
		return format{
			func(r *bufio.Reader) (image.Image, error) { return jpeg.Decode(r) },
			func(r *bufio.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) },
		}, nil
	case strings.HasPrefix(string(head), "GIF8"):
		return format{
			func(r *bufio.Reader) (image.Image, error) { return gif.Decode(r) }, // its first frame
			func(r *bufio.Reader) (image.Config, error) { return gif.DecodeConfig(r) },
		}, nil
	case err != nil:
		return format{}, fmt.Errorf("ends in its header")
	}
	return format{}, fmt.Errorf("neither PNG, JPEG nor GIF")
}

// pictureConfig reads a picture's header.
func pictureConfig(path string) (image.Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return image.Config{}, err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	form, err := sniff(in)
	if err != nil {
		return image.Config{}, err
	}
	c, err := form.config(in)
	switch {
	case err != nil:
		return c, err
	case c.Width < 1 || c.Height < 1:
		return c, fmt.Errorf("has no pixels: %dx%d", c.Width, c.Height)
	case int64(c.Width)*int64(c.Height) > maxPicture:
		return c, fmt.Errorf("%dx%d is more than %d megapixels", c.Width, c.Height, maxPicture/1_000_000)
	}
	return c, nil
}

// isGrey says whether a picture of this colour model can have grey values alone.
func isGrey(m color.Model) bool {
	if p, ok := m.(color.Palette); ok {
		for _, c := range p {
			if r, g, b, _ := c.RGBA(); r != g || g != b {
				return false
			}
		}
		return len(p) > 0
	}
	return m == color.GrayModel || m == color.Gray16Model
}

var oneLarge sync.Mutex // held while a large picture is in memory

// readPicture decodes a picture and shrinks it.
func readPicture(path string, w, h, c int, crop string) ([]byte, error) {
	config, err := pictureConfig(path)
	if err != nil {
		return nil, err
	}
	if config.Width*config.Height > largePicture {
		oneLarge.Lock()
		defer oneLarge.Unlock()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	form, err := sniff(in)
	if err != nil {
		return nil, err
	}
	src, err := form.decode(in)
	if err != nil {
		return nil, err
	}
	if src.Bounds().Empty() {
		return nil, fmt.Errorf("has no pixels")
	}
	return shrink(src, w, h, c, crop), nil
}

// shrink crops a picture and scales it to w x h with c channels, as HWC bytes. Transparent parts become
// white, as on a page.
func shrink(src image.Image, w, h, c int, crop string) []byte {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	from, to := cropped(src.Bounds(), dst.Bounds(), crop)
	if to != dst.Bounds() {
		draw.Draw(dst, dst.Bounds(), image.Black, image.Point{}, draw.Src)
	}
	draw.Draw(dst, to, image.White, image.Point{}, draw.Src)
	scaler := draw.Interpolator(draw.CatmullRom)
	if from.Dx() == to.Dx() && from.Dy() == to.Dy() {
		scaler = draw.NearestNeighbor
	}
	scaler.Scale(dst, to, src, from, draw.Over, nil)
	return pack(dst, c)
}

// cropped says which part of a picture goes to which part of the example.
func cropped(src, dst image.Rectangle, crop string) (from, to image.Rectangle) {
	sw, sh, dw, dh := int64(src.Dx()), int64(src.Dy()), int64(dst.Dx()), int64(dst.Dy())
	switch crop {
	case "stretch":
		return src, dst
	case "fit":
		return src, middle(dst, int(min(dw, (sw*dh+sh/2)/sh)), int(min(dh, (sh*dw+sw/2)/sw)))
	}
	return middle(src, int(min(sw, (dw*sh+dh/2)/dh)), int(min(sh, (dh*sw+dw/2)/dw))), dst
}

// middle is the w x h, each at least 1, in the middle of r.
func middle(r image.Rectangle, w, h int) image.Rectangle {
	w, h = max(w, 1), max(h, 1)
	x, y := r.Min.X+(r.Dx()-w)/2, r.Min.Y+(r.Dy()-h)/2
	return image.Rect(x, y, x+w, y+h)
}

// pack is an opaque picture as bytes of c channels.
func pack(img *image.RGBA, c int) []byte {
	out := make([]byte, 0, len(img.Pix)/4*c)
	for p := 0; p < len(img.Pix); p += 4 {
		r, g, b := img.Pix[p], img.Pix[p+1], img.Pix[p+2]
		if c == 1 {
			out = append(out, luma(r, g, b))
			continue
		}
		out = append(out, r, g, b)
	}
	return out
}
