package lab

import (
	"context"
	"fmt"

	"mllab/gen"
)

// evalSetting is the key of the setting that says how often a net is measured.
const evalSetting = "eval_every"

// gauge measures by a classifier what a net draws while it trains.
type gauge struct {
	every   int // steps
	judge   *classifier
	sampler *gen.Sampler
}

// newGauge makes what the settings ask for: nil, or a gauge, for which a classifier is
// trained where none is kept.
func (j *Job) newGauge(ctx context.Context, v *views, p plan) (*gauge, error) {
	g := &gauge{every: p.settings.Int(evalSetting)}
	if g.every == 0 {
		return nil, nil
	}
	var err error
	g.judge, err = j.s.classifier(ctx, p, v.src, func(line string) { j.phase(Loading, line) })
	if err != nil {
		return nil, fmt.Errorf("%s=%d: %w", evalSetting, g.every, err)
	}
	if g.sampler, err = gen.NewSampler(ctx, v.eng, v.net, dataInfo(v.src.Info()), v.state); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *gauge) close() {
	if g == nil {
		return
	}
	if g.sampler != nil {
		g.sampler.Close()
	}
	g.judge.close()
}

// measure has the gauge look at the net if its step is one to measure at.
func (j *Job) measure(ctx context.Context, step int) error {
	g := j.views.gauge
	if g == nil || step%g.every != 0 {
		return nil
	}
	var q *Quality
	err := j.loop.Do(func() (err error) {
		q, err = g.judge.quality(ctx, g.sampler, defaultEval, 1)
		return err
	})
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tell(q.values())
	j.event(fmt.Sprintf("precision %.3f, recall %.3f, frechet %.2f; %d classes, the largest %.0f%%", q.Precision,
		q.Recall, q.Frechet, q.ClassesPresent, 100*q.LargestClass))
	j.publish()
	return nil
}

func (q *Quality) values() []Value {
	return []Value{{"precision", q.Precision}, {"recall", q.Recall}, {"frechet", q.Frechet},
		{"classes_present", float64(q.ClassesPresent)}, {"largest_class", q.LargestClass}}
}

// tell puts measures into the state, each in the place of an older one. j.mu is held.
func (j *Job) tell(vs []Value) {
	all := append([]Value(nil), j.st.Metrics...)
	for _, v := range vs {
		at := len(all)
		for i, old := range all {
			if old.Name == v.Name {
				at = i
			}
		}
		if at == len(all) {
			all = append(all, v)
		}
		all[at] = v
	}
	j.st.Metrics = all
}
