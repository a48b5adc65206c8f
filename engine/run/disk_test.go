package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is a disk with room for left more bytes, however files are written.
type small struct{ left atomic.Int64 }

func (s *small) open(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	return smallFile{f, s}, nil
}

type smallFile struct {
	*os.File
	disk *small
}

// room says how much of n bytes fits, and takes it.
func (f smallFile) room(n int) (int, error) {
	left := f.disk.left.Add(-int64(n))
	if left >= 0 {
		return n, nil
	}
	f.disk.left.Store(0)
	return max(0, n+int(left)), &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
}

func (f smallFile) Write(b []byte) (int, error) {
	n, full := f.room(len(b))
	n, err := f.File.Write(b[:n])
	return n, errors.Join(full, err)
}

func (f smallFile) WriteAt(b []byte, at int64) (int, error) {
	n, full := f.room(len(b))
	n, err := f.File.WriteAt(b[:n], at)
	return n, errors.Join(full, err)
}

func TestFullDisk(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system has another error for a full disk")
	}
	d := &small{}
	d.left.Store(1 << 20)
	root := t.TempDir()
	r, err := create(d.open, root, "r", config())
	require.NoError(t, err)
	require.NoError(t, r.Log(row(1)))
	require.NoError(t, r.Save(state(1)))

	for _, left := range []int64{0, 1, 40, 5000} { // nothing, part of the header, part of the data
		d.left.Store(left)
		err = r.Save(state(2))
		require.ErrorIs(t, err, syscall.ENOSPC)
		assert.Contains(t, err.Error(), "save step 2: no space left on device: free some space and try again")
		assert.NotContains(t, err.Error(), "\n")
		left, err := filepath.Glob(filepath.Join(r.Dir(), checkpointDir, "*"))
		require.NoError(t, err)
		assert.Equal(t, []string{r.checkpointPath(1)}, left, "nothing half-written stays")
	}
	d.left.Store(10)
	require.ErrorIs(t, r.Log(row(2)), syscall.ENOSPC)
	require.ErrorIs(t, r.Event(2, "x"), syscall.ENOSPC)
	require.ErrorIs(t, r.Finish(row(2)), syscall.ENOSPC)
	require.ErrorIs(t, r.SaveSample("a.png", make([]byte, 99)), syscall.ENOSPC)
	assert.NoFileExists(t, filepath.Join(r.Dir(), resultName+tmpSuffix))
	ck, err := r.Load()
	require.NoError(t, err)
	requireState(t, 1, ck)

	d.left.Store(1 << 20) // the user made room
	require.NoError(t, r.Log(row(2)))
	require.NoError(t, r.Event(2, "y"))
	require.NoError(t, r.Save(state(2)))
	require.NoError(t, r.Close())
	rows, err := r.Metrics()
	require.NoError(t, err)
	assert.Equal(t, []Metrics{row(1), row(2)}, rows)
	events, err := r.History()
	require.NoError(t, err)
	assert.Len(t, events, 1)

	d.left.Store(20)
	_, err = create(d.open, root, "other", config())
	require.ErrorIs(t, err, syscall.ENOSPC)
	assert.NoDirExists(t, filepath.Join(root, "other"))
	require.NoError(t, os.Mkdir(filepath.Join(root, "there"), 0o755))
	_, err = create(d.open, root, "there", config())
	require.ErrorIs(t, err, syscall.ENOSPC)
	entries, err := os.ReadDir(filepath.Join(root, "there"))
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestCreateWhereItCannot(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "file")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o644))
	for _, c := range []struct{ name, root, run, want string }{
		{"root is a file", path, "", "not a directory: a part of the path is a file"},
		{"root below a file", filepath.Join(path, "runs"), "", "not a directory: a part of the path is a file"},
		{"run is a file", root, "file", "exists and is not an empty folder"},
		{"run exists", root, "taken", "exists: resume it or choose another name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.HasPrefix(c.want, "not a directory") {
				t.Skip("this system words it otherwise")
			}
			if c.run == "taken" {
				r, err := Create(c.root, c.run, config())
				require.NoError(t, err)
				require.NoError(t, r.Close())
			}
			_, err := Create(c.root, c.run, config())
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	bad := config()
	bad.Model = ""
	_, err := Create(root, "bad", bad)
	require.ErrorContains(t, err, "no model is named")
	assert.NoDirExists(t, filepath.Join(root, "bad"))
}

func TestReadOnlyFolder(t *testing.T) {
	root := t.TempDir()
	r, err := Create(root, "r", config())
	require.NoError(t, err)
	require.NoError(t, r.Save(state(1)))
	require.NoError(t, r.Close())
	require.NoError(t, os.Remove(filepath.Join(r.Dir(), lockName)))
	require.NoError(t, os.Chmod(r.Dir(), 0o555))
	require.NoError(t, os.Chmod(root, 0o555))
	defer func() {
		require.NoError(t, os.Chmod(root, 0o755))
		require.NoError(t, os.Chmod(r.Dir(), 0o755))
	}()
	if f, err := os.Create(filepath.Join(root, "probe")); err == nil {
		require.NoError(t, f.Close())
		require.NoError(t, os.Remove(f.Name()))
		t.Skip("permissions do not bind this user")
	}
	_, err = Create(root, "x", config())
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "choose a folder that you may write to")
	_, err = Open(r.Dir())
	require.ErrorIs(t, err, fs.ErrPermission)
	look, err := Read(r.Dir())
	require.NoError(t, err)
	ck, err := look.Load()
	require.NoError(t, err)
	requireState(t, 1, ck)
}

// TestFolderVanishes is what happens when the user deletes the run that is being trained.
func TestFolderVanishes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system does not delete open files")
	}
	r, err := Create(t.TempDir(), "r", config())
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(r.Dir()))
	err = r.Save(state(1))
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.NoDirExists(t, r.Dir())
	require.NoError(t, r.Close())
}
