package command

import (
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLatent measures the space of a small run, and writes pictures of it.
func TestLatent(t *testing.T) {
	root, data := t.TempDir(), tiny(t)
	status, _, errs := call(t, root, small(data, "--steps", "3")...)
	require.Equal(t, StatusOK, status, errs)
	status, out, errs := call(t, root, "latent", "--json")
	require.Equal(t, StatusOK, status, errs)
	l := jsonLines(t, out)[0]
	assert.EqualValues(t, 4, l["dims"])
	assert.EqualValues(t, 8, l["examples"])
	assert.EqualValues(t, 3, l["step"])
	assert.Len(t, l["kl"], 4)
	assert.Len(t, l["explained_variance"], 4)
	assert.IsType(t, []any{}, l["dead"])

	file := func(name string) string { return filepath.Join(t.TempDir(), name) }
	for name, c := range map[string]struct {
		args []string
		w, h int
	}{
		"scatter":     {nil, 900, 900},
		"grid":        {[]string{"--steps", "3"}, 3*113 + 1, 3*113 + 1},
		"traverse":    {[]string{"--steps", "5"}, 5*113 + 1, 4*113 + 1},
		"interpolate": {[]string{"--from", "2", "--to", "7", "--straight"}, 9*113 + 1, 113 + 1},
	} {
		path := file(name + ".png")
		args := append([]string{"latent", "last", "--mode", name, "--out", path}, c.args...)
		status, out, errs = call(t, root, args...)
		require.Equal(t, StatusOK, status, errs)
		assert.Contains(t, out, path)
		f, err := os.Open(path)
		require.NoError(t, err)
		img, err := png.Decode(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		assert.Equal(t, [2]int{c.w, c.h}, [2]int{img.Bounds().Dx(), img.Bounds().Dy()}, name)
	}
	path := file("z1.gif")
	status, _, errs = call(t, root, "latent", "last", "--mode", "traverse", "--dim", "1", "--from", "-2",
		"--to", "2", "--steps", "6", "--out", path)
	require.Equal(t, StatusOK, status, errs)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	g, err := gif.DecodeAll(f)
	require.NoError(t, err)
	assert.Len(t, g.Image, 10)

	traverse := func(more ...string) []string { return append([]string{"--mode", "traverse", "--out", path}, more...) }
	for _, c := range []bad{
		{"mode", []string{"--mode", "fly", "--json"}, StatusUsage, []string{"fly", "traverse"}},
		{"steps", []string{"--steps", "1", "--json"}, StatusUsage, []string{"--steps 1", "200"}},
		{"ending", []string{"--out", "x.jpg"}, StatusUsage, []string{"x.jpg", ".png"}},
		{"gif", []string{"--mode", "grid", "--out", "x.gif"}, StatusUsage, []string{".gif", "interpolate"}},
		{"dim", traverse("--dim", "4"), StatusUsage, []string{"--dim 4", "0 to 3"}},
		{"example", []string{"--mode", "interpolate", "--to", "8", "--out", path}, StatusUsage,
			[]string{"--to 8", "0 to 7"}},
		{"value", traverse("--dim", "1", "--from", "nan"), StatusUsage, []string{"--from nan"}},
		{"folder", []string{"--out", filepath.Join(path, "no", "x.png")}, StatusFailure, []string{"--out"}},
	} {
		status, _, errs = call(t, root, append([]string{"latent", "last"}, c.args...)...)
		assert.Equal(t, c.status, status, "%s: %s", c.name, errs)
		oneLine(t, errs)
		for _, w := range c.want {
			assert.Contains(t, errs, w, c.name)
		}
	}
	status, _, errs = call(t, root, "latent", "nothing", "--json")
	assert.Equal(t, StatusUsage, status)
	assert.Contains(t, errs, "no run nothing")
	status, _, errs = call(t, root, "latent", "last")
	assert.Equal(t, StatusFailure, status)
	assert.Contains(t, errs, "terminal")
}
