package ops

import (
	"fmt"

	"mllab/compile/ir"
)

type upsample2d struct{ Factor int }

var _ = register(upsample2d{})

// Upsample2D gives x [N H W C], F32, with each row and column repeated: nearest
// neighbours, [N H*factor W*factor C]. It gives x itself for a factor of 1.
func Upsample2D(b *ir.Builder, x ir.Value, factor int) ir.Value {
	if factor == 1 {
		return x
	}
	return b.Apply(upsample2d{factor}, x)
}

func (upsample2d) Name() string { return "upsample2d" }

func (o upsample2d) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	x := in[0]
	if x.Rank() != 4 || x.DType != ir.F32 || o.Factor < 1 {
		return ir.Type{}, fmt.Errorf("upsample2d: x=%s by %d: want f32 [N H W C] and a factor of 1 or more",
			x, o.Factor)
	}
	return ir.Of(ir.F32, x.Shape[0], x.Shape[1]*o.Factor, x.Shape[2]*o.Factor, x.Shape[3]), nil
}

// Expand stretches two new axes, [N H 1 W 1 C] to [N H F W F C].
func (o upsample2d) Expand(b *ir.Builder, in []ir.Value) ir.Value {
	s, f := b.Type(in[0]).Shape, o.Factor
	x := Reshape(b, in[0], s[0], s[1], 1, s[2], 1, s[3])
	x = BroadcastTo(b, x, s[0], s[1], f, s[2], f, s[3])
	return Reshape(b, x, s[0], s[1]*f, s[2]*f, s[3])
}

// VJP: each value has the sum of the gradients of its repetitions.
func (o upsample2d) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{SumPool2D(b, g, Pool{Size: o.Factor})}
}

func (o upsample2d) Ref(in []Array, out ir.Type) Array {
	return fill(out, func(at []int) float64 {
		return in[0].At(at[0], at[1]/o.Factor, at[2]/o.Factor, at[3])
	})
}

func (upsample2d) Samples() []Sample {
	return []Sample{
		at(upsample2d{2}, draw(1, -4, 4, 2, 3, 5, 17)), at(upsample2d{3}, draw(2, -4, 4, 1, 2, 1, 7)),
		at(upsample2d{1}, draw(3, -4, 4, 1, 3, 3, 3)), at(upsample2d{4}, draw(4, -4, 4, 1, 1, 1, 33)),
	}
}
