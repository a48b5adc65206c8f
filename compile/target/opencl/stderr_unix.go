//go:build (linux || darwin) && (amd64 || arm64) && !nopurego

package opencl

import (
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

var quietLock sync.Mutex

// quiet runs f with file descriptor 2 led into a pipe, and gives what was written
// there: PoCL and its compiler write to it, which would spoil a screen. Without a
// descriptor 2, or none to spare, f just runs.
func quiet(f func()) string {
	quietLock.Lock()
	defer quietLock.Unlock()
	keep, err := unix.Dup(2)
	if err != nil {
		f()
		return ""
	}
	defer unix.Close(keep)
	unix.CloseOnExec(keep)
	r, w, err := os.Pipe()
	if err != nil {
		f()
		return ""
	}
	defer r.Close()
	if err := dup2(int(w.Fd()), 2); err != nil {
		w.Close()
		f()
		return ""
	}
	w.Close()
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		text <- string(b)
	}()
	func() {
		// The pipe's last writer is descriptor 2: giving it back ends the reading.
		defer func() { _ = dup2(keep, 2) }()
		f()
	}()
	// A process that another goroutine started meanwhile may hold the pipe open.
	_ = r.SetReadDeadline(time.Now().Add(time.Second))
	return <-text
}
