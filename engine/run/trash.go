package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// TrashDir is the folder in the root of the runs that Trash moves runs to; List passes over it.
const TrashDir = ".trash"

// Trash moves the run in dir into the root's trash, and gives the folder it has there: whoever deletes a run
// by mistake moves it back. The error wraps ErrBusy if the run is being written.
func Trash(root, dir string) (string, error) {
	doing := "delete run " + pathText(dir)
	if _, err := os.Stat(dir); err != nil {
		return "", fault(doing, err)
	}
	if held(dir) {
		return "", fault(doing, fmt.Errorf("%w: stop its training first", ErrBusy))
	}
	trash := filepath.Join(root, TrashDir)
	if err := os.MkdirAll(trash, 0o755); err != nil {
		return "", fault(doing, err)
	}
	for n := 1; ; n++ {
		to := filepath.Join(trash, filepath.Base(dir))
		if n > 1 {
			to = fmt.Sprintf("%s-%d", to, n)
		}
		if _, err := os.Lstat(to); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fault(doing, err)
		}
		if err := os.Rename(dir, to); err != nil {
			return "", fault(doing, err)
		}
		return to, nil
	}
}
