package samples

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cmyk is a red JPEG of 8x8 in four inks.
const cmyk = "" +
	"/9j/7gAOQWRvYmUAZAAAAAAC/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUV" +
	"FQwPFxgWFBgSFBUU/9sAQwEDBAQFBAUJBQUJFA0LDRQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU" +
	"FBQUFBQU/8AAFAgACAAIBAERAAIRAQMRAQQRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAgJ/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/E" +
	"ABUBAQEAAAAAAAAAAAAAAAAAAAcJ/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAA4EAQACEQMRBAAAPwBEHNKpVN//2Q=="

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

// frames is a GIF of so many frames, each of its own grey, the first one red in its middle.
func frames(t *testing.T, n int) []byte {
	t.Helper()
	g := gif.GIF{Config: image.Config{Width: 6, Height: 4}}
	for i := range n {
		p := image.NewPaletted(image.Rect(1, 1, 5, 3), color.Palette{color.Gray{Y: byte(40 * i)},
			color.RGBA{R: 255, A: 255}})
		if i == 0 {
			p.SetColorIndex(2, 1, 1)
		}
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 5)
	}
	var b bytes.Buffer
	require.NoError(t, gif.EncodeAll(&b, &g))
	return b.Bytes()
}

// huge is a PNG of w x h pixels of one bit, all white, without the memory for them.
func huge(t *testing.T, w, h int) []byte {
	t.Helper()
	var data bytes.Buffer
	z := zlib.NewWriter(&data)
	row := append([]byte{0}, bytes.Repeat([]byte{0xff}, (w+7)/8)...)
	for range h {
		_, err := z.Write(row)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, body []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
		whole := append([]byte(kind), body...)
		out = binary.BigEndian.AppendUint32(append(out, whole...), crc32.ChecksumIEEE(whole))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	chunk("IHDR", append(head, 1, 0, 0, 0, 0))
	chunk("IDAT", data.Bytes())
	chunk("IEND", nil)
	return out
}

func TestReadPicture(t *testing.T) {
	deep := image.NewGray16(image.Rect(0, 0, 2, 1))
	deep.SetGray16(0, 0, color.Gray16{Y: 0x1234})
	deep.SetGray16(1, 0, color.Gray16{Y: 0xffff})
	clear := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	red, err := base64.StdEncoding.DecodeString(cmyk)
	require.NoError(t, err)
	halves := image.NewGray(image.Rect(0, 0, 200, 100))
	for i := range halves.Pix {
		halves.Pix[i] = byte(i % 200 / 100 * 255)
	}
	for _, c := range []struct {
		name    string
		file    []byte
		w, h, c int
		first   []float32
		notes   []string
	}{
		{"one pixel, transparent", pngOf(t, clear), 1, 1, 1, []float32{1}, nil},
		{"16 bits", pngOf(t, deep), 2, 1, 1, []float32{float32(0x1234) / 0xffff, 1}, nil},
		{"four inks", red, 8, 8, 3, nil, nil},
		{"an animation", frames(t, 3), 6, 4, 3, []float32{1, 1, 1}, []string{"first frame of an animation"}},
		{"no animation", frames(t, 1), 6, 4, 3, []float32{1, 1, 1}, nil},
		{"made smaller", pngOf(t, halves), 64, 32, 1, []float32{0}, []string{"made smaller from 200x100"}},
		{"huge", huge(t, 12000, 9000), 64, 48, 1, []float32{1}, []string{"made smaller from 12000x9000"}},
		{"a line", huge(t, 9000, 1), 64, 1, 1, []float32{1}, []string{"made smaller from 9000x1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "p.png") // endings lie
			require.NoError(t, os.WriteFile(path, c.file, 0o666))
			p, err := ReadPicture(path, 64)
			require.NoError(t, err)
			assert.Equal(t, []int{c.w, c.h, c.c}, []int{p.W, p.H, p.C})
			assert.Len(t, p.Pixels, p.W*p.H*p.C)
			assert.InDeltaSlice(t, c.first, p.Pixels[:len(c.first)], 1e-6)
			assert.Equal(t, c.notes, p.Notes)
			if c.name == "four inks" {
				assert.Greater(t, p.Pixels[0], float32(.9))
				assert.Less(t, p.Pixels[1], float32(.1))
			}
		})
	}
}

func TestReadPictureRefuses(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64)), nil))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"torn.png":  {pngOf(t, image.NewGray(image.Rect(0, 0, 50, 50)))[:40], "torn.png: "},
		"torn.jpg":  {b.Bytes()[:200], "torn.jpg: "},
		"torn.gif":  {frames(t, 2)[:25], "torn.gif: "},
		"empty.png": {nil, "empty.png: ends in its header"},
		"text.png":  {[]byte("this is no picture"), "text.png: neither PNG, JPEG nor GIF"},
		"vast.png":  {huge(t, 1, 1), "vast.png: "},
	} {
		path := filepath.Join(dir, name)
		if name == "vast.png" { // only its header says so
			binary.BigEndian.PutUint32(c.file[16:], 14000)
			binary.BigEndian.PutUint32(c.file[20:], 14000)
			binary.BigEndian.PutUint32(c.file[29:], crc32.ChecksumIEEE(c.file[12:29]))
		}
		require.NoError(t, os.WriteFile(path, c.file, 0o666))
		_, err := ReadPicture(path, 64)
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), c.want)
		assert.NotContains(t, err.Error(), "\n")
	}
	_, err := ReadPicture(dir, 64)
	assert.ErrorContains(t, err, "is a folder")
	_, err = ReadPicture(filepath.Join(dir, "gone\x1b[31m"), 64)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\x1b")
	_, err = ReadPicture(os.DevNull, 64)
	assert.ErrorContains(t, err, "no regular file")
}

// TestAnimatedTakesAnything cuts and bends a GIF at every place.
func TestAnimatedTakesAnything(t *testing.T) {
	whole := frames(t, 2)
	assert.True(t, animated(bufio.NewReader(bytes.NewReader(whole))))
	for i := range whole {
		animated(bufio.NewReader(bytes.NewReader(whole[:i])))
		bent := bytes.Clone(whole)
		bent[i] ^= 0xff
		animated(bufio.NewReader(bytes.NewReader(bent)))
	}
}
