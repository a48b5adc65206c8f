package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tensor is a tensor to write, or one that was read whole. Exactly one of the data fields is set (none if the
// tensor has no elements); it is row-major. The writer does not change or keep it.
type Tensor struct {
	Name  string
	DType DType // may be empty where F32, F64, I32 or I64 says it
	Shape []int // empty for a scalar

	Data []byte // little-endian bytes, any dtype
	F32  []float32
	F64  []float64
	I32  []int32
	I64  []int64
}

// Write writes the tensors as one file. The same tensors and metadata give the same bytes in whatever order
// they come: data lies by falling element size and then by name, so each tensor is aligned to its elements,
// and the header is padded with spaces to a multiple of 8 bytes. Nothing is written if a tensor is invalid.
func Write(w io.Writer, tensors []Tensor, meta map[string]string) error {
	order, err := arrange(tensors)
	if err != nil {
		return err
	}
	head, err := encodeHeader(order, meta)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	buf := make([]byte, 0, chunk)
	for i := range order {
		if err := writeData(w, buf, &order[i]); err != nil {
			return err
		}
	}
	return nil
}

// arrange checks the tensors and gives them in file order, their dtypes filled in.
func arrange(tensors []Tensor) ([]Tensor, error) {
	order := slices.Clone(tensors)
	seen := make(map[string]bool, len(order))
	for i := range order {
		t := &order[i]
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("safetensors: write tensor %s: %w", clip(t.Name), err)
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("safetensors: write tensor %s: the name occurs twice", clip(t.Name))
		}
		seen[t.Name] = true
	}
	slices.SortFunc(order, func(a, b Tensor) int {
		if x, y := a.DType.Bits(), b.DType.Bits(); x != y {
			return y - x
		}
		return strings.Compare(a.Name, b.Name)
	})
	return order, nil
}

func (t *Tensor) check() error {
	if t.Name == metadataKey || !utf8.ValidString(t.Name) {
		return fmt.Errorf("want a name in UTF-8 that is not %s", metadataKey)
	}
	var n, set int // elements given, data fields set
	is := t.DType
	typed := func(length int, there bool, d DType) {
		if there {
			n, is, set = length, d, set+1
		}
	}
	typed(len(t.F32), t.F32 != nil, F32)
	typed(len(t.F64), t.F64 != nil, F64)
	typed(len(t.I32), t.I32 != nil, I32)
	typed(len(t.I64), t.I64 != nil, I64)
	if t.DType == "" {
		t.DType = is
	}
	if t.Data != nil {
		set++
	}
	switch {
	case set > 1:
		return fmt.Errorf("%d of Data, F32, F64, I32 and I64 are set: want one", set)
	case t.DType == "":
		return fmt.Errorf("no dtype")
	case is != t.DType:
		return fmt.Errorf("dtype %s does not fit data of %s", t.DType, is)
	}
	count, length, err := extent(t.DType, t.Shape)
	switch {
	case err != nil:
		return err
	case t.Data != nil && int64(len(t.Data)) != length:
		return fmt.Errorf("%s %s takes %d bytes, got %d", t.DType, shapeText(t.Shape), length, len(t.Data))
	case t.Data == nil && n != count:
		return fmt.Errorf("%s %s has %d elements, got %d", t.DType, shapeText(t.Shape), count, n)
	}
	return nil
}

// encodeHeader gives the length, the JSON and its padding.
func encodeHeader(order []Tensor, meta map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	if len(meta) > 0 {
		for i, key := range slices.Sorted(maps.Keys(meta)) {
			if !utf8.ValidString(key) || !utf8.ValidString(meta[key]) {
				return nil, fmt.Errorf("safetensors: write metadata %s: want UTF-8", clip(key))
			}
			if i == 0 {
				fmt.Fprintf(&b, `"%s":{`, metadataKey)
			} else {
				b.WriteByte(',')
			}
			quote(&b, key)
			b.WriteByte(':')
			quote(&b, meta[key])
		}
		b.WriteByte('}')
	}
	var at int64
	for i := range order {
		t := &order[i]
		if i > 0 || len(meta) > 0 {
			b.WriteByte(',')
		}
		quote(&b, t.Name)
		fmt.Fprintf(&b, `:{"dtype":"%s","shape":[`, t.DType)
		for j, d := range t.Shape {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprint(&b, d)
		}
		_, length, err := extent(t.DType, t.Shape)
		if err != nil {
			return nil, err
		}
		if at > math.MaxInt64-length {
			return nil, fmt.Errorf("safetensors: write: the tensors together overflow")
		}
		fmt.Fprintf(&b, `],"data_offsets":[%d,%d]}`, at, at+length)
		at += length
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, fmt.Errorf("safetensors: write: a header of %d bytes: want at most %d", b.Len()-8, maxHeader)
	}
	out := b.Bytes()
	binary.LittleEndian.PutUint64(out, uint64(len(out)-8))
	return out, nil
}

// quote writes a JSON string; valid UTF-8 always encodes.
func quote(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)
	b.Truncate(b.Len() - 1) // the encoder's newline
}

func writeData(w io.Writer, buf []byte, t *Tensor) error {
	switch {
	case t.F32 != nil:
		return encode(w, buf, t.F32, 4, func(b []byte, v float32) {
			binary.LittleEndian.PutUint32(b, math.Float32bits(v))
		})
	case t.F64 != nil:
		return encode(w, buf, t.F64, 8, func(b []byte, v float64) {
			binary.LittleEndian.PutUint64(b, math.Float64bits(v))
		})
	case t.I32 != nil:
		return encode(w, buf, t.I32, 4, func(b []byte, v int32) { binary.LittleEndian.PutUint32(b, uint32(v)) })
	case t.I64 != nil:
		return encode(w, buf, t.I64, 8, func(b []byte, v int64) { binary.LittleEndian.PutUint64(b, uint64(v)) })
	case len(t.Data) > 0:
		_, err := w.Write(t.Data)
		return err
	}
	return nil
}

func encode[T any](w io.Writer, buf []byte, src []T, size int, put func([]byte, T)) error {
	for len(src) > 0 {
		n := min(len(src), chunk/size)
		b := buf[:n*size]
		for i, v := range src[:n] {
			put(b[i*size:i*size+size], v)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		src = src[n:]
	}
	return nil
}
