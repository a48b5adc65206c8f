package compile

import (
	"fmt"
	"slices"
	"sort"

	"mllab/compile/internal/fuse"
	"mllab/compile/ir"
	"mllab/compile/target"
)

// align is the alignment of every slice of memory, in bytes.
const align = 64

// span is a piece of the arena: live from kernel position first to last. Several
// values have one where each takes the place of the one before it.
type span struct {
	values      []ir.Value // none for scratch
	bytes       int
	first, last int
	offset      int
	scratch     int // number of a scratch buffer of the piece at first
}

// memory places every value: inputs and outputs in their own memory, which
// outlives a run, everything else in one arena where values that are not needed
// at the same time share space.
func (u *unit) memory() error {
	u.place = map[ir.Value]target.Slice{}
	if err := u.placeInputs(); err != nil {
		return err
	}
	for v, x := range u.inPlace {
		u.place[v] = u.place[x]
	}
	if err := u.placeOutputs(); err != nil {
		return err
	}
	spans := u.spans()
	u.arena = layout(spans)
	if u.arena == 0 {
		return nil
	}
	var arena target.Buffer
	var err error
	if !u.opt.Apart {
		if arena, err = u.alloc(u.arena); err != nil {
			return err
		}
	}
	for _, s := range spans {
		at := target.Slice{Buffer: arena, Offset: s.offset}
		if u.opt.Apart {
			at.Offset = 0
			if at.Buffer, err = u.alloc(s.bytes); err != nil {
				return err
			}
		}
		if s.values == nil {
			u.planned[s.first].scratch[s.scratch] = at
		}
		for _, v := range s.values {
			u.place[v] = at
		}
	}
	return nil
}

func (u *unit) alloc(bytes int) (target.Buffer, error) {
	b, err := u.dev.Alloc(bytes)
	if err != nil {
		return nil, fmt.Errorf("%d bytes: %w", bytes, err)
	}
	u.owned = append(u.owned, b)
	return b, nil
}

// bound is the memory that the caller gave for a label, or new memory.
func (u *unit) bound(label string, t ir.Type) (target.Slice, error) {
	bytes := t.Elems() * t.DType.Size()
	if s, ok := u.opt.Bind[label]; ok {
		if s.Offset%align != 0 || s.Offset+bytes > s.Buffer.Bytes() {
			return s, fmt.Errorf("%s: memory of %d bytes at %d does not hold %s", label, s.Buffer.Bytes(), s.Offset, t)
		}
		return s, nil
	}
	b, err := u.alloc(bytes)
	return target.Slice{Buffer: b}, err
}

func (u *unit) placeInputs() error {
	for _, v := range u.graph.Inputs() {
		n := u.graph.Node(v)
		s, err := u.bound(n.Op.(ir.Input).Label, n.Type)
		if err != nil {
			return err
		}
		u.place[v] = s
	}
	return nil
}

// placeOutputs gives outputs memory of their own. A value that is asked for
// under two labels has one place.
func (u *unit) placeOutputs() error {
	for _, o := range u.graph.Outputs {
		v := u.prog.Root[o.Value]
		if o.Into != ir.None {
			continue
		}
		if _, ok := u.place[v]; ok {
			if _, bound := u.opt.Bind[o.Label]; bound {
				return fmt.Errorf("output %s is an input or another output: it cannot have memory of its own", o.Label)
			}
			continue
		}
		s, err := u.bound(o.Label, u.prog.Types[v])
		if err != nil {
			return err
		}
		u.place[v] = s
	}
	return nil
}

// spans lists what the arena must hold, and for how long.
func (u *unit) spans() []*span {
	last := map[ir.Value]int{}
	for i, p := range u.planned {
		for _, v := range p.in {
			last[v] = i
		}
	}
	u.took = map[ir.Value]ir.Value{}
	var spans []*span
	of := map[ir.Value]*span{}
	for i, p := range u.planned {
		for k, n := range p.plan.Scratch {
			spans = append(spans, &span{bytes: 4 * n, first: i, last: i, scratch: k})
		}
		u.planned[i].scratch = make([]target.Slice, len(p.plan.Scratch))
		for _, v := range p.out {
			if _, ok := u.place[v]; ok {
				continue
			}
			end := max(last[v], i)
			dies := func(x ir.Value) bool { return of[x] != nil && last[x] <= i && of[x].values[len(of[x].values)-1] == x }
			if x, ok := p.takes(u.prog, v, dies); ok {
				s := of[x]
				s.values, s.last = append(s.values, v), end
				of[v], u.took[v] = s, x
				continue
			}
			of[v] = &span{values: []ir.Value{v}, bytes: u.prog.Types[v].Elems() * 4, first: i, last: end}
			spans = append(spans, of[v])
		}
	}
	return spans
}

// takes finds a value that dies in a kernel and that output v may overwrite: the stage
// that gives v reads it at the element that it writes and nowhere else, no later
// stage reads it, and the stages before do so row by row. All outputs of a stage are
// computed for an element before one is stored.
func (p *planned) takes(prog *fuse.Program, v ir.Value, dies func(ir.Value) bool) (ir.Value, bool) {
	at := slices.IndexFunc(p.pieces, func(q *fuse.Piece) bool { return slices.Contains(q.Out, v) })
	q := p.pieces[at]
	for _, x := range q.In {
		if prog.Types[x].Elems() != prog.Types[v].Elems() || !dies(x) || !prog.OwnElements(q, x) {
			continue
		}
		ok := p.lead > 0 || len(p.pieces) == 1
		for i, r := range p.pieces {
			ok = ok && (i == at || !slices.Contains(r.In, x) || i < at && r.ByRows(p.lead, x))
		}
		if ok {
			return x, true
		}
	}
	return ir.None, false
}

// layout gives each span an offset, the largest first, each at the lowest place
// where nothing live at the same time stands, and returns the bytes in all.
func layout(spans []*span) int {
	order := append([]*span(nil), spans...)
	sort.SliceStable(order, func(i, j int) bool { return order[i].bytes > order[j].bytes })
	total := 0
	var placed []*span
	for _, s := range order {
		var near []*span
		for _, p := range placed {
			if p.first <= s.last && s.first <= p.last {
				near = append(near, p)
			}
		}
		sort.Slice(near, func(i, j int) bool { return near[i].offset < near[j].offset })
		at := 0
		for _, p := range near {
			if at+s.bytes <= p.offset {
				break
			}
			at = max(at, roundUp(p.offset+p.bytes))
		}
		s.offset = at
		placed = append(placed, s)
		total = max(total, roundUp(at+s.bytes))
	}
	return total
}

func roundUp(n int) int { return (n + align - 1) / align * align }
