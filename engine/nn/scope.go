package nn

import (
	"fmt"

	"mllab/compile/ir"
	"mllab/ops"
)

// The first parts of labels that tell programs' inputs apart. A parameter's label
// is its kind and its name: "param.e1.weight".
const (
	ParamKind = "param."
	EMAKind   = "ema."
	NoiseKind = "noise."
	RandomIn  = "rng" // int32[4]: seed low, seed high, step, 0
)

// Scope is the place where layers are applied while one program is traced: it
// knows the program's builder, and gives parameters their values and models their
// noise. Its errors are the builder's, which stick.
type Scope struct {
	B *ir.Builder
	// Kind is put before a parameter's name for its label: ParamKind, or EMAKind
	// for the averaged copy. Buffers are always ParamKind.
	Kind string
	// Given makes Normal and Uniform declare inputs, "noise." and the name, in place
	// of drawing: for tests against numbers from elsewhere.
	Given bool
	// Training says that the program trains: layers such as BatchNorm2d then take the
	// batch's own statistics.
	Training bool
	// Held makes Update do nothing: the update belongs to another program.
	Held bool
	// Taps collects what Tap is called with; nil: nothing is collected.
	Taps *[]Tap
	// Kinks has Leaky say which of its values are undecided; nil: it does not.
	Kinks *Kinks

	values  map[*Param]ir.Value
	first   map[*Param]ir.Value
	order   []*Param
	updated map[*Param]bool
	inputs  map[string]ir.Value
	draws   int
	passed  []Layer // since the last tap
}

// NewScope makes a scope for a builder.
func NewScope(b *ir.Builder) *Scope {
	return &Scope{
		B: b, Kind: ParamKind, values: map[*Param]ir.Value{}, first: map[*Param]ir.Value{},
		updated: map[*Param]bool{}, inputs: map[string]ir.Value{},
	}
}

// Label of a parameter's input in this scope.
func (s *Scope) Label(p *Param) string {
	if p.Buffer {
		return ParamKind + p.Name
	}
	return s.Kind + p.Name
}

// Param gives the present value of a parameter: an input of the program, or what
// Update gave.
func (s *Scope) Param(p *Param) ir.Value {
	if v, ok := s.values[p]; ok {
		return v
	}
	v := s.B.Input(s.Label(p), p.Type())
	s.values[p], s.first[p] = v, v
	s.order = append(s.order, p)
	return v
}

// Update makes v the parameter's value in all that is traced after, and writes it
// back to the parameter's memory at the end of a run.
func (s *Scope) Update(p *Param, v ir.Value) {
	s.Param(p)
	if s.Held {
		return
	}
	if got := s.B.Type(v); s.B.Err() == nil && !got.Equal(p.Type()) {
		s.B.Fail(fmt.Errorf("update of %s: got %s, want %s", p.Name, got, p.Type()))
		return
	}
	s.values[p], s.updated[p] = v, true
}

// Finish declares the outputs that write updated parameters back. It is called
// once, by what traces the program, after the model's part.
func (s *Scope) Finish() {
	for _, p := range s.order {
		if s.updated[p] {
			s.B.Update("new."+s.Label(p), s.first[p], s.values[p])
		}
	}
}

// Used lists the parameters that the traced program reads, in order of first use.
func (s *Scope) Used() []*Param { return append([]*Param(nil), s.order...) }

// Input declares an input of the program once, and gives the same value to every
// later call; another type under the same label is an error.
func (s *Scope) Input(label string, t ir.Type) ir.Value {
	v, ok := s.inputs[label]
	if !ok {
		v = s.B.Input(label, t)
		s.inputs[label] = v
		return v
	}
	if got := s.B.Type(v); s.B.Err() == nil && !got.Equal(t) {
		return s.B.Fail(fmt.Errorf("input %s: is %s already, now wanted as %s", label, got, t))
	}
	return v
}

// Random is the state of the program's generator, an input named "rng".
func (s *Scope) Random() ir.Value { return s.Input(RandomIn, ir.Of(ir.I32, 4)) }

// Normal draws standard Gaussian noise, f32 of a shape: another for every call, and
// for every state of the generator. With Given it is the input "noise." + name.
func (s *Scope) Normal(name string, shape ...int) ir.Value {
	s.draws++
	if s.Given {
		return s.Input(NoiseKind+name, ir.Of(ir.F32, shape...))
	}
	return ops.RandomNormal(s.B, s.Random(), s.draws-1, shape...)
}

// Uniform draws noise uniform in [0,1), as Normal does.
func (s *Scope) Uniform(name string, shape ...int) ir.Value {
	s.draws++
	if s.Given {
		return s.Input(NoiseKind+name, ir.Of(ir.F32, shape...))
	}
	return ops.RandomUniform(s.B, s.Random(), s.draws-1, shape...)
}
