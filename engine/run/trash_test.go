package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTrash(t *testing.T) {
	root := t.TempDir()
	for i := range 2 {
		r, err := Create(root, "r", config())
		require.NoError(t, err)
		require.NoError(t, r.Save(state(int64(i))))
		_, err = Trash(root, r.Dir())
		require.ErrorIs(t, err, ErrBusy, "a run that is written stays")
		require.NoError(t, r.Close())
		to, err := Trash(root, r.Dir())
		require.NoError(t, err)
		assert.Equal(t, []string{filepath.Join(root, ".trash", "r"), filepath.Join(root, ".trash", "r-2")}[i], to)
		back, err := Read(to)
		require.NoError(t, err)
		ck, err := back.Load()
		require.NoError(t, err)
		requireState(t, int64(i), ck)
	}
	all, err := List(root)
	require.NoError(t, err)
	assert.Empty(t, all)
	_, err = Trash(root, filepath.Join(root, "r"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
