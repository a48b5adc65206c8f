package ops

import "mllab/compile/ir"

// Greater gives x > y as a bool, elementwise with broadcasting, for F32 or I32.
func Greater(b *ir.Builder, x, y ir.Value) ir.Value { return Less(b, y, x) }

// GreaterEqual gives x >= y as a bool, elementwise with broadcasting, for F32 or I32.
func GreaterEqual(b *ir.Builder, x, y ir.Value) ir.Value { return LessEqual(b, y, x) }

// compareSamples are pairs of which some are equal.
func compareSamples(o Operator) []Sample {
	return []Sample{
		at(o, draw(1, -1, 1, 5, 33), draw(2, -1, 1, 33)),
		at(o, vec(0, 1, -1, 2, 2), vec(0, 2, -1, -2, 2)),
		at(o, drawInts(3, -3, 3, 7, 17), drawInts(4, -3, 3, 7, 1)),
		at(o, drawInts(5, -3, 3), drawInts(6, -3, 3, 3)),
		edge(o, ints(-1<<31, 1<<31-1, 0), ints(1<<31-1, -1<<31, 0)),
	}
}
