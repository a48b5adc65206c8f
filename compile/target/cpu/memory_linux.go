package cpu

import (
	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// mapped gives n bytes of zeroed memory outside of the Go heap, aligned to a page. With guard set its end is
// the end of a page, and the page behind it cannot be touched; the memory then is aligned to align bytes
// only.
func mapped(n int, guard bool, align int) (memory, whole []byte, err error) {
	page := unix.Getpagesize()
	size := (n + page - 1) &^ (page - 1)
	if !guard {
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
	start := (end - n) &^ (align - 1)
	return m[start : start+n], m, nil
}

func unmap(whole []byte) { _ = unix.Munmap(whole) }
