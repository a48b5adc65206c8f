package lab

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"image"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/gen/text"
)

// grey is a painting of two pictures of 3x2 pixels, its colours told apart.
func grey() Painted {
	r := NewRequest("ein \x1b[31m \"roter\" Kreis 红色")
	r.Kind, r.Count, r.Seed, r.Guidance, r.Negative, r.Spread = Variations, 2, math.MaxUint64, -1.5, "blue", 0.25
	p := Painted{Request: r, Run: "kind-otter", Step: 1 << 40, Version: Version, H: 3, W: 2, C: 3}
	for i := range 2 * 3 * 2 * 3 {
		p.Pixels = append(p.Pixels, float32(i)/35)
	}
	return p
}

func file(t testing.TB, p Painted) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, WritePainted(&b, p))
	return b.Bytes()
}

func TestPaintedFile(t *testing.T) {
	p := grey()
	b := file(t, p)
	img, err := png.Decode(bytes.NewReader(b))
	require.NoError(t, err, "any program reads it")
	assert.Equal(t, image.Rect(0, 0, 2*3+1, 3+2), img.Bounds())
	back, err := ReadPainted(bytes.NewReader(b))
	require.NoError(t, err)
	assert.InDeltaSlice(t, p.Pixels, back.Pixels, 0.5/255+1e-6)
	back.Pixels = p.Pixels
	assert.Equal(t, p, back)

	one := grey()
	one.Request.Kind, one.Pixels = One, one.Pixels[:18]
	one.Request.Start = make([]float32, 18)
	one.Start = Digest(one.Request.Start)
	img, err = png.Decode(bytes.NewReader(file(t, one)))
	require.NoError(t, err)
	assert.Equal(t, image.Rect(0, 0, 2, 3), img.Bounds(), "one picture is as it is")
	back, err = ReadPainted(bytes.NewReader(file(t, one)))
	require.NoError(t, err)
	assert.Equal(t, one.Start, back.Start)
	assert.Nil(t, back.Request.Start, "the start itself is not in the file")

	g := grey()
	g.Request.Kind, g.Request.Guidances, g.Request.StepCounts = Grid, []float64{1, 2}, []int{5}
	back, err = ReadPainted(bytes.NewReader(file(t, g)))
	require.NoError(t, err)
	assert.InDeltaSlice(t, g.Pixels, back.Pixels, 0.5/255+1e-6)
	assert.Equal(t, g.Request, back.Request)

	long := grey()
	long.Request.Prompt = strings.Repeat("红", text.MaxPrompt)
	back, err = ReadPainted(bytes.NewReader(file(t, long)))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(long.Request.Prompt, strings.TrimRight(back.Request.Prompt, "\ufffd")))

	for want, change := range map[string]func(*Painted){
		"35 values: want 36": func(p *Painted) { p.Pixels = p.Pixels[:35] },
		"guidance NaN":       func(p *Painted) { p.Request.Guidance = math.NaN() },
		"channels":           func(p *Painted) { p.C = 2 },
		"too large for one":  func(p *Painted) { p.H, p.W, p.Request.Count = 1024, 1024, 1000 },
		"a digest that is":   func(p *Painted) { p.Mask = "ff" },
	} {
		p := grey()
		change(&p)
		assert.ErrorContains(t, WritePainted(&bytes.Buffer{}, p), want)
	}
}

