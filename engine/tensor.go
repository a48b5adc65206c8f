package engine

import (
	"fmt"
	"unsafe"

	"mllab/compile/ir"
	"mllab/compile/target"
)

// Tensor is typed, dense, row-major memory of a device. A Tensor that a Program
// gave for one of its labels is a view, which dies with the program.
type Tensor struct {
	eng   *Engine
	typ   ir.Type
	mem   target.Slice
	owned bool
}

// Tensor allocates a zeroed tensor.
func (e *Engine) Tensor(t ir.Type) (*Tensor, error) {
	for _, d := range t.Shape {
		if d <= 0 {
			return nil, fmt.Errorf("engine: a tensor of type %s has an empty dimension", t)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errClosed
	}
	n := t.Elems() * t.DType.Size()
	buf, err := e.dev.Alloc(n)
	if err != nil {
		return nil, fmt.Errorf("engine: tensor %s of %d bytes: %w", t, n, err)
	}
	e.bytes += int64(n)
	return &Tensor{eng: e, typ: t, mem: target.Slice{Buffer: buf}, owned: true}, nil
}

// Number is what a host slice of tensor elements may hold; bools are int32 of 0 or 1.
type Number interface{ float32 | int32 }

// FromSlice allocates a tensor of a shape and fills it from a host slice of as many elements.
func FromSlice[T Number](e *Engine, data []T, shape ...int) (*Tensor, error) {
	t, err := e.Tensor(ir.Of(dtype[T](), shape...))
	if err != nil {
		return nil, err
	}
	if err := Write(t, data); err != nil {
		t.Free()
		return nil, err
	}
	return t, nil
}

// Write copies a host slice of exactly t's elements into t.
func Write[T Number](t *Tensor, src []T) error {
	if err := t.check(dtype[T](), len(src)); err != nil {
		return err
	}
	t.eng.mu.Lock()
	defer t.eng.mu.Unlock()
	if t.eng.closed {
		return errClosed
	}
	return t.mem.Buffer.Write(t.mem.Offset, bytesOf(src))
}

// Read copies t into a host slice of exactly its elements.
func Read[T Number](t *Tensor, dst []T) error {
	if err := t.check(dtype[T](), len(dst)); err != nil {
		return err
	}
	t.eng.mu.Lock()
	defer t.eng.mu.Unlock()
	if t.eng.closed {
		return errClosed
	}
	return t.mem.Buffer.Read(t.mem.Offset, bytesOf(dst))
}

// Type is the tensor's element type and shape.
func (t *Tensor) Type() ir.Type { return t.typ }

// Slice is the tensor's memory.
func (t *Tensor) Slice() target.Slice { return t.mem }

// Float32 reads a whole float32 tensor into a new slice.
func (t *Tensor) Float32() ([]float32, error) {
	dst := make([]float32, t.typ.Elems())
	return dst, Read(t, dst)
}

// Scalar reads a float32 tensor of one element.
func (t *Tensor) Scalar() (float32, error) {
	var one [1]float32
	err := Read(t, one[:])
	return one[0], err
}

// Free gives owned memory back to the device; of a view it does nothing. No
// program that binds the tensor may be run afterwards.
func (t *Tensor) Free() {
	if !t.owned {
		return
	}
	t.eng.mu.Lock()
	defer t.eng.mu.Unlock()
	t.owned = false
	if !t.eng.closed {
		t.mem.Buffer.Free()
		t.eng.bytes -= int64(t.typ.Elems() * t.typ.DType.Size())
	}
	t.mem = target.Slice{}
}

func (t *Tensor) check(d ir.DType, n int) error {
	switch {
	case t.mem.Buffer == nil:
		return fmt.Errorf("engine: tensor %s: its memory was given back", t.typ)
	case d != t.typ.DType && !(d == ir.I32 && t.typ.DType == ir.Bool):
		return fmt.Errorf("engine: tensor %s: its elements are %s, the host's are %s", t.typ, t.typ.DType, d)
	case n != t.typ.Elems():
		return fmt.Errorf("engine: tensor %s: it has %d elements, the host slice %d", t.typ, t.typ.Elems(), n)
	}
	return nil
}

func dtype[T Number]() ir.DType {
	var zero T
	if _, ok := any(zero).(int32); ok {
		return ir.I32
	}
	return ir.F32
}

// bytesOf views a slice as the bytes that target.Buffer takes: the host's byte order.
func bytesOf[T Number](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*4)
}
