package screen

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// matrix is a square of numbers with a colour behind each.
type matrix struct {
	title  string
	text   []string
	color  [][3]byte
	chosen int // a cell that is being edited, -1
}

// numbersView is the panel that takes one window apart.
type numbersView struct {
	th      theme.Theme
	result  *lab.ConvResult
	window  lab.ConvWindow
	channel int
	row     int // of the weight that has the focus, -1
	col     int
}

func (c *Conv) numbersView() numbersView {
	r := c.result
	n := numbersView{th: c.lab.Theme, result: r, window: r.Spec.Window(r.Plane, c.output, c.y, c.x),
		channel: min(c.channel, r.Spec.Seen()-1), row: -1, col: -1}
	if c.focus == onKernel && c.spec.Size == r.Spec.Size {
		n.row, n.col = c.row, c.col
	}
	return n
}

// gap is the room for the sign between two matrices.
const matrixGap = 3

// numbersPlan is how the matrices are written in the room that there is.
type numbersPlan struct {
	cell   int  // cells of a number; 2: colours without numbers
	packed bool // two rows of colours in a line
	head   bool // a line of titles above
	beside bool // the sum stands beside the matrices, not below
	two    bool // the products stand below, the sum beside them
}

// plan chooses the largest way to write three matrices and the sum in w x h.
func (n numbersView) plan(w, h int) numbersPlan {
	size := n.result.Spec.Size
	least := 24 // of the column beside the matrices
	for _, p := range []numbersPlan{{cell: 7, head: true, beside: true}, {cell: 7, head: true},
		{cell: 6, head: true, beside: true}, {cell: 6, head: true}, {cell: 5, head: true, beside: true},
		{cell: 5, head: true}, {cell: 6, head: true, two: true}, {cell: 5, head: true, two: true},
		{cell: 5, beside: true}, {cell: 5}, {cell: 2, head: true, beside: true}, {cell: 2, head: true},
		{cell: 2, beside: true}, {cell: 2, packed: true, beside: true}, {cell: 1, packed: true, beside: true}} {
		width, height := 3*size*p.cell+2*matrixGap, size
		if p.packed {
			height = (size + 1) / 2
		}
		if p.head {
			height++
		}
		switch {
		case p.two:
			width, height = max(2*size*p.cell+matrixGap, size*p.cell+matrixGap+least), 2*height
		case p.beside:
			width += 2 + least
			height = max(height, min(h, 6))
		default:
			height++
		}
		if width <= w && height <= h {
			return p
		}
	}
	return numbersPlan{cell: 1, packed: true, beside: true}
}

// body is the text of the panel, w x h cells.
func (n numbersView) body(w, h int) string {
	p := n.plan(w, h)
	size := n.result.Spec.Size
	ms := n.matrices(p.cell)
	if p.two {
		top := n.block(p, "", ms[0], ms[1])
		low := n.block(p, " = ", ms[2])
		return strings.Join(top, "\n") + "\n" + n.withColumn(low, matrixGap+size*p.cell+2, w, h-len(top))
	}
	lines := n.block(p, "", ms[:]...)
	if p.beside {
		return n.withColumn(lines, 3*size*p.cell+2*matrixGap+2, w, h)
	}
	if rest := h - len(lines) - 1; rest >= len(n.terms()) { // room to write the sum as on paper
		column := n.sumColumn(w, rest)
		if room := w - 30; room > 16 && size <= 3 {
			column = widget.Columns(4, column, n.th.Dim.Render(widget.Wrap(n.expansion(), room, rest)))
		}
		return strings.Join(lines, "\n") + "\n\n" + column
	}
	return strings.Join(append(lines, n.sumLine(w)), "\n")
}

// withColumn puts the sum beside lines of a width.
func (n numbersView) withColumn(lines []string, used, w, h int) string {
	sums := strings.Split(n.sumColumn(max(0, w-used), h), "\n")
	for len(lines) < len(sums) {
		lines = append(lines, "")
	}
	for i := range sums {
		lines[i] = widget.Fit(lines[i], used) + sums[i]
	}
	return strings.Join(lines, "\n")
}

