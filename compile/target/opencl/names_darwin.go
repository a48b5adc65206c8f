//go:build (amd64 || arm64) && !nopurego

package opencl

var libraryNames = []string{"/System/Library/Frameworks/OpenCL.framework/OpenCL"}

const (
	missing    = "no OpenCL framework found in /System/Library/Frameworks"
	driverHint = ""
)
