// Package nn holds the parameters and layers of models. A parameter is a named
// declaration: a shape and how it begins; a layer is a small value that keeps its
// parameters and calls package ops when it is applied. Nothing here holds memory:
// a Scope gives parameters their values while a program is traced, and package
// train binds the memory.
//
// Layouts: images are [N H W C], weights of Linear [in out], of Conv2d [R S C K].
// Begin with Params, Linear and Scope.
package nn

import (
	"fmt"

	"mllab/compile/ir"
)

// Param declares a tensor that a model keeps: a weight, or a buffer such as a
// running mean.
type Param struct {
	Name  string // unique in its Params, dots between the levels: "enc.e1.weight"
	Shape []int
	Init  Init
	// Buffer marks state that no optimiser updates; the model does, by Scope.Update.
	Buffer bool
}

// Type of the parameter: float32 of its shape.
func (p *Param) Type() ir.Type { return ir.Of(ir.F32, p.Shape...) }

// Values gives the parameter's initial values. They depend on the seed, the name
// and the shape alone, and are the same on every machine.
func (p *Param) Values(seed uint64) []float32 {
	v := make([]float32, ir.Elems(p.Shape))
	p.Init.fill(v, stream{mix(seed) ^ hash(p.Name)})
	return v
}

// Params is a model's ordered list of declarations. Layers add to it when they are
// made. Make one with NewParams.
type Params struct {
	list  *[]*Param
	path  string
	first *error
}

// NewParams makes an empty list.
func NewParams() *Params { return &Params{list: new([]*Param), first: new(error)} }

// Sub is a view of the same list that puts name and a dot before what is added.
func (ps *Params) Sub(name string) *Params {
	return &Params{list: ps.list, path: ps.path + name + ".", first: ps.first}
}

// Add declares a parameter. A second one of the same name and an empty dimension
// are errors, which Err reports.
func (ps *Params) Add(name string, init Init, shape ...int) *Param {
	p := &Param{Name: ps.path + name, Shape: shape, Init: init}
	for _, q := range *ps.list {
		if q.Name == p.Name && *ps.first == nil {
			*ps.first = fmt.Errorf("nn: two parameters are named %q", p.Name)
		}
	}
	for _, d := range shape {
		if d <= 0 && *ps.first == nil {
			*ps.first = fmt.Errorf("nn: parameter %s: shape %s has an empty dimension", p.Name, ir.ShapeString(shape))
		}
	}
	*ps.list = append(*ps.list, p)
	return p
}

// Buffer declares state that no optimiser updates.
func (ps *Params) Buffer(name string, init Init, shape ...int) *Param {
	p := ps.Add(name, init, shape...)
	p.Buffer = true
	return p
}

// Err is the first error of Add.
func (ps *Params) Err() error { return *ps.first }

// All lists the declarations in order, buffers included.
func (ps *Params) All() []*Param { return append([]*Param(nil), *ps.list...) }

// Trainable lists the declarations that an optimiser updates.
func (ps *Params) Trainable() []*Param {
	var list []*Param
	for _, p := range *ps.list {
		if !p.Buffer {
			list = append(list, p)
		}
	}
	return list
}

// Count is the number of trainable values.
func (ps *Params) Count() int {
	n := 0
	for _, p := range ps.Trainable() {
		n += ir.Elems(p.Shape)
	}
	return n
}
