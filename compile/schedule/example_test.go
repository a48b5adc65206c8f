package schedule_test

import (
	"fmt"

	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target/targettest"
)

// A matrix product as one register tile of 4 x 16 that walks over the result.
func ExampleApply() {
	s, err := schedule.Parse("split i 4; split j 16; reorder j.0 i.0 k i.1 j.1; " +
		"unroll i.1; vectorize j.1; parallel j.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	c := targettest.Contraction(8, 32, 100, false, false)
	p, err := schedule.Apply(c, s, loop.Machine{Kind: loop.CPU, Lanes: 16, Registers: 32})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(p.Kernels[0].Nest)
	// Output:
	// kernel matmul_nn_8x32x100(x0 f32[800], x1 f32[3200], out y0 f32[256])
	//   tile t0 f32[4 16]
	//   parallel j0 < 2
	//     serial i0 < 2
	//       unroll i1 < 4
	//         vector j1 < 16
	//           t0[i1, j1] = 0
	//       serial k < 100
	//         unroll i1 < 4
	//           vector j1 < 16
	//             t0[i1, j1] sum= (x0[(((i0*400) + k) + (i1*100))]*x1[(((j0*16) + (k*32)) + j1)])
	//       unroll i1 < 4
	//         vector j1 < 16
	//           y0[((((j0*16) + (i0*128)) + (i1*32)) + j1)] = t0[i1, j1]
}
