package vec

import (
	"cmp"
	"math/bits"
	"slices"
)

// minColumns is how many neighbouring strided loads make a transposition cheaper than gathers.
const minColumns = 4

// run is a set of strided loads of neighbouring columns: together they read a matrix with rows along the
// lanes, which contiguous loads and a transposition in registers fetch faster.
type run struct {
	loads []ID // columns Disp, Disp+1, ...
}

// transpose replaces runs of strided loads in blk.
func (b *builder) transpose(blk *Block) {
	if b.f.Lanes != 8 && b.f.Lanes != 16 {
		return
	}
	runs := b.runs(blk)
	if len(runs) == 0 {
		return
	}
	start := map[ID]run{}
	for _, r := range runs {
		start[slices.Min(r.loads)] = r
	}
	old := blk.Ins
	b.ins, b.known = nil, map[Ins]ID{}
	to := make([]ID, len(old))
	done := map[ID]bool{}
	for i, x := range old {
		id := ID(i)
		if r, ok := start[id]; ok {
			for k, out := range b.columns(old, r) {
				to[r.loads[k]], done[r.loads[k]] = out, true
			}
		}
		if done[id] {
			continue
		}
		for k, a := range x.Args {
			if a >= 0 {
				x.Args[k] = to[a]
			}
		}
		if x.Mask >= 0 {
			x.Mask = to[x.Mask]
		}
		to[i] = b.add(x)
	}
	blk.Ins = b.ins
	for i := range blk.Out {
		blk.Out[i].ID = to[blk.Out[i].ID]
	}
}

// runs finds the strided loads that lie side by side.
func (b *builder) runs(blk *Block) []run {
	type key struct {
		stream, step, version int32
		mask                  uint32
	}
	byKey := map[key][]ID{}
	var keys []key
	for i := range blk.Ins {
		x := &blk.Ins[i]
		if x.Op != LoadStep {
			continue
		}
		mask := b.allLanes()
		if x.Mask >= 0 {
			m := &blk.Ins[x.Mask]
			if m.Op != MaskOf || m.Imm&(m.Imm+1) != 0 {
				continue
			}
			mask = m.Imm
		}
		k := key{x.Stream, x.Step, x.Version, mask}
		if byKey[k] == nil {
			keys = append(keys, k)
		}
		byKey[k] = append(byKey[k], ID(i))
	}
	var out []run
	for _, k := range keys {
		ids := byKey[k]
		slices.SortFunc(ids, func(p, q ID) int { return cmp.Compare(blk.Ins[p].Disp, blk.Ins[q].Disp) })
		for len(ids) > 0 {
			n := 1
			for n < len(ids) && n < b.f.Lanes && blk.Ins[ids[n]].Disp == blk.Ins[ids[0]].Disp+int32(n) {
				n++
			}
			if n >= minColumns {
				out = append(out, run{ids[:n]})
			}
			ids = ids[n:]
		}
	}
	return out
}

// columns loads the rows of a run and gives its columns.
func (b *builder) columns(old []Ins, r run) []ID {
	first := old[r.loads[0]]
	lanes := b.f.Lanes
	if first.Mask >= 0 {
		lanes = bits.OnesCount32(old[first.Mask].Imm)
	}
	mask := None
	if len(r.loads) < b.f.Lanes {
		mask = b.maskOf(1<<len(r.loads) - 1)
	}
	rows := make([]ID, b.f.Lanes)
	for l := range rows {
		if l >= lanes {
			rows[l] = b.bits(0)
			continue
		}
		x := first
		x.Op, x.Step, x.Mask = Load, 0, mask
		x.Disp += int32(l) * first.Step
		rows[l] = b.add(x)
	}
	return b.turn(rows)[:len(r.loads)]
}

// turn transposes a square of Lanes rows: 4x4 squares inside the 128-bit blocks first, then the blocks.
func (b *builder) turn(rows []ID) []ID {
	n := len(rows)
	quads := make([][4]ID, n/4) // quads[g][c]: block k holds column 4k+c of rows 4g..4g+3
	for g := range quads {
		r := rows[4*g:]
		lo0, hi0 := b.op(UnpackLo, r[0], r[1]), b.op(UnpackHi, r[0], r[1])
		lo1, hi1 := b.op(UnpackLo, r[2], r[3]), b.op(UnpackHi, r[2], r[3])
		quads[g] = [4]ID{b.op(UnpackLo2, lo0, lo1), b.op(UnpackHi2, lo0, lo1),
			b.op(UnpackLo2, hi0, hi1), b.op(UnpackHi2, hi0, hi1)}
	}
	out := make([]ID, n)
	for c := range 4 {
		if n == 8 {
			out[c] = b.opImm(Blocks, 0b0000, quads[0][c], quads[1][c])
			out[4+c] = b.opImm(Blocks, 0b0101, quads[0][c], quads[1][c])
			continue
		}
		const even, odd = 0b10001000, 0b11011101
		s0 := b.opImm(Blocks, even, quads[0][c], quads[1][c])
		s1 := b.opImm(Blocks, even, quads[2][c], quads[3][c])
		s2 := b.opImm(Blocks, odd, quads[0][c], quads[1][c])
		s3 := b.opImm(Blocks, odd, quads[2][c], quads[3][c])
		out[c], out[8+c] = b.opImm(Blocks, even, s0, s1), b.opImm(Blocks, odd, s0, s1)
		out[4+c], out[12+c] = b.opImm(Blocks, even, s2, s3), b.opImm(Blocks, odd, s2, s3)
	}
	return out
}