// block are matrices side by side, with the signs between them, or one after a first sign.
func (n numbersView) block(p numbersPlan, first string, ms ...matrix) []string {
	size := n.result.Spec.Size
	rows := size
	if p.packed {
		rows = (size + 1) / 2
	}
	signs := []string{first, " × ", " = "}
	var lines []string
	if p.head {
		head := ""
		for i, m := range ms {
			if signs[i] != "" {
				head += strings.Repeat(" ", matrixGap)
			}
			head += n.th.Dim.Render(widget.Center(m.title, size*p.cell))
		}
		lines = append(lines, head)
	}
	for r := range rows {
		line := ""
		for i, m := range ms {
			switch {
			case signs[i] != "" && r == rows/2:
				line += n.th.Accent.Render(signs[i])
			case signs[i] != "":
				line += strings.Repeat(" ", matrixGap)
			}
			line += n.row1(m, r, p)
		}
		lines = append(lines, line)
	}
	return lines
}

// row1 is a line of a matrix.
func (n numbersView) row1(m matrix, r int, p numbersPlan) string {
	size := n.result.Spec.Size
	var b strings.Builder
	for q := range size {
		i := r*size + q
		switch {
		case p.packed:
			up, down := m.color[2*r*size+q], [3]byte{}
			if 2*r+1 < size {
				down = m.color[(2*r+1)*size+q]
			} else {
				bg := n.th.Colors.Background
				down = [3]byte{bg.R, bg.G, bg.B}
			}
			if n.th.NoColor {
				b.WriteString(strings.Repeat(shadeOf(up), p.cell))
				continue
			}
			fmt.Fprintf(&b, "\x1b[38;2;%d;%d;%d;48;2;%d;%d;%dm%s", up[0], up[1], up[2], down[0], down[1], down[2],
				strings.Repeat("▀", p.cell))
		case i == m.chosen:
			text := widget.Right(m.text[i], p.cell-1) + " "
			if p.cell < 4 {
				text = widget.Right("◆", p.cell)
			}
			b.WriteString("\x1b[m" + n.th.Selected.Render(text))
		case p.cell < 4 && n.th.NoColor:
			b.WriteString(strings.Repeat(shadeOf(m.color[i]), p.cell))
		case p.cell < 4:
			b.WriteString(onColor(strings.Repeat(" ", p.cell), m.color[i]))
		case n.th.NoColor:
			b.WriteString(widget.Right(m.text[i], p.cell-1) + " ")
		default:
			b.WriteString(onColor(widget.Right(m.text[i], p.cell-1)+" ", m.color[i]))
		}
	}
	return b.String() + "\x1b[m"
}

// onColor writes a text on a colour, black or white, whichever is read better.
func onColor(text string, c [3]byte) string {
	ink := 255
	if 299*int(c[0])+587*int(c[1])+114*int(c[2]) > 128000 {
		ink = 0
	}
	return fmt.Sprintf("\x1b[38;2;%d;%d;%d;48;2;%d;%d;%dm%s", ink, ink, ink, c[0], c[1], c[2], text)
}

// shadeOf stands for a colour where there is none.
func shadeOf(c [3]byte) string {
	l := (299*int(c[0]) + 587*int(c[1]) + 114*int(c[2])) / 1000
	return []string{" ", "░", "▒", "▓", "█"}[min(l*5/256, 4)]
}

