package ir

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// DType is the type of one element.
type DType uint8

// The element types. Bool occupies four bytes on a device, as an int32 of 0 or 1.
const (
	F32 DType = iota
	I32
	Bool
)

// String gives the name that error messages and texts of graphs use.
func (d DType) String() string {
	switch d {
	case F32:
		return "f32"
	case I32:
		return "i32"
	case Bool:
		return "bool"
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// Size is the number of bytes of one element on every device.
func (d DType) Size() int { return 4 }

// Type is the type of a Value: its elements and its shape. A nil shape is a scalar.
type Type struct {
	DType DType
	Shape []int
}

// Of makes a type.
func Of(d DType, shape ...int) Type { return Type{DType: d, Shape: shape} }

// Rank is the number of dimensions.
func (t Type) Rank() int { return len(t.Shape) }

// Elems is the number of elements, 1 for a scalar.
func (t Type) Elems() int { return Elems(t.Shape) }

// Elems is the number of elements of a shape.
func Elems(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Equal reports whether both types have one element type and one shape.
func (t Type) Equal(u Type) bool { return t.DType == u.DType && SameShape(t.Shape, u.Shape) }

// SameShape reports whether both shapes have the same dimensions.
func SameShape(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// String prints f32 as a bare shape, [32 784], and other element types before it: i32[32].
func (t Type) String() string {
	s := ShapeString(t.Shape)
	if t.DType == F32 {
		return s
	}
	return t.DType.String() + s
}

// ShapeString prints a shape as [32 784].
func ShapeString(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = strconv.Itoa(d)
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// MaxRank is the largest number of dimensions a value may have.
const MaxRank = 8

// Ints is a short comparable list of integers: the attribute type of operators
// that carry axes, shapes or permutations, so that two operators compare with ==.
type Ints struct {
	n int8
	v [2 * MaxRank]int32
}

// List makes an Ints; it panics over 2*MaxRank entries, which Infer must have refused before.
func List(v ...int) Ints {
	var l Ints
	if len(v) > len(l.v) {
		panic(fmt.Sprintf("ir: list of %d integers, at most %d", len(v), len(l.v)))
	}
	l.n = int8(len(v))
	for i, x := range v {
		l.v[i] = int32(x)
	}
	return l
}

// Len is the number of entries.
func (l Ints) Len() int { return int(l.n) }

// At is entry i.
func (l Ints) At(i int) int { return int(l.v[i]) }

// Slice is a copy of the entries.
func (l Ints) Slice() []int {
	s := make([]int, l.n)
	for i := range s {
		s[i] = int(l.v[i])
	}
	return s
}

// Has reports whether x is among the entries.
func (l Ints) Has(x int) bool {
	for i := range l.Len() {
		if l.At(i) == x {
			return true
		}
	}
	return false
}

// String prints the entries as a shape.
func (l Ints) String() string { return ShapeString(l.Slice()) }

// check reports a type that no value may have: kernels index elements with int32.
func (t Type) check() error {
	if t.Rank() > MaxRank {
		return fmt.Errorf("%d dimensions, at most %d", t.Rank(), MaxRank)
	}
	n := 1
	for _, d := range t.Shape {
		if d <= 0 {
			return fmt.Errorf("shape %s has an empty dimension", t)
		}
		if n > math.MaxInt32/d {
			return fmt.Errorf("shape %s has more than %d elements", t, math.MaxInt32)
		}
		n *= d
	}
	return nil
}
