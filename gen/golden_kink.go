package gen

import (
	"context"
	"slices"
	"strconv"

	"mllab/engine"
	"mllab/engine/nn"
)

// nearKink is how close to zero an activation is undecided, in parts of the root of the mean square: the rounding of some
// layers of sums in float32.
const nearKink = 2e-6

// kink is an undecided value of a use of an activation.
type kink struct{ use, at int }

// turn gives undecided activations the slope of their other side one after the other, each time the one that brings the gradients
// closest to the file's, until they pass or none helps, and gives the best step.
func (r *run) turn(ctx context.Context, best Golden) (Golden, error) {
	left, err := r.undecided()
	if err != nil {
		return Golden{}, err
	}
	var chosen []kink
	for !best.Passed() {
		at := -1
		for i, k := range left {
			out, err := r.once(ctx, append(slices.Clone(chosen), k))
			if err != nil {
				return Golden{}, err
			}
			if out.MaxRelGrad < best.MaxRelGrad*0.99 {
				best, at = out, i
			}
		}
		if at < 0 {
			break
		}
		chosen, left = append(chosen, left[at]), slices.Delete(left, at, at+1)
	}
	return best, nil
}

// undecided lists the undecided values of the last run.
func (r *run) undecided() (all []kink, err error) {
	for use := range r.kinks.Uses {
		near, err := r.near(use)
		if err != nil {
			return nil, err
		}
		for at, v := range near {
			if v != 0 {
				all = append(all, kink{use, at})
			}
		}
	}
	return all, nil
}

// near is where the values of a use of an activation were undecided in the last run: 1 there, 0 elsewhere.
func (r *run) near(use int) ([]float32, error) {
	t, err := r.prog.Tensor(nn.KinkOut + strconv.Itoa(use))
	if err != nil {
		return nil, err
	}
	return t.Float32()
}

// once runs the step with some of the undecided values turned, and compares.
func (r *run) once(ctx context.Context, turned []kink) (Golden, error) {
	if err := r.feed(); err != nil {
		return Golden{}, err
	}
	uses := map[int][]int{}
	for _, k := range turned {
		uses[k.use] = append(uses[k.use], k.at)
	}
	for use, at := range uses {
		t, err := r.prog.Tensor(nn.KinkIn + strconv.Itoa(use))
		if err != nil {
			return Golden{}, err
		}
		v := make([]float32, t.Type().Elems())
		for _, i := range at {
			v[i] = 1
		}
		if err := engine.Write(t, v); err != nil {
			return Golden{}, err
		}
	}
	if err := r.prog.Run(ctx); err != nil {
		return Golden{}, err
	}
	out, err := r.compare()
	if err != nil {
		return Golden{}, err
	}
	for use, at := range uses {
		near, err := r.near(use)
		if err != nil {
			return Golden{}, err
		}
		for _, i := range at { // what another turned value moved away from its kink was left alone
			out.Turned += int(near[i])
		}
	}
	return out, nil
}
