package picture

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// decodeSixel is a small decoder that shares nothing with the encoder: it returns the pixels as RGB in
// per cent, -1 where nothing was set.
func decodeSixel(t *testing.T, s string) (w, h int, pix [][3]int) {
	t.Helper()
	s, ok := strings.CutPrefix(s, "\x1bP0;1;0q")
	require.True(t, ok, "introducer")
	s, ok = strings.CutSuffix(s, "\x1b\\")
	require.True(t, ok, "terminator")
	var pan, pad int
	n, err := fmt.Sscanf(s, "\"%d;%d;%d;%d", &pan, &pad, &w, &h)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	pix = make([][3]int, w*h)
	for i := range pix {
		pix[i] = [3]int{-1, -1, -1}
	}
	number := func(i int) (v, next int) {
		for next = i; next < len(s) && s[next] >= '0' && s[next] <= '9'; next++ {
			v = v*10 + int(s[next]-'0')
		}
		return v, next
	}
	i := strings.IndexByte(s, '#')
	require.Positive(t, i)
	pal := map[int][3]int{}
	x, y, c := 0, 0, -1
	for i < len(s) {
		switch ch := s[i]; {
		case ch == '#':
			c, i = number(i + 1)
			if i < len(s) && s[i] == ';' {
				var v [4]int
				for k := range v {
					require.Equal(t, byte(';'), s[i])
					v[k], i = number(i + 1)
				}
				require.Equal(t, 2, v[0], "colour space")
				pal[c] = [3]int{v[1], v[2], v[3]}
			}
			require.Contains(t, pal, c, "colour used before it is defined")
		case ch == '$':
			x = 0
			i++
		case ch == '-':
			x, y = 0, y+6
			i++
		default:
			run := 1
			if ch == '!' {
				run, i = number(i + 1)
				ch = s[i]
			}
			require.True(t, ch >= '?' && ch <= '~', "character %q", ch)
			for ; run > 0; run-- {
				for k := range 6 {
					if (ch-'?')>>k&1 == 1 {
						require.True(t, x < w && y+k < h, "pixel %d,%d of %dx%d", x, y+k, w, h)
						pix[(y+k)*w+x] = pal[c]
					}
				}
				x++
			}
			i++
		}
	}
	return w, h, pix
}

func percent(c [3]byte) (p [3]int) {
	for i, v := range c {
		p[i] = int(math.Round(float64(v) * 100 / 255))
	}
	return p
}

func TestSixelRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var e encoder
	var buf []byte
	for _, c := range []struct{ w, h, y0, y1 int }{
		{1, 1, 0, 1}, {7, 13, 0, 13}, {300, 40, 16, 32}, {64, 64, 3, 50}, {512, 20, 0, 20}, {9, 6, 0, 6},
	} {
		for name, im := range map[string]*Image{
			"noise": noise(r, c.w, c.h, Cube), "ramp": heat(c.w, c.h), "one": FromGray(nil, c.w, c.h)} {
			buf = e.sixel(buf[:0], im, c.y0, c.y1)
			w, h, pix := decodeSixel(t, string(buf))
			require.Equal(t, []int{c.w, c.y1 - c.y0}, []int{w, h}, name)
			for i, p := range pix {
				require.Equal(t, percent(im.Pal.RGB[im.Pix[c.y0*w+i]]), p, "%s %v pixel %d", name, c, i)
			}
		}
	}
}

func noise(r *rand.Rand, w, h int, pal *Palette) *Image {
	im := newImage(w, h, pal)
	for i := range im.Pix {
		im.Pix[i] = byte(r.IntN(len(pal.RGB)))
	}
	return im
}

func heat(w, h int) *Image {
	v := make([]float32, w*h)
	for i := range v {
		x, y := float64(i%w), float64(i/w)
		v[i] = float32(.5 + .25*math.Sin(x*.03) + .25*math.Cos(y*.04))
	}
	return FromHeat(v, w, h, 0, 1)
}

// photo is smooth colour with texture, about as hard for the encoder as a photograph.
func photo(w, h int) *Image {
	r := rand.New(rand.NewPCG(3, 4))
	v := make([]float32, 3*w*h)
	for i := range w * h {
		x, y := float64(i%w), float64(i/w)
		n := float32(r.Float64()-.5) * .06
		v[3*i] = float32(.5+.4*math.Sin(x*.02+y*.01)) + n
		v[3*i+1] = float32(.5+.4*math.Sin(x*.013-y*.017+1)) + n
		v[3*i+2] = float32(.5+.4*math.Cos(y*.023)) + n
	}
	return FromRGB(v, w, h)
}

func TestDitherKeepsTheMean(t *testing.T) {
	for _, c := range [][3]float32{{0, 0, 0}, {1, 1, 1}, {.5, .3, .8}, {.11, .93, .47}} {
		const n = 64
		v := make([]float32, 0, 3*n*n)
		for range n * n {
			v = append(v, c[:]...)
		}
		m := FromRGB(v, n, n).mean(0, 0, n, n)
		for k := range c {
			assert.InDelta(t, float64(c[k])*255, float64(m[k]), 2.5, "%v", c)
		}
	}
}

func BenchmarkSixel(b *testing.B) {
	for name, im := range map[string]*Image{
		"photo512": photo(512, 512), "heat512": heat(512, 512), "heat320": heat(320, 320)} {
		b.Run(name, func(b *testing.B) {
			var e encoder
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = e.sixel(buf[:0], im, 0, im.H)
			}
			b.SetBytes(int64(im.W * im.H))
			b.ReportMetric(float64(len(buf)), "bytes/frame")
		})
	}
}

// BenchmarkPhotoFrame is the whole way of an RGB frame: dither, picture, strips.
func BenchmarkPhotoFrame(b *testing.B) {
	v := make([]float32, 3*512*512)
	for i := range v {
		v[i] = float32(i%977) / 977
	}
	var e encoder
	var buf []byte
	d := Display{Mode: Sixel, CellW: 8, CellH: 16}
	b.ReportAllocs()
	for b.Loop() {
		p := New(FromRGB(v, 512, 512), 64, 32, d)
		buf = e.sixel(buf[:0], p.img, 0, p.img.H)
	}
}
