package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assemble makes a file from a header as text and data of n bytes.
func assemble(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func open(b []byte) (*File, error) { return New(bytes.NewReader(b), int64(len(b)), "x.safetensors") }

func TestRoundTrip(t *testing.T) {
	big := make([]float32, 200_001) // several chunks and a tail
	for i := range big {
		big[i] = float32(i) * 0.5
	}
	nan := math.Float32frombits(0x7fc12345)
	tensors := []Tensor{
		{Name: "z.big", Shape: []int{3, 66667}, F32: big},
		{Name: "a.odd", DType: Bool, Shape: []int{3}, Data: []byte{1, 0, 1}},
		{Name: "f64", Shape: []int{2}, F64: []float64{math.Pi, math.Inf(-1)}},
		{Name: "i32", Shape: []int{2, 1}, I32: []int32{-1, math.MaxInt32}},
		{Name: "i64", Shape: []int{2}, I64: []int64{math.MinInt64, 7}},
		{Name: "scalar", F32: []float32{nan}},
		{Name: "empty", DType: F32, Shape: []int{0, 5}},
		{Name: "häß\"\n<&>", DType: U8, Shape: []int{1}, Data: []byte{9}},
	}
	meta := map[string]string{"step": "12", "note": "a \"quoted\"\nline"}
	var first, second bytes.Buffer
	require.NoError(t, Write(&first, tensors, meta))
	slices.Reverse(tensors)
	require.NoError(t, Write(&second, tensors, meta))
	require.Equal(t, first.Bytes(), second.Bytes(), "order of the tensors must not matter")
	assert.Zero(t, binary.LittleEndian.Uint64(first.Bytes())%8)

	f, err := open(first.Bytes())
	require.NoError(t, err)
	assert.Equal(t, meta, f.Metadata())
	assert.Len(t, f.Names(), len(tensors))
	assert.True(t, slices.IsSorted(f.Names()))
	for _, want := range tensors {
		in, ok := f.Info(want.Name)
		require.True(t, ok)
		assert.Zero(t, in.Begin%int64(in.DType.Bits()/8), "%s is not aligned", want.Name)
		got, err := f.Tensor(want.Name)
		require.NoError(t, err)
		if want.Name == "scalar" {
			assert.Equal(t, math.Float32bits(nan), math.Float32bits(got.F32[0]))
			continue
		}
		assert.Equal(t, want.F64, got.F64)
		assert.Equal(t, want.I32, got.I32)
		assert.Equal(t, want.I64, got.I64)
		assert.True(t, slices.Equal(want.F32, got.F32))
		assert.True(t, bytes.Equal(want.Data, got.Data))
		assert.True(t, slices.Equal(want.Shape, got.Shape))
	}
}

func TestWidening(t *testing.T) {
	half := []uint16{0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00, 0x3555}
	want := []float32{0, 0, 1, -2, 65504, 0x1p-24, 1023 * 0x1p-24, 0x1p-14,
		float32(math.Inf(1)), float32(math.Inf(-1)), 0.33325195}
	var h, b []byte
	for _, v := range half {
		h = binary.LittleEndian.AppendUint16(h, v)
	}
	for _, v := range []float32{1, -2, 0.15625} {
		b = binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(v)>>16))
	}
	var out bytes.Buffer
	require.NoError(t, Write(&out, []Tensor{
		{Name: "h", DType: F16, Shape: []int{len(half)}, Data: h},
		{Name: "b", DType: BF16, Shape: []int{3}, Data: b},
		{Name: "u", DType: U8, Shape: []int{2}, Data: []byte{0, 255}},
		{Name: "i", Shape: []int{1}, I32: []int32{-5}},
	}, nil))
	f, err := open(out.Bytes())
	require.NoError(t, err)
	got := make([]float32, len(half))
	require.NoError(t, f.ReadF32("h", got))
	assert.Equal(t, want, got)
	assert.True(t, math.Signbit(float64(got[1])))
	wide := make([]float64, 3)
	require.NoError(t, f.ReadF64("b", wide))
	assert.Equal(t, []float64{1, -2, 0.15625}, wide)
	ints := make([]int32, 2)
	require.NoError(t, f.ReadI32("u", ints))
	assert.Equal(t, []int32{0, 255}, ints)
	long := make([]int64, 1)
	require.NoError(t, f.ReadI64("i", long))
	assert.Equal(t, []int64{-5}, long)
	require.NoError(t, f.ReadI64("u", make([]int64, 2)))

	for bits := range 1 << 16 { // each finite binary16 against its definition
		exp, frac := bits>>10&0x1f, bits&0x3ff
		if exp == 0x1f {
			continue
		}
		v := math.Ldexp(float64(frac), -24)
		if exp > 0 {
			v = math.Ldexp(float64(1024+frac), exp-25)
		}
		if bits&0x8000 != 0 {
			v = -v
		}
		require.Equal(t, v, float64(float16(uint16(bits))), "%#04x", bits)
	}
}

