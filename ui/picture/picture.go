package picture

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"strconv"
	"strings"
	"sync"
)

// MaxID is the largest id of a picture.
const MaxID = 1 << 16

// nbsp fills the area of a picture: the renderer does not take it for an erasable blank.
const nbsp = "\u00a0"

// A marker is markerStart, its fields separated by ";", markerEnd:
//
//	id;row;cols;hash     the gutter of one row of a picture
//	v;id:row-row,...     what of all pictures is in the View, from Seal
const (
	markerStart = "\x1b^ml;"
	markerEnd   = "\x1b\\"
)

// Picture is one immutable picture on its way to the screen: exactly Cols*CellW x Rows*CellH pixels,
// with a hash for each row of cells.
type Picture struct {
	Cols, Rows int
	Display    Display

	img  *Image
	hash []uint32

	mu     sync.Mutex
	blocks []string // the rows as half-blocks, made when asked
}

// New makes a picture of cols x rows cells for the display. The image is enlarged by the largest whole
// factor that fits, or sampled down where it is too large, and centred; the rest has the display's
// background. Sizes below one cell count as one. img may be nil.
func New(img *Image, cols, rows int, d Display) *Picture {
	d.CellW, d.CellH = max(d.CellW, 1), max(d.CellH, 1)
	p := &Picture{Cols: max(cols, 1), Rows: max(rows, 1), Display: d}
	w, h := d.Pixels(p.Cols, p.Rows)
	p.img = place(img, w, h, [3]byte{d.Background.R, d.Background.G, d.Background.B})
	p.hash = make([]uint32, p.Rows)
	var head [20]byte
	for i, v := range []int{w, h, d.CellW, d.CellH, int(d.Mode)<<8 | int(d.Depth)} {
		binary.LittleEndian.PutUint32(head[4*i:], uint32(v))
	}
	sum := crc32.Update(p.img.Pal.sum, castagnoli, head[:])
	for r := range p.hash {
		p.hash[r] = crc32.Update(sum, castagnoli, p.img.Pix[r*d.CellH*w:(r+1)*d.CellH*w])
	}
	return p
}

// place puts the image into a box of exactly w x h.
func place(im *Image, w, h int, back [3]byte) *Image {
	if im == nil || im.W == 0 || im.H == 0 {
		return newImage(w, h, sharedPalette(NewPalette([][3]byte{back})))
	}
	if im.W > w || im.H > h {
		im = im.shrink(w, h)
	}
	im = im.upscale(min(w/im.W, h/im.H))
	if im.W == w && im.H == h {
		return im
	}
	pal, free := im.Pal.with(back)
	out := newImage(w, h, pal)
	for i := range out.Pix {
		out.Pix[i] = free
	}
	x0, y0 := (w-im.W)/2, (h-im.H)/2
	for y := range im.H {
		copy(out.Pix[(y0+y)*w+x0:], im.Pix[y*im.W:(y+1)*im.W])
	}
	return out
}

// Origin returns where in the picture's pixels an image of w x h that was given to New begins, and by
// what factor it was enlarged: what a mouse click needs to find its pixel. It is right for images that
// were not sampled down.
func (p *Picture) Origin(w, h int) (x, y, scale int) {
	scale = max(1, min(p.img.W/max(w, 1), p.img.H/max(h, 1)))
	return max(0, (p.img.W-w*scale)/2), max(0, (p.img.H-h*scale)/2), scale
}

// Cells returns Rows lines of Cols+1 cells for the View. On a display with pixels these are blanks and
// markers for the picture of this id in the Store, which should be this picture or a newer one; rows for
// which hidden answers true (those that a popup touches) are drawn with half-blocks instead, as are all
// rows on a display of half-blocks. hidden may be nil. Root models need not pass hidden if they
// give the finished View to Store.Occlude.
func (p *Picture) Cells(id int, hidden func(row int) bool) string {
	var b strings.Builder
	pixels := p.Display.Mode.pixels() && id > 0 && id <= MaxID
	blank := strings.Repeat(nbsp, p.Cols)
	for r := range p.Rows {
		if r > 0 {
			b.WriteByte('\n')
		}
		switch {
		case p.Display.Mode == None:
			b.WriteString(blank)
		case !pixels || hidden != nil && hidden(r):
			b.WriteString(p.blockRow(r))
		default:
			b.WriteString(blank)
			b.WriteString(p.marker(id, r))
		}
		b.WriteString(nbsp)
	}
	return b.String()
}

// marker is the text that asks for row r of the picture.
func (p *Picture) marker(id, r int) string {
	buf := make([]byte, 0, 40)
	buf = append(buf, markerStart...)
	buf = strconv.AppendInt(buf, int64(id), 10)
	buf = append(buf, ';')
	buf = strconv.AppendInt(buf, int64(r), 10)
	buf = append(buf, ';')
	buf = strconv.AppendInt(buf, int64(p.Cols), 10)
	buf = append(buf, ';')
	buf = strconv.AppendUint(buf, uint64(p.hash[r]), 16)
	return string(append(buf, markerEnd...))
}

// Empty returns an area of the same shape as the Cells of a picture that does not exist yet.
func Empty(cols, rows int) string {
	line := strings.Repeat(" ", max(cols, 0)+1)
	return strings.TrimSuffix(strings.Repeat(line+"\n", max(rows, 0)), "\n")
}

// RGBA is the picture as it is shown, pixel by pixel: what tests compare a screen with.
func (p *Picture) RGBA() *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, p.img.W, p.img.H))
	for i, k := range p.img.Pix {
		c := p.img.Pal.RGB[k]
		copy(out.Pix[4*i:], []byte{c[0], c[1], c[2], 255})
	}
	return out
}
