package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEvalStory trains a classifier and measures it, for people and for scripts.
func TestEvalStory(t *testing.T) {
	root, data := t.TempDir(), tiny(t)
	dir := filepath.Join(root, "mine")
	status, out, errs := call(t, root, "train", "cnn", "--data", data, "--batch", "8", "--steps", "2", "--set", "width=1",
		"--out", dir)
	require.Zero(t, status, errs)
	assert.Contains(t, out, "test_accuracy")
	assert.Contains(t, out, "measure it with: mllab eval ")
	status, out, errs = call(t, root, "eval", dir, "--json")
	require.Zero(t, status, errs)
	assert.Empty(t, errs)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	assert.Equal(t, "cnn", got["model"])
	assert.Equal(t, 8.0, got["n"])
	assert.Contains(t, got, "test_accuracy")
	assert.NotContains(t, got, "precision")
	status, out, _ = call(t, root, "eval", dir)
	assert.Zero(t, status)
	assert.Contains(t, out, "test_accuracy")
	status, _, errs = call(t, root, "sample", dir)
	assert.Equal(t, 1, status)
	oneLine(t, errs)
	assert.Contains(t, errs, "mllab eval")
	status, out, _ = call(t, root, "runs")
	assert.Zero(t, status)
	assert.Contains(t, out, "test_accuracy")
}

// Pictures without labels cannot be measured, and a classifier has nothing to learn.
func TestEvalWithoutLabels(t *testing.T) {
	root, data := t.TempDir(), t.TempDir()
	for i := range 12 {
		var b bytes.Buffer
		require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 6+i, 8))))
		write(t, filepath.Join(data, fmt.Sprintf("%d.png", i)), b.Bytes())
	}
	dir := filepath.Join(root, "mine")
	status, _, errs := call(t, root, small(data, "--steps", "1", "--out", dir)...)
	require.Zero(t, status, errs)
	status, out, errs := call(t, root, "eval", dir, "--json")
	assert.Equal(t, 1, status)
	assert.Empty(t, out)
	oneLine(t, errs)
	assert.Contains(t, errs, "no labels to train one by: sort the pictures into a folder for each class")
	status, _, errs = call(t, root, "train", "cnn", "--data", data, "--steps", "1")
	assert.Equal(t, 1, status)
	oneLine(t, errs)
	assert.Contains(t, errs, "want labels of at least 2, such as a folder for each class")
}
