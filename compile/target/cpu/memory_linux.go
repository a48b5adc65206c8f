package cpu

import (
	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// mapped gives n bytes of zeroed memory outside of the Go heap, aligned to a page. With a guard behind it its end
// is the end of a page, and neither the page behind nor the one before it can be touched; the memory then is
// aligned to 4 bytes only. With a guard in front it begins such a page.
func mapped(n int, g guard) (memory, whole []byte, err error) {
	page := unix.Getpagesize()
	size := (n + page - 1) &^ (page - 1)
	if g == unguarded {
		if size >= hugePage {
			size = (n + hugePage - 1) &^ (hugePage - 1)
		}
		m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return nil, nil, err
		}
		if size >= hugePage {
			_ = unix.Madvise(m, unix.MADV_HUGEPAGE) // advice only: without it the pages are small
		}
		return m[:n], m, nil
	}
	m, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range [][]byte{m[:page], m[page+size:]} {
		if err := unix.Mprotect(p, unix.PROT_NONE); err != nil {
			_ = unix.Munmap(m)
			return nil, nil, err
		}
	}
	end := page + size
	start := page
	if g == behind {
		start = (end - n) &^ 3
	}
	return m[start : start+n], m, nil
}

func unmap(whole []byte) { _ = unix.Munmap(whole) }
