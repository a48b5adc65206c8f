package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"unicode"
)

// chunk is the size of the pieces in which data is read and written.
const chunk = 256 << 10

// ErrFormat is wrapped by every error about bytes that are not a valid safetensors file.
var ErrFormat = errors.New("not a valid safetensors file")

// ErrMissing is wrapped by the error for a tensor that the file does not have.
var ErrMissing = errors.New("no such tensor")

// File is an open safetensors file whose header has been checked. Its methods may be used by several
// goroutines.
type File struct {
	name  string
	r     io.ReaderAt
	close func() error
	base  int64 // where the data begins
	size  int64 // bytes of data
	names []string
	infos map[string]Info
	meta  map[string]string
}

// Open opens a file and checks its header; the data stays on disk until it is read. Errors name the file;
// those about its content wrap ErrFormat.
func Open(path string) (*File, error) {
	// Asked before opening: to open a pipe for reading waits for a writer.
	st, err := os.Stat(path)
	if err != nil {
		return nil, plain(path, err)
	}
	if !st.Mode().IsRegular() {
		what := "is not a regular file"
		if st.IsDir() {
			what = "is a folder: want a safetensors file"
		}
		return nil, fmt.Errorf("safetensors: %s: %s", pathText(path), what)
	}
	disk, err := os.Open(path)
	if err != nil {
		return nil, plain(path, err)
	}
	st, err = disk.Stat()
	if err != nil {
		_ = disk.Close()
		return nil, plain(path, err)
	}
	f, err := New(disk, st.Size(), path)
	if err != nil {
		_ = disk.Close()
		return nil, err
	}
	f.close = disk.Close
	return f, nil
}

// New reads a file of size bytes from r; name is what errors call it. Close does not close r.
func New(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{name: pathText(name), r: r, close: func() error { return nil }}
	if err := f.header(size); err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", f.name, err)
	}
	return f, nil
}

func (f *File) header(size int64) error {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return invalid(fmt.Errorf("%d bytes are too few for a header", size))
	}
	if err := f.readAt(prefix[:], 0); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader {
		return invalid(fmt.Errorf("a header of %d bytes: want at most %d", n, maxHeader))
	}
	if n > uint64(size)-8 {
		return invalid(fmt.Errorf("a header of %d bytes in a file of %d: the file is cut or damaged", n, size))
	}
	text := make([]byte, n)
	if err := f.readAt(text, 8); err != nil {
		return err
	}
	h, err := parseHeader(text)
	if err != nil {
		return invalid(err)
	}
	f.base, f.size = 8+int64(n), size-8-int64(n)
	if err := layout(h.infos, f.size); err != nil {
		return invalid(err)
	}
	f.infos, f.meta = h.infos, h.meta
	f.names = slices.Sorted(maps.Keys(h.infos))
	return nil
}

// Close closes what Open opened.
func (f *File) Close() error { return f.close() }

// Names lists the tensors, sorted.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Info describes a tensor; false where the file has none of this name.
func (f *File) Info(name string) (Info, bool) {
	in, ok := f.infos[name]
	in.Shape = slices.Clone(in.Shape)
	return in, ok
}

// Metadata is a copy of the header's free text, empty if there is none.
func (f *File) Metadata() map[string]string { return maps.Clone(f.meta) }

// Raw gives the bytes of a tensor as they lie in the file, little-endian and row-major.
func (f *File) Raw(name string) (*io.SectionReader, error) {
	in, ok := f.infos[name]
	if !ok {
		return nil, f.fault(name, ErrMissing)
	}
	return io.NewSectionReader(f.r, f.base+in.Begin, in.End-in.Begin), nil
}

// ReadF32 fills dst with a tensor of dtype F32, F16 or BF16; len(dst) must be its Count.
func (f *File) ReadF32(name string, dst []float32) error {
	return read(f, name, dst, "float32", f32From)
}

// ReadF64 fills dst with a tensor of dtype F64, F32, F16 or BF16; len(dst) must be its Count.
func (f *File) ReadF64(name string, dst []float64) error {
	return read(f, name, dst, "float64", f64From)
}

