package command

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
)

// TestConvJSON checks numbers of a convolution that can be done in the head.
func TestConvJSON(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 4, 3))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	img.SetGray(0, 0, color.Gray{})
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	path := filepath.Join(t.TempDir(), "p.png")
	write(t, path, b.Bytes())
	out := filepath.Join(t.TempDir(), "maps.png")
	status, text, errs := call(t, t.TempDir(), "conv", path, "--weights", "1,1;1,1", "--pad", "0",
		"--bias", "-3", "--activation", "relu", "--json", "--out", out)
	require.Equal(t, StatusOK, status, errs)
	var r convReport
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	assert.Equal(t, [3]int{3, 4, 1}, r.Input)
	assert.Equal(t, [3]int{2, 3, 1}, r.Output)
	assert.Equal(t, "floor((4 + 2*0 - 1*(2-1) - 1)/1) + 1 = 3", r.Width)
	require.Len(t, r.Maps, 1)
	assert.Equal(t, lab.ConvStats{Kernel: "own", Min: 0, Max: 1, Mean: 5. / 6, Std: r.Maps[0].Std}, r.Maps[0])
	f, err := os.Open(out)
	require.NoError(t, err)
	defer f.Close()
	sheet, err := png.Decode(f)
	require.NoError(t, err)
	assert.Greater(t, sheet.Bounds().Dx(), 16)
}

// TestConvFlags checks that every parameter has a flag, and that it arrives.
func TestConvFlags(t *testing.T) {
	values := map[string]string{"size": "5", "stride": "2", "padding": "2", "mode": "reflect", "dilation": "1",
		"transposed": "no", "channels": "rgb", "outputs": "3", "depthwise": "no", "bias": "0.5",
		"activation": "gelu", "pool": "max", "pool.size": "3", "pool.stride": "2", "seed": "4",
		"kernel": "gaussian"}
	args := []string{"conv", "scene", "--json"}
	for _, p := range lab.ConvParams() {
		require.Contains(t, values, p.Name)
		args = append(args, "--"+convFlag(p.Name), values[p.Name])
	}
	status, text, errs := call(t, t.TempDir(), args...)
	require.Equal(t, StatusOK, status, errs)
	var r convReport
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	for name, want := range values {
		assert.Equal(t, want, r.Spec.Get(name), name)
	}
	assert.Equal(t, [3]int{48, 64, 3}, r.Input)
	assert.Equal(t, []string{"gaussian", "sharpen", "sobel-x"}, []string{r.Maps[0].Kernel, r.Maps[1].Kernel,
		r.Maps[2].Kernel})
}

// TestConvOfARun writes the maps of a net that was trained.
func TestConvOfARun(t *testing.T) {
	root, data := t.TempDir(), tiny(t)
	dir := filepath.Join(t.TempDir(), "net")
	status, _, errs := call(t, root, "train", "cnn", "--data", data, "--batch", "8", "--steps", "1",
		"--set", "width=2", "--out", dir)
	require.Equal(t, StatusOK, status, errs)
	out := filepath.Join(t.TempDir(), "maps.png")
	status, text, errs := call(t, root, "conv", "--run", dir, "--out", out)
	require.Equal(t, StatusOK, status, errs)
	assert.Contains(t, text, "7 layers written to")
	assert.FileExists(t, out)
	status, _, errs = call(t, root, "conv", "--run", dir, "--out", out, "--example", "99")
	assert.Equal(t, StatusFailure, status)
	oneLine(t, errs)
}
