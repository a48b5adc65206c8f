package run

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/safetensors"
)

func packed(t *testing.T) ([]byte, Config, Checkpoint) {
	t.Helper()
	c := Config{Version: "1", Model: "t2i", Data: "shapes", Seed: 3, Batch: 8, LR: 1e-3,
		Settings: map[string]string{"width": "32"}, Vocabulary: `{"tokens":["a","红"]}`}
	ck := Checkpoint{Step: 7, LR: 1e-3, Tensors: []safetensors.Tensor{
		{Name: "param.a", Shape: []int{2, 2}, F32: []float32{1, 2, 3, 4}},
		{Name: "param.b", Shape: []int{1}, F32: []float32{-5}},
	}}
	var b bytes.Buffer
	require.NoError(t, Pack(&b, c, ck))
	return b.Bytes(), c, ck
}

func TestPackedRunReadsBack(t *testing.T) {
	data, want, ck := packed(t)
	c, got, err := Unpack(bytes.NewReader(data), int64(len(data)), "x")
	require.NoError(t, err)
	want.Format = Format
	assert.Equal(t, want, c)
	assert.Equal(t, ck.Step, got.Step)
	a, ok := got.Tensor("param.a")
	require.True(t, ok)
	assert.Equal(t, []float32{1, 2, 3, 4}, a.F32)

	path := filepath.Join(t.TempDir(), "net.safetensors")
	assert.False(t, IsPacked(path), "it is not there yet")
	require.NoError(t, os.WriteFile(path, data, 0o644))
	assert.True(t, IsPacked(path))
	_, _, err = OpenPacked(path)
	assert.NoError(t, err)
}

func TestPackedRunDamaged(t *testing.T) {
	data, _, _ := packed(t)
	for at := 0; at < len(data); at += 3 {
		bad := bytes.Clone(data)
		bad[at] ^= 4
		_, _, err := Unpack(bytes.NewReader(bad), int64(len(bad)), "x")
		assert.Error(t, err, "byte %d changed", at)
	}
	for _, n := range []int{0, 7, 100, len(data) - 1} {
		_, _, err := Unpack(bytes.NewReader(data[:n]), int64(n), "x")
		assert.Error(t, err, "cut to %d bytes", n)
	}
}

func TestPlainCheckpointIsNoPackedRun(t *testing.T) {
	_, _, ck := packed(t)
	meta, err := ck.summed()
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, ck.Tensors, meta))
	_, _, err = Unpack(bytes.NewReader(b.Bytes()), int64(b.Len()), "x")
	assert.ErrorContains(t, err, "without its run")
}
