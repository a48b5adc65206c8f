package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newTestWriter writes to a buffer; picture 1 is 4 x 5 cells of 3 x 6 pixels.
func newTestWriter(mode Mode) (*Writer, *bytes.Buffer, *Picture) {
	s := NewStore()
	p := New(heat(12, 30), 4, 5, Display{Mode: mode, CellW: 3, CellH: 6})
	s.Publish(1, p)
	var b bytes.Buffer
	w := NewWriter(nil, s)
	w.sink = &b
	return w, &b, p
}

func write(t *testing.T, w io.Writer, s string) {
	t.Helper()
	n, err := io.WriteString(w, s)
	require.NoError(t, err)
	require.Equal(t, len(s), n)
}

func TestWriterSplices(t *testing.T) {
	w, b, p := newTestWriter(Sixel)
	write(t, w, "A"+p.marker(1, 1)+"|B"+p.marker(1, 2)+"|C"+p.marker(9, 0)+"D"+p.marker(1, 4)+"E")
	got := b.String()
	assert.NotContains(t, got, "ml;")
	assert.Equal(t, 2, strings.Count(got, "\x1bP"), "rows 1 and 2 are one strip, row 4 another")
	require.True(t, strings.HasPrefix(got, "A|B\x1b7\x1b[1A\x1b[4D\x1bP"), "%q", got[:40])
	assert.True(t, strings.HasSuffix(got, "\x1b\\\x1b8E"))
	assert.Contains(t, got, "\x1b8|CD\x1b7\x1b[4D\x1bP",
		"the unknown picture leaves nothing, one row needs no way up")
	assert.Equal(t, Stats{Frames: 1, Strips: 2, Rows: 3, Bytes: int64(len(got)),
		PictureBytes: w.Stats().PictureBytes},
		w.Stats())
	_, h, _ := decodeSixel(t, got[strings.Index(got, "\x1bP"):strings.Index(got, "\x1b8")])
	assert.Equal(t, 12, h)
}

func TestWriterIgnoresWhatDoesNotFit(t *testing.T) {
	w, b, p := newTestWriter(Sixel)
	other := New(nil, 7, 9, p.Display)
	write(t, w, "a"+other.marker(1, 0)+"b"+p.marker(1, 0)[:len(markerStart)]+"1;99;4;0"+markerEnd+"c")
	assert.Equal(t, "abc", b.String(), "another width, a row that does not exist")
}

func TestWriterSplitAcrossWrites(t *testing.T) {
	w, b, p := newTestWriter(Sixel)
	frame := "x" + p.marker(1, 0) + "y" + p.marker(1, 1) + "z" + "\x1b[1m\x1b^other\x1b\\"
	write(t, w, frame)
	want := b.String()
	for cut := 1; cut < len(frame); cut++ {
		w, b, _ := newTestWriter(Sixel)
		write(t, w, frame[:cut])
		write(t, w, frame[cut:])
		got := b.String()
		require.NotContains(t, got, "ml;", "cut at %d", cut)
		if cut > strings.LastIndex(frame, "y") && cut < strings.Index(frame, "z") {
			require.Equal(t, 2, w.Stats().Rows)
			continue // the rows came in different writes: two strips
		}
		if cut >= len("x"+p.marker(1, 0)) || cut == 0 {
			continue
		}
		require.Equal(t, want, got, "cut at %d", cut)
	}
	one, b1, _ := newTestWriter(Sixel)
	for i := range len(frame) {
		write(t, one, frame[i:i+1])
	}
	assert.NotContains(t, b1.String(), "ml;")
	assert.Equal(t, 2, one.Stats().Rows)
}

