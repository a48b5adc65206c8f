package picture

import "strconv"

// can is the control character that ends an unfinished sequence in a terminal.
const can = 0x18

// splice returns the frame with the pixels of the marked rows instead of the markers. Rows that follow
// each other in one picture are sent as one strip, at the last of them.
func (w *Writer) splice(in []byte) []byte {
	out := w.out[:0]
	last := 0
	first := map[int]int{} // by id: the first row of the run so far
	for n, m := range w.marks {
		out = append(out, in[last:m.at]...)
		last = m.end
		// what stands before and behind the marker must not become one
		if partialStart(out) > 0 || len(out) == 0 && w.tail {
			out = append(out, can)
		}
		if m.seal {
			out = w.hide(out, m.view)
			continue
		}
		p := w.store.Get(m.id)
		if !m.ok || p == nil || m.row >= p.Rows || m.cols != p.Cols {
			continue
		}
		if _, running := first[m.id]; !running {
			first[m.id] = m.row
		}
		if w.goesOn(n, p) {
			continue
		}
		before := len(out)
		out = w.strip(out, p, m.id, first[m.id], m.row)
		w.stats.PictureBytes += int64(len(out) - before)
		delete(first, m.id)
	}
	out = append(out, in[last:]...)
	w.out = out
	return out
}

// goesOn reports whether the next marker of the same picture in this frame is of the next row.
func (w *Writer) goesOn(n int, p *Picture) bool {
	m := w.marks[n]
	for _, q := range w.marks[n+1:] {
		if q.ok && q.id == m.id {
			return q.row == m.row+1 && q.row < p.Rows && q.cols == m.cols
		}
	}
	return false
}

// strip sends rows r0 to r1. The cursor stands in the gutter of row r1 and goes back there.
func (w *Writer) strip(out []byte, p *Picture, id, r0, r1 int) []byte {
	w.stats.Strips++
	w.stats.Rows += r1 - r0 + 1
	out = append(out, "\x1b7"...)
	out = move(out, r1-r0, 'A')
	out = move(out, p.Cols, 'D')
	switch p.Display.Mode {
	case Kitty:
		for r := r0; r <= r1; r++ {
			if r > r0 {
				out = append(out, "\x1b[B"...)
			}
			out = w.enc.kitty(out, p, id, r)
			w.shown[kittyRow{id, r}] = true
		}
	case ITerm:
		out = w.enc.iterm(out, p, r0, r1)
	default:
		out = w.enc.sixel(out, p.img, r0*p.Display.CellH, (r1+1)*p.Display.CellH)
	}
	return append(out, "\x1b8"...)
}

func move(out []byte, n int, dir byte) []byte {
	if n == 0 {
		return out
	}
	out = append(out, "\x1b["...)
	out = strconv.AppendInt(out, int64(n), 10)
	return append(out, dir)
}

// hide deletes the rows that the terminal would keep although they are not in view.
func (w *Writer) hide(out []byte, view []rowRange) []byte {
	if len(w.shown) == 0 {
		return out
	}
	before := len(out)
	for k := range w.shown {
		in := false
		for _, r := range view {
			in = in || r.id == k.id && r.first <= k.row && k.row <= r.last
		}
		if !in {
			out = appendKittyDelete(out, k)
			delete(w.shown, k)
			w.stats.Deleted++
		}
	}
	w.stats.PictureBytes += int64(len(out) - before)
	return out
}
