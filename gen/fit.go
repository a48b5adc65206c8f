package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// fit brings pictures to the size that a net works at, and back. Smaller pictures
// are framed in black, larger ones shrunk.
type fit struct {
	d    DataInfo
	h, w int
}

// enter gives pictures [N H W C] in [0,1] as [N h w C] in [-1,1].
func (f fit) enter(s *nn.Scope, x ir.Value) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	s.Through(f.frame())
	if f.d.H > f.h || f.d.W > f.w {
		x = resize(b, x, f.h, f.w)
	} else if f.d.H < f.h || f.d.W < f.w {
		top, left := (f.h-f.d.H)/2, (f.w-f.d.W)/2
		before, after := []int{0, top, left, 0}, []int{0, f.h - f.d.H - top, f.w - f.d.W - left, 0}
		x = ops.Pad(b, x, before, after, 0)
	}
	return ops.Shift(b, ops.Scale(b, x, 2), -1)
}

// frame tells a tap where the pictures' pixels have gone: known if they keep their
// size and are framed alike in height and width.
func (f fit) frame() nn.Layer {
	l := nn.Layer{Kind: nn.FrameKind, Size: 1, Pad: (f.h - f.d.H) / 2}
	if f.d.H > f.h || f.d.W > f.w || l.Pad != (f.w-f.d.W)/2 {
		l.Size, l.Pad = 0, 0
	}
	return l
}

// leave gives what a net made, [N h w C], as pictures [N H W C] in [0,1].
func (f fit) leave(s *nn.Scope, y ir.Value) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	if f.d.H > f.h || f.d.W > f.w {
		y = resize(b, y, f.d.H, f.d.W)
	} else {
		top, left := (f.h-f.d.H)/2, (f.w-f.d.W)/2
		y = ops.Slice(b, ops.Slice(b, y, 1, top, top+f.d.H), 2, left, left+f.d.W)
	}
	return ops.Clamp(b, ops.Scale(b, ops.Shift(b, y, 1), 0.5), 0, 1)
}

// resize gives pictures [N H W C] another height and width, smoothed by a triangle
// as wide as the coarser grid: two matrix products.
func resize(b *ir.Builder, x ir.Value, h, w int) ir.Value {
	if b.Err() != nil {
		return ir.None
	}
	t := b.Type(x).Shape
	n, c := t[0], t[3]
	x = ops.MatMul(b, triangles(b, t[1], h), ops.Reshape(b, x, n, t[1], t[2]*c))
	x = ops.MatMul(b, triangles(b, t[2], w), ops.Reshape(b, x, n*h, t[2], c))
	return ops.Reshape(b, x, n, h, w, c)
}

// triangles is the matrix [to from] that resamples a row of numbers. Each of its rows
// sums to one.
func triangles(b *ir.Builder, from, to int) ir.Value {
	step := float64(from) / float64(to)
	centre := ops.Shift(b, ops.Scale(b, ops.Iota(b, ir.F32, 0, to, 1), step), 0.5*step-0.5)
	away := ops.Abs(b, ops.Sub(b, centre, ops.Iota(b, ir.F32, 1, 1, from)))
	weight := ops.Shift(b, ops.Scale(b, away, -1/max(1, step)), 1)
	weight = ops.Maximum(b, weight, b.Const(ir.F32, 0))
	return ops.Div(b, weight, ops.SumKeep(b, weight, 1))
}
