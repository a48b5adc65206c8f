package samples

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// IDX is the format of the MNIST files: two zero bytes, the type (0x08: unsigned byte), the number of
// dimensions, each dimension as a big-endian uint32, then the values (Y. LeCun, "The MNIST database",
// yann.lecun.com/exdb/mnist). idx is one such file of unsigned bytes.
type idx struct {
	dims []int
	data []byte // dims[0]*dims[1]*... bytes
}

const (
	idxByte    = 0x08
	idxMaxDims = 4
	idxMaxData = 1<<31 - 1 // bytes, so that an int holds them everywhere; MNIST has 47 million
	idxMaxSide = 1 << 14   // pixels
	gzipRatio  = 1032      // deflate packs at most this many bytes into one
)

// The ways of an IDX file to be wrong that callers and tests tell apart.
var (
	errNotIDX  = errors.New("not an IDX file")
	errTornIDX = errors.New("file is torn")
)

// readIDXFile reads a plain or gzipped IDX file; which of the two is seen from its first bytes.
func readIDXFile(path string) (*idx, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, pathError(path, err)
	}
	x, err := readIDX(f, st.Size())
	if err != nil {
		return nil, pathError(path, err)
	}
	return x, nil
}

// readIDX reads an IDX file of size bytes. Memory is asked for as the file shows that it can fill it: a
// header is believed only up to what the file's size allows.
func readIDX(r io.Reader, size int64) (*idx, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	most := size
	if head, _ := in.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%w: its gzip header does not read (%v): fetch it again", errTornIDX, err)
		}
		defer z.Close()
		in = bufio.NewReaderSize(z, 1<<16)
		if size < (1<<62)/gzipRatio {
			most = size * gzipRatio
		}
	}
	dims, err := readIDXHeader(in)
	if err != nil {
		return nil, err
	}
	want := int64(1)
	for _, d := range dims {
		if d != 0 && want > idxMaxData/int64(d) {
			return nil, fmt.Errorf("header says %s: want at most %d MiB", shape(dims), idxMaxData>>20)
		}
		want *= int64(d)
	}
	if want == 0 {
		return nil, fmt.Errorf("header says %s, which is empty: want at least one example", shape(dims))
	}
	if want > most {
		return nil, fmt.Errorf("%w: its header says %s (%d bytes), more than a file of %d bytes holds: "+
			"fetch it again", errTornIDX, shape(dims), want, size)
	}
	data, err := readExactly(in, want, 16*size+1<<16)
	if err != nil {
		return nil, fmt.Errorf("%w: %v, its header says %s (%d bytes): fetch it again",
			errTornIDX, err, shape(dims), want)
	}
	return &idx{dims, data}, nil
}

func readIDXHeader(in *bufio.Reader) ([]int, error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, fmt.Errorf("%w: it ends (%s) before its header does: fetch it again", errTornIDX, brief(err))
	}
	if head[0] != 0 || head[1] != 0 {
		return nil, fmt.Errorf("%w: magic %#08x: want 0x00000803 (images) or 0x00000801 (labels), plain or gzipped",
			errNotIDX, binary.BigEndian.Uint32(head[:]))
	}
	if head[2] != idxByte {
		return nil, fmt.Errorf("%w of bytes: magic %#08x has value type %#02x: want 0x08, unsigned byte",
			errNotIDX, binary.BigEndian.Uint32(head[:]), head[2])
	}
	if head[3] == 0 || head[3] > idxMaxDims {
		return nil, fmt.Errorf("%w: magic %#08x has %d dimensions: want 1 (labels), 3 (images), 2 or 4",
			errNotIDX, binary.BigEndian.Uint32(head[:]), head[3])
	}
	dims := make([]int, head[3])
	for k := range dims {
		var d [4]byte
		if _, err := io.ReadFull(in, d[:]); err != nil {
			return nil, fmt.Errorf("%w: it ends (%s) in its dimensions: fetch it again", errTornIDX, brief(err))
		}
		n := binary.BigEndian.Uint32(d[:])
		if n > idxMaxData {
			return nil, fmt.Errorf("header says dimension %d is %d: want at most %d", k, n, idxMaxData)
		}
		dims[k] = int(n)
	}
	return dims, nil
}

// readExactly reads want bytes and the end. It starts with room for at most trust bytes and doubles.
func readExactly(in io.Reader, want, trust int64) ([]byte, error) {
	data := make([]byte, 0, min(want, trust))
	for int64(len(data)) < want {
		if len(data) == cap(data) {
			grown := make([]byte, len(data), min(want, 2*int64(cap(data))))
			copy(grown, data)
			data = grown
		}
		n, err := in.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil && int64(len(data)) < want {
			return nil, fmt.Errorf("it ends (%s) after %d values", brief(err), len(data))
		}
	}
	// The end is read so that gzip checks its sum.
	var extra [1]byte
	switch _, err := io.ReadFull(in, extra[:]); {
	case err == nil:
		return nil, errors.New("it goes on after its last value")
	case err != io.EOF:
		return nil, fmt.Errorf("it does not end well (%s)", brief(err))
	}
	return data, nil
}

// brief is an error of a reader in a few words.
func brief(err error) string {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "end of file"
	case errors.Is(err, gzip.ErrChecksum):
		return "wrong checksum"
	}
	return err.Error()
}

// shape is dimensions as users read them: 60000x28x28.
func shape(dims []int) string {
	s := ""
	for k, d := range dims {
		if k > 0 {
			s += "x"
		}
		s += fmt.Sprint(d)
	}
	return s
}

// images is the file seen as pictures: their number, height, width and channels.
func (x *idx) images() (n, h, w, c int, err error) {
	d := x.dims
	switch len(d) {
	case 1:
		return 0, 0, 0, 0, fmt.Errorf("holds labels (magic 0x00000801), %d of them: want images, 0x00000803", d[0])
	case 2:
		n, h, w, c = d[0], 1, d[1], 1
		if side := squareSide(d[1]); side > 0 {
			h, w = side, side
		}
	case 3:
		n, h, w, c = d[0], d[1], d[2], 1
	default:
		n, h, w, c = d[0], d[1], d[2], d[3]
	}
	switch {
	case h > idxMaxSide || w > idxMaxSide:
		err = fmt.Errorf("header says pictures of %dx%d: want at most %d a side", h, w, idxMaxSide)
	case c != 1 && c != 3:
		err = fmt.Errorf("header says %s: want 1 or 3 channels last, not %d", shape(d), c)
	}
	return n, h, w, c, err
}

func squareSide(n int) int {
	for s := 1; s*s <= n; s++ {
		if s*s == n {
			return s
		}
	}
	return 0
}

// labels is the file seen as one class an example.
func (x *idx) labels() ([]byte, error) {
	if len(x.dims) != 1 {
		return nil, fmt.Errorf("holds %s values: want labels, magic 0x00000801", shape(x.dims))
	}
	return x.data, nil
}

// findIDX is the path of the first of base's spellings that is there, "" for none: with the dash or the
// dot, plain or gzipped.
func findIDX(dir, kind, rank string) string {
	for _, sep := range []string{"-", "."} {
		for _, end := range []string{"", ".gz"} {
			path := filepath.Join(dir, kind+sep+rank+"-ubyte"+end)
			if st, err := os.Stat(path); err == nil && !st.IsDir() {
				return path
			}
		}
	}
	return ""
}
