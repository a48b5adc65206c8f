package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// The constants of Philox4x32 (Salmon, Moraes, Dror and Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", 2011): two multipliers and two key increments.
const (
	philoxM0 = 0xD2511F53
	philoxM1 = 0xCD9E8D57
	philoxW0 = 0x9E3779B9
	philoxW1 = 0xBB67AE85

	philoxRounds = 10
)

func word(v uint32) *expr.Expr { return expr.Int(int(int32(v))) }

// philox is Philox4x32-10: four random words for a counter and a key.
func philox(c [4]*expr.Expr, key [2]*expr.Expr) [4]*expr.Expr {
	m0, m1 := word(philoxM0), word(philoxM1)
	for i := range uint32(philoxRounds) {
		k0 := expr.Plus(key[0], word(i*philoxW0))
		k1 := expr.Plus(key[1], word(i*philoxW1))
		hi0, lo0 := expr.Bin(expr.MulHi, m0, c[0]), expr.Times(m0, c[0])
		hi1, lo1 := expr.Bin(expr.MulHi, m1, c[2]), expr.Times(m1, c[2])
		xor := func(a, b, k *expr.Expr) *expr.Expr { return expr.Bin(expr.Xor, expr.Bin(expr.Xor, a, b), k) }
		c = [4]*expr.Expr{xor(hi1, c[1], k0), lo1, xor(hi0, c[3], k1), lo0}
	}
	return c
}

// draws are the random words of each element of a result: the counter is
// (element, 0, step, stream), the key the seed.
func draws(out ir.Type, stream int) [4]*expr.Expr {
	state := func(i int) *expr.Expr { return expr.Get(0, ir.I32, expr.Int(i)) }
	element := flat(axesAt(out.Rank()), out.Shape)
	return philox([4]*expr.Expr{element, expr.Int(0), state(2), expr.Int(stream)},
		[2]*expr.Expr{state(0), state(1)})
}

// unit is the upper 24 bits of a random word, plus a number, times 2^-24.
func unit(w *expr.Expr, plus int) *expr.Expr {
	n := expr.Plus(expr.Bin(expr.Shr, w, expr.Int(8)), expr.Int(plus))
	return expr.Times(expr.To(ir.F32, n), expr.Float(0x1p-24))
}

// inferRandom is the rule of generators.
func inferRandom(o ir.Op, in []ir.Type, shape ir.Ints, stream int) (ir.Type, error) {
	if err := operands(o, in, 1); err != nil {
		return ir.Type{}, err
	}
	if !in[0].Equal(ir.Of(ir.I32, 4)) {
		return ir.Type{}, fmt.Errorf("%s: state=%s: want i32[4] of seed (two words), step and 0", o.Name(), in[0])
	}
	if stream < -1<<31 || stream >= 1<<31 {
		return ir.Type{}, fmt.Errorf("%s: stream %d: want 32 bits", o.Name(), stream)
	}
	return ir.Of(ir.F32, shape.Slice()...), nil
}

// refPhilox is the reference of philox on machine words.
func refPhilox(c [4]uint32, key [2]uint32) [4]uint32 {
	for range philoxRounds {
		p0, p1 := uint64(c[0])*philoxM0, uint64(c[2])*philoxM1
		c = [4]uint32{uint32(p1>>32) ^ c[1] ^ key[0], uint32(p1), uint32(p0>>32) ^ c[3] ^ key[1], uint32(p0)}
		key[0] += philoxW0
		key[1] += philoxW1
	}
	return c
}

// refDraws are the random words of element i.
func refDraws(state Array, stream, i int) [4]uint32 {
	s := func(i int) uint32 { return uint32(int32(state.Data[i])) }
	return refPhilox([4]uint32{uint32(i), 0, s(2), uint32(int32(stream))}, [2]uint32{s(0), s(1)})
}

// randomSamples makes samples for a generator.
func randomSamples(op func(shape ir.Ints, stream int) Operator) []Sample {
	return []Sample{
		at(op(ir.List(), 0), ints(1, 2, 3, 0)), at(op(ir.List(17), 0), ints(0, 0, 0, 0)),
		at(op(ir.List(3, 33), 7), ints(-1, 123456789, 1<<31-1, 0)),
		at(op(ir.List(2, 5, 70), -5), ints(42, -1<<31, 1000, 0)),
	}
}
