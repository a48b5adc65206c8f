package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type scatterAdd struct{ Rows int }

var _ = register(scatterAdd{})

// ScatterAdd adds rows up: for I32 indices [I...] and F32 rows [I... D...] it
// gives [n D...] whose row v is the sum of all rows with index v, always in the
// same order. Indices are limited to 0..n-1.
func ScatterAdd(b *ir.Builder, index, rows ir.Value, n int) ir.Value {
	return b.Apply(scatterAdd{n}, index, rows)
}

func (scatterAdd) Name() string { return "scatter_add" }

func (o scatterAdd) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 2); err != nil {
		return ir.Type{}, err
	}
	index, rows := in[0], in[1]
	lead := index.Rank()
	if index.DType != ir.I32 || rows.DType != ir.F32 || rows.Rank() < lead ||
		!ir.SameShape(index.Shape, rows.Shape[:lead]) {
		return ir.Type{}, misfit(o, in, "i32 index [I...] and f32 rows [I... D...]", "index", "rows")
	}
	if o.Rows < 1 || o.Rows > 1<<31-1 {
		return ir.Type{}, fmt.Errorf("scatter_add: result of %d rows: want 1 or more", o.Rows)
	}
	return ir.Of(ir.F32, append([]int{o.Rows}, rows.Shape[lead:]...)...), nil
}

// Lower is dense and deterministic: each result looks at all indices.
func (o scatterAdd) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	lead := in[0].Rank()
	from := make([]*expr.Expr, lead)
	red := in[0].Shape
	for d := range from {
		from[d] = expr.At(out.Rank() + d)
	}
	if lead == 0 {
		red = []int{1}
	}
	hit := expr.Bin(expr.Eq, clamped(expr.Get(0, ir.I32, from...), o.Rows), expr.At(0))
	row := expr.Get(1, ir.F32, append(from, axesAt(out.Rank())[1:]...)...)
	return expr.Reduce(in, out, red, expr.Sum, expr.If(hit, row, expr.Float(0)))
}

// VJP: each row has the gradient of the row that it went to.
func (scatterAdd) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{ir.None, Gather(b, g, in[0])}
}

func (o scatterAdd) Ref(in []Array, out ir.Type) Array {
	a := NewArray(out)
	row := len(a.Data) / o.Rows
	for k, v := range in[0].Data {
		to := min(max(int(v), 0), o.Rows-1) * row
		for d := range row {
			a.Data[to+d] += in[1].Data[k*row+d]
		}
	}
	return a
}

func (scatterAdd) Samples() []Sample {
	return []Sample{
		at(scatterAdd{7}, drawInts(1, 0, 7, 17), draw(2, -4, 4, 17, 33)),
		at(scatterAdd{5}, drawInts(3, 0, 5, 3, 5), draw(4, -4, 4, 3, 5)),
		at(scatterAdd{3}, drawInts(5, 0, 3), draw(6, -4, 4, 3, 7)),
		at(scatterAdd{70}, drawInts(7, 0, 70, 33), draw(8, -4, 4, 33, 3)),
		at(scatterAdd{4}, ints(-1, 4, 2, 2, 1<<31-1, -1<<31), draw(9, -4, 4, 6, 5)),
	}
}
