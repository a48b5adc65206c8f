package ops

import "mllab/compile/ir"

func zero(b *ir.Builder) ir.Value { return b.Const(ir.F32, 0) }

func one(b *ir.Builder) ir.Value { return b.Const(ir.F32, 1) }

// Scale gives c*x, elementwise, for F32.
func Scale(b *ir.Builder, x ir.Value, c float64) ir.Value {
	return Mul(b, x, b.Const(ir.F32, c))
}

// Shift gives x+c, elementwise, for F32.
func Shift(b *ir.Builder, x ir.Value, c float64) ir.Value {
	return Add(b, x, b.Const(ir.F32, c))
}

// Clamp gives x limited to the interval from lo to hi, elementwise, for F32.
func Clamp(b *ir.Builder, x ir.Value, lo, hi float64) ir.Value {
	return Minimum(b, Maximum(b, x, b.Const(ir.F32, lo)), b.Const(ir.F32, hi))
}

// BCEWithLogits gives the binary cross-entropy in nats of targets from 0 to 1
// under sigmoid(logits), elementwise with broadcasting: softplus(x) - x t.
func BCEWithLogits(b *ir.Builder, logits, targets ir.Value) ir.Value {
	return Sub(b, Softplus(b, logits), Mul(b, logits, targets))
}

// OneHot gives F32 [I... n] with 1 where the last coordinate is the index, for
// I32 indices [I...]; rows of indices outside 0..n-1 are zero.
func OneHot(b *ir.Builder, index ir.Value, n int) ir.Value {
	shape := append(append([]int(nil), b.Type(index).Shape...), 1)
	return Cast(b, Equal(b, Reshape(b, index, shape...), Iota(b, ir.I32, 0, n)), ir.F32)
}

// unbroadcast sums the gradients of operands over what broadcasting stretched.
func unbroadcast(b *ir.Builder, in []ir.Value, grads ...ir.Value) []ir.Value {
	out := make([]ir.Value, len(grads))
	for i, g := range grads {
		out[i] = ir.None
		if g != ir.None {
			out[i] = sumTo(b, g, b.Type(in[i]).Shape)
		}
	}
	return out
}

// sumTo undoes a broadcast from shape by summing.
func sumTo(b *ir.Builder, g ir.Value, shape []int) ir.Value {
	from := b.Type(g).Shape
	if b.Err() != nil || ir.SameShape(from, shape) {
		return g
	}
	lead := len(from) - len(shape)
	var axes []int
	for d, n := range from {
		if d < lead || shape[d-lead] == 1 && n != 1 {
			axes = append(axes, d)
		}
	}
	return Reshape(b, Sum(b, g, axes...), shape...)
}
