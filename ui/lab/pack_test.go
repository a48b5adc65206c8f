package lab

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPackedNetPaints checks that the file of a net paints what its run does, and can be packed again.
func TestPackedNetPaints(t *testing.T) {
	s := session(t)
	dir := reader(t, s)
	pack := func(name string) []byte {
		var b bytes.Buffer
		require.NoError(t, s.Pack(name, &b))
		return b.Bytes()
	}
	data := pack(dir)
	file := filepath.Join(t.TempDir(), "net.safetensors")
	require.NoError(t, os.WriteFile(file, data, 0o644))
	want, err := s.Paint(context.Background(), quick(dir, "a red circle"))
	require.NoError(t, err)
	got, err := s.Paint(context.Background(), quick(file, "a red circle"))
	require.NoError(t, err)
	assert.Equal(t, want.Pixels, got.Pixels)
	assert.Equal(t, data, pack(file), "a packed net has nothing to leave out")
	assert.Error(t, s.Pack("nobody", &bytes.Buffer{}))
}

// TestShippedNetPaints opens the net that comes with the program, which has 4 MB at most.
func TestShippedNetPaints(t *testing.T) {
	data, err := shipped.ReadFile("shipped/t2i.safetensors")
	require.NoError(t, err)
	assert.LessOrEqual(t, len(data), 4_000_000)
	s := session(t)
	studio, err := s.OpenStudio(context.Background(), "")
	require.NoError(t, err)
	defer studio.Close()
	assert.Equal(t, shippedName, studio.About().Name)
	r := NewRequest("a large red circle on the left, white background")
	r.Steps = 10
	film, err := studio.Paint(context.Background(), r, nil)
	require.NoError(t, err)
	at := func(x, y int) []float32 { return film.Pictures[(y*film.W+x)*film.C:][:3] }
	left, right := at(film.W/3, film.H/2), at(film.W-3, film.H/2)
	assert.True(t, left[0] > 0.6 && left[1] < 0.4 && left[2] < 0.4, "red on the left: %v", left)
	assert.True(t, min(right[0], right[1], right[2]) > 0.7, "white on the right: %v", right)
}
