#include "textflag.h"

// func call(code uintptr, frame unsafe.Pointer)
//
// No instruction here may write SP: the runtime could not unwind a fault in the code through this function.
// The code is a leaf: it keeps SP and BP, and its frame is memory that the caller gives it. Every other
// register is dead at a call in ABI0.
TEXT ·call(SB), 0, $64-16
	MOVQ code+0(FP), AX
	MOVQ frame+8(FP), DI
	CALL AX
	RET
