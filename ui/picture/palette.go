package picture

import (
	"hash/crc32"
	"image/color"
	"slices"
	"strconv"
	"sync"
)

// Palette is a fixed list of at most 256 opaque colours with the texts that define them in sixel.
// It is made once and shared; it must not be changed.
type Palette struct {
	RGB  [][3]byte
	once sync.Once
	defs []string // "#i;2;r;g;b#i" in per cent: defines colour i and selects it
	sel  []string // "#i"
	sum  uint32   // takes part in the hash of a row
}

// NewPalette returns the palette of these colours, of which the first 256 are kept.
func NewPalette(rgb [][3]byte) *Palette {
	if len(rgb) > 256 {
		rgb = rgb[:256]
	}
	if len(rgb) == 0 {
		rgb = [][3]byte{{}}
	}
	p := &Palette{RGB: rgb}
	p.sum = crc32.Checksum(p.flat(), castagnoli)
	return p
}

// flat is red, green and blue of all colours in a row.
func (p *Palette) flat() []byte {
	flat := make([]byte, 0, 3*len(p.RGB))
	for _, c := range p.RGB {
		flat = append(flat, c[:]...)
	}
	return flat
}

// sixelTexts makes defs and sel at their first use.
func (p *Palette) sixelTexts() {
	p.once.Do(func() {
		p.defs, p.sel = make([]string, len(p.RGB)), make([]string, len(p.RGB))
		for i, c := range p.RGB {
			p.sel[i] = "#" + strconv.Itoa(i)
			def := p.sel[i] + ";2"
			for _, v := range c {
				def += ";" + strconv.Itoa((int(v)*100+127)/255)
			}
			p.defs[i] = def + p.sel[i]
		}
	})
}

// with returns a palette that has the colour c, and its index: the same palette where the colour is in
// it, the nearest colour where no place is left.
func (p *Palette) with(c [3]byte) (*Palette, byte) {
	if len(p.RGB) < 256 && !slices.Contains(p.RGB, c) {
		p = sharedPalette(NewPalette(append(slices.Clone(p.RGB), c)))
	}
	best, at := 1<<30, 0
	for i, q := range p.RGB {
		d := 0
		for k := range q {
			e := int(q[k]) - int(c[k])
			d += e * e
		}
		if d < best {
			best, at = d, i
		}
	}
	return p, byte(at)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// paletteOf returns the palette of a standard library palette; alpha is ignored.
func paletteOf(p color.Palette) *Palette {
	rgb := make([][3]byte, 0, len(p))
	for _, c := range p {
		r, g, b, _ := c.RGBA()
		rgb = append(rgb, [3]byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)})
	}
	return NewPalette(rgb)
}

// Levels is the number of steps of the Gray, Viridis and Diverging palettes.
const Levels = 64

// Gray runs from black to white, Viridis from dark violet over green to yellow (after matplotlib's map
// of that name by S. van der Walt and N. Smith), Diverging from blue over near-white, which is zero, to
// red (after ColorBrewer's RdBu). Cube has 6 x 7 x 6 levels of red, green and blue.
var (
	Gray      = NewPalette(ramp(Levels, [][3]float64{{0, 0, 0}, {255, 255, 255}}))
	Viridis   = NewPalette(ramp(Levels, viridisAnchors))
	Diverging = NewPalette(ramp(Levels+1, divergingAnchors))
	Cube      = NewPalette(cube())
)

var viridisAnchors = [][3]float64{{68, 1, 84}, {72, 40, 120}, {62, 74, 137}, {49, 104, 142}, {38, 130, 142},
	{31, 158, 137}, {53, 183, 121}, {109, 205, 89}, {180, 222, 44}, {253, 231, 37}}

var divergingAnchors = [][3]float64{{5, 48, 97}, {33, 102, 172}, {67, 147, 195}, {146, 197, 222},
	{247, 247, 247},
	{244, 165, 130}, {214, 96, 77}, {178, 24, 43}, {103, 0, 31}}

// ramp interpolates n colours linearly between equally spaced anchors.
func ramp(n int, anchors [][3]float64) [][3]byte {
	out := make([][3]byte, n)
	for i := range out {
		t := float64(i) / float64(n-1) * float64(len(anchors)-1)
		k := min(int(t), len(anchors)-2)
		f := t - float64(k)
		for c := range out[i] {
			out[i][c] = byte(anchors[k][c]*(1-f) + anchors[k+1][c]*f + .5)
		}
	}
	return out
}

const cubeR, cubeG, cubeB = 6, 7, 6

func cube() [][3]byte {
	out := make([][3]byte, 0, cubeR*cubeG*cubeB)
	for r := range cubeR {
		for g := range cubeG {
			for b := range cubeB {
				out = append(out, [3]byte{byte(r * 255 / (cubeR - 1)),
					byte((g*255 + (cubeG-1)/2) / (cubeG - 1)), byte(b * 255 / (cubeB - 1))})
			}
		}
	}
	return out
}