func TestRefusesBadFiles(t *testing.T) {
	one := func(entry string) string { return `{"a":` + entry + `}` }
	cases := []struct {
		name, header string
		data         int
		want         string
	}{
		{"not json", `{"a"`, 0, "not JSON"},
		{"no brace", ` {}`, 0, "does not begin with {"},
		{"empty", ``, 0, "does not begin with {"},
		{"after", `{} x`, 0, "follow"},
		{"array", one(`[]`), 0, "want an object"},
		{"null", one(`null`), 0, "want"},
		{"dtype", one(`{"dtype":"F33","shape":[],"data_offsets":[0,4]}`), 4, `unknown dtype "F33"`},
		{"no dtype", one(`{"shape":[],"data_offsets":[0,4]}`), 4, "no dtype"},
		{"no shape", one(`{"dtype":"F32","data_offsets":[0,4]}`), 4, "no shape"},
		{"null shape", one(`{"dtype":"F32","shape":null,"data_offsets":[0,4]}`), 4, "shape"},
		{"null dim", one(`{"dtype":"F32","shape":[null],"data_offsets":[0,4]}`), 4, "whole number"},
		{"negative", one(`{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}`), 4, "whole number >= 0, got"},
		{"fraction", one(`{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}`), 4, "whole number >= 0, got"},
		{"huge", one(`{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}`), 4, "whole number"},
		{"overflow", one(`{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}`), 0, "overflows"},
		{"bits", one(`{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}`), 0, "overflows"},
		{"half byte", one(`{"dtype":"F4","shape":[3],"data_offsets":[0,2]}`), 2, "whole bytes"},
		{"length", one(`{"dtype":"F32","shape":[2],"data_offsets":[0,4]}`), 4,
			"takes 8 bytes, and data_offsets give 4"},
		{"backwards", one(`{"dtype":"F32","shape":[1],"data_offsets":[4,0]}`), 4, "backwards"},
		{"one offset", one(`{"dtype":"F32","shape":[1],"data_offsets":[4]}`), 4, "want 2"},
		{"beyond", one(`{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`), 7, "the file is cut"},
		{"hole first", one(`{"dtype":"F32","shape":[1],"data_offsets":[4,8]}`), 8, "belongs to no tensor"},
		{"hole last", one(`{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`), 8, "the file holds 8"},
		{"twice", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},` +
			`"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2, `"a" occurs twice`},
		{"key twice", one(`{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}`), 1, "occurs twice"},
		{"unknown key", one(`{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}`), 1, "unknown key"},
		{"overlap", `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},` +
			`"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3, `tensor "b": overlaps tensor "a"`},
		{"metadata", `{"__metadata__":{"a":1}}`, 0, "want a string"},
		{"utf8", "{\"\xff\":{}}", 0, "not UTF-8"},
		{"control", `{"\u001b[31m":{"dtype":"F33","shape":[],"data_offsets":[0,4]}}`, 4, `\x1b[31m`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := open(assemble(c.header, c.data))
			require.ErrorIs(t, err, ErrFormat)
			assert.Contains(t, err.Error(), c.want)
			assert.Contains(t, err.Error(), "x.safetensors")
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "\x1b")
		})
	}
	long := assemble(one(`{"dtype":"`+strings.Repeat("é", 5000)+`","shape":[],"data_offsets":[0,4]}`), 4)
	_, err := open(long)
	assert.Less(t, len(err.Error()), 300)

	claims := binary.LittleEndian.AppendUint64(nil, maxHeader)
	_, err = open(append(claims, '{'))
	require.ErrorContains(t, err, "cut or damaged")
	_, err = open(binary.LittleEndian.AppendUint64(nil, math.MaxUint64))
	require.ErrorContains(t, err, "want at most")
	_, err = open([]byte("short"))
	require.ErrorContains(t, err, "too few")
}

func TestAcceptsOddButValid(t *testing.T) {
	f, err := open(assemble(`{"b":{"data_offsets":[4,4],"shape":[0,9],"dtype":"F32"},`+
		`"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}     `, 4))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, f.Names())
	require.ErrorContains(t, f.ReadF32("a", make([]float32, 4)), "F8_E4M3 cannot be read as float32")
	require.NoError(t, f.ReadBytes("a", make([]byte, 4)))
	f, err = open(assemble(`{}`, 0))
	require.NoError(t, err)
	assert.Empty(t, f.Names())
}

func TestReadErrors(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Write(&out, []Tensor{{Name: "w", Shape: []int{2, 2}, F32: make([]float32, 4)}}, nil))
	f, err := open(out.Bytes())
	require.NoError(t, err)
	require.EqualError(t, f.ReadF32("w", make([]float32, 3)),
		`safetensors: x.safetensors: tensor "w": F32 [2 2] has 4 elements, and 3 are wanted`)
	require.ErrorContains(t, f.ReadI64("w", make([]int64, 4)), "F32 cannot be read as int64")
	require.ErrorContains(t, f.ReadBytes("w", nil), "do not fit")
	require.ErrorIs(t, f.ReadF32("v", nil), ErrMissing)
	_, err = f.Raw("v")
	require.ErrorIs(t, err, ErrMissing)
	_, err = f.Tensor("v")
	require.ErrorIs(t, err, ErrMissing)
	raw, err := f.Raw("w")
	require.NoError(t, err)
	assert.EqualValues(t, 16, raw.Size())

	cut, err := New(bytes.NewReader(out.Bytes()[:out.Len()-2]), int64(out.Len()), "cut")
	require.NoError(t, err)
	require.ErrorContains(t, cut.ReadF32("w", make([]float32, 4)), "was cut while open")
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir)
	require.ErrorContains(t, err, "is a folder")
	_, err = Open(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(filepath.Join(dir, "esc\x1b[2J"))
	assert.NotContains(t, err.Error(), "\x1b")
}

func TestWriteRefuses(t *testing.T) {
	cases := map[string]struct {
		tensors []Tensor
		want    string
	}{
		"twice":    {[]Tensor{{Name: "a", F32: []float32{1}}, {Name: "a", F32: []float32{1}}}, "occurs twice"},
		"reserved": {[]Tensor{{Name: "__metadata__", F32: []float32{1}}}, "not __metadata__"},
		"utf8":     {[]Tensor{{Name: "\xff", F32: []float32{1}}}, "UTF-8"},
		"shape":    {[]Tensor{{Name: "a", Shape: []int{2}, F32: []float32{1}}}, "has 2 elements, got 1"},
		"bytes":    {[]Tensor{{Name: "a", DType: F16, Shape: []int{2}, Data: []byte{1}}}, "takes 4 bytes, got 1"},
		"two":      {[]Tensor{{Name: "a", F32: []float32{1}, I32: []int32{1}}}, "want one"},
		"none":     {[]Tensor{{Name: "a"}}, "no dtype"},
		"other":    {[]Tensor{{Name: "a", DType: I64, F32: []float32{1}}}, "does not fit data of F32"},
		"negative": {[]Tensor{{Name: "a", Shape: []int{-1}, F32: []float32{1}}}, "negative"},
		"no data":  {[]Tensor{{Name: "a", DType: F32, Shape: []int{3}}}, "has 3 elements, got 0"},
		"unknown":  {[]Tensor{{Name: "a", DType: "Q4", Data: []byte{}}}, "unknown dtype"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.ErrorContains(t, Write(&out, c.tensors, nil), c.want)
			assert.Zero(t, out.Len())
		})
	}
	require.ErrorContains(t, Write(io.Discard, nil, map[string]string{"k": "\xff"}), "UTF-8")
	full := errors.New("disk full")
	require.ErrorIs(t, Write(failing{full}, []Tensor{{Name: "a", F32: []float32{1}}}, nil), full)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestGolden reads files that other programs wrote.
func TestGolden(t *testing.T) {
	for _, path := range []string{
		"bench/golden/w3.safetensors", "bench/golden/w5.safetensors", "data/models/burn-mnist/mnist.safetensors",
		"data/models/formats/burn-store/safetensors-tests/tests/multi_layer/multi_layer.safetensors",
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := Open(filepath.Join("../../../shared", path))
			if errors.Is(err, os.ErrNotExist) {
				t.Skip("no shared/" + path + " beside the repository")
			}
			require.NoError(t, err)
			defer f.Close()
			require.NotEmpty(t, f.Names())
			var all []Tensor
			for _, name := range f.Names() {
				tensor, err := f.Tensor(name)
				require.NoError(t, err)
				require.False(t, slices.ContainsFunc(tensor.F32, func(v float32) bool { return v != v }), name)
				all = append(all, tensor)
			}
			var out bytes.Buffer
			require.NoError(t, Write(&out, all, f.Metadata()))
			again, err := open(out.Bytes())
			require.NoError(t, err)
			for _, name := range f.Names() {
				want, err := f.Raw(name)
				require.NoError(t, err)
				got, err := again.Raw(name)
				require.NoError(t, err)
				a, err := io.ReadAll(want)
				require.NoError(t, err)
				b, err := io.ReadAll(got)
				require.NoError(t, err)
				require.True(t, bytes.Equal(a, b), name)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	var out bytes.Buffer
	require.NoError(f, Write(&out, []Tensor{
		{Name: "a", Shape: []int{2}, F32: []float32{1, 2}}, {Name: "b", Shape: []int{3}, I64: []int64{1, 2, 3}},
	}, map[string]string{"k": "v"}))
	f.Add(out.Bytes())
	f.Add(assemble(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 2))
	f.Add(assemble(`{"a":{"dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[0,0]}}`, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := open(b)
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		var all []Tensor
		for _, name := range file.Names() {
			in, ok := file.Info(name)
			require.True(t, ok)
			tensor := Tensor{Name: name, DType: in.DType, Shape: in.Shape, Data: make([]byte, in.End-in.Begin)}
			require.NoError(t, file.ReadBytes(name, tensor.Data))
			_, err := file.Tensor(name)
			require.NoError(t, err)
			all = append(all, tensor)
		}
		var out bytes.Buffer
		require.NoError(t, Write(&out, all, file.Metadata()))
		again, err := open(out.Bytes())
		require.NoError(t, err)
		require.Equal(t, file.Names(), again.Names())
		require.Equal(t, file.Metadata(), again.Metadata())
	})
}

func BenchmarkWrite(b *testing.B) {
	t := []Tensor{{Name: "w", Shape: []int{2 << 20}, F32: make([]float32, 2<<20)}}
	b.SetBytes(8 << 20)
	for b.Loop() {
		require.NoError(b, Write(io.Discard, t, nil))
	}
}

func ExampleWrite() {
	var b bytes.Buffer
	err := Write(&b, []Tensor{{Name: "param.bias", Shape: []int{2}, F32: []float32{0.5, -1}}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := New(bytes.NewReader(b.Bytes()), int64(b.Len()), "memory")
	if err != nil {
		fmt.Println(err)
		return
	}
	bias := make([]float32, 2)
	fmt.Println(f.Names(), f.ReadF32("param.bias", bias), bias)
	// Output: [param.bias] <nil> [0.5 -1]
}
