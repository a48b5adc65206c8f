package samples

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ramp is a picture whose red grows to the right and whose green grows downwards.
func ramp(w, h int, shift uint8) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.SetRGBA(i%w, i/w, color.RGBA{uint8(i % w * 255 / w), uint8(i / w * 255 / h), shift, 255})
	}
	return img
}

func pngBytes(t testing.TB, w, h int, shift uint8) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, ramp(w, h, shift)))
	return b.Bytes()
}

func TestFolderLabelsAndFormats(t *testing.T) {
	dir := t.TempDir()
	var jpg, anim bytes.Buffer
	require.NoError(t, jpeg.Encode(&jpg, ramp(90, 60, 1), nil))
	frame := image.NewPaletted(image.Rect(0, 0, 40, 40), color.Palette{color.Black, color.RGBA{255, 0, 0, 255}})
	frames := &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}
	require.NoError(t, gif.EncodeAll(&anim, frames))
	write(t, dir, "cat/a.png", pngBytes(t, 50, 80, 2))
	write(t, dir, "cat/deep/b.JPG", jpg.Bytes())
	write(t, dir, "dog/c.gif", anim.Bytes())
	write(t, dir, "dog/d.jpeg", pngBytes(t, 10, 10, 3)) // the ending lies
	write(t, dir, ".hidden/e.png", pngBytes(t, 10, 10, 3))
	write(t, dir, "dog/._d.png", []byte("resource fork"))
	write(t, dir, "readme.md", []byte("text"))
	src, err := Open(dir, Options{})
	require.NoError(t, err)
	n := src.Info()
	assert.Equal(t, []string{"cat", "dog"}, n.Labels)
	assert.Equal(t, []int{64, 64, 3, 4}, []int{n.H, n.W, n.C, n.Train + n.Test})
	assert.Empty(t, n.Notes)
	assert.False(t, n.Captioned)
	checkSource(t, src)
	counts := map[int]int{}
	buf := make([]float32, n.Values())
	for _, split := range []Split{Train, Test} {
		for i := range n.Len(split) {
			label, err := src.Example(split, i, buf)
			require.NoError(t, err)
			counts[label]++
		}
	}
	assert.Equal(t, map[int]int{0: 2, 1: 2}, counts)
}

func TestFolderBadPictures(t *testing.T) {
	good := pngBytes(t, 8, 8, 0)
	huge := bytes.Clone(good) // a header of 60000x60000; its checksum no longer holds, nor need it
	copy(huge[16:], []byte{0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60})
	dir := t.TempDir()
	write(t, dir, "a.png", good)
	write(t, dir, "b.png", good)
	write(t, dir, "only/torn.png", good[:len(good)/2])
	write(t, dir, "empty.jpg", nil)
	write(t, dir, "text\x1b[2J.gif", []byte("hello, hello"))
	write(t, dir, "huge.png", huge)
	src, err := Open(dir, Options{})
	require.NoError(t, err)
	n := src.Info()
	assert.Equal(t, 2, n.Train+n.Test)
	assert.Empty(t, n.Labels, "a class without a good picture is none")
	require.Len(t, n.Notes, 1)
	assert.Contains(t, n.Notes[0], "4 pictures skipped: empty.jpg (ends in its header), huge.png (")
	assert.Contains(t, n.Notes[0], "and 1 more")
	assert.NotContains(t, n.Notes[0], "\x1b")

	bad := t.TempDir()
	write(t, bad, "torn.png", good[:40])
	_, err = Open(bad, Options{})
	require.ErrorContains(t, err, "no picture to train on could be read (1 picture skipped: torn.png")
}

func TestPictureConfigRefusesHuge(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, gif.Encode(&b, ramp(2, 2, 0), nil))
	data := b.Bytes()
	copy(data[6:], []byte{0x60, 0xea, 0x60, 0xea})
	_, err := pictureConfig(write(t, t.TempDir(), "huge.gif", data))
	assert.ErrorContains(t, err, "60000x60000 is more than 200 megapixels")
}

