package ops

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

type gather struct{}

var _ = register(gather{})

// Gather looks rows up: for a table [V D...] of any element type and I32 indices
// [I...] it gives [I... D...]. Indices are limited to 0..V-1.
func Gather(b *ir.Builder, table, index ir.Value) ir.Value { return b.Apply(gather{}, table, index) }

func (gather) Name() string { return "gather" }

func (o gather) Infer(in []ir.Type) (ir.Type, error) {
	if err := operands(o, in, 2); err != nil {
		return ir.Type{}, err
	}
	table, index := in[0], in[1]
	if table.Rank() == 0 || index.DType != ir.I32 {
		return ir.Type{}, misfit(o, in, "table [V D...] and i32 index [I...]", "table", "index")
	}
	shape := append(append([]int(nil), index.Shape...), table.Shape[1:]...)
	return ir.Type{DType: table.DType, Shape: shape}, nil
}

// clamped is an index limited to 0..n-1.
func clamped(i *expr.Expr, n int) *expr.Expr {
	return expr.Bin(expr.Min, expr.Bin(expr.Max, i, expr.Int(0)), expr.Int(n-1))
}

func (gather) Lower(in []ir.Type, out ir.Type) *expr.Compute {
	axes := axesAt(out.Rank())
	lead := in[1].Rank()
	row := clamped(expr.Get(1, ir.I32, axes[:lead]...), in[0].Shape[0])
	index := append([]*expr.Expr{row}, axes[lead:]...)
	return expr.Map(in, out, expr.Get(0, out.DType, index...))
}

// VJP: each row of the table has the sum of the gradients of its uses.
func (gather) VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value {
	return []ir.Value{ScatterAdd(b, in[1], g, b.Type(in[0]).Shape[0]), ir.None}
}

func (gather) Ref(in []Array, out ir.Type) Array {
	table, index := in[0], in[1]
	row := len(table.Data) / table.Type.Shape[0]
	a := Array{Type: out}
	for _, v := range index.Data {
		i := min(max(int(v), 0), table.Type.Shape[0]-1)
		a.Data = append(a.Data, table.Data[i*row:(i+1)*row]...)
	}
	return a
}

func (o gather) Samples() []Sample {
	return []Sample{
		at(o, draw(1, -4, 4, 7, 33), drawInts(2, 0, 7, 17)), at(o, draw(3, -4, 4, 17), drawInts(4, 0, 17, 3, 5)),
		at(o, draw(5, -4, 4, 5, 3, 7), drawInts(6, 0, 5)), at(o, drawInts(7, -9, 9, 3, 2), drawInts(8, 0, 3, 70)),
		at(o, draw(9, -4, 4, 3, 17), ints(-1, 3, 2, 1<<31-1, -1<<31)), at(o, draw(10, -4, 4, 1, 1), ints(0)),
	}
}
