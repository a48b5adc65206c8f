package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// Changes that leave a picture what it is. All of them are drawn anew for every
// picture, and all can be differentiated by the picture, so that a generator learns
// through them (Zhao et al., "Differentiable augmentation for data-efficient GAN
// training", NeurIPS 2020).

// translate moves pictures x [N H W C] by up to most whole pixels each way; what
// comes in from outside has the value of edge.
func translate(s *nn.Scope, name string, x ir.Value, most int, edge float64) ir.Value {
	b := s.B
	t := b.Type(x).Shape
	if b.Err() != nil || most < 1 {
		return x
	}
	n, h, w, c := t[0], t[1], t[2], t[3]
	x = ops.Shift(b, x, -edge)
	x = ops.MatMul(b, moved(s, name+".y", n, h, most), ops.Reshape(b, x, n, h, w*c))
	x = ops.Transpose(b, ops.Reshape(b, x, n, h, w, c), 0, 2, 1, 3)
	x = ops.MatMul(b, moved(s, name+".x", n, w, most), ops.Reshape(b, x, n, w, h*c))
	x = ops.Transpose(b, ops.Reshape(b, x, n, w, h, c), 0, 2, 1, 3)
	return ops.Shift(b, x, edge)
}

// moved gives n matrices [side side] that move a column of numbers by up to most
// places, each by another number of them.
func moved(s *nn.Scope, name string, n, side, most int) ir.Value {
	b := s.B
	by := ops.Shift(b, ops.Reshape(b, places(s, name, n, 2*most+1), n, 1, 1), -float64(most))
	from := ops.Sub(b, ops.Iota(b, ir.F32, 1, 1, side, 1), by)
	return ops.Cast(b, ops.Equal(b, from, ops.Iota(b, ir.F32, 2, 1, 1, side)), ir.F32)
}

// places draws n whole numbers from 0 up to, not including, most, f32 [n].
func places(s *nn.Scope, name string, n, most int) ir.Value {
	return ops.Floor(s.B, ops.Scale(s.B, s.Uniform(name, n), float64(most)))
}

// cutout puts a square of a value over pictures x [N H W C], of a share of their
// side, in a place of its own each.
func cutout(s *nn.Scope, name string, x ir.Value, share, value float64) ir.Value {
	b := s.B
	t := b.Type(x).Shape
	if b.Err() != nil {
		return ir.None
	}
	n := t[0]
	band := func(name string, axis, side int) ir.Value { // 1 within the square's rows or columns
		size := max(1, int(share*float64(side)+0.5))
		// The square's corner lies up to half a square outside, so that borders are covered as often as the middle.
		first := ops.Shift(b, places(s, name, n, side+size%2), -float64(size/2))
		shape := []int{1, 1, 1, 1}
		shape[axis] = side
		at := ops.Sub(b, ops.Iota(b, ir.F32, axis, shape...), ops.Reshape(b, first, n, 1, 1, 1))
		behind := ops.LessEqual(b, b.Const(ir.F32, 0), at)
		before := ops.Less(b, at, b.Const(ir.F32, float64(size)))
		return ops.Cast(b, ops.And(b, behind, before), ir.F32)
	}
	kept := ops.Shift(b, ops.Neg(b, ops.Mul(b, band(name+".y", 1, t[1]), band(name+".x", 2, t[2]))), 1)
	return ops.Shift(b, ops.Mul(b, ops.Shift(b, x, -value), kept), value)
}

// recolour changes brightness, saturation and contrast of RGB pictures x [N H W 3]
// in [-1,1]: by -0.5 to 0.5, 0 to 2 times, and 0.5 to 1.5 times.
func recolour(s *nn.Scope, name string, x ir.Value) ir.Value {
	b := s.B
	t := b.Type(x).Shape
	if b.Err() != nil {
		return ir.None
	}
	each := func(what string) ir.Value { return ops.Reshape(b, s.Uniform(name+what, t[0]), t[0], 1, 1, 1) }
	x = ops.Add(b, x, ops.Shift(b, each(".brightness"), -0.5))
	grey := ops.MeanKeep(b, x, 3)
	x = ops.Add(b, ops.Mul(b, ops.Sub(b, x, grey), ops.Scale(b, each(".saturation"), 2)), grey)
	mean := ops.MeanKeep(b, x, 1, 2, 3)
	return ops.Add(b, ops.Mul(b, ops.Sub(b, x, mean), ops.Shift(b, each(".contrast"), 0.5)), mean)
}