func TestWriterDropsTornMarkers(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b^ml;1;0;4;ff\x1b[1mb":              "a\x1b[1mb",
		"a\x1b^ml;\x1b\\b":                       "ab",
		"a\x1b^ml;x;y;z;w\x1b\\b":                "ab",
		"a\x1b^ml;-1;0;4;0\x1b\\b":               "ab",
		"a\x1b^ml;99999999999999999999\x1b\\b":   "ab",
		"a\x1b^ml;v;1:0-\x1b\\b":                 "ab",
		"a\x1b^ml;never ended":                   "a",
		"a\x1b^m\x1b^ml;9;0;1;0\x1b\\l;1;0;4;0b": "a\x1b^m\x18l;1;0;4;0b",
		"a\x1b^other\x1b\\b":                     "a\x1b^other\x1b\\b",
	} {
		w, b, _ := newTestWriter(Sixel)
		write(t, w, in)
		assert.Equal(t, want, b.String(), "%q", in)
	}
}

// Whatever is written in whatever pieces, no marker comes out, and text without markers is unchanged.
func FuzzWriter(f *testing.F) {
	f.Add("a\x1b^ml;1;0;4;ff\x1b\\b\x1b^ml;1;1;4;0\x1b\\c", uint8(7))
	f.Add("\x1b^m\x1b^ml;v;1:0-2,\x1b\\l;1", uint8(1))
	f.Add("\x1b\x1b\x1b^\x1b^ml;", uint8(3))
	f.Fuzz(func(t *testing.T, s string, step uint8) {
		w, b, _ := newTestWriter(Sixel)
		n := int(step)%16 + 1
		for i := 0; i < len(s); i += n {
			write(t, w, s[i:min(len(s), i+n)])
		}
		out := b.String()
		if strings.Contains(out, markerStart) {
			t.Fatalf("marker came through: %q -> %q", s, out)
		}
		if !strings.Contains(s, markerStart) && !strings.HasPrefix(s, out) {
			t.Fatalf("text changed: %q -> %q", s, out)
		}
	})
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestWriterReportsErrorsAndTime(t *testing.T) {
	w, _, p := newTestWriter(Sixel)
	assert.Zero(t, w.WriteTime())
	assert.Equal(t, 50*time.Millisecond, w.Interval(50*time.Millisecond))
	w.slow = time.Second
	assert.Equal(t, 4*time.Second, w.Interval(50*time.Millisecond))
	w.sink = failing{}
	_, err := w.Write([]byte(p.marker(1, 0)))
	assert.EqualError(t, err, "closed")
	n, err := w.ReadFrom(strings.NewReader("abc"))
	assert.Error(t, err)
	assert.Zero(t, n)
}

func TestKittyRowsHideAndReturn(t *testing.T) {
	w, b, p := newTestWriter(Kitty)
	view := func(rows ...int) string {
		var s string
		for _, r := range rows {
			s += p.marker(1, r) + "\n"
		}
		return s
	}
	write(t, w, Seal(view(0, 1, 2, 3, 4)))
	assert.Equal(t, 5, strings.Count(b.String(), "a=T"))
	checkKitty(t, b.String(), p)
	b.Reset()

	sealed := Seal(view(0, 4)) // a popup over rows 1 to 3: the renderer writes only the seal again
	write(t, w, sealed[strings.LastIndex(sealed, markerStart):])
	assert.Equal(t, 3, strings.Count(b.String(), "a=d"))
	assert.Equal(t, 3, w.Stats().Deleted)
	b.Reset()

	sealed = Seal("no picture")
	write(t, w, sealed)
	assert.Equal(t, 2, strings.Count(b.String(), "a=d"))
	assert.True(t, strings.HasPrefix(b.String(), "no picture"))
	b.Reset()
	write(t, w, sealed)
	assert.Equal(t, "no picture", b.String())

	write(t, w, Seal(view(2)))
	b.Reset()
	require.NoError(t, w.Close())
	assert.Equal(t, 1, strings.Count(b.String(), "a=d"), "leaving deletes what is shown")
}

// checkKitty decodes the images of a write and compares them with the picture's rows.
func checkKitty(t *testing.T, s string, p *Picture) {
	t.Helper()
	row := 0
	var text strings.Builder
	for part := range strings.SplitSeq(s, "\x1b_G") {
		head, data, ok := strings.Cut(part, ";")
		if !ok || !strings.Contains(head, "m=") {
			continue
		}
		data, _, _ = strings.Cut(data, "\x1b\\")
		assert.LessOrEqual(t, len(data), kittyChunk)
		text.WriteString(data)
		if strings.HasSuffix(head, "m=1") {
			continue
		}
		z, err := base64.StdEncoding.DecodeString(text.String())
		require.NoError(t, err)
		text.Reset()
		zr, err := zlib.NewReader(bytes.NewReader(z))
		require.NoError(t, err)
		raw, err := io.ReadAll(zr)
		require.NoError(t, err)
		n := p.img.W * p.Display.CellH
		require.Len(t, raw, 3*n)
		for i := range n {
			c := p.img.Pal.RGB[p.img.Pix[row*n+i]]
			require.Equal(t, c[:], raw[3*i:3*i+3])
		}
		row++
	}
	assert.Equal(t, p.Rows, row)
}

func TestKittyChunks(t *testing.T) {
	s := NewStore()
	p := New(photo(400, 40), 40, 2, Display{Mode: Kitty, CellW: 10, CellH: 20})
	s.Publish(3, p)
	var b bytes.Buffer
	w := NewWriter(nil, s)
	w.sink = &b
	write(t, w, p.marker(3, 0)+p.marker(3, 1))
	assert.GreaterOrEqual(t, strings.Count(b.String(), "\x1b_Gm="), 2, "more than one chunk a row")
	checkKitty(t, b.String(), p)
}

func TestITermIsAPNG(t *testing.T) {
	w, b, p := newTestWriter(ITerm)
	write(t, w, p.marker(1, 1)+p.marker(1, 2))
	_, data, ok := strings.Cut(b.String(), "doNotMoveCursor=1:")
	require.True(t, ok)
	data, _, _ = strings.Cut(data, "\a")
	raw, err := base64.StdEncoding.DecodeString(data)
	require.NoError(t, err)
	im, kind, err := image.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	assert.Equal(t, "png", kind)
	require.Equal(t, image.Rect(0, 0, 12, 12), im.Bounds())
	for i := range 12 * 12 {
		r, g, bl, _ := im.At(i%12, i/12).RGBA()
		c := p.img.Pal.RGB[p.img.Pix[6*12+i]]
		require.Equal(t, c, [3]byte{byte(r >> 8), byte(g >> 8), byte(bl >> 8)})
	}
	assert.Contains(t, b.String(), fmt.Sprintf("size=%d;width=4;height=2;", len(raw)))
}

func TestStoreAndWriterTogether(t *testing.T) {
	w, _, p := newTestWriter(Sixel)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				w.store.Publish(1+g%2, New(heat(12, 30+i%3), 4, 5, p.Display))
				_ = w.Stats()
				_ = w.store.Occlude(p.Cells(1, nil), 1, 3)
			}
		})
	}
	for range 50 {
		write(t, w, p.Cells(1, nil))
	}
	wg.Wait()
	assert.Equal(t, 50, w.Stats().Frames)
	w.store.Publish(1, nil)
	assert.Nil(t, w.store.Get(1))
}

func BenchmarkFrame320(b *testing.B) {
	s := NewStore()
	w := NewWriter(nil, s)
	w.sink = io.Discard
	d := Display{Mode: Sixel, CellW: 8, CellH: 16}
	for _, mode := range []Mode{Sixel, Kitty, ITerm} {
		b.Run(mode.String(), func(b *testing.B) {
			d.Mode = mode
			im := heat(320, 320)
			b.ReportAllocs()
			for b.Loop() {
				p := New(im, 40, 20, d)
				s.Publish(1, p)
				if _, err := w.WriteString(p.Cells(1, nil)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
