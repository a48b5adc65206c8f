package lab

import (
	"context"
	"strings"
	"time"

	"mllab/engine"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/samples"
)

// How the pictures of a job are kept up to date: as often as a screen can show
// them, but in no more than a small share of the time; and a small test loss.
const (
	viewEvery    = 100 * time.Millisecond
	viewShare    = 0.06
	viewSeed     = 1
	sampleCount  = 64
	pairCount    = 16
	testEvery    = 2 * time.Second
	testExamples = 512
	evalBatch    = 64
	testShare    = 0.1
)

// levelPrefix begins the names of losses at one level of noise, which are curves of their own.
const levelPrefix = "test_loss_"

// views draws what a net has learned while it trains, and evaluates it.
type views struct {
	eng   *engine.Engine
	net   gen.Net
	src   samples.Source
	texts texts
	state *train.State
	eval  *gen.Evaluator
	list  []*view
	last  time.Time
	test  time.Time
	took  time.Duration // by the last drawing
	spent time.Duration // by the last test

	critic *critic // nil where there is no discriminator
	gauge  *gauge  // nil where no measures are asked for
	exam   *exam   // nil where the net reads nothing, or nobody asks
}

type view struct {
	gen.View
	viewer *gen.Viewer
	x      []float32
	count  int
	drawn  int
}

// newViews compiles the programs of a net's pictures.
func newViews(ctx context.Context, eng *engine.Engine, net gen.Net, src samples.Source, st *train.State,
	pictures []gen.View) (*views, error) {
	v := &views{eng: eng, net: net, src: src, state: st}
	info := dataInfo(src.Info())
	for _, g := range pictures {
		w := &view{View: g, count: sampleCount}
		if g.Count > 0 {
			w.count = g.Count
		}
		var labels []int32
		if g.Takes {
			if g.Count == 0 {
				w.count = pairCount
			}
			n := testCount(src, w.count)
			if n == 0 || n < w.count && !g.Whole {
				continue // no test examples to show
			}
			w.count = n
			w.x, labels = make([]float32, w.count*src.Info().Values()), make([]int32, w.count)
			if err := samples.Read(src, samples.Test, 0, w.x, labels); err != nil {
				v.close()
				return nil, err
			}
		}
		var err error
		if w.viewer, err = gen.NewViewer(ctx, eng, info, st, g, w.count); err != nil {
			v.close()
			return nil, err
		}
		v.list = append(v.list, w)
		if err := w.viewer.Label(labels); err != nil {
			v.close()
			return nil, err
		}
	}
	return v, nil
}

// read gives the views of examples their texts.
func (v *views) read(t texts) error {
	v.texts = t
	for _, w := range v.list {
		if !w.Takes {
			continue
		}
		ids := make([]int32, w.count*gen.TextLength)
		if err := t.tokens(samples.Test, func(j int) int { return j }, ids); err != nil {
			return err
		}
		if err := w.viewer.Tell(ids); err != nil {
			return err
		}
	}
	return nil
}

// close frees the programs.
func (v *views) close() {
	if v == nil {
		return
	}
	for _, w := range v.list {
		w.viewer.Close()
	}
	if v.eval != nil {
		v.eval.Close()
	}
	v.critic.close()
	v.gauge.close()
	v.exam.close()
	v.list, v.eval, v.critic, v.gauge, v.exam = nil, nil, nil, nil, nil
}

// draw brings the pictures up to date if it is time, or always with force.
func (j *Job) draw(ctx context.Context, force bool) error {
	v := j.views
	if !j.plan.o.Views || len(v.list) == 0 && v.exam == nil {
		return nil
	}
	wait := max(viewEvery, time.Duration(float64(v.took)/viewShare))
	j.mu.Lock()
	force = force || j.paused
	j.mu.Unlock()
	if !force && time.Since(v.last) < wait {
		return nil
	}
	begin := time.Now()
	var drawn []View
	err := j.loop.Do(func() error {
		if v.exam != nil {
			said, err := v.exam.view(ctx)
			if err != nil {
				return err
			}
			drawn = append(drawn, said)
		}
		for _, w := range v.list {
			pixels := make([]float32, w.viewer.Values())
			if err := w.viewer.Draw(ctx, viewSeed, w.x, pixels); err != nil {
				return err
			}
			w.drawn++
			drawn = append(drawn, w.shown(pixels))
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.last = time.Now()
	v.took = v.last.Sub(begin)
	if err := j.testPoint(ctx); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if v.critic != nil && v.critic.view.N > 0 {
		drawn = append(drawn, v.critic.view)
	}
	j.st.Views = drawn
	j.publish()
	return nil
}

func (w *view) shown(pixels []float32) View {
	s := w.viewer.Shape()
	out := View{Name: w.Name, Title: w.What, N: s[0], H: s[1], W: s[2], C: s[3], Pixels: pixels, Version: w.drawn}
	if w.Pairs {
		out.Columns = 2
	}
	return out
}

// testPoint adds the loss on a part of the test set to the chart, now and then.
func (j *Job) testPoint(ctx context.Context) error {
	v := j.views
	wait := max(testEvery, time.Duration(float64(v.spent)/testShare))
	if v.src.Info().Test == 0 || j.loop.Step() == 0 || time.Since(v.test) < wait {
		return nil
	}
	begin := time.Now()
	n := testExamples
	if j.plan.model.Tests > 0 { // each takes long
		n = min(n, j.plan.model.Tests/4)
	}
	got, err := v.evaluate(ctx, j.loop, testCount(v.src, n))
	if err != nil {
		return err
	}
	v.test = time.Now()
	v.spent = v.test.Sub(begin)
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, m := range got {
		name := m.Name
		if i == 0 {
			name = "test"
		}
		if i == 0 || strings.HasPrefix(name, levelPrefix) {
			j.point(name, int64(j.loop.Step()), m.Value)
		}
	}
	j.collect()
	j.tell(values(got))
	return nil
}

// evaluate gives the net's measures over the first n test examples, between two steps.
func (v *views) evaluate(ctx context.Context, loop *train.Loop, n int) (got []train.Named, err error) {
	err = loop.Do(func() error {
		got, err = v.measure(ctx, n)
		return err
	})
	return got, err
}

// measure is evaluate of a net that does not train.
func (v *views) measure(ctx context.Context, n int) ([]train.Named, error) {
	if v.eval == nil {
		e, err := gen.NewEvaluator(ctx, v.eng, v.net, dataInfo(v.src.Info()), v.state, min(evalBatch, n))
		if err != nil {
			return nil, err
		}
		v.eval = e
	}
	return v.eval.Run(ctx, n, func(first int, x []float32, labels, tokens []int32) error {
		if err := v.texts.tokens(samples.Test, func(j int) int { return first + j }, tokens); err != nil {
			return err
		}
		return samples.Read(v.src, samples.Test, first, x, labels)
	})
}
