package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxHeader bounds the JSON header, as the reference implementation does.
const maxHeader = 100_000_000

const metadataKey = "__metadata__"

// Info says what and where a tensor is.
type Info struct {
	DType DType
	Shape []int // empty for a scalar
	Count int   // elements: the product of Shape
	Begin int64 // first byte, counted from the start of the data
	End   int64 // one past the last byte
}

type header struct {
	infos map[string]Info
	meta  map[string]string
}

// parseHeader reads the JSON and checks each entry by itself; layout checks them together.
func parseHeader(text []byte) (header, error) {
	h := header{infos: map[string]Info{}, meta: map[string]string{}}
	if len(text) == 0 || text[0] != '{' {
		return h, fmt.Errorf("the header does not begin with {: this is not a safetensors file")
	}
	if !utf8.Valid(text) {
		return h, fmt.Errorf("the header is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err := object(dec, func(name string) error {
		if name == metadataKey {
			return object(dec, func(key string) error {
				value, err := token[string](dec, "a string")
				h.meta[key] = value
				return err
			})
		}
		info, err := entry(dec)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", clip(name), err)
		}
		h.infos[name] = info
		return nil
	})
	if err != nil {
		return h, err
	}
	if rest := bytes.TrimLeft(text[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return h, fmt.Errorf("%d bytes follow the header's closing }", len(rest))
	}
	return h, nil
}

// layout checks that the tensors tile the data section of size bytes: no overlap, no hole, nothing left over.
func layout(infos map[string]Info, size int64) error {
	names := make([]string, 0, len(infos))
	for name := range infos {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		x, y := infos[a], infos[b]
		return cmp.Or(cmp.Compare(x.Begin, y.Begin), cmp.Compare(x.End, y.End), cmp.Compare(a, b))
	})
	var at int64
	for i, name := range names {
		in := infos[name]
		switch {
		case in.End > size:
			return fmt.Errorf("tensor %s: its bytes end at %d, and the file holds %d: the file is cut or damaged",
				clip(name), in.End, size)
		case in.Begin < at:
			return fmt.Errorf("tensor %s: overlaps tensor %s", clip(name), clip(names[i-1]))
		case in.Begin > at:
			return fmt.Errorf("tensor %s: begins at byte %d, and byte %d belongs to no tensor", clip(name),
				in.Begin, at)
		}
		at = in.End
	}
	if at != size {
		return fmt.Errorf("the tensors end at byte %d, and the file holds %d", at, size)
	}
	return nil
}

// entry reads {"dtype":..., "shape":[...], "data_offsets":[begin,end]}, in any order, each once.
func entry(dec *json.Decoder) (Info, error) {
	var in Info
	var offsets []int64
	var shape []int64
	err := object(dec, func(key string) (err error) {
		switch key {
		case "dtype":
			var s string
			s, err = token[string](dec, "a string")
			in.DType = DType(s)
		case "shape":
			shape, err = sizes(dec)
		case "data_offsets":
			offsets, err = sizes(dec)
		default:
			err = fmt.Errorf("unknown key")
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", clip(key), err)
		}
		return err
	})
	switch {
	case err != nil:
		return in, err
	case in.DType == "":
		return in, fmt.Errorf("no dtype")
	case shape == nil:
		return in, fmt.Errorf("no shape")
	case len(offsets) != 2:
		return in, fmt.Errorf("data_offsets has %d numbers: want 2", len(offsets))
	case offsets[0] > offsets[1]:
		return in, fmt.Errorf("data_offsets [%d %d] run backwards", offsets[0], offsets[1])
	}
	in.Begin, in.End = offsets[0], offsets[1]
	in.Shape = make([]int, len(shape))
	for i, d := range shape {
		if d > math.MaxInt {
			return in, fmt.Errorf("dimension %d is too large for this machine", d)
		}
		in.Shape[i] = int(d)
	}
	count, length, err := extent(in.DType, in.Shape)
	if err != nil {
		return in, err
	}
	if length != in.End-in.Begin {
		return in, fmt.Errorf("%s %s takes %d bytes, and data_offsets give %d", in.DType, shapeText(in.Shape),
			length, in.End-in.Begin)
	}
	in.Count = count
	return in, nil
}

// extent gives the elements and the bytes of a shape, refusing what overflows.
func extent(d DType, shape []int) (count int, length int64, err error) {
	bits := int64(d.Bits())
	if bits == 0 {
		return 0, 0, fmt.Errorf("unknown dtype %s", clip(string(d)))
	}
	n := int64(1)
	for _, dim := range shape {
		if dim < 0 {
			return 0, 0, fmt.Errorf("shape %s has a negative dimension", shapeText(shape))
		}
		if dim > 0 && n > math.MaxInt64/int64(dim) {
			return 0, 0, fmt.Errorf("shape %s overflows", shapeText(shape))
		}
		n *= int64(dim)
	}
	if n > math.MaxInt64/bits || n > math.MaxInt {
		return 0, 0, fmt.Errorf("shape %s overflows", shapeText(shape))
	}
	if n*bits%8 != 0 {
		return 0, 0, fmt.Errorf("%s %s does not fill whole bytes", d, shapeText(shape))
	}
	return int(n), n * bits / 8, nil
}

// object walks a JSON object, calling member with the decoder before each value, and refuses a key that comes
// twice.
func object(dec *json.Decoder, member func(key string) error) error {
	if open, err := token[json.Delim](dec, "an object"); err != nil {
		return err
	} else if open != '{' {
		return fmt.Errorf("want an object, got an array")
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := token[string](dec, "a key")
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%s occurs twice", clip(key))
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	_, err := token[json.Delim](dec, "}")
	return err
}

// sizes reads an array of whole numbers >= 0; an empty array is not nil.
func sizes(dec *json.Decoder) ([]int64, error) {
	if open, err := token[json.Delim](dec, "an array"); err != nil {
		return nil, err
	} else if open != '[' {
		return nil, fmt.Errorf("want an array, got an object")
	}
	out := []int64{}
	for dec.More() {
		number, err := token[json.Number](dec, "a whole number")
		if err != nil {
			return nil, err
		}
		v, err := strconv.ParseUint(number.String(), 10, 63)
		if err != nil {
			return nil, fmt.Errorf("want a whole number >= 0, got %s", clip(number.String()))
		}
		out = append(out, int64(v))
	}
	_, err := token[json.Delim](dec, "]")
	return out, err
}

func token[T any](dec *json.Decoder, want string) (T, error) {
	var none T
	t, err := dec.Token()
	if err != nil {
		return none, fmt.Errorf("the header is not JSON near byte %d: %w", dec.InputOffset(), err)
	}
	v, ok := t.(T)
	if !ok {
		return none, fmt.Errorf("want %s near byte %d of the header", want, dec.InputOffset())
	}
	return v, nil
}

// clip quotes a name from a file for one line of a terminal: control characters escaped, long ones cut.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return strconv.Quote(s)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "..."
}

func shapeText(shape []int) string {
	if len(shape) > 8 {
		return fmt.Sprintf("%v of %d dimensions", shape[:8], len(shape))
	}
	return fmt.Sprint(shape)
}