// Other programs may compress the settings, put them elsewhere, or change the picture.
func TestPaintedFileOfOthers(t *testing.T) {
	b := file(t, grey())
	n := int(binary.BigEndian.Uint32(b[pngHead:]))
	ours := b[pngHead : pngHead+12+n]
	rest := slices.Concat(b[:pngHead], b[pngHead+12+n:])
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, err := w.Write(ours[8+len(pngKeyword)+5 : 8+n])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	packed := chunk("iTXt", slices.Concat([]byte(pngKeyword), []byte{0, 1, 0, 'e', 'n', 0, 0}, z.Bytes()))
	end := len(rest) - 12
	back, err := ReadPainted(bytes.NewReader(slices.Concat(rest[:end], packed, rest[end:])))
	require.NoError(t, err)
	assert.Equal(t, grey().Request, back.Request)

	var other bytes.Buffer
	require.NoError(t, png.Encode(&other, image.NewRGBA(image.Rect(0, 0, 9, 9))))
	o := other.Bytes()
	back, err = ReadPainted(bytes.NewReader(slices.Concat(o[:pngHead], ours, o[pngHead:])))
	require.NoError(t, err)
	assert.Nil(t, back.Pixels, "a picture of another size is another")

	_, err = ReadPainted(bytes.NewReader(o))
	assert.ErrorIs(t, err, ErrNoSettings)
	settings := func(text string) []byte {
		return slices.Concat(o[:pngHead], chunk("iTXt", []byte(pngKeyword+"\x00\x00\x00\x00\x00"+text)), o[pngHead:])
	}
	flipped := slices.Clone(b)
	flipped[pngHead+40] ^= 1
	bomb := slices.Clone(b)
	binary.BigEndian.PutUint32(bomb[pngHead:], 1<<31)
	for want, b := range map[string][]byte{
		"no PNG file":                 []byte("GIF89a"),
		"ends too early":              b[:pngHead+20],
		"the PNG file is damaged":     bomb,
		"checksum":                    flipped,
		"they are no JSON":            settings("{"),
		"not of a painting":           settings("{}"),
		"of version 7, and this":      settings(`{"format":"mllab painting","version":7}`),
		"no kind of painting":         settings(`{"format":"mllab painting","version":1,"kind":"film"}`),
		"pictures of 0x0x0":           settings(`{"format":"mllab painting","version":1,"kind":"one"}`),
		"steps 0: want 1":             settings(`{"format":"mllab painting","version":1,"kind":"one","h":3,"w":3,"c":3}`),
		"settings are damaged: 99999": settings(`{"format":"mllab painting","version":1,"kind":"variations","count":99999,"h":3,"w":3,"c":3}`),
	} {
		_, err := ReadPainted(bytes.NewReader(b))
		if assert.ErrorContains(t, err, want) {
			assert.NotContains(t, err.Error(), "\n")
		}
	}
}

// What a file says paints the same picture again, and says so where it cannot.
func TestPaintAgain(t *testing.T) {
	ctx, s := context.Background(), session(t)
	dir := reader(t, s)
	p, err := s.Paint(ctx, quick(dir, "a red circle"))
	require.NoError(t, err)
	assert.Equal(t, "tiny-reader", p.Run)
	b := file(t, *p)
	read, err := ReadPainted(bytes.NewReader(b))
	require.NoError(t, err)
	again, err := s.Paint(ctx, PaintOptions{Again: &read})
	require.NoError(t, err)
	assert.Equal(t, b, file(t, *again), "the same bytes")

	read.Step = 1
	first, err := s.Paint(ctx, PaintOptions{Again: &read})
	require.NoError(t, err)
	assert.EqualValues(t, 1, first.Step, "the checkpoint of then")
	assert.NotEqual(t, b, file(t, *first))
	read.Step = 77
	var told []string
	_, err = s.Paint(ctx, PaintOptions{Again: &read, Tell: func(l string) { told = append(told, l) }})
	require.NoError(t, err)
	require.Len(t, told, 1)
	assert.Contains(t, told[0], "of step 77, of which tiny-reader has no checkpoint: step 2 paints another")

	o := quick(dir, "a red circle")
	o.Start, o.Strength = make([]float32, 32*32*3), 0.5
	p, err = s.Paint(ctx, o)
	require.NoError(t, err)
	_, err = s.Paint(ctx, PaintOptions{Again: p})
	assert.ErrorContains(t, err, "it was painted with a start")
	withStart := PaintOptions{Again: p}
	withStart.Start = slices.Clone(o.Start)
	again, err = s.Paint(ctx, withStart)
	require.NoError(t, err)
	assert.Equal(t, p.Pixels, again.Pixels)
	withStart.Start[0] = 1
	_, err = s.Paint(ctx, withStart)
	assert.ErrorContains(t, err, "the start is another")
	p.Start = ""
	_, err = s.Paint(ctx, withStart)
	assert.ErrorContains(t, err, "painted without a start")
	p.H = 64
	_, err = s.Paint(ctx, PaintOptions{Again: p})
	assert.ErrorContains(t, err, `painted as 64x32x3`)
	p.Run = "\x1b gone"
	_, err = s.Paint(ctx, PaintOptions{Again: p})
	assert.ErrorContains(t, err, "no run")
	assert.NotContains(t, err.Error(), "\x1b")
}

// FuzzPainted reads any bytes; what is read can be written, and is then read as it was.
func FuzzPainted(f *testing.F) {
	b := file(f, grey())
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte(pngSignature))
	one := grey()
	one.Request.Kind, one.Pixels = One, one.Pixels[:18]
	f.Add(file(f, one))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ReadPainted(bytes.NewReader(b))
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		if n, _ := p.Request.tiles(); p.Pixels == nil {
			p.Pixels = make([]float32, n*p.H*p.W*p.C)
		}
		written := file(t, p)
		back, err := ReadPainted(bytes.NewReader(written))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(written, file(t, back)))
	})
}
