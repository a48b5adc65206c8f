package train

import (
	"fmt"
	"strings"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/run"
	"mllab/engine/safetensors"
)

// Adopt puts the loop to the step of a checkpoint that was made with other settings,
// and takes over what fits in name and shape; it names the parameters that do not, which
// have their initial values. The optimiser's state is taken over if all parameters are
// and the rule is the same, else it begins anew, too: with moments of different ages the
// corrections would be wrong for some. The knobs are the loop's own.
func (l *Loop) Adopt(ck run.Checkpoint) (anew []string, err error) {
	l.exec.Lock()
	defer l.exec.Unlock()
	if len(ck.Random) != 1 || ck.Random[0] != l.o.Seed {
		return nil, fmt.Errorf("checkpoint of step %d was made with seed %v, this loop has %d", ck.Step, ck.Random,
			l.o.Seed)
	}
	if err := l.state.Init(l.o.Seed); err != nil {
		return nil, err
	}
	anew, err = l.state.adopt(ck, ck.Extra[extraRule] == l.o.Rule.Name())
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	d, err := l.dials.restored(ck)
	for i, k := range l.dials.knobs {
		d.turn(i, k.Value, int(ck.Step))
	}
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if len(anew) > 0 || ck.Extra[extraRule] != l.o.Rule.Name() {
		d.forget(int(ck.Step))
	}
	l.moved(int(ck.Step), func() { l.dials = d })
	return anew, nil
}

// adopt writes what fits of a checkpoint into the state and names the parameters for
// which nothing did.
func (s *State) adopt(ck run.Checkpoint, sameRule bool) (anew []string, err error) {
	have := make(map[string]safetensors.Tensor, len(ck.Tensors))
	for _, t := range ck.Tensors {
		have[t.Name] = t
	}
	take := func(label, from string) (bool, error) {
		want, t := s.tensors[label].Type(), have[from]
		if !ir.SameShape(t.Shape, want.Shape) || len(t.F32) != want.Elems() {
			return false, nil
		}
		return true, engine.Write(s.tensors[label], t.F32)
	}
	var later []string // what depends on whether all parameters fit
	for _, label := range s.labels {
		if strings.HasPrefix(label, slotKind) {
			later = append(later, label)
			continue
		}
		ok, err := take(label, label)
		name, average := strings.CutPrefix(label, nn.EMAKind)
		if err == nil && !ok && average { // there was no average: it begins at the parameter
			_, err = take(label, nn.ParamKind+name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", label, err)
		}
		if name, isParam := strings.CutPrefix(label, nn.ParamKind); isParam && !ok {
			anew = append(anew, name)
		}
	}
	if !sameRule || len(anew) > 0 {
		return anew, nil
	}
	for _, label := range later {
		if _, err := take(label, label); err != nil {
			return nil, fmt.Errorf("%s: %w", label, err)
		}
	}
	return nil, nil
}
