package picture

import (
	"strconv"
	"strings"
)

// blockRow returns row r as half-blocks: each cell shows the mean of the upper and of the lower half of
// its pixels as foreground and background of "▀".
func (p *Picture) blockRow(r int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.blocks == nil {
		p.blocks = make([]string, p.Rows)
	}
	if p.blocks[r] == "" {
		p.blocks[r] = p.drawBlocks(r)
	}
	return p.blocks[r]
}

func (p *Picture) drawBlocks(r int) string {
	d := p.Display
	y0, y1 := r*d.CellH, (r+1)*d.CellH
	mid := (y0 + y1) / 2
	if d.CellH == 1 {
		mid = y1
	}
	var b strings.Builder
	var buf []byte
	last := ""
	for c := range p.Cols {
		x0, x1 := c*d.CellW, (c+1)*d.CellW
		up := p.img.mean(x0, y0, x1, mid)
		down := up
		if mid < y1 {
			down = p.img.mean(x0, mid, x1, y1)
		}
		if d.Depth == NoColor {
			b.WriteString(shade(up, down))
			continue
		}
		buf = append(buf[:0], "\x1b["...)
		buf = appendColor(buf, up, d.Depth, false, c, 2*r)
		buf = append(buf, ';')
		buf = appendColor(buf, down, d.Depth, true, c, 2*r+1)
		buf = append(buf, 'm')
		if string(buf) != last {
			last = string(buf)
			b.WriteString(last)
		}
		b.WriteString("▀")
	}
	if d.Depth != NoColor {
		b.WriteString("\x1b[m")
	}
	return b.String()
}

// mean is the mean colour of the pixels x0 <= x < x1, y0 <= y < y1.
func (im *Image) mean(x0, y0, x1, y1 int) [3]byte {
	var sum [3]int
	n := 0
	for y := y0; y < y1; y++ {
		for _, k := range im.Pix[y*im.W+x0 : y*im.W+x1] {
			c := im.Pal.RGB[k]
			sum[0] += int(c[0])
			sum[1] += int(c[1])
			sum[2] += int(c[2])
			n++
		}
	}
	n = max(n, 1)
	return [3]byte{byte((sum[0] + n/2) / n), byte((sum[1] + n/2) / n), byte((sum[2] + n/2) / n)}
}

// shade draws a cell without colour: the lighter, the denser.
func shade(up, down [3]byte) string {
	const ramp = " ░▒▓█"
	l := (luma(up) + luma(down)) / 2
	return string([]rune(ramp)[min(l*5/256, 4)])
}

// luma is the brightness 0..255 after ITU-R BT.601.
func luma(c [3]byte) int { return (299*int(c[0]) + 587*int(c[1]) + 114*int(c[2])) / 1000 }

// appendColor appends the SGR parameters of a colour at half-block x, y.
func appendColor(b []byte, c [3]byte, d Depth, back bool, x, y int) []byte {
	switch d {
	case Colors16:
		k := ansi16(c, bayer[(y&7)<<3|x&7])
		base := 30
		if k >= 8 {
			base = 90 - 8
		}
		if back {
			base += 10
		}
		return strconv.AppendInt(b, int64(base+k), 10)
	case Colors256:
		if back {
			b = append(b, "48;5;"...)
		} else {
			b = append(b, "38;5;"...)
		}
		return strconv.AppendInt(b, int64(ansi256(c)), 10)
	}
	if back {
		b = append(b, "48;2"...)
	} else {
		b = append(b, "38;2"...)
	}
	for _, v := range c {
		b = append(b, ';')
		b = strconv.AppendInt(b, int64(v), 10)
	}
	return b
}

// ansi256 is the nearest colour of xterm's 6x6x6 cube and 24 greys.
func ansi256(c [3]byte) int {
	steps := [6]int{0, 95, 135, 175, 215, 255}
	var k [3]int
	dist := 0
	for i, v := range c {
		for j, s := range steps {
			if abs(s-int(v)) < abs(steps[k[i]]-int(v)) {
				k[i] = j
			}
		}
		e := steps[k[i]] - int(v)
		dist += e * e
	}
	g := max(0, min(23, (luma(c)-3)/10))
	greyDist := 0
	for _, v := range c {
		e := 8 + 10*g - int(v)
		greyDist += e * e
	}
	if greyDist < dist {
		return 232 + g
	}
	return 16 + 36*k[0] + 6*k[1] + k[2]
}

// ansi16 is the nearest of the 16 colours as xterm draws them, after an ordered dither that keeps
// brightness on average.
func ansi16(c [3]byte, t float32) int {
	var v [3]int
	for i := range c {
		v[i] = max(0, min(255, int(c[i])+int((t-.5)*96)))
	}
	best, at := 1<<30, 0
	for i, q := range xterm16 {
		d := 0
		for k := range q {
			e := q[k] - v[k]
			d += e * e
		}
		if d < best {
			best, at = d, i
		}
	}
	return at
}

// xterm16 are the 16 colours in xterm's default resources.
var xterm16 = [16][3]int{{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238}, {205, 0, 205},
	{0, 205, 205}, {229, 229, 229}, {127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255},
	{255, 0, 255}, {0, 255, 255}, {255, 255, 255}}

func abs(v int) int { return max(v, -v) }
