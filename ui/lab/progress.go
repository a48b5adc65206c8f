package lab

import (
	"context"
	"sort"
	"time"

	"mllab/compile"
	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/samples"
)

// runLoop does steps until the end, Stop or Restart.
func (j *Job) runLoop(ctx context.Context) error {
	j.mu.Lock()
	j.st.Phase, j.st.Detail = Training, ""
	if j.paused {
		j.st.Phase = Paused
	}
	j.st.FLOPs = 0
	j.publish()
	j.mu.Unlock()
	if err := j.draw(ctx, true); err != nil {
		return err
	}
	j.snapshot(true)
	return j.loop.Run(ctx)
}

// reset puts a restarted job to step 0, with a new run if the old one was kept.
func (j *Job) reset() error {
	if err := j.loop.Reset(); err != nil {
		return err
	}
	p, kept, err := j.plan.kept(j.loop.Knobs())
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.shots = shots{}
	j.plan, j.rewound = p, false
	j.wantLR, j.saved, j.log = 0, 0, nil
	j.series = map[string]*Series{}
	j.st.Step, j.st.Epoch = 0, 0
	j.knobs()
	j.st.Losses, j.st.Metrics, j.st.Scores, j.st.Series, j.st.Events, j.st.Past = nil, nil, nil, nil, nil, 0
	j.st.Run, j.st.Dir, j.st.Parent, j.st.ParentStep = "", "", "", 0
	j.began = time.Now()
	disk := j.disk
	j.disk = nil
	if kept != "" {
		j.event(kept)
	}
	j.plan.o.Name, j.plan.o.Out, j.resume = "", "", ""
	j.publish()
	j.mu.Unlock()
	if disk == nil {
		return nil
	}
	if err := disk.Close(); err != nil {
		return err
	}
	return j.create()
}

// onMetrics takes what the loop tells of a step.
func (j *Job) onMetrics(m train.Metrics) {
	line := metricsLine(m)
	j.mu.Lock()
	anew := j.goOn(m.Step)
	j.record(m)
	var err error
	if j.disk != nil {
		err = j.disk.Log(line)
	} else {
		j.log = thin(append(j.log, line))
	}
	if anew {
		j.list()
	}
	j.publish()
	disk, tell := j.disk, j.plan.o.OnMetrics
	j.mu.Unlock()
	if err != nil && disk != nil {
		j.fail(err)
		return
	}
	if tell != nil {
		tell(m)
	}
	err = j.draw(context.Background(), false)
	if err == nil {
		err = j.afterStep(context.Background(), m.Step)
	}
	if err != nil {
		j.fail(err)
	}
	j.snapshot(false)
}

// note keeps measures of a step, beside its losses. j.mu is held.
func (j *Job) note(step int, ms []train.Named) error {
	line := run.Metrics{Step: int64(step)}
	for _, m := range ms {
		line.Fields = append(line.Fields, run.Float(m.Name, m.Value))
	}
	if j.disk != nil {
		return j.disk.Log(line)
	}
	j.log = thin(append(j.log, line))
	return nil
}

// fail ends the job with an error that is not one of a step.
func (j *Job) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.err = err
	}
	j.loop.Stop()
}

// metricsLine is a step as it is kept on disk and printed as JSON.
func metricsLine(m train.Metrics) run.Metrics {
	f := []run.Field{run.Int("epoch", int64(m.Epoch)), run.Float("loss", m.Loss)}
	for _, n := range m.Losses {
		f = append(f, run.Float(n.Name, n.Value))
	}
	f = append(f, run.Float("lr", m.LR))
	return run.Metrics{Step: int64(m.Step), Fields: append(f,
		run.Float("images_per_s", m.ImagesPerSec), run.Float("ms_per_step", m.MsPerStep))}
}

// MetricsJSON is a step as one JSON object without a newline.
func MetricsJSON(m train.Metrics) []byte { return metricsLine(m).AppendJSON(nil) }

