// Package cstyle prints a loop.Nest as source text of a C-like language. It is a
// pure function from a nest and a Dialect, which is a table of what the languages
// differ in, to a Source: the text, and the grid of work items that carries it
// out. It knows no driver and no device, so its goldens run on every machine.
// Begin with Render; the table for OpenCL C is in opencl.go.
package cstyle

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Dialect is what a language of the C family says in its own way. Everything
// else, such as loops, arithmetic, integers that wrap and guarded loads, is the
// same text in all of them.
type Dialect struct {
	Name string
	// Kernel opens the definition of a kernel for a group of so many threads, up to
	// the kernel's name.
	Kernel func(threads [3]int) string
	// Inline stands before a helper function.
	Inline string
	// Global is the address space of buffers, with a space after it, or empty.
	Global string
	// Offsets gives each buffer a second parameter, in elements, that says where it
	// begins, for languages whose host cannot pass an address within a buffer.
	Offsets bool
	// Group and Thread are the position of a work item's group, and its own in it.
	Group, Thread func(dim int) string
	// Items is how many iterations of a Parallel loop make one group.
	Items int
	// Unroll is a line before a loop of n iterations that is to be expanded.
	Unroll func(n int) string
	// Unary has the functions of float32, with %s for the operand; round_even is a
	// helper that a dialect without such a function may name.
	Unary [expr.Erf + 1]string
	// Pow has %s for each operand; MulHi too, both unsigned, as is its value.
	Pow, MulHi string
	// Inf and NaN are constants of float32.
	Inf, NaN string
	// Reserved are words that variables may not be called: keywords, macros, and
	// the functions above. Keywords of C need not be listed.
	Reserved []string
}

// cType is the type of a value in registers and in memory.
func cType(d ir.DType) string {
	if d == ir.F32 {
		return "float"
	}
	return "int"
}

// helper is a function that kernels of all dialects may call. Its name stands in
// the text between the type and the parenthesis.
type helper struct{ name, text string }

// helpers are printed before the kernel where it calls them, in this order.
var helpers = []helper{
	{"floor_div", `int floor_div(int a, int b) {
    if (b == 0) return 0;
    if (b == -1) return (int)(0u - (unsigned)a);
    const int q = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}`},
	{"floor_mod", `int floor_mod(int a, int b) {
    return (int)((unsigned)a - (unsigned)b * (unsigned)floor_div(a, b));
}`},
	{"round_even", `float round_even(float x) {
    const float whole = 8388608.0f;
    if (x > 0.0f && x < whole) return (x + whole) - whole;
    if (x < 0.0f && x > -whole) return -((whole - x) - whole);
    return x;
}`},
	{"to_int", `int to_int(float x) {
    return x >= -2147483648.0f && x < 2147483648.0f ? (int)x : -2147483647 - 1;
}`},
}

// needs lists the helper that a helper calls.
var needs = map[string]string{"floor_mod": "floor_div"}

// keywords of C; the words of a dialect are its own affair.
var keywords = []string{
	"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
	"float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
	"sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while",
	"bool", "true", "false", "asm", "typeof", "linux", "unix", "main",
}
