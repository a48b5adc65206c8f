package ops

import (
	"slices"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type matmul struct{ TransA, TransB bool }

var _ = register(matmul{})

// MatMul gives the matrix product of x [... M K] and w [... K N], F32, whose
// leading dimensions broadcast. Where w is one matrix for all of x's batches,
// these are made rows of one product.
func MatMul(b *ir.Builder, x, w ir.Value) ir.Value { return MatMulT(b, x, w, false, false) }

// MatMulT is MatMul with x read as [... K M] where transX, and w as [... N K]
// where transW.
func MatMulT(b *ir.Builder, x, w ir.Value, transX, transW bool) ir.Value {
	o := matmul{transX, transW}
	tx, tw := b.Type(x), b.Type(w)
	if transX || tx.Rank() <= 2 || tw.Rank() != 2 {
		return b.Apply(o, x, w)
	}
	if _, err := o.Infer([]ir.Type{tx, tw}); err != nil {
		return b.Fail(err)
	}
	y := b.Apply(o, rows(b, x), w)
	lead := slices.Clone(tx.Shape[:tx.Rank()-1])
	return Reshape(b, y, append(lead, b.Type(y).Shape[1:]...)...)
}

// rows joins all dimensions but the last.
func rows(b *ir.Builder, x ir.Value) ir.Value {
	t := b.Type(x)
	if t.Rank() <= 2 {
		return x
	}
	last := t.Shape[t.Rank()-1]
	return Reshape(b, x, t.Elems()/last, last)
}

func (matmul) Name() string { return "matmul" }

func (o matmul) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 2); err != nil {
		return ir.Type{}, err
	}
	x, w := in[0], in[1]
	if x.Rank() < 2 || w.Rank() < 2 || x.DType != ir.F32 || w.DType != ir.F32 {
		return ir.Type{}, misfit(o, in, "f32 matrices", "x", "w")
	}
	m, k := swapIf(o.TransA, x.Shape[x.Rank()-2:])
	k2, n := swapIf(o.TransB, w.Shape[w.Rank()-2:])
	if k != k2 {
		return ir.Type{}, misfit(o, in, "one K", "x", "w")
	}
	lead, ok := broadcast(x.Shape[:x.Rank()-2], w.Shape[:w.Rank()-2])
	if !ok {
		return ir.Type{}, misfit(o, in, "leading dimensions that broadcast", "x", "w")
	}
	return ir.Of(ir.F32, append(lead, m, n)...), nil
}

func swapIf[T any](c bool, v []T) (T, T) {
	if c {
		return v[1], v[0]
	}
	return v[0], v[1]
}

// Lower is one contraction over K.
func (o matmul) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	r := out.Rank()
	m, n, k := expr.At(r-2), expr.At(r-1), expr.At(r)
	load := func(i int, trans bool, a, b *expr.Expr) *expr.Expr {
		lead := ir.Type{Shape: in[i].Shape[:in[i].Rank()-2]}
		a, b = swapIf(trans, []*expr.Expr{a, b})
		return expr.Get(i, ir.F32, append(stretched(lead, r-2), a, b)...)
	}
	body := expr.Times(load(0, o.TransA, m, k), load(1, o.TransB, k, n))
	depth, _ := swapIf(o.TransB, in[1].Shape[in[1].Rank()-2:])
	return expr.Reduce(in, out, []int{depth}, expr.Sum, body)
}

// VJP: for Y = X W, dX = dY W^T and dW = X^T dY, with the transpositions read
// from the attributes; a W shared by batches takes one product over all rows.
func (o matmul) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	x, w := in[0], in[1]
	var dx, dw ir.Value
	if o.TransA {
		dx = b.Apply(matmul{o.TransB, true}, w, g)
	} else {
		dx = b.Apply(matmul{false, !o.TransB}, g, w)
	}
	if !o.TransA && b.Type(w).Rank() == 2 {
		x, g = rows(b, x), rows(b, g)
	}
	if o.TransB {
		dw = b.Apply(matmul{true, o.TransA}, g, x)
	} else {
		dw = b.Apply(matmul{!o.TransA, false}, x, g)
	}
	return unbroadcast(b, in, dx, dw)
}

func (o matmul) Ref(in []Array, out ir.Type) Array {
	x, w := in[0], in[1]
	r := out.Rank()
	kAt := x.Type.Rank() - 1
	if o.TransA {
		kAt--
	}
	i, j := make([]int, r), make([]int, r)
	return fill(out, func(at []int) float64 {
		copy(i, at[:r-2])
		copy(j, at[:r-2])
		acc := 0.0
		for k := range x.Type.Shape[kAt] {
			i[r-2], i[r-1] = at[r-2], k
			if o.TransA {
				i[r-2], i[r-1] = k, at[r-2]
			}
			j[r-2], j[r-1] = k, at[r-1]
			if o.TransB {
				j[r-2], j[r-1] = at[r-1], k
			}
			acc += x.stretch(i) * w.stretch(j)
		}
		return acc
	})
}

func (matmul) Samples() []Sample {
	var ss []Sample
	for i, t := range [][3]int{{1, 1, 1}, {3, 17, 33}, {17, 70, 5}, {33, 5, 70}, {1, 33, 17}} {
		m, k, n := t[0], t[1], t[2]
		seed := uint64(2 * i)
		for _, o := range []matmul{{false, false}, {false, true}, {true, false}, {true, true}} {
			x, w := []int{m, k}, []int{k, n}
			if o.TransA {
				slices.Reverse(x)
			}
			if o.TransB {
				slices.Reverse(w)
			}
			ss = append(ss, at(o, draw(seed, -1, 1, x...), draw(seed+1, -1, 1, w...)))
		}
	}
	batch := func(o matmul, x, w []int) {
		ss = append(ss, at(o, draw(40, -1, 1, x...), draw(41, -1, 1, w...)))
	}
	batch(matmul{}, []int{3, 5, 17}, []int{3, 17, 7})
	batch(matmul{}, []int{3, 5, 17}, []int{17, 7})
	batch(matmul{TransB: true}, []int{2, 3, 5, 17}, []int{7, 17})
	batch(matmul{TransA: true}, []int{3, 17, 5}, []int{17, 7})
	batch(matmul{TransB: true}, []int{2, 1, 5, 9}, []int{3, 4, 9})
	batch(matmul{}, []int{5, 9}, []int{3, 9, 4})
	return ss
}