// matrices are the patch, the kernel and the products of the channel that is shown.
func (n numbersView) matrices(cell int) [3]matrix {
	s := n.result.Spec
	taps := n.taps()
	most, largest := 1e-9, 1e-9
	for _, t := range taps {
		most, largest = max(most, math.Abs(t.Weight)), max(largest, math.Abs(t.Product()))
	}
	patch, kernel, product := matrix{title: "patch", chosen: -1}, matrix{title: "kernel", chosen: -1},
		matrix{title: "products", chosen: -1}
	if s.Size*cell >= 15 {
		kernel.title = s.Kernels[n.window.Output].Name
	}
	if n.row >= 0 {
		kernel.chosen = n.row*s.Size + n.col
	}
	digits := cell - 1
	for _, t := range taps {
		grey := int(level(float32(t.Value), 0, 1, picture.Levels))
		switch {
		case t.Hole:
			patch.text, patch.color = append(patch.text, "·"), append(patch.color, markColors[markVeil])
		case t.Padding:
			patch.text = append(patch.text, brief(t.Value, digits))
			patch.color = append(patch.color, paintGrey.RGB[picture.Levels+grey])
		default:
			patch.text = append(patch.text, brief(t.Value, digits))
			patch.color = append(patch.color, picture.Gray.RGB[grey])
		}
		kernel.text = append(kernel.text, brief(t.Weight, digits))
		kernel.color = append(kernel.color, signedColor(t.Weight, most))
		text := brief(t.Product(), digits)
		if t.Hole {
			text = "·"
		}
		product.text = append(product.text, text)
		product.color = append(product.color, signedColor(t.Product(), largest))
	}
	return [3]matrix{patch, kernel, product}
}

// taps are those of the channel that is shown.
func (n numbersView) taps() []lab.ConvTap {
	size := n.result.Spec.Size * n.result.Spec.Size
	return n.window.Taps[n.channel*size:][:size]
}

func signedColor(v, scale float64) [3]byte {
	return picture.Diverging.RGB[level(float32(v), float32(-scale), float32(scale), picture.Levels+1)]
}

// brief writes a number in at most w cells with as many of two decimals as fit.
func brief(v float64, w int) string {
	for d := 2; d >= 0; d-- {
		text := strconv.FormatFloat(v, 'f', d, 64)
		if d > 0 && v == float64(int(v)) {
			text = strconv.Itoa(int(v))
		}
		if text == "-0.00" || text == "-0.0" || text == "-0" {
			text = text[1:]
		}
		if len(text) == w+1 && strings.HasPrefix(text, "-0.") { // -.02 says more than -0.0
			text = "-" + text[2:]
		}
		if len(text) <= w {
			return text
		}
	}
	return "…"
}

// values are what the device computed for the window.
func (n numbersView) values() (pre, act, out float64) {
	r, k := n.result, len(n.result.Maps)
	at := (n.window.Y*r.Sizes.W+n.window.X)*k + n.window.Output
	pre, act = float64(r.Pre[at]), float64(r.Act[at])
	out = act
	if s := r.Spec; s.Pool != "none" {
		y, x := min(n.window.Y/s.PoolStride, r.Sizes.OutH-1), min(n.window.X/s.PoolStride, r.Sizes.OutW-1)
		out = float64(r.Out[(y*r.Sizes.OutW+x)*k+n.window.Output])
	}
	return pre, act, out
}

// channelNames of the picture.
var channelNames = [3]string{"red", "green", "blue"}

// channelName is that of a channel that the kernel sees, "" of a grey picture.
func (n numbersView) channelName(seen int) string {
	if n.result.Spec.Channels != 3 {
		return ""
	}
	return channelNames[n.window.First+seen]
}

// terms are the sums of the channels, the bias and what follows: names and values.
func (n numbersView) terms() []widget.Number {
	s := n.result.Spec
	pre, act, out := n.values()
	var rows []widget.Number
	if len(n.window.Sums) > 1 {
		for c, v := range n.window.Sums {
			tone := widget.Plain
			if c == n.channel {
				tone = widget.Accent
			}
			rows = append(rows, widget.Number{Key: "sum, " + n.channelName(c), Value: widget.Sig(v), Tone: tone})
		}
	} else {
		rows = append(rows, widget.Number{Key: "sum", Value: widget.Sig(n.window.Sum)})
	}
	rows = append(rows, widget.Number{Key: "+ bias", Value: widget.Sig(s.Bias)},
		widget.Number{Key: "=", Value: widget.Sig(pre)})
	if s.Activation != "none" {
		rows = append(rows, widget.Number{Key: s.Activation, Value: widget.Sig(act)})
	}
	if s.Pool != "none" {
		rows = append(rows, widget.Number{Key: fmt.Sprintf("%s of %dx%d", s.Pool, s.PoolSize, s.PoolSize),
			Value: widget.Sig(out)})
	}
	rows[len(rows)-1].Tone = widget.Good
	return rows
}

