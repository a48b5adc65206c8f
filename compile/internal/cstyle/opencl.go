package cstyle

import (
	"fmt"

	"mllab/compile/expr"
)

// OpenCL is OpenCL C 1.2, with buffers that begin at an offset. It has no rint: PoCL
// 3.1 converts to an integer in it, and takes a constant beyond those for undefined.
var OpenCL = &Dialect{
	Name: "OpenCL C",
	Kernel: func(t [3]int) string {
		const form = "__kernel __attribute__((reqd_work_group_size(%d, %d, %d)))\nvoid "
		return fmt.Sprintf(form, t[0], t[1], t[2])
	},
	Inline:  "",
	Global:  "__global ",
	Offsets: true,
	Group:   func(dim int) string { return fmt.Sprintf("(int)get_group_id(%d)", dim) },
	Thread:  func(dim int) string { return fmt.Sprintf("(int)get_local_id(%d)", dim) },
	Items:   64,
	Unroll:  func(int) string { return "#pragma unroll" },
	Unary: [...]string{
		expr.Abs: "fabs(%s)", expr.Exp: "exp(%s)", expr.Log: "log(%s)", expr.Log1p: "log1p(%s)",
		expr.Tanh: "tanh(%s)", expr.Sigmoid: "(1.0f / (1.0f + exp(-(%s))))", expr.Sin: "sin(%s)",
		expr.Cos: "cos(%s)", expr.Sqrt: "sqrt(%s)", expr.Rsqrt: "(1.0f / sqrt(%s))",
		expr.Recip: "(1.0f / (%s))", expr.Floor: "floor(%s)", expr.Round: "round_even(%s)", expr.Erf: "erf(%s)",
	},
	Pow:   "pow(%s, %s)",
	MulHi: "mul_hi(%s, %s)",
	Inf:   "INFINITY",
	NaN:   "NAN",
	Reserved: []string{
		"global", "local", "constant", "private", "generic", "kernel", "half", "uint", "uchar",
		"ushort", "ulong", "size_t", "pipe", "uniform", "read_only", "write_only", "read_write", "fabs", "exp", "log", "log1p",
		"tanh", "sin", "cos", "sqrt", "rsqrt", "floor", "erf", "pow", "mul_hi", "get_group_id", "get_local_id",
	},
}
