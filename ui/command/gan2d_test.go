package command

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quick2D are nets that play in a moment.
var quick2D = []string{"--set", "g.width=8", "--set", "d.width=8", "--set", "batch=16"}

// TestGAN2DJSON plays a few steps twice: one object with all that was promised, the same both times but for
// the clock, and a picture.
func TestGAN2DJSON(t *testing.T) {
	out := filepath.Join(t.TempDir(), "plane.png")
	var got [2]map[string]any
	for i := range got {
		args := append([]string{"gan2d", "--steps", "20", "--json", "--seed", "4", "--loss", "wgan-gp", "--out",
			out}, quick2D...)
		status, text, errs := call(t, t.TempDir(), args...)
		require.Equal(t, 0, status, errs)
		require.NoError(t, json.Unmarshal([]byte(text), &got[i]))
		for _, name := range []string{"steps", "seconds", "steps_per_s", "modes", "modes_covered", "kl", "js",
			"losses", "quality"} {
			assert.Contains(t, got[i], name)
		}
		delete(got[i], "seconds")
		delete(got[i], "steps_per_s")
	}
	assert.Equal(t, got[0], got[1])
	assert.EqualValues(t, 20, got[0]["steps"])
	assert.EqualValues(t, 8, got[0]["modes"])
	f, err := os.Open(out)
	require.NoError(t, err)
	defer f.Close()
	im, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 640, im.Bounds().Dx())
}

// TestGAN2DOfACSV says how the points were scaled.
func TestGAN2DOfACSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "points.csv")
	require.NoError(t, os.WriteFile(path, []byte("x,y\n0,0\n10,20\n20,0\n"), 0o600))
	args := append([]string{"gan2d", "--steps", "2", "--data", path, "--preset", "collapse"}, quick2D...)
	status, text, errs := call(t, t.TempDir(), args...)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, text, "3 points; x 0 to 20 and y 0 to 20 are scaled by one factor")
	assert.Contains(t, text, "2 steps in")
	assert.NotContains(t, text, "modes covered", "these data have none that are known")
}

func TestGAN2DBadInput(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.csv")
	require.NoError(t, os.WriteFile(bad, []byte("\x1b[31m\n\x00\n"), 0o600))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--data", "rings"}, "want one of ring"},
		{[]string{"--data", bad}, "want at least 2 lines with two numbers"},
		{[]string{"--loss", "bce"}, "loss=bce"},
		{[]string{"--preset", "perfect"}, `preset "perfect"`},
		{[]string{"--set", "g.width=1000"}, "want a whole number from 4 to 128"},
		{[]string{"--set", "nonsense"}, "want key=value"},
		{[]string{"--speed", "warp"}, "want one of"},
		{[]string{"--json"}, "want --steps too"},
		{[]string{"--out", "x.png"}, "want --steps too"},
		{[]string{"--steps", "0"}, "want 1 or more"},
		{[]string{"ring"}, "ring"},
	} {
		status, out, errs := call(t, t.TempDir(), append([]string{"gan2d"}, c.args...)...)
		assert.Equal(t, 2, status, c.args)
		oneLine(t, errs)
		assert.Contains(t, errs, c.want, c.args)
		assert.NotContains(t, out+errs, "\x1b")
	}
	status, _, errs := call(t, t.TempDir(), "gan2d", "--steps", "9", "--set", "loss=wasserstein", "--set",
		"penalty=none",
		"--set", "d.opt=sgd", "--set", "g.opt=sgd", "--set", "d.lr=100", "--set", "g.lr=100")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "lower a learning rate")
}