// sumColumn is the sum as one adds on paper.
func (n numbersView) sumColumn(w, h int) string {
	rows := n.terms()
	if n.row >= 0 && len(rows) < h {
		rows = append(rows, n.weightNumber())
	}
	return widget.Numbers(rows, min(w, 26), h, n.th)
}

// expansion is the sum of the products that are not zero, written out.
func (n numbersView) expansion() string {
	var b strings.Builder
	count := 0
	for _, t := range n.taps() {
		v := t.Product()
		if v == 0 {
			continue
		}
		switch {
		case v < 0 && count > 0:
			b.WriteString(" - ")
		case v < 0:
			b.WriteString("-")
		case count > 0:
			b.WriteString(" + ")
		}
		count++
		b.WriteString(brief(math.Abs(v), 6))
	}
	if count == 0 {
		return "every product is zero here: move the window to where the picture changes"
	}
	text := b.String() + " = " + widget.Sig(n.window.Sums[n.channel])
	if name := n.channelName(n.channel); name != "" {
		text = name + ": " + text
	}
	return text
}

// weightNumber is the weight that is being edited, in full.
func (n numbersView) weightNumber() widget.Number {
	v := n.result.Spec.At(n.window.Output, n.channel, n.row, n.col)
	return widget.Number{Key: fmt.Sprintf("weight %d, %d", n.row+1, n.col+1), Value: widget.Sig(float64(v)),
		Tone: widget.Accent}
}

// sumLine is the sum in a line.
func (n numbersView) sumLine(w int) string {
	s, th := n.result.Spec, n.th
	pre, act, out := n.values()
	var parts []string
	if len(n.window.Sums) > 1 {
		var terms []string
		for c, v := range n.window.Sums {
			terms = append(terms, n.channelName(c)+" "+widget.Sig(v))
		}
		parts = append(parts, th.Text.Render(strings.Join(terms, " + ")))
	} else {
		parts = append(parts, th.Dim.Render("sum ")+th.Text.Render(widget.Sig(n.window.Sum)))
	}
	parts = append(parts, th.Dim.Render(" + bias ")+th.Text.Render(widget.Sig(s.Bias)), th.Dim.Render(" = "))
	last := []string{widget.Sig(pre)}
	if s.Activation != "none" {
		last = append(last, s.Activation+" "+widget.Sig(act))
	}
	if s.Pool != "none" {
		last = append(last, fmt.Sprintf("%s of %dx%d %s", s.Pool, s.PoolSize, s.PoolSize, widget.Sig(out)))
	}
	for i, text := range last {
		style := th.Text
		if i == len(last)-1 {
			style = th.Good
		}
		if i > 0 {
			parts = append(parts, th.Dim.Render(" → "))
		}
		parts = append(parts, style.Render(text))
	}
	line := strings.Join(parts, "")
	if n.row >= 0 {
		weight := n.weightNumber()
		if more := th.Accent.Render("   " + weight.Key + ": " + weight.Value); ansi.StringWidth(line+more) <= w {
			line += more
		}
	}
	return line
}

// kernelAt is the weight under a cell of the panel's body.
func (n numbersView) kernelAt(x, y, w, h int) (row, col int, ok bool) {
	p := n.plan(w, h)
	size := n.result.Spec.Size
	if p.head {
		y--
	}
	if p.packed {
		y *= 2
	}
	x -= size*p.cell + matrixGap
	if x < 0 || y < 0 || x >= size*p.cell || y >= size {
		return 0, 0, false
	}
	return y, x / p.cell, true
}
