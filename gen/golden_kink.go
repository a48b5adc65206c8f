package gen

import (
	"context"
	"slices"
	"strconv"

	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// nearKink is how close to zero an activation is undecided, in parts of the root of the mean square: the rounding of some
// layers of sums in float32.
const nearKink = 2e-6

// turn takes undecided activations on their other side one after the other, those first that bring the gradients
// closest to the file's, as long as that helps, and gives the best step.
func (r *run) turn(ctx context.Context, step *train.Step, kinks *nn.Kinks, best Golden) (Golden, error) {
	left, err := r.undecided(kinks)
	if err != nil {
		return Golden{}, err
	}
	var chosen []kinkPart
	for at := 0; at >= 0; {
		at = -1
		for i, k := range left {
			out, err := r.once(ctx, step, append(slices.Clone(chosen), k))
			if err != nil {
				return Golden{}, err
			}
			if out.Passed() {
				return out, nil
			}
			if out.MaxRelGrad < best.MaxRelGrad*0.99 {
				best, at = out, i
			}
		}
		if at >= 0 {
			chosen, left = append(chosen, left[at]), slices.Delete(left, at, at+1)
		}
	}
	return best, nil
}

// kinkPart is a part of the undecided values of a use of an activation.
type kinkPart struct {
	use, part, values int
}

// undecided lists the parts with undecided values in the last run.
func (r *run) undecided(k *nn.Kinks) (all []kinkPart, err error) {
	for use := range k.Uses {
		t, err := r.prog.Tensor(nn.KinkOut + strconv.Itoa(use))
		if err != nil {
			return nil, err
		}
		v, err := t.Float32()
		if err != nil {
			return nil, err
		}
		for part, n := range v {
			if n > 0 {
				all = append(all, kinkPart{use, part, int(n)})
			}
		}
	}
	return all, nil
}

// once runs the step with parts of the undecided values turned, and compares.
func (r *run) once(ctx context.Context, step *train.Step, turned []kinkPart) (Golden, error) {
	if err := r.feed(step.Scalars()); err != nil {
		return Golden{}, err
	}
	count := 0
	uses := map[int][]float32{}
	for _, k := range turned {
		if uses[k.use] == nil {
			uses[k.use] = make([]float32, nn.KinkParts)
		}
		uses[k.use][k.part] = 1
		count += k.values
	}
	for use, v := range uses {
		t, err := r.prog.Tensor(nn.KinkIn + strconv.Itoa(use))
		if err != nil {
			return Golden{}, err
		}
		if err := engine.Write(t, v); err != nil {
			return Golden{}, err
		}
	}
	if err := r.prog.Run(ctx); err != nil {
		return Golden{}, err
	}
	out, err := r.compare()
	out.Turned = count
	return out, err
}
