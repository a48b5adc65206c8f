package train

import (
	"fmt"
	"sort"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/run"
	"mllab/engine/safetensors"
)

// State is a model's memory on a device: parameters under "param.", optimiser
// state under "opt." and averaged parameters under "ema.", each followed by the
// parameter's name. Programs share it by binding Tensors.
type State struct {
	eng     *engine.Engine
	params  []*nn.Param
	tensors map[string]*engine.Tensor
	labels  []string // sorted
}

// NewState allocates memory for parameters, zeroed, and for their averaged copies if ema is set.
func NewState(eng *engine.Engine, params *nn.Params, ema bool) (*State, error) {
	if err := params.Err(); err != nil {
		return nil, err
	}
	s := &State{eng: eng, params: params.All(), tensors: map[string]*engine.Tensor{}}
	for _, p := range s.params {
		if err := s.add(nn.ParamKind+p.Name, p.Type()); err != nil {
			return nil, err
		}
		if !ema || p.Buffer {
			continue
		}
		if err := s.add(nn.EMAKind+p.Name, p.Type()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// add allocates a tensor; of one that is there it does nothing.
func (s *State) add(label string, t ir.Type) error {
	if _, ok := s.tensors[label]; ok {
		return nil
	}
	tensor, err := s.eng.Tensor(t)
	if err != nil {
		s.Free()
		return fmt.Errorf("%s: %w", label, err)
	}
	s.tensors[label] = tensor
	s.labels = append(s.labels, label)
	sort.Strings(s.labels)
	return nil
}

// Tensors are the state's tensors by label, for binding. The map must not be changed.
func (s *State) Tensors() map[string]*engine.Tensor { return s.tensors }

// Averaged reports whether there are averaged parameters.
func (s *State) Averaged() bool {
	for _, l := range s.labels {
		if len(l) > len(nn.EMAKind) && l[:len(nn.EMAKind)] == nn.EMAKind {
			return true
		}
	}
	return false
}

// Kind is the part of a label to read parameters by: the averaged ones, if there are any.
func (s *State) Kind() string {
	if s.Averaged() {
		return nn.EMAKind
	}
	return nn.ParamKind
}

// Init gives parameters and averages the initial values of a seed, and all else zeros.
func (s *State) Init(seed uint64) error {
	filled := map[string]bool{}
	for _, p := range s.params {
		values := p.Values(seed)
		for _, label := range []string{nn.ParamKind + p.Name, nn.EMAKind + p.Name} {
			if t, ok := s.tensors[label]; ok {
				filled[label] = true
				if err := engine.Write(t, values); err != nil {
					return fmt.Errorf("%s: %w", label, err)
				}
			}
		}
	}
	for _, label := range s.labels {
		if t := s.tensors[label]; !filled[label] {
			if err := engine.Write(t, make([]float32, t.Type().Elems())); err != nil {
				return fmt.Errorf("%s: %w", label, err)
			}
		}
	}
	return nil
}

// Read copies the whole state to host memory, by label in sorted order.
func (s *State) Read() ([]safetensors.Tensor, error) {
	out := make([]safetensors.Tensor, len(s.labels))
	for i, label := range s.labels {
		t := s.tensors[label]
		values, err := t.Float32()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", label, err)
		}
		out[i] = safetensors.Tensor{Name: label, Shape: t.Type().Shape, F32: values}
	}
	return out, nil
}

// Load fills the state from a checkpoint. Nothing is changed unless the checkpoint
// has every tensor of the state in its shape; what it has beside them is passed over.
func (s *State) Load(ck run.Checkpoint) error {
	found := make(map[string][]float32, len(s.labels))
	have := make(map[string]safetensors.Tensor, len(ck.Tensors))
	for _, t := range ck.Tensors {
		have[t.Name] = t
	}
	for _, label := range s.labels {
		want := s.tensors[label].Type()
		t, ok := have[label]
		switch {
		case !ok:
			return fmt.Errorf("checkpoint of step %d has no tensor %s: it is of another model or other settings",
				ck.Step, label)
		case !ir.SameShape(t.Shape, want.Shape) || len(t.F32) != want.Elems():
			return fmt.Errorf("checkpoint of step %d: %s is %s %s, want F32 %s: "+
				"it is of another model or other settings",
				ck.Step, label, t.DType, ir.ShapeString(t.Shape), want)
		}
		found[label] = t.F32
	}
	for _, label := range s.labels {
		if err := engine.Write(s.tensors[label], found[label]); err != nil {
			return fmt.Errorf("%s: %w", label, err)
		}
	}
	return nil
}

// Free gives the memory back to the device.
func (s *State) Free() {
	for _, t := range s.tensors {
		t.Free()
	}
}
