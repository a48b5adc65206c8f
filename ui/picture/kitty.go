package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// kittyRow names one row of a picture on a terminal with kitty graphics: each is an image of its own, so
// that rows change, hide and appear one by one as they do elsewhere.
type kittyRow struct{ id, row int }

// maxKittyRows is more than the rows that a screen has.
const maxKittyRows = 4096

// number is the id of the image for the terminal.
func (k kittyRow) number() int { return k.id*maxKittyRows + k.row%maxKittyRows + 1 }

// kittyChunk is the largest piece of base64 text that the protocol allows at a time.
const kittyChunk = 4096

// zwriter compresses into a buffer that is used again.
type zwriter struct {
	buf bytes.Buffer
	w   *zlib.Writer
}

// kitty appends row r as an image shown at the cursor (sw.kovidgoyal.net/kitty/graphics-protocol): 24-bit
// pixels, zlib, in chunks, the cursor not moved (C=1), no answers (q=2). The same image and placement id
// replaces what was there. No z index is given: with images below the text, kitty 0.26 was seen to leave old
// text standing beside them.
func (e *encoder) kitty(dst []byte, p *Picture, id, r int) []byte {
	h, w := p.Display.CellH, p.img.W
	e.raw = e.raw[:0]
	for _, c := range p.img.Pix[r*h*w : (r+1)*h*w] {
		q := p.img.Pal.RGB[c]
		e.raw = append(e.raw, q[0], q[1], q[2])
	}
	if e.z == nil {
		e.z = &zwriter{}
		e.z.w, _ = zlib.NewWriterLevel(&e.z.buf, zlib.BestSpeed) // the level is valid: no error
	}
	e.z.buf.Reset()
	e.z.w.Reset(&e.z.buf)
	_, _ = e.z.w.Write(e.raw) // a bytes.Buffer takes everything
	_ = e.z.w.Close()
	e.raw = base64.StdEncoding.AppendEncode(e.raw[:0], e.z.buf.Bytes())
	text := e.raw
	for first := true; first || len(text) > 0; first = false {
		chunk := text[:min(kittyChunk, len(text))]
		text = text[len(chunk):]
		more := min(1, len(text))
		if first {
			dst = fmt.Appendf(dst, "\x1b_Ga=T,q=2,C=1,i=%d,p=1,f=24,o=z,"+
				"s=%d,v=%d,c=%d,r=1,m=%d;",
				kittyRow{id, r}.number(), w, h, p.Cols, more)
		} else {
			dst = fmt.Appendf(dst, "\x1b_Gm=%d;", more)
		}
		dst = append(append(dst, chunk...), markerEnd...)
	}
	return dst
}

// appendKittyDelete deletes a row's image and its data.
func appendKittyDelete(dst []byte, k kittyRow) []byte {
	return fmt.Appendf(dst, "\x1b_Ga=d,d=I,i=%d,q=2\x1b\\", k.number())
}

// pngBuffer keeps the encoder's buffer of image/png.
type pngBuffer struct{ b *png.EncoderBuffer }

func (b *pngBuffer) Get() *png.EncoderBuffer  { return b.b }
func (b *pngBuffer) Put(e *png.EncoderBuffer) { b.b = e }

// iterm appends rows r0 to r1 as a PNG in an inline image (iterm2.com/documentation-images.html), scaled to
// whole cells. doNotMoveCursor is WezTerm's; the caller restores the cursor for the others.
func (e *encoder) iterm(dst []byte, p *Picture, r0, r1 int) []byte {
	h, w := p.Display.CellH, p.img.W
	pal := make(color.Palette, len(p.img.Pal.RGB))
	for i, c := range p.img.Pal.RGB {
		pal[i] = color.RGBA{R: c[0], G: c[1], B: c[2], A: 255}
	}
	im := &image.Paletted{Pix: p.img.Pix[r0*h*w : (r1+1)*h*w], Stride: w, Palette: pal,
		Rect: image.Rect(0, 0, w, (r1-r0+1)*h)}
	if e.png == nil {
		e.png = &png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &e.buf}
	}
	var b bytes.Buffer
	if err := e.png.Encode(&b, im); err != nil { // a picture has at least one pixel: it cannot fail
		return dst
	}
	dst = fmt.Appendf(dst, "\x1b]1337;File=inline=1;size=%d;width=%d;height=%d;"+
		"preserveAspectRatio=0;doNotMoveCursor=1:",
		b.Len(), p.Cols, r1-r0+1)
	dst = base64.StdEncoding.AppendEncode(dst, b.Bytes())
	return append(dst, '\a')
}
