//go:build windows && (amd64 || arm64)

package opencl

import (
	"syscall"

	"golang.org/x/sys/windows"
)

var libraryNames = []string{"OpenCL.dll"}

const (
	missing    = "no OpenCL.dll found: install the graphics driver of your device's maker"
	driverHint = " of your device's maker"
)

func dlopen(name string) (uintptr, error) {
	h, err := windows.LoadLibraryEx(name, 0, windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	return uintptr(h), err
}

func dlsym(h uintptr, name string) (uintptr, error) {
	return windows.GetProcAddress(windows.Handle(h), name)
}

// call calls a C function of integer and pointer arguments.
//
//go:uintptrescapes
func call(fn uintptr, args ...uintptr) uintptr {
	r, _, _ := syscall.SyscallN(fn, args...)
	return r
}
