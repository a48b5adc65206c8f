//go:build !linux

package cpu

import "unsafe"

// mapped gives n bytes of zeroed memory aligned to 64, from the Go heap; there are no guard pages here.
func mapped(n int, _ guard) (memory, whole []byte, err error) {
	const align = 64
	m := make([]byte, n+align)
	skip := -int(uintptr(unsafe.Pointer(&m[0]))) & (align - 1)
	return m[skip : skip+n : skip+n], m, nil
}

func unmap([]byte) {}
