//go:build (!windows && (nopurego || !(linux || darwin))) || !(amd64 || arm64)

package opencl

import "errors"

// This build cannot open libraries: libraryNames is empty, so nothing is ever called.
var libraryNames []string

const (
	missing    = "this build cannot open libraries (build tag nopurego, or a system purego does not serve)"
	driverHint = ""
)

var errNone = errors.New(missing)

func dlopen(string) (uintptr, error) { return 0, errNone }

func dlsym(uintptr, string) (uintptr, error) { return 0, errNone }

func call(uintptr, ...uintptr) uintptr { panic("opencl: call without a library") }