// record puts a step into the state under construction. j.mu is held.
func (j *Job) record(m train.Metrics) {
	st := &j.st
	st.Step, st.Epoch, st.LR = m.Step, m.Epoch, j.loop.LR()
	st.Losses = append([]Value{{"loss", m.Loss}}, values(m.Losses)...)
	for _, v := range st.Losses {
		j.point(v.Name, int64(m.Step), v.Value)
	}
	j.collect()
	const keep = 0.9 // of the running mean of rates, so that the numbers can be read
	step := time.Duration(m.MsPerStep * float64(time.Millisecond))
	if st.StepTime == 0 || m.Step < 5 {
		st.StepTime = step
	}
	st.StepTime = time.Duration(keep*float64(st.StepTime) + (1-keep)*float64(step))
	if s := st.StepTime.Seconds(); s > 0 {
		st.ImagesPerSecond = float64(st.Batch) / s
		st.FLOPs = stepFLOPs(j.loop) / s
	}
	if st.Steps > 0 {
		st.Left = time.Duration(st.Steps-st.Step) * st.StepTime
	}
	st.DeviceBytes = max(st.DeviceBytes, 0)
}

func values(ns []train.Named) []Value {
	var vs []Value
	for _, n := range ns {
		vs = append(vs, Value{n.Name, n.Value})
	}
	return vs
}

// stepFLOPs are the float32 operations of a step.
func stepFLOPs(l *train.Loop) float64 {
	total := 0.0
	for _, p := range l.Programs() {
		if m, ok := p.Module().(*compile.Module); ok {
			total += m.Work().FLOPs
		}
	}
	return total
}

// point adds a point to a series. j.mu is held.
func (j *Job) point(name string, step int64, v float64) {
	s := j.series[name]
	if s == nil {
		s = &Series{Name: name}
		j.series[name] = s
		j.st.Series = append(j.st.Series[:len(j.st.Series):len(j.st.Series)], *s)
	}
	if n := len(s.X); n > 0 && s.X[n-1] >= float64(step) {
		return // it was there before the job was rewound
	}
	s.X, s.Y = thin(append(s.X, float64(step))), thin(append(s.Y, v))
}

// maxPoints bounds what a job remembers of its steps, so that a lab left open
// for a day needs no more memory than one for an hour.
const maxPoints = 1 << 15

// thin halves a list that has grown to maxPoints: every other entry and the last
// stay, in new memory, since States share the old.
func thin[T any](list []T) []T {
	if len(list) < maxPoints {
		return list
	}
	half := make([]T, 0, maxPoints)
	for i := 0; i < len(list)-1; i += 2 {
		half = append(half, list[i])
	}
	return append(half, list[len(list)-1])
}

// collect gives the state the present length of every series, of a job that was
// rewound that up to its step. j.mu is held.
func (j *Job) collect() {
	next := make([]Series, len(j.st.Series))
	for i, s := range j.st.Series {
		next[i] = *j.series[s.Name]
		if j.rewound {
			next[i] = next[i].upTo(float64(j.st.Step))
		}
	}
	j.st.Series = next
}

// upTo is the series up to a step, in the same memory.
func (s Series) upTo(step float64) Series {
	n := sort.Search(len(s.X), func(i int) bool { return s.X[i] > step })
	return Series{Name: s.Name, X: s.X[:n:n], Y: s.Y[:n:n]}
}

// finish measures a training that came to its end on the test set, and marks the
// run as finished.
func (j *Job) finish(ctx context.Context, src samples.Source) error {
	j.mu.Lock()
	early := j.stopped && (j.st.Steps == 0 || j.st.Step < j.st.Steps)
	failed, line := j.err, run.Metrics{Step: int64(j.st.Step)}
	j.mu.Unlock()
	if failed != nil || early || src.Info().Test == 0 {
		return failed
	}
	j.phase(Evaluating, "test set")
	most := fullTest
	if n := j.plan.model.Tests; n > 0 {
		most = n
	}
	got, err := j.views.evaluate(ctx, j.loop, testCount(src, most))
	if err != nil {
		return err
	}
	for _, n := range got {
		line.Fields = append(line.Fields, run.Float(n.Name, n.Value))
	}
	j.mu.Lock()
	j.tell(values(got))
	kept := j.disk != nil
	j.publish()
	j.mu.Unlock()
	if !kept { // a training that came to its end is worth keeping, and cannot be saved later
		if _, err := j.Save(); err != nil {
			return err
		}
	}
	return j.disk.Finish(line)
}

// fullTest is how many test examples stand for an endless test split.
const fullTest = 10000

func testCount(src samples.Source, most int) int {
	n := src.Info().Test
	if n == samples.Endless || n > most {
		return most
	}
	return n
}
