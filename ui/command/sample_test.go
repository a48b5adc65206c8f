package command

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// square writes a white picture of a side.
func square(t *testing.T, path string, side int) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
}

// TestSamplePrompt paints after prompts, good and bad, and again from the file.
func TestSamplePrompt(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	status, _, errs := call(t, root, "train", "t2i", "--data", "shapes", "--batch", "4", "--steps", "1", "--set", "width=16",
		"--set", "text=32", "--set", "layers=1", "--out", filepath.Join(root, "painter"))
	require.Equal(t, StatusOK, status, errs)

	sample := func(more ...string) []string {
		return append([]string{"sample", "painter", "--prompt", "a red zebra circle", "--steps", "2", "--n", "3", "--out",
			path("x.png")}, more...)
	}
	status, out, errs := call(t, root, sample()...)
	require.Equal(t, StatusOK, status, errs)
	assert.Equal(t, "3 pictures of 32x32 written to "+path("x.png")+"\n", out)
	assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
	assert.Contains(t, errs, `"zebra"`)
	status, _, errs = call(t, root, "sample", "--from", path("x.png"), "--out", path("again.png"))
	require.Equal(t, StatusOK, status, errs)
	first, err := os.ReadFile(path("x.png"))
	require.NoError(t, err)
	again, err := os.ReadFile(path("again.png"))
	require.NoError(t, err)
	assert.Equal(t, first, again, "the same bytes")

	status, out, errs = call(t, root, "sample", "--prompt", "a red circle", "--steps", "1", "--n", "1", "--out", path("own.png"))
	require.Equal(t, StatusOK, status, errs)
	assert.Equal(t, "1 picture of 32x32 written to "+path("own.png")+"\n", out, "by the net that comes with mllab")

	square(t, path("start.png"), 32)
	square(t, path("mask40.png"), 40)
	write(t, path("torn.png"), first[:60])
	write(t, path("text.png"), []byte("a text\x1b[31m"))
	for name, c := range map[string]bad{
		"steps 0":            {args: sample("--steps", "0"), want: []string{"steps 0: want 1 to 1000"}},
		"steps 100000":       {args: sample("--steps", "100000"), want: []string{"steps 100000"}},
		"guidance NaN":       {args: sample("--guidance", "NaN"), want: []string{"guidance NaN"}},
		"guidance of words":  {args: sample("--guidance", "much"), want: []string{"guidance", "much"}},
		"sampler":            {args: sample("--sampler", "\x1b[31m"), want: []string{"sampler", "euler"}},
		"unknown words":      {args: sample("--prompt", "xylo\x1bphone"), want: []string{"no word that this run knows"}},
		"emoji":              {args: sample("--prompt", "🦓🦓"), want: []string{"no word", "🦓"}},
		"unknown negative":   {args: sample("--negative", "xylophone"), want: []string{"negative prompt"}},
		"2000 pictures":      {args: sample("--n", "2000"), want: []string{"2000 pictures: want 1 to 1024"}},
		"strength alone":     {args: sample("--strength", "0.5"), want: []string{"--strength", "--start"}},
		"mask alone":         {args: sample("--mask", path("mask40.png")), want: []string{"--mask", "--start"}},
		"strength 0":         {args: sample("--start", path("start.png"), "--strength", "0"), want: []string{"strength 0"}},
		"mask of 40":         {args: sample("--start", path("start.png"), "--mask", path("mask40.png")), want: []string{"40x40", "32x32"}},
		"settings, no words": {args: []string{"sample", "painter", "--steps", "3"}, want: []string{"--steps", "--prompt"}},
		"from and steps":     {args: []string{"sample", "--from", path("x.png"), "--steps", "3"}, want: []string{"--steps", "--from"}},
		"from nothing":       {args: []string{"sample", "--from", path("none.png")}, want: []string{"none.png"}},
		"from a folder":      {args: []string{"sample", "--from", dir}, want: []string{"want a PNG file"}},
		"from without a run": {args: []string{"sample"}, want: []string{"a run"}},
		"start that is none": {args: sample("--start", path("text.png")), status: 1, want: []string{"text.png"}},
		"from a text":        {args: []string{"sample", "--from", path("text.png")}, status: 1, want: []string{"no PNG file"}},
		"from a torn file":   {args: []string{"sample", "--from", path("torn.png")}, status: 1, want: []string{"ends too early"}},
		"from another PNG":   {args: []string{"sample", "--from", path("start.png")}, status: 1, want: []string{"no settings of mllab's"}},
	} {
		if c.status == 0 {
			c.status = StatusUsage
		}
		status, out, errs := call(t, root, c.args...)
		assert.Equal(t, c.status, status, "%s: %s", name, errs)
		oneLine(t, strings.TrimPrefix(errs, "unknown words are passed over: \"zebra\"\n"))
		for _, w := range c.want {
			assert.Contains(t, errs, w, name)
		}
		assert.NotContains(t, out+errs, "\x1b")
	}
	for _, odd := range []string{"", strings.Repeat("red circle ", 910), "red \x1b[31mcircle\x07", "red 🦓"} {
		status, out, errs = call(t, root, sample("--n", "1", "--prompt", odd)...)
		assert.Equal(t, StatusOK, status, errs)
		assert.Contains(t, out, "1 picture of 32x32")
		assert.NotContains(t, out+errs, "\x1b")
		assert.LessOrEqual(t, strings.Count(errs, "\n"), 1)
	}
	damaged(t, root)
}

// damaged asks runs for pictures whose vocabulary, and then checkpoint, is not whole.
func damaged(t *testing.T, root string) {
	t.Helper()
	config := filepath.Join(root, "painter", "config.json")
	whole, err := os.ReadFile(config)
	require.NoError(t, err)
	torn := strings.Replace(string(whole), `"vocabulary": "{`, `"vocabulary": "`, 1)
	require.NotEqual(t, string(whole), torn)
	ask := func(want string) {
		status, _, errs := call(t, root, "sample", "painter", "--prompt", "red")
		assert.Equal(t, StatusFailure, status)
		oneLine(t, errs)
		assert.Contains(t, errs, want)
	}
	require.NoError(t, os.WriteFile(config, []byte(torn), 0o666))
	ask("vocabulary")
	require.NoError(t, os.WriteFile(config, whole, 0o666))
	files, err := filepath.Glob(filepath.Join(root, "painter", "checkpoints", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		require.NoError(t, os.Truncate(f, 64))
	}
	ask("checkpoint")
}
