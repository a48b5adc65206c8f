//go:build unix

package picture

import (
	"os"

	"golang.org/x/sys/unix"
)

// cellSize asks the kernel for the window's pixels (TIOCGWINSZ) and divides by its cells.
func cellSize(f *os.File) (w, h int, ok bool) {
	ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil || ws.Col == 0 || ws.Row == 0 {
		return 0, 0, false
	}
	w, h = int(ws.Xpixel)/int(ws.Col), int(ws.Ypixel)/int(ws.Row)
	return w, h, w > 1 && h > 1 && w <= 256 && h <= 256
}
