//go:build (amd64 || arm64) && !nopurego

package opencl

import "golang.org/x/sys/unix"

func dup2(from, to int) error { return unix.Dup2(from, to) }