// TestFolderLateBadPicture: a picture that goes bad after the folder was opened has a stand-in.
func TestFolderLateBadPicture(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		write(t, dir, fmt.Sprintf("train/x/%d.png", i), pngBytes(t, 8, 8, uint8(i)))
	}
	write(t, dir, "test/x/9.png", pngBytes(t, 8, 8, 9))
	src, err := Open(dir, Options{})
	require.NoError(t, err)
	require.Equal(t, []int{4, 1}, []int{src.Info().Train, src.Info().Test}, "train and test are splits")
	require.Equal(t, []string{"x"}, src.Info().Labels)
	f := src.(*folder)
	for i := range f.files { // as if the cache were too small
		f.files[i].pixels.Store(nil)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "train/x/1.png")))
	a, b := make([]float32, 8*8*3), make([]float32, 8*8*3)
	_, err = src.Example(Train, 1, a)
	require.NoError(t, err)
	_, err = src.Example(Train, 2, b)
	require.NoError(t, err)
	assert.Equal(t, b, a)
	assert.Contains(t, strings.Join(src.Info().Notes, "\n"), "1 picture skipped: train/x/1.png (")
	for i := range f.files {
		f.files[i].pixels.Store(nil)
	}
	require.NoError(t, os.RemoveAll(dir))
	_, err = src.Example(Train, 0, a)
	assert.ErrorContains(t, err, "is the folder still there?")
	assert.Empty(t, f.Caption(Train, 0))
}

func TestFolderCaptions(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"a.png", "b c.png", "d,e.png", "f.png", "sub/g.png", "h.png"} {
		write(t, dir, name, pngBytes(t, 8, 8, uint8(i)))
	}
	write(t, dir, "h.txt", []byte("  beside\nit\x1b[31m "))
	write(t, dir, "captions.txt", []byte("image,caption\na.png\ta red square\nb c.png a blue, round thing\n"+
		"d,e.png,\"quoted, with comma\"\nf.png#0 the first\nf.png#1 the second\n"+
		"./sub/g.png\tdeep\x07\nmissing.png x\n\n"))
	src, err := Open(dir, Options{})
	require.NoError(t, err)
	n := src.Info()
	assert.True(t, n.Captioned)
	assert.Equal(t, []string{"captions.txt: 1 line names no picture here"}, n.Notes)
	f := src.(*folder)
	got := map[string]string{}
	for _, split := range []Split{Train, Test} {
		for i := range n.Len(split) {
			got[f.files[f.splits[split][i]].name] = src.(Captioner).Caption(split, i)
		}
	}
	assert.Equal(t, map[string]string{
		"a.png": "a red square", "b c.png": "a blue, round thing", "d,e.png": "quoted, with comma",
		"f.png": "the first", "sub/g.png": "deep�", "h.png": "beside it�[31m",
	}, got)
	assert.Empty(t, f.Caption(Train, 99))
	assert.Empty(t, f.Caption(Split(4), 0))

	write(t, dir, "captions.txt", bytes.Repeat([]byte("x"), maxLine+10))
	_, err = Open(dir, Options{})
	assert.ErrorContains(t, err, "captions.txt: a line is longer than")
}

// TestFolderCountsCaptions: captions without pictures and pictures without captions are counted and said.
func TestFolderCountsCaptions(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"a.png", "b.png", "c.png", "d.png"} {
		write(t, dir, name, pngBytes(t, 8, 8, uint8(i)))
	}
	write(t, dir, "notes.txt", []byte("no caption"))
	src, err := Open(dir, Options{})
	require.NoError(t, err)
	assert.Empty(t, src.Info().Notes, "a folder without captions lacks none")

	write(t, dir, "a.txt", []byte("first"))
	write(t, dir, "captions.txt", []byte("b.png second\nx.png\tnothing\n"))
	src, err = Open(dir, Options{})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"captions.txt: 1 line names no picture here",
		"1 text file has no picture beside", "2 pictures of 4 without a caption"}, src.Info().Notes)
}

func TestFolderSplitIsStable(t *testing.T) {
	dir := t.TempDir()
	data := pngBytes(t, 4, 4, 0)
	for i := range 200 {
		write(t, dir, fmt.Sprintf("%03d.png", i), data)
	}
	inTest := func() map[string]bool {
		src, err := Open(dir, Options{})
		require.NoError(t, err)
		f, names := src.(*folder), map[string]bool{}
		for _, k := range f.splits[Test] {
			names[f.files[k].name] = true
		}
		return names
	}
	before := inTest()
	assert.InDelta(t, 20, len(before), 12)
	for i := range 100 {
		write(t, dir, fmt.Sprintf("more%03d.png", i), data)
	}
	after := inTest()
	for name := range before {
		assert.True(t, after[name], "%s moved", name)
	}
}

func TestFolderOwnSizeAndGrey(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	g := image.NewGray16(image.Rect(0, 0, 20, 12))
	g.SetGray16(3, 1, color.Gray16{0x8080})
	require.NoError(t, png.Encode(&b, g))
	write(t, dir, "a.png", b.Bytes())
	write(t, dir, "b.png", b.Bytes())
	src, err := Open(dir, Options{})
	require.NoError(t, err)
	n := src.Info()
	assert.Equal(t, []int{12, 20, 1}, []int{n.H, n.W, n.C})
	buf := make([]float32, n.Values())
	_, err = src.Example(Train, 0, buf)
	require.NoError(t, err)
	assert.Equal(t, float32(0x80)/255, buf[1*20+3], "pictures of the right size are taken as they are")
	_, err = Open(dir, Options{Size: 8, Channels: 3})
	require.NoError(t, err)
}

