package samples

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"runtime/debug"
)

// Picture is one picture of H x W pixels and C channels (1 grey, 3 RGB), values in [0,1], row-major HWC.
type Picture struct {
	H, W, C int
	Pixels  []float32
	Notes   []string // what a user should know, one line each: "made smaller from 4000x3000"
}

// maxDecoded bounds the memory that a picture may take while it is decoded.
const maxDecoded = 1 << 30

// ReadPicture reads a PNG, JPEG or GIF file. One whose longer side is over a number of pixels is made smaller
// by averaging; transparent parts become white; of an animation the first frame counts. A file that is
// none, or broken, or too large to be decoded, is an error of one line that names it.
func ReadPicture(path string, side int) (*Picture, error) {
	p, err := readFile(path, max(side, 1))
	if err != nil {
		return nil, pathError(path, err)
	}
	return p, nil
}

func readFile(path string, side int) (*Picture, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, errors.New("is a folder, want a PNG, JPEG or GIF file")
	case !st.Mode().IsRegular():
		return nil, errors.New("is no regular file, want a PNG, JPEG or GIF file")
	}
	config, err := pictureConfig(path)
	if err != nil {
		return nil, err
	}
	if bytes := int64(config.Width) * int64(config.Height) * 8; bytes > maxDecoded {
		return nil, fmt.Errorf("%dx%d pixels are more than the %d million that can be read: want a smaller picture",
			config.Width, config.Height, maxDecoded/8_000_000)
	}
	if config.Width*config.Height > largePicture {
		oneLarge.Lock()
		defer oneLarge.Unlock()
		defer debug.FreeOSMemory() // hundreds of megabytes for a moment
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
		return nil, errors.New("has no pixels")
	}
	p := average(src, image.Rect(0, 0, config.Width, config.Height), side)
	if p.W != config.Width || p.H != config.Height {
		p.Notes = append(p.Notes, fmt.Sprintf("made smaller from %dx%d", config.Width, config.Height))
	}
	if _, err := f.Seek(0, io.SeekStart); err == nil && animated(bufio.NewReader(f)) {
		p.Notes = append(p.Notes, "first frame of an animation")
	}
	return p, nil
}

// average is a picture on its canvas, each pixel the mean of those of the source that fall into it. Where
// these are very many, every second, third and so on of a row and of the rows counts: 8 x 8 at least.
func average(src image.Image, canvas image.Rectangle, side int) *Picture {
	cw, ch := canvas.Dx(), canvas.Dy()
	p := &Picture{W: cw, H: ch, C: 3}
	step := 1
	if longest := max(cw, ch); longest > side {
		step = max(1, longest/side/8)
		p.W, p.H = max(1, (cw*side+longest/2)/longest), max(1, (ch*side+longest/2)/longest)
	}
	sum := make([]float64, p.W*p.H*3)
	count := make([]float64, p.W*p.H)
	at := pixelsOf(src)
	grey := true
	for y := 0; y < ch; y += step {
		for x := 0; x < cw; x += step {
			r, g, b := at(canvas.Min.X+x, canvas.Min.Y+y)
			grey = grey && r == g && g == b
			i := y*p.H/ch*p.W + x*p.W/cw
			sum[3*i] += float64(r)
			sum[3*i+1] += float64(g)
			sum[3*i+2] += float64(b)
			count[i]++
		}
	}
	if grey {
		p.C = 1
	}
	p.Pixels = make([]float32, p.W*p.H*p.C)
	for i := range p.Pixels {
		k := i / p.C
		p.Pixels[i] = float32(sum[3*k+i%p.C] / (count[k] * 0xffff))
	}
	return p
}

// pixelsOf gives the colours of a picture on white, outside of it white, in 16 bits.
func pixelsOf(src image.Image) func(x, y int) (r, g, b uint32) {
	b := src.Bounds()
	fast, _ := src.(image.RGBA64Image) // all of the standard library's: no allocation
	return func(x, y int) (uint32, uint32, uint32) {
		if !(image.Point{X: x, Y: y}).In(b) {
			return 0xffff, 0xffff, 0xffff
		}
		var r, g, bl, a uint32
		if fast != nil {
			c := fast.RGBA64At(x, y)
			r, g, bl, a = uint32(c.R), uint32(c.G), uint32(c.B), uint32(c.A)
		} else {
			r, g, bl, a = src.At(x, y).RGBA()
		}
		rest := 0xffff - a // colours are premultiplied
		return r + rest, g + rest, bl + rest
	}
}

// animated says whether a GIF has a second frame, without decoding any. What it does not understand has none.
func animated(in *bufio.Reader) bool {
	var head [13]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || string(head[:4]) != "GIF8" {
		return false
	}
	skip := func(n int) bool { _, err := in.Discard(n); return err == nil }
	table := func(flags byte) bool { // a colour table, where the flags say that there is one
		return flags&0x80 == 0 || skip(3<<(flags&7+1))
	}
	blocks := func() bool {
		for {
			n, err := in.ReadByte()
			if err != nil || n > 0 && !skip(int(n)) {
				return false
			}
			if n == 0 {
				return true
			}
		}
	}
	if !table(head[10]) {
		return false
	}
	for frames := 0; ; {
		kind, err := in.ReadByte()
		if err != nil {
			return false
		}
		switch kind {
		case 0x21: // an extension: its label, then blocks
			if !skip(1) || !blocks() {
				return false
			}
		case 0x2c:
			if frames++; frames > 1 {
				return true
			}
			var place [9]byte
			if _, err := io.ReadFull(in, place[:]); err != nil || !table(place[8]) || !skip(1) || !blocks() {
				return false
			}
		default: // the trailer
			return false
		}
	}
}
