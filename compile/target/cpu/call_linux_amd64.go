package cpu

import "unsafe"

// call runs machine code with its frame in RDI. A fault in it is a Go panic where debug.SetPanicOnFault is
// on.
//
//go:noescape
func call(code uintptr, frame unsafe.Pointer)