// ReadI32 fills dst with a tensor of dtype I32, U8 or BOOL; len(dst) must be its Count.
func (f *File) ReadI32(name string, dst []int32) error { return read(f, name, dst, "int32", i32From) }

// ReadI64 fills dst with a tensor of dtype I64, I32, U8 or BOOL; len(dst) must be its Count.
func (f *File) ReadI64(name string, dst []int64) error { return read(f, name, dst, "int64", i64From) }

// ReadBytes fills dst with the bytes of a tensor of any dtype; len(dst) must be End-Begin.
func (f *File) ReadBytes(name string, dst []byte) error {
	in, ok := f.infos[name]
	switch {
	case !ok:
		return f.fault(name, ErrMissing)
	case int64(len(dst)) != in.End-in.Begin:
		return f.fault(name, fmt.Errorf("%d bytes do not fit into %d", in.End-in.Begin, len(dst)))
	}
	if err := f.readAt(dst, f.base+in.Begin); err != nil {
		return f.fault(name, err)
	}
	return nil
}

// Tensor reads a tensor whole: into F32, F64, I32 or I64 by its dtype (F16 and BF16 become F32), other dtypes
// into Data. It allocates what the tensor takes, which the file is known to hold.
func (f *File) Tensor(name string) (Tensor, error) {
	in, ok := f.Info(name)
	if !ok {
		return Tensor{}, f.fault(name, ErrMissing)
	}
	t := Tensor{Name: name, DType: in.DType, Shape: in.Shape}
	var err error
	switch in.DType {
	case F32, F16, BF16:
		t.DType, t.F32 = F32, make([]float32, in.Count)
		err = f.ReadF32(name, t.F32)
	case F64:
		t.F64 = make([]float64, in.Count)
		err = f.ReadF64(name, t.F64)
	case I32:
		t.I32 = make([]int32, in.Count)
		err = f.ReadI32(name, t.I32)
	case I64:
		t.I64 = make([]int64, in.Count)
		err = f.ReadI64(name, t.I64)
	default:
		t.Data = make([]byte, in.End-in.Begin)
		err = f.ReadBytes(name, t.Data)
	}
	return t, err
}

func read[T any](f *File, name string, dst []T, want string, from func(DType) func([]T, []byte)) error {
	in, ok := f.infos[name]
	if !ok {
		return f.fault(name, ErrMissing)
	}
	convert := from(in.DType)
	switch {
	case convert == nil:
		return f.fault(name, fmt.Errorf("%s cannot be read as %s", in.DType, want))
	case len(dst) != in.Count:
		return f.fault(name, fmt.Errorf("%s %s has %d elements, and %d are wanted", in.DType, shapeText(in.Shape),
			in.Count, len(dst)))
	}
	size := in.DType.Bits() / 8
	buf := make([]byte, min(chunk, len(dst)*size))
	at := f.base + in.Begin
	for len(dst) > 0 {
		n := min(len(dst), chunk/size)
		if err := f.readAt(buf[:n*size], at); err != nil {
			return f.fault(name, err)
		}
		convert(dst[:n], buf)
		dst, at = dst[n:], at+int64(n*size)
	}
	return nil
}

func (f *File) readAt(b []byte, at int64) error {
	if len(b) == 0 {
		return nil
	}
	n, err := f.r.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("the file ends at byte %d: it was cut while open", at+int64(n))
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("read at byte %d: %w", at, err)
}

func (f *File) fault(name string, err error) error {
	return fmt.Errorf("safetensors: %s: tensor %s: %w", f.name, clip(name), err)
}

// formatError makes ErrFormat visible to errors.Is without its words in the text, which is clearer alone.
type formatError struct{ error }

func (formatError) Is(target error) bool { return target == ErrFormat }
func (e formatError) Unwrap() error      { return e.error }

func invalid(err error) error { return formatError{err} }

// plain keeps the cause of a path error and spells the path itself.
func plain(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("safetensors: %s: %w", pathText(path), err)
}

// pathText quotes a path that could disturb a terminal and leaves every other as it is.
func pathText(path string) string {
	for _, r := range path {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return strconv.Quote(path)
		}
	}
	return path
}
