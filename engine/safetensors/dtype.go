package safetensors

import (
	"encoding/binary"
	"math"
)

// DType is the element type of a tensor, spelled as in the file.
type DType string

// The dtypes that this package reads and writes as Go values. F16 and BF16 are read as float32.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	U8   DType = "U8"
	Bool DType = "BOOL" // one byte an element: 0 or 1
)

// Bits is the size of one element in bits, 0 for a dtype that the format does not have. It knows the dtypes
// beyond the constants of this package too: such tensors can be listed, skipped and read as bytes.
func (d DType) Bits() int {
	switch d {
	case F64, I64, "U64", "C64":
		return 64
	case F32, I32, "U32":
		return 32
	case F16, BF16, "I16", "U16":
		return 16
	case U8, Bool, "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ":
		return 8
	case "F6_E2M3", "F6_E3M2":
		return 6
	case "F4":
		return 4
	}
	return 0
}

// f32From gives the exact conversion of a dtype to float32, nil where there is none.
func f32From(d DType) func(dst []float32, src []byte) {
	switch d {
	case F32:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
			}
		}
	case F16:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = float16(binary.LittleEndian.Uint16(src[2*i:]))
			}
		}
	case BF16:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
			}
		}
	}
	return nil
}

func f64From(d DType) func(dst []float64, src []byte) {
	if d == F64 {
		return func(dst []float64, src []byte) {
			for i := range dst {
				dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
			}
		}
	}
	narrow := f32From(d)
	if narrow == nil {
		return nil
	}
	size := d.Bits() / 8
	return func(dst []float64, src []byte) {
		var one [1]float32
		for i := range dst {
			narrow(one[:], src[size*i:])
			dst[i] = float64(one[0])
		}
	}
}

func i32From(d DType) func(dst []int32, src []byte) {
	switch d {
	case I32:
		return func(dst []int32, src []byte) {
			for i := range dst {
				dst[i] = int32(binary.LittleEndian.Uint32(src[4*i:]))
			}
		}
	case U8, Bool:
		return func(dst []int32, src []byte) {
			for i := range dst {
				dst[i] = int32(src[i])
			}
		}
	}
	return nil
}

func i64From(d DType) func(dst []int64, src []byte) {
	switch d {
	case I64:
		return func(dst []int64, src []byte) {
			for i := range dst {
				dst[i] = int64(binary.LittleEndian.Uint64(src[8*i:]))
			}
		}
	case I32:
		return func(dst []int64, src []byte) {
			for i := range dst {
				dst[i] = int64(int32(binary.LittleEndian.Uint32(src[4*i:])))
			}
		}
	case U8, Bool:
		return func(dst []int64, src []byte) {
			for i := range dst {
				dst[i] = int64(src[i])
			}
		}
	}
	return nil
}

// float16 widens an IEEE 754 binary16 value; every such value is a float32.
func float16(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch {
	case exp == 0x1f: // infinity or NaN, payload kept
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case exp == 0: // zero or subnormal: frac * 2^-24, exact
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
