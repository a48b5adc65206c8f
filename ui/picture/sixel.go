package picture

import (
	"encoding/binary"
	"image/png"
	"strconv"
)

// encoder turns strips of pictures into bytes. Its buffers are used again and again.
type encoder struct {
	bits   []byte // for each colour: the sixels of one band
	lo, hi []int  // for each colour: first and last sixel that is set
	used   []int  // the colours of one band
	known  []bool // the colours defined in this strip

	raw []byte
	z   *zwriter
	png *png.Encoder
	buf pngBuffer
}

// sixel appends the pixel rows y0 <= y < y1 as one sixel image (DEC STD 070, chapter 9; the parameters P1=0,
// P2=1: pixels that are not set stay as they are). A colour is defined where it is first used.
func (e *encoder) sixel(dst []byte, im *Image, y0, y1 int) []byte {
	e.prepare(len(im.Pal.RGB), im.W)
	im.Pal.sixelTexts()
	dst = append(dst, "\x1bP0;1;0q\"1;1;"...)
	dst = strconv.AppendInt(dst, int64(im.W), 10)
	dst = append(dst, ';')
	dst = strconv.AppendInt(dst, int64(y1-y0), 10)
	for y := y0; y < y1; y += 6 {
		if y > y0 {
			dst = append(dst, '-')
		}
		e.collect(im, y, min(y+6, y1))
		for i, c := range e.used {
			if i > 0 {
				dst = append(dst, '$')
			}
			if e.known[c] {
				dst = append(dst, im.Pal.sel[c]...)
			} else {
				e.known[c] = true
				dst = append(dst, im.Pal.defs[c]...)
			}
			lo, hi := e.lo[c], e.hi[c]
			dst = appendRun(dst, '?', lo)
			b := e.bits[c*im.W+lo : c*im.W+hi+1]
			dst = appendSixels(dst, b)
			clear(b)
			e.lo[c] = -1
		}
	}
	return append(dst, 0x1b, '\\')
}

func (e *encoder) prepare(colours, w int) {
	if len(e.bits) < colours*w {
		e.bits = make([]byte, colours*w)
	}
	if len(e.lo) < colours {
		e.lo, e.hi, e.known = make([]int, colours), make([]int, colours), make([]bool, colours)
	}
	for i := range e.lo {
		e.lo[i] = -1
	}
	clear(e.known)
}

// collect sets the bits of up to six pixel rows.
func (e *encoder) collect(im *Image, y0, y1 int) {
	w := im.W
	e.used = e.used[:0]
	lo, hi, bits := e.lo, e.hi, e.bits
	for y := y0; y < y1; y++ {
		m := byte(1) << (y - y0)
		for x, c := range im.Pix[y*w : y*w+w] {
			ci := int(c)
			bits[ci*w+x] |= m
			if lo[ci] < 0 {
				lo[ci], hi[ci] = x, x
				e.used = append(e.used, ci)
				continue
			}
			if x < lo[ci] {
				lo[ci] = x
			}
			if x > hi[ci] {
				hi[ci] = x
			}
		}
	}
}

// appendSixels appends the characters of a colour's sixels with runs shortened.
func appendSixels(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		v := b[i]
		j := i + 1
		if v == 0 { // long gaps: eight at a time
			for j+8 <= len(b) && binary.LittleEndian.Uint64(b[j:]) == 0 {
				j += 8
			}
		}
		for j < len(b) && b[j] == v {
			j++
		}
		if j == i+1 {
			dst = append(dst, v+'?')
		} else {
			dst = appendRun(dst, v+'?', j-i)
		}
		i = j
	}
	return dst
}

// appendRun appends n times c, as "!nc" where that is shorter.
func appendRun(dst []byte, c byte, n int) []byte {
	switch {
	case n <= 0:
		return dst
	case n == 1:
		return append(dst, c)
	case n == 2:
		return append(dst, c, c)
	case n == 3:
		return append(dst, c, c, c)
	case n < 10:
		return append(dst, '!', byte('0'+n), c)
	case n < 100:
		return append(dst, '!', byte('0'+n/10), byte('0'+n%10), c)
	}
	dst = append(dst, '!')
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, c)
}
