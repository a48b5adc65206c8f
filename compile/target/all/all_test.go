package all

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/target"
)

// notTargets are folders beside this one that hold something else.
var notTargets = []string{"all", "targettest"}

// TestEveryFolderIsImported compares ztargets.go with the folders and with what
// their packages register under.
func TestEveryFolderIsImported(t *testing.T) {
	entries, err := os.ReadDir("..")
	require.NoError(t, err)
	var want []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(notTargets, e.Name()) {
			want = append(want, e.Name())
			assert.True(t, registers(t, e.Name()), "folder %s: want a target.Register call, or a line in notTargets",
				e.Name())
		}
	}
	f, err := parser.ParseFile(token.NewFileSet(), "ztargets.go", nil, parser.ImportsOnly)
	require.NoError(t, err)
	var got []string
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		require.NoError(t, err)
		got = append(got, strings.TrimPrefix(path, "mllab/compile/target/"))
	}
	assert.Equal(t, want, got, "run go generate ./compile/target/all")

	var names []string
	for _, t := range target.All() {
		names = append(names, t.Name())
	}
	assert.ElementsMatch(t, want, names, "a target is named as its folder")
	assert.Subset(t, names, []string{"cpu", "interp", "opencl"})
}

func registers(t *testing.T, dir string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	require.NoError(t, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		if !strings.HasSuffix(f, "_test.go") && bytes.Contains(text, []byte("target.Register(")) {
			return true
		}
	}
	return false
}
