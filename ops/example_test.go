package ops_test

import (
	"fmt"

	"mllab/compile/ir"
	"mllab/ops"
)

// A layer of a network as a graph, computed by the oracle.
func Example() {
	b := ir.NewBuilder()
	x := b.Input("x", ir.Of(ir.F32, 2, 3))
	w := b.Input("w", ir.Of(ir.F32, 3, 2))
	bias := b.Input("bias", ir.Of(ir.F32, 2))
	b.Output("y", ops.Relu(b, ops.Add(b, ops.MatMul(b, x, w), bias)))
	g, err := b.Graph()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(g)
	out, err := ops.Eval(g, map[string]ops.Array{
		"x":    {Type: ir.Of(ir.F32, 2, 3), Data: []float64{1, 2, 3, 4, 5, 6}},
		"w":    {Type: ir.Of(ir.F32, 3, 2), Data: []float64{1, 0, 0, -1, 1, 0}},
		"bias": {Type: ir.Of(ir.F32, 2), Data: []float64{0.5, 3}},
	})
	fmt.Println(out["y"].Data, err)
	// Output:
	// %0 = input "x" [2 3]
	// %1 = input "w" [3 2]
	// %2 = input "bias" [2]
	// %3 = matmul{TransA:false TransB:false} %0 %1 [2 2]
	// %4 = add %3 %2 [2 2]
	// %5 = relu %4 [2 2]
	// output y = %5
	// [4.5 1 10.5 0] <nil>
}
