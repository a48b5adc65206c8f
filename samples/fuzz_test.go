package samples

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzFolder hands a folder one good picture and one file that may be anything: it is a picture, or skipped with a
// note of one line, and every example is whole.
func FuzzFolder(f *testing.F) {
	good := pngBytes(f, 8, 8, 0)
	var jpg bytes.Buffer
	require.NoError(f, jpeg.Encode(&jpg, ramp(9, 7, 1), nil))
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(jpg.Bytes())
	f.Add([]byte("GIF89a\x02\x00\x02\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x02\x00\x02\x00\x00\x02\x03D\x02\x05\x00;"))
	f.Add([]byte("text\x1b[31m\n"))
	f.Add([]byte{})
	dir := f.TempDir()
	require.NoError(f, os.WriteFile(filepath.Join(dir, "a.png"), good, 0o600))
	f.Fuzz(func(t *testing.T, file []byte) {
		path := filepath.Join(dir, "b.png")
		require.NoError(t, os.WriteFile(path, file, 0o600))
		if c, err := pictureConfig(path); err == nil && c.Width*c.Height > 1<<20 {
			return // right, and slow
		}
		src, err := Open(dir, Options{})
		require.NoError(t, err)
		info := src.Info()
		require.Contains(t, []int{1, 2}, info.Train+info.Test)
		for _, note := range info.Notes {
			require.NotContains(t, note, "\n")
			require.NotContains(t, note, "\x1b")
		}
		x := make([]float32, info.Values())
		for _, split := range []Split{Train, Test} {
			for i := range info.Len(split) {
				_, err := src.Example(split, i, x)
				require.NoError(t, err)
				for _, v := range x {
					require.True(t, v >= 0 && v <= 1, "%v", v)
				}
			}
		}
		if p, err := ReadPicture(path, 32); err == nil {
			require.Len(t, p.Pixels, p.H*p.W*p.C)
			require.LessOrEqual(t, max(p.H, p.W), 32)
		} else {
			require.NotContains(t, err.Error(), "\n")
		}
	})
}
