package picture

import (
	"image"
	"math"
	"sync"
)

// Image is an indexed picture: H rows of W bytes, each an index into Pal. Once it is given to New it
// must not be changed.
type Image struct {
	W, H int
	Pix  []byte
	Pal  *Palette
}

// newImage allocates an image; sizes below one give an empty image.
func newImage(w, h int, pal *Palette) *Image {
	w, h = max(w, 0), max(h, 0)
	return &Image{W: w, H: h, Pix: make([]byte, w*h), Pal: pal}
}

// FromGray makes a grey image of h rows of w values, 0 black to 1 white. Values outside are clamped,
// NaN is black, missing values are black.
func FromGray(vals []float32, w, h int) *Image { return FromValues(vals, w, h, Gray, 0, 1) }

// FromHeat makes a Viridis image of h rows of w values, lo the darkest to hi the brightest.
func FromHeat(vals []float32, w, h int, lo, hi float32) *Image {
	return FromValues(vals, w, h, Viridis, lo, hi)
}

// FromSigned makes a Diverging image of h rows of w values, -scale blue, zero in the middle, scale red.
func FromSigned(vals []float32, w, h int, scale float32) *Image {
	return FromValues(vals, w, h, Diverging, -scale, scale)
}

// FromValues maps h rows of w values on the palette, lo to its first colour and hi to its last.
func FromValues(vals []float32, w, h int, pal *Palette, lo, hi float32) *Image {
	im := newImage(w, h, pal)
	lv := newLevels(len(pal.RGB), lo, hi)
	for i, v := range vals[:min(len(vals), len(im.Pix))] {
		im.Pix[i] = lv.index(v)
	}
	return im
}

// FromRGB makes an image of h rows of w pixels of red, green and blue in 0..1 (channels last), on the Cube
// palette with ordered dither.
func FromRGB(vals []float32, w, h int) *Image {
	im := newImage(w, h, Cube)
	for i := range min(len(vals)/3, len(im.Pix)) {
		v := vals[3*i : 3*i+3]
		im.Pix[i] = Dither(v[0], v[1], v[2], i%im.W, i/im.W)
	}
	return im
}

// FromImage makes an image of a standard library image: exact where that has at most 256 colours (such as
// an image.Paletted with its palette), on the Cube palette with ordered dither otherwise.
func FromImage(src image.Image) *Image {
	b := src.Bounds()
	if p, ok := src.(*image.Paletted); ok {
		im := newImage(b.Dx(), b.Dy(), sharedPalette(paletteOf(p.Palette)))
		for y := range im.H {
			copy(im.Pix[y*im.W:(y+1)*im.W], p.Pix[y*p.Stride:])
		}
		return im
	}
	return fromColors(src, b)
}

func fromColors(src image.Image, b image.Rectangle) *Image {
	im := newImage(b.Dx(), b.Dy(), nil)
	seen := make(map[[3]byte]byte, 256)
	var rgb [][3]byte
	for i := range im.Pix {
		r, g, bl, _ := src.At(b.Min.X+i%im.W, b.Min.Y+i/im.W).RGBA()
		c := [3]byte{byte(r >> 8), byte(g >> 8), byte(bl >> 8)}
		k, ok := seen[c]
		if !ok {
			if len(rgb) == 256 {
				return fromManyColors(src, b)
			}
			k = byte(len(rgb))
			seen[c] = k
			rgb = append(rgb, c)
		}
		im.Pix[i] = k
	}
	im.Pal = sharedPalette(NewPalette(rgb))
	return im
}

func fromManyColors(src image.Image, b image.Rectangle) *Image {
	im := newImage(b.Dx(), b.Dy(), Cube)
	for i := range im.Pix {
		x, y := i%im.W, i/im.W
		r, g, bl, _ := src.At(b.Min.X+x, b.Min.Y+y).RGBA()
		im.Pix[i] = Dither(float32(r)/0xffff, float32(g)/0xffff, float32(bl)/0xffff, x, y)
	}
	return im
}

// levels maps values to palette indices 0..n-1.
type levels struct {
	lo, scale float32
	top       float32
}

func newLevels(n int, lo, hi float32) levels {
	lv := levels{lo: lo, top: float32(n - 1)}
	if d := hi - lo; d > 0 && !math.IsInf(float64(d), 0) {
		lv.scale = lv.top / d
	}
	return lv
}

// index rounds to the nearest level; NaN and a range without extent give the first and middle level.
func (l levels) index(v float32) byte {
	if l.scale == 0 {
		return byte(l.top/2 + .5)
	}
	f := (v-l.lo)*l.scale + .5
	switch {
	case !(f > 0): // also NaN
		return 0
	case f > l.top:
		return byte(l.top)
	}
	return byte(f)
}

// bayer is the 8x8 ordered-dither matrix (B. E. Bayer, 1973), as thresholds in (0, 1).
var bayer = func() (m [64]float32) {
	for i := range m {
		x, y := i%8, i/8
		v, xy := 0, x^y
		for b := range 3 {
			v |= ((xy>>b)&1)<<(5-2*b) | ((y>>b)&1)<<(4-2*b)
		}
		m[i] = (float32(v) + .5) / 64
	}
	return m
}()

// Dither gives the index on the Cube palette of a colour in 0..1 at pixel x, y.
func Dither(r, g, b float32, x, y int) byte {
	t := bayer[(y&7)<<3|x&7]
	return byte((step(r, cubeR-1, t)*cubeG+step(g, cubeG-1, t))*cubeB + step(b, cubeB-1, t))
}

// step rounds v in 0..1 to 0..n, up where the fraction is above the threshold's complement.
func step(v float32, n int, t float32) int {
	if !(v > 0) {
		return 0
	}
	return min(int(v*float32(n)+t), n)
}

// upscale returns the image enlarged k times by repetition.
func (im *Image) upscale(k int) *Image {
	if k <= 1 {
		return im
	}
	out := newImage(im.W*k, im.H*k, im.Pal)
	for y := range im.H {
		row := out.Pix[y*k*out.W : (y*k+1)*out.W]
		for x, c := range im.Pix[y*im.W : (y+1)*im.W] {
			for j := range k {
				row[x*k+j] = c
			}
		}
		for j := 1; j < k; j++ {
			copy(out.Pix[(y*k+j)*out.W:], row)
		}
	}
	return out
}

// shrink returns the image sampled down to at most w x h, its proportions kept.
func (im *Image) shrink(w, h int) *Image {
	f := min(float64(w)/float64(im.W), float64(h)/float64(im.H))
	if f >= 1 {
		return im
	}
	out := newImage(max(1, int(float64(im.W)*f)), max(1, int(float64(im.H)*f)), im.Pal)
	for y := range out.H {
		for x := range out.W {
			out.Pix[y*out.W+x] = im.Pix[((2*y+1)*im.H/(2*out.H))*im.W+(2*x+1)*im.W/(2*out.W)]
		}
	}
	return out
}

// sharedPalette returns an equal palette made earlier, so that a chart drawn again and again builds its
// palette's texts once; a few dozen are kept.
func sharedPalette(p *Palette) *Palette {
	key := string(p.flat())
	palettes.Lock()
	defer palettes.Unlock()
	if old, ok := palettes.m[key]; ok {
		return old
	}
	if len(palettes.m) >= 64 || palettes.m == nil {
		palettes.m = map[string]*Palette{}
	}
	palettes.m[key] = p
	return p
}

var palettes struct {
	sync.Mutex
	m map[string]*Palette
}
