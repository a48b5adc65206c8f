package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"unicode"
	"unicode/utf8"
)

const tmpSuffix = ".tmp"

// file is what a run needs of an open file. A test's disk gives one that fills up.
type file interface {
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
}

// disk opens files for writing.
type disk func(path string, flag int) (file, error)

func realDisk(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// replace makes path hold what write gives, or leaves it as it was: written beside it, synced, renamed. Only
// one replace of a path may run at a time; what a killed process left under the temporary name is
// overwritten.
func (d disk) replace(path string, write func(io.Writer) error) (err error) {
	tmp := path + tmpSuffix
	f, err := d(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp)
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return err
}

func (d disk) replaceBytes(path string, b []byte) error {
	return d.replace(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// cause strips the system call and the path from an error: the caller names the thing in its own words.
func cause(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	var se *os.SyscallError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	case errors.As(err, &se):
		return se.Err
	}
	return err
}

// fault is a disk error as one line: what was being done, the cause, and the way on where one is known.
func fault(doing string, err error) error {
	way := ""
	switch {
	case diskFull(err):
		way = ": free some space and try again"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		way = ": choose a folder that you may write to"
	case errors.Is(err, syscall.ENOTDIR):
		way = ": a part of the path is a file: choose another folder"
	case errors.Is(err, syscall.EFBIG):
		way = ": the file-size limit of this session is too low"
	}
	return fmt.Errorf("%s: %w%s", doing, cause(err), way)
}

// openRegular opens a file for reading. It asks first what it is: opening a pipe waits for a writer.
func openRegular(path string) (*os.File, int64, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !st.Mode().IsRegular() {
		return nil, 0, errors.New("it is not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	st, err = f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, st.Size(), nil
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }

// pathText quotes a path that could disturb a terminal and leaves every other as it is.
func pathText(path string) string {
	for _, r := range path {
		if unprintable(r) {
			return strconv.Quote(path)
		}
	}
	return path
}

// clip shortens text that came from a file.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
