package run

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const lockName = "lock"

// ErrBusy is wrapped by the error for a run that another process, or another part of this one, is writing.
var ErrBusy = errors.New("the run is being written")

// errHeld is what tryLock says of a lock that someone else holds.
var errHeld = errors.New("held")

// acquire takes the run's lock. The system drops it when the process ends, however it ends.
func acquire(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	// A list of the runs holds the lock for an instant while it looks; that is worth a short wait.
	for try := 0; ; try++ {
		err = tryLock(f, true)
		if !errors.Is(err, errHeld) || try == 5 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if errors.Is(err, errHeld) {
		err = fmt.Errorf("%w by %s: stop that first, or choose another run", ErrBusy, holder(f))
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	// The number is a courtesy to whoever finds the lock taken; without it the lock holds as well.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return f, nil
}

func holder(f *os.File) string {
	b, _ := io.ReadAll(io.NewSectionReader(f, 0, 32))
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
		return fmt.Sprintf("process %d", pid)
	}
	return "another process"
}

// held tells whether someone is writing the run in dir.
func held(dir string) bool {
	f, _, err := openRegular(filepath.Join(dir, lockName))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(tryLock(f, false), errHeld)
}
