//go:build (amd64 || arm64) && !nopurego

package opencl

import "golang.org/x/sys/unix"

// dup2 is dup3, since Linux on arm64 has no dup2.
func dup2(from, to int) error { return unix.Dup3(from, to, 0) }
