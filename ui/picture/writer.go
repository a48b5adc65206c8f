package picture

import (
	"bytes"
	"io"
	"os"
	"sync"
	"time"
)

// Writer is the output of the program (tea.WithOutput): it takes the markers out of what the renderer
// writes and puts the pixels of their rows in, in the same write. It embeds the terminal's file, so that
// Bubble Tea still finds a terminal. No marker, whole, torn or forged, reaches the file.
type Writer struct {
	*os.File
	store *Store

	mu    sync.Mutex
	held  []byte // the beginning of a marker whose end was not written yet
	tail  bool   // the last write ended in what may begin a marker
	in    []byte
	out   []byte
	marks []placed
	enc   encoder
	shown map[kittyRow]bool
	stats Stats
	slow  time.Duration // mean time of the recent writes that had pictures
	sink  io.Writer     // instead of File, for tests
}

// Stats counts what went through a Writer.
type Stats struct {
	Frames       int   // writes
	Strips, Rows int   // runs of rows sent, and rows in them
	Deleted      int   // rows deleted (kitty)
	Bytes        int64 // bytes written
	PictureBytes int64 // of these, bytes of pictures
	Torn         int   // incomplete or foreign markers that were dropped
}

// placed is a marker in the stream.
type placed struct {
	at, end int
	mark
	ok   bool
	view []rowRange
	seal bool
}

// NewWriter returns the output that writes to f the pictures of the store.
func NewWriter(f *os.File, s *Store) *Writer {
	return &Writer{File: f, store: s, shown: map[kittyRow]bool{}}
}

// Stats returns the counts since the start.
func (w *Writer) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

// WriteTime is how long the recent writes of pictures took on average: a slow terminal or line makes them
// long, and keys wait meanwhile.
func (w *Writer) WriteTime() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.slow
}

// Interval is the time to leave between two updates of pictures: least, or longer where writes are
// so slow that the terminal would do little else.
func (w *Writer) Interval(least time.Duration) time.Duration {
	return max(least, 4*w.WriteTime())
}

// Close deletes the pictures that would stay on the screen. It leaves the file open.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = w.held[:0]
	out := w.hide(w.out[:0], nil)
	w.out = out
	if len(out) == 0 {
		return nil
	}
	_, err := w.target().Write(out)
	return err
}

// WriteString is Write: without it the file's own would let markers through.
func (w *Writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// ReadFrom copies through Write.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{w}, r)
}

func (w *Writer) target() io.Writer {
	if w.sink != nil {
		return w.sink
	}
	return w.File
}

// Write writes a frame. It returns len(p) when all went well, whatever the length of what was sent.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Frames++
	in := p
	if len(w.held) > 0 {
		w.in = append(append(w.in[:0], w.held...), p...)
		in, w.held = w.in, w.held[:0]
	}
	in = w.scan(in)
	strips := w.stats.Strips
	out := in
	if len(w.marks) > 0 {
		out = w.splice(in)
	}
	if len(out) > 0 {
		w.tail = partialStart(out) > 0
	}
	w.stats.Bytes += int64(len(out))
	if len(out) == 0 {
		return len(p), nil
	}
	start := time.Now()
	_, err := w.target().Write(out)
	if took := time.Since(start); w.stats.Strips > strips {
		w.slow += (took - w.slow) / 4
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// maxHeld bounds the memory for a marker whose end does not come; what is beyond is dropped with it.
const maxHeld = 1 << 16

var (
	startBytes = []byte(markerStart)
	esc        = byte(0x1b)
)

// scan finds the markers of in. It returns in without the last, incomplete marker, which is held.
func (w *Writer) scan(in []byte) []byte {
	w.marks = w.marks[:0]
	for i := 0; i < len(in); {
		k := bytes.Index(in[i:], startBytes)
		if k < 0 {
			break
		}
		k += i
		body := k + len(startBytes)
		e := bytes.IndexByte(in[body:], esc)
		e += body
		switch {
		case e < body || e+1 == len(in): // no end yet
			w.held = append(w.held[:0], in[k:min(len(in), k+maxHeld)]...)
			return in[:k]
		case in[e+1] != '\\': // another sequence begins: the marker was torn
			w.stats.Torn++
			w.marks = append(w.marks, placed{at: k, end: e})
			i = e
		default:
			w.marks = append(w.marks, w.read(k, e+2, string(in[body:e])))
			i = e + 2
		}
	}
	if n := partialStart(in); n > 0 {
		w.held = append(w.held[:0], in[len(in)-n:]...)
		return in[:len(in)-n]
	}
	return in
}

func (w *Writer) read(at, end int, body string) placed {
	m := placed{at: at, end: end}
	if m.view, m.seal = parseView(body); m.seal {
		return m
	}
	if m.mark, m.ok = parseMarker(body); !m.ok {
		w.stats.Torn++
	}
	return m
}

// partialStart is how many bytes at the end of in may be the beginning of a marker.
func partialStart(in []byte) int {
	for n := min(len(startBytes)-1, len(in)); n > 0; n-- {
		if bytes.HasSuffix(in, startBytes[:n]) {
			return n
		}
	}
	return 0
}
