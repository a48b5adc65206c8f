package schedule

import (
	"mllab/compile/ir"
)

// gpu binds the last three coordinates to blocks and threads, 256 threads in a
// block at most. A contraction gives each thread a small tile of rows x columns.
func (f *form) gpu(tile int) Schedule {
	c := f.c
	if len(c.Axes) == 0 {
		return nil
	}
	if !f.contraction() {
		tile = 1
	}
	group := 256
	if f.m.Group > 0 {
		group = min(group, f.m.Group)
	}
	last := len(c.Axes) - 1
	var s Schedule
	var blocks, threads, serial, inner []string
	for d := range 3 {
		axis := last - d
		if axis < 0 {
			break
		}
		dim := string("xyz"[d])
		name, extent := f.name(axis), c.Axes[axis]
		if tile > 1 && d < 2 && extent >= 4*tile {
			s = append(s, split(name, tile))
			inner = append([]string{name + ".1"}, inner...)
			name, extent = name+".0", (extent+tile-1)/tile
		}
		n := f.threads(extent, group, d, tile)
		group /= n
		if n == 1 {
			blocks = append(blocks, name)
			s = append(s, bind(name, "block."+dim))
			continue
		}
		o, i := s.cut(name, extent, n)
		if o != "" {
			blocks = append(blocks, o)
			s = append(s, bind(o, "block."+dim))
		}
		threads = append(threads, i)
		s = append(s, bind(i, "thread."+dim))
	}
	for a := range last - 2 {
		serial = append(serial, f.name(a))
	}
	for a := len(c.Axes); a < len(c.Axes)+len(c.Red); a++ {
		serial = append(serial, f.name(a))
	}
	order := append(append(append(blocks, threads...), serial...), inner...)
	s = append(s, step(Reorder, order...))
	if len(inner) > 0 {
		s = append(s, step(Unroll, inner...))
	}
	return s
}

// threads of dimension d over an axis, with group threads left: a divisor where
// there is a good one, so that no block has a tail.
func (f *form) threads(extent, group, d, tile int) int {
	most := group
	if tile > 1 || len(f.c.Red) > 0 && d == 0 && len(f.c.Axes) > 1 {
		most = min(group, 16)
	}
	if most >= extent {
		return extent
	}
	if n := divisor(extent, most); n*2 >= most || ir.Elems(f.c.Axes) < 1<<12 && n*4 >= most {
		return n
	}
	return most
}