func TestCrop(t *testing.T) {
	src, dst := image.Rect(0, 0, 300, 100), image.Rect(0, 0, 64, 64)
	cases := []struct {
		crop     string
		from, to image.Rectangle
	}{
		{"", image.Rect(100, 0, 200, 100), dst},
		{"center", image.Rect(100, 0, 200, 100), dst},
		{"fit", src, image.Rect(0, 21, 64, 42)},
		{"stretch", src, dst},
	}
	for _, c := range cases {
		from, to := cropped(src, dst, c.crop)
		assert.Equal(t, c.from, from, c.crop)
		assert.Equal(t, c.to, to, c.crop)
	}
	for _, thin := range []image.Rectangle{image.Rect(0, 0, 1, 20000), image.Rect(5, 5, 20005, 6)} {
		for _, crop := range []string{"center", "fit", "stretch"} {
			from, to := cropped(thin, dst, crop)
			assert.True(t, !from.Empty() && from.In(thin) && !to.Empty() && to.In(dst), "%v %s", thin, crop)
		}
	}
}

func TestPictureColours(t *testing.T) {
	dir := t.TempDir()
	clear := image.NewNRGBA(image.Rect(0, 0, 4, 4)) // all transparent
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, clear))
	px, err := readPicture(write(t, dir, "clear.png", b.Bytes()), 4, 4, 3, "")
	require.NoError(t, err)
	assert.Equal(t, bytes.Repeat([]byte{255}, 48), px, "transparent is white")
	px, err = readPicture(write(t, dir, "wide.png", pngBytes(t, 40, 10, 255)), 8, 8, 3, "fit")
	require.NoError(t, err)
	assert.Equal(t, make([]byte, 24), px[:24], "bars are black")
	// The area average of a ramp is half.
	px, err = readPicture(write(t, dir, "big.png", pngBytes(t, 500, 500, 0)), 2, 2, 3, "")
	require.NoError(t, err)
	assert.InDelta(t, 64, float64(px[0]), 12)
	assert.InDelta(t, 191, float64(px[3]), 12)
}

// TestPictureModels: what the decoders give for 16-bit and CMYK files.
func TestPictureModels(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 30, 30))
	ink := image.NewCMYK(image.Rect(10, 10, 40, 40)) // a picture need not begin at 0,0
	for y := range 40 {
		for x := range 40 {
			deep.SetNRGBA64(x, y, color.NRGBA64{0xffff, 0x8080, 0, 0xffff})
			ink.SetCMYK(x, y, color.CMYK{0, 127, 255, 0})
		}
	}
	for _, src := range []image.Image{deep, ink} {
		for _, crop := range []string{"center", "fit", "stretch"} {
			px := shrink(src, 16, 16, 3, crop)
			require.Equal(t, []byte{255, 128, 0}, px[:3], "%T %s", src, crop)
			assert.Len(t, px, 16*16*3)
		}
		assert.Equal(t, []byte{luma(255, 128, 0)}, shrink(src, 1, 1, 1, ""))
	}
}

func TestPhotos(t *testing.T) {
	src, err := Open(sharedData(t, "photos"), Options{Size: 32})
	require.NoError(t, err)
	n := src.Info()
	assert.GreaterOrEqual(t, n.Train+n.Test, 6)
	assert.Positive(t, n.Test)
	assert.Equal(t, 3, n.C)
	checkSource(t, src)
}

// TestPNGSuite: the corrupt files, and no others, are noted.
func TestPNGSuite(t *testing.T) {
	dir := sharedData(t, "pngsuite")
	src, err := Open(dir, Options{})
	require.NoError(t, err)
	checkSource(t, src)
	f := src.(*folder)
	for i := range f.files {
		if p := &f.files[i]; p.bad.Load() {
			assert.True(t, strings.HasPrefix(p.name, "corrupted/"), p.name)
		} else {
			assert.False(t, strings.HasPrefix(p.name, "corrupted/"), p.name)
		}
	}
	assert.Len(t, src.Info().Notes, 1)
}

func FuzzSplitCaption(f *testing.F) {
	names := map[string]bool{"a.png": true, "b c.png": true, "d,e.png": true}
	has := func(name string) bool { return names[name] }
	for _, line := range []string{"a.png\tx", "b c.png y", "\"d,e.png\",z", "a.png#3 w", "", "#", " , "} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		name, caption := splitCaption(line, has)
		require.True(t, (name == "" && caption == "") || names[name])
		require.NotContains(t, clean(caption), "\n")
	})
}
