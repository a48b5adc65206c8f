package ops

import (
	"fmt"

	"mllab/compile/ir"
)

// Array is a host value for references and tests: dense and row-major, integers
// as whole numbers, bools as 0 or 1.
type Array struct {
	Type ir.Type
	Data []float64
}

// NewArray makes an array of zeros.
func NewArray(t ir.Type) Array { return Array{t, make([]float64, t.Elems())} }

// At is the element at a coordinate.
func (a Array) At(at ...int) float64 { return a.Data[a.offset(at)] }

func (a Array) offset(at []int) int {
	k := 0
	for d, i := range at {
		k = k*a.Type.Shape[d] + i
	}
	return k
}

// stretch is the element that broadcasting puts at a coordinate of a result of
// the same or a higher rank.
func (a Array) stretch(at []int) float64 {
	k, lead := 0, len(at)-a.Type.Rank()
	for d, n := range a.Type.Shape {
		k *= n
		if n != 1 {
			k += at[lead+d]
		}
	}
	return a.Data[k]
}

// check reports an array whose data does not fill its type.
func (a Array) check() error {
	if len(a.Data) != a.Type.Elems() {
		return fmt.Errorf("%d elements do not fill %s", len(a.Data), a.Type)
	}
	return nil
}

// fill makes an array whose elements f computes from their coordinates. The
// slice that f gets is used again.
func fill(t ir.Type, f func(at []int) float64) Array {
	a := NewArray(t)
	at := make([]int, t.Rank())
	for k := range a.Data {
		a.Data[k] = f(at)
		step(at, t.Shape)
	}
	return a
}

// each visits all coordinates of a shape in row-major order.
func each(shape []int, f func(at []int)) {
	at := make([]int, len(shape))
	for range ir.Elems(shape) {
		f(at)
		step(at, shape)
	}
}

func step(at, shape []int) {
	for d := len(at) - 1; d >= 0; d-- {
		at[d]++
		if at[d] < shape[d] {
			return
		}
		at[d] = 0
	}
}

// refMap is the reference of elementwise operators with broadcasting.
func refMap(in []Array, out ir.Type, f func(x []float64) float64) Array {
	x := make([]float64, len(in))
	return fill(out, func(at []int) float64 {
		for i, a := range in {
			x[i] = a.stretch(at)
		}
		return f(x)
	})
}

func truth(c bool) float64 {
	if c {
		return 1
	}
	return 0
}
